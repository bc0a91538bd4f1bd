"""Turn a call to GitHub into its result, or into one of our errors that says what to change.

One loop stands for every retry: it repeats what is safe to repeat, waits where GitHub asks to wait, and no
longer than its patience and the run's deadline. PyGithub's own retry is off, since it sends a comment again whose
reply was lost and sleeps for as long as a `Retry-After` header says.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from github import BadAttributeException, GithubException, RateLimitExceededException
from github.Repository import Repository
from requests import RequestException

from hubpipe.deadline import Deadline
from hubpipe.errors import (
    ForbiddenError,
    GitHubError,
    LockedError,
    MissingError,
    MovedError,
    NoAnswerError,
    RateLimitError,
    TokenError,
)
from hubpipe.github.limits import retry_after, seconds_until_allowed
from hubpipe.github.replies import AwayError, OddReplyError

log = logging.getLogger(__name__)

Result = TypeVar("Result")

REPEATS = 3
FIRST_PAUSE = 0.5  # seconds; each next one is twice as long
DAY = 24 * 3600
GRAPHQL_LIMITS = ("RATE_LIMIT", "RATE_LIMITED")

# How PyGithub fails on a reply that breaks off or holds what GitHub does not send, and on a link to another server.
BROKEN_REPLY = (
    OddReplyError,
    BadAttributeException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
OTHER_SERVER = (AssertionError,)
FAULTS = (GithubException, RequestException, AwayError, *BROKEN_REPLY, *OTHER_SERVER)

WAITING = "GitHub did not do it: trying again in %.1f seconds to %s"
LIMITED = "GitHub asks to wait until {until} before hubpipe may {what}: run this again then."
STRANGER = "GitHub does not accept the token, so hubpipe cannot {what}: give one that has not expired."
FORBIDDEN = (
    "The token may not {what}: give it {needs} (under `permissions:` in the workflow; a pull request from a fork "
    "has a read-only token unless the workflow runs on pull_request_target). GitHub says: {says}"
)
LOCKED = "The conversation is locked, so hubpipe cannot {what}: unlock it to have that. GitHub says: {says}"
MISSING = "GitHub has nothing there to {what}, or the token may not see it: check the name and the token's access."
REFUSED = "GitHub refused to {what} ({status}: {says})."
FAILED = "GitHub failed to {what} ({status}): run this again, or look at the server's status page."
SILENT = "GitHub did not answer when hubpipe wanted to {what}: check the network and the API's address ({fault})."
BROKE_OFF = "GitHub's reply broke off when hubpipe wanted to {what}: run this again."
ELSEWHERE = (
    "GitHub's reply leads to another server when hubpipe wants to {what}: give the API's address exactly as the "
    "server names itself ({fault})."
)
MOVED = (
    "GitHub has moved what hubpipe wants to {what}: the repository was renamed, or the issue transferred. Nothing is "
    "done in another repository than the event's: run this again there."
)
NOT_IT = "it is not about what was asked for"
TIME_IS_UP = "The run's time was up, so hubpipe did not {what}: raise `timeout`, or run this again."
SOME_PERMISSION = "the permission for it"
# No permission of an app's token helps there, and only these words tell it from other refusals.
# Source: https://docs.github.com/articles/locking-conversations
IS_LOCKED = "issue is locked"


@dataclass(frozen=True)
class Wording:
    """What to change where GitHub refuses the one who asks: texts with `what`, `needs` and `says` of the refusal."""

    stranger: str = STRANGER
    forbidden: str = FORBIDDEN


OF_AN_INSTALLATION = Wording(
    stranger="GitHub does not accept the App's token, so hubpipe cannot {what}: the App may be installed no longer.",
    forbidden=(
        "The App may not {what}: give it {needs} in its settings, and let the owner of the installation accept that. "
        "GitHub says: {says}"
    ),
)


@dataclass(frozen=True)
class Deed:
    """What a call does, in words that follow "may not", and the permission that it takes."""

    what: str
    needs: str = SOME_PERMISSION


@dataclass(frozen=True)
class Caller:
    """Makes calls; all waiting for one of them together takes at most `patience` seconds, and ends with `deadline`."""

    patience: float
    deadline: Deadline = field(default_factory=Deadline)
    wording: Wording = field(default_factory=Wording)

    def call(self, deed: Deed, send: Callable[[], Result], *, repeatable: bool = True) -> Result:
        """Send, and send again where that helps.

        `repeatable` says that doing it twice is doing it once. Raises ForbiddenError, LockedError, MissingError,
        RateLimitError, NoAnswerError, or GitHubError for everything else.
        """
        started, waited, attempts = time.monotonic(), 0.0, 0
        while True:
            if self.deadline.left() <= 0:
                raise GitHubError(TIME_IS_UP.format(what=deed.what))
            try:
                return send()
            except FAULTS as fault:
                pause = _pause(fault, attempts, repeatable)
                if pause is None or not self._may_wait(waited + pause, pause, time.monotonic() - started):
                    raise _error(deed, fault, self.wording) from fault
            log.info(WAITING, pause, deed.what)
            time.sleep(pause)
            waited, attempts = waited + pause, attempts + 1

    def _may_wait(self, waiting: float, pause: float, spent: float) -> bool:
        """Tell whether another try is worth it; requests that hang take of the patience, too."""
        return waiting <= self.patience and spent <= self.patience and pause < self.deadline.left()


@dataclass(frozen=True)
class Access:
    """One repository, `name` ("owner/name"), as one token sees it."""

    name: str
    repo: Repository
    caller: Caller
    graphql_url: str

    def call(self, deed: Deed, send: Callable[[], Result], *, repeatable: bool = True) -> Result:
        """Send, and send again where that helps, as `Caller.call` does."""
        return self.caller.call(deed, send, repeatable=repeatable)

    def ask(
        self,
        deed: Deed,
        method: str,
        path: str,
        body: object = None,
        *,
        about: Mapping[str, object] = MappingProxyType({}),
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """Send JSON to an address below the repository, and give the object that comes back.

        One that is not `about` what was asked for, by these values of it, is no reply.
        """

        def send() -> dict[str, Any]:
            _, data = self.repo.requester.requestJsonAndCheck(method, self.repo.url + path, input=body)
            found = dict(data)
            if any(found.get(name) != value for name, value in about.items()):
                raise OddReplyError(NOT_IT)
            return found

        return self.call(deed, send, repeatable=repeatable)

    def query(self, deed: Deed, query: str, **variables: object) -> dict[str, Any]:
        """Ask GraphQL; what it could not answer is missing from the reply."""
        body = {"query": query, "variables": variables}

        def send() -> dict[str, Any]:
            headers, data = self.repo.requester.requestJsonAndCheck("POST", self.graphql_url, input=body)
            if _tells_limit(data):
                raise RateLimitExceededException(403, data, headers)
            return dict(data)

        return self.call(deed, send)


def _pause(fault: Exception, attempts: int, repeatable: bool) -> float | None:
    """Say how many seconds to wait before sending again; None to give up."""
    if _is_limit(fault):
        # What was refused has not happened, so any request may be sent again.
        return seconds_until_allowed(_headers(fault))
    if repeatable and attempts < REPEATS and _is_passing(fault):
        return max(FIRST_PAUSE * float(2**attempts), retry_after(_headers(fault)) or 0)
    return None


def _is_limit(fault: Exception) -> bool:
    if not isinstance(fault, GithubException) or fault.status not in (403, 429):
        return False
    told = "retry-after" in _headers(fault) or _headers(fault).get("x-ratelimit-remaining") == "0"
    return told or fault.status == 429 or isinstance(fault, RateLimitExceededException)


def _tells_limit(reply: object) -> bool:
    """Tell whether GraphQL refused for a limit, which it does with status 200."""
    errors = reply.get("errors") if isinstance(reply, dict) else None
    return any(isinstance(one, dict) and one.get("type") in GRAPHQL_LIMITS for one in errors or ())


def _is_passing(fault: Exception) -> bool:
    if isinstance(fault, GithubException):
        return fault.status >= 500
    return isinstance(fault, (RequestException, *BROKEN_REPLY))


def _error(deed: Deed, fault: Exception, wording: Wording) -> GitHubError:
    if isinstance(fault, GithubException):
        return _refusal(deed, fault, wording)
    if isinstance(fault, AwayError) and not fault.far:
        return MovedError(MOVED.format(what=deed.what))
    if isinstance(fault, (AwayError, *OTHER_SERVER)):
        return GitHubError(ELSEWHERE.format(what=deed.what, fault=fault))
    if isinstance(fault, RequestException):
        return NoAnswerError(SILENT.format(what=deed.what, fault=type(fault).__name__))
    return NoAnswerError(BROKE_OFF.format(what=deed.what))


def _refusal(deed: Deed, fault: GithubException, wording: Wording) -> GitHubError:
    if _is_limit(fault):
        seconds = seconds_until_allowed(_headers(fault))
        until = datetime.fromtimestamp(time.time() + seconds, UTC)
        told = f"{until:%H:%M:%S} UTC" if seconds < DAY / 2 else f"{until:%Y-%m-%d %H:%M:%S} UTC"
        return RateLimitError(LIMITED.format(what=deed.what, until=told), until)
    if fault.status >= 500:
        return NoAnswerError(FAILED.format(what=deed.what, status=fault.status))
    if fault.status == 401:
        return TokenError(wording.stranger.format(what=deed.what))
    if fault.status == 403 and IS_LOCKED in _says(fault):
        return LockedError(LOCKED.format(what=deed.what, says=_says(fault)))
    if fault.status == 403:
        return ForbiddenError(wording.forbidden.format(what=deed.what, needs=_needs(deed, fault), says=_says(fault)))
    if fault.status in (404, 410):
        return MissingError(MISSING.format(what=deed.what))
    return GitHubError(REFUSED.format(what=deed.what, status=fault.status, says=_says(fault)))


def _needs(deed: Deed, fault: GithubException) -> str:
    """GitHub names the permissions it would accept: `issues=write; pull_requests=write`."""
    accepted = _headers(fault).get("x-accepted-github-permissions", "")
    named = " or ".join(one.strip().replace("=", ": ").replace("_", "-") for one in accepted.split(";") if one.strip())
    return f"`{named}`" if named else deed.needs


def _says(fault: GithubException) -> str:
    data: dict[str, Any] = fault.data if isinstance(fault.data, dict) else {}
    details = [one["message"] for one in data.get("errors", []) if isinstance(one, dict) and "message" in one]
    return ": ".join([str(data.get("message") or "nothing"), *details])


def _headers(fault: Exception) -> Mapping[str, str]:
    return (fault.headers or {}) if isinstance(fault, GithubException) else {}
