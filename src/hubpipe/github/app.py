"""Turn a GitHub App's id and private key into tokens of its installations, and into what became of its deliveries.

Source: https://docs.github.com/en/rest/apps, by way of PyGithub.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock, local
from typing import Any
from urllib.parse import parse_qs, urlsplit

from github import Auth, Github, GithubIntegration
from jwt import PyJWTError
from requests.utils import parse_header_links

from hubpipe import __version__
from hubpipe.deadline import Deadline
from hubpipe.errors import GitHubError, MissingError, UsageError
from hubpipe.github import PAGE, TIMEOUT
from hubpipe.github.attachments import hosts_of
from hubpipe.github.calls import Caller, Deed, Result, Wording
from hubpipe.github.replies import strict

PATIENCE = 60.0  # seconds that one call may wait for GitHub in all
# A token is good for an hour, and is asked for at each request.
# Source: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
RENEWED = timedelta(minutes=5)
DELIVERIES = "/app/hook/deliveries"
CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")

OF_THE_APP = Wording(
    stranger=(
        "GitHub does not know the App, so hubpipe cannot {what}: check its id, its private key, and this machine's "
        "clock."
    ),
    forbidden=(
        "The App may not {what}: its installation may be suspended, or lack {needs} in the App's settings. "
        "GitHub says: {says}"
    ),
)
NOT_INSTALLED = "the App is not installed for {repo}, or not for all that it needs: install it there"
GONE = "GitHub knows no installation {installation} of the App: it was uninstalled, or belongs to another App"
NO_KEY = "the App's private key cannot be used ({reason}): give the whole PEM file that GitHub made"
NO_CODE = "the code is none that GitHub gives: begin again at /setup"
CODE_IS_OVER = "GitHub does not know the code: it is good once, and for an hour. Begin again at /setup"


@dataclass(frozen=True)
class Credentials:
    """All that GitHub gives for a new App, or as much of it as somebody else has given; `url` is the App's page."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    slug: str = ""
    url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Attempt:
    """One time that GitHub sent a delivery to the App, and the HTTP status that came back, 0 for none.

    `guid` is the delivery's, which keeps it when it is sent again.
    """

    id: int
    guid: str
    event: str
    status: int
    at: datetime


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    expires: datetime


class App:
    """A GitHub App; one for all threads of a process.

    `patience` is how long one call may wait for GitHub in all, `timeout` how long one request may take. Methods raise
    what `Caller.call` raises, the constructor UsageError for a key that is none.
    """

    def __init__(
        self,
        app_id: int | str,
        private_key: str,
        api_url: str,
        *,
        patience: float = PATIENCE,
        timeout: int = TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._auth = _auth(app_id, private_key)
        self._api_url, self._timeout, self._now = api_url.rstrip("/"), timeout, now
        self._caller = Caller(patience, Deadline(), OF_THE_APP)
        # PyGithub keeps a request in its connection until it is sent: two threads would send each other's.
        self._here = local()
        self._opening = Lock()
        self._locks: defaultdict[int, Lock] = defaultdict(Lock)
        self._tokens: dict[int, _Token] = {}
        self._slug = ""

    @property
    def slug(self) -> str:
        """Give the name in the App's addresses."""
        if not self._slug:
            self._slug = self._call(Deed("read the App's name"), lambda: str(self._hub.get_app().slug))
        return self._slug

    @property
    def login(self) -> str:
        """Give the login that the App writes as."""
        return f"{self.slug}[bot]"

    def token(self, installation: int) -> str:
        """Give a token of an installation that is good for a while."""
        with self._opening:
            lock = self._locks[installation]
        with lock:
            known = self._tokens.get(installation)
            if known is None or known.expires - self._now() < RENEWED:
                known = self._tokens[installation] = self._new_token(installation)
            return known.text

    def forget(self, installation: int) -> None:
        """Make an installation's next token anew: GitHub has refused the last one."""
        self._tokens.pop(installation, None)

    def installation_of(self, repo: str) -> int:
        """Give the number of the installation that a repository ("owner/name") belongs to."""
        owner, _, name = repo.partition("/")
        deed = Deed(f"find the App's installation for {repo}")
        try:
            return self._call(deed, lambda: int(self._hub.get_repo_installation(owner, name).id))
        except MissingError as error:
            raise MissingError(NOT_INSTALLED.format(repo=repo)) from error

    def attempts(self, since: datetime) -> Iterator[Attempt]:
        """List the attempts to deliver something to the App since a moment, the newest first."""
        deed, cursor = Deed("list the App's deliveries"), ""
        while True:
            found, cursor = self._call(deed, partial(self._page, cursor))
            yield from (one for one in found if one.at >= since)
            if not cursor or not found or found[-1].at < since:
                return

    def redeliver(self, attempt: int) -> None:
        """Let GitHub send a delivery again, under the GUID that it has; it does so by and by."""
        path = f"{DELIVERIES}/{attempt}/attempts"
        self._call(Deed("have a delivery sent again"), lambda: self._hub.requester.requestJsonAndCheck("POST", path))

    def _new_token(self, installation: int) -> _Token:
        def send() -> _Token:
            made = self._hub.get_access_token(installation)
            return _Token(made.token, made.expires_at)

        try:
            return self._call(Deed(f"get a token of the installation {installation}"), send)
        except MissingError as error:
            raise MissingError(GONE.format(installation=installation)) from error

    def _page(self, cursor: str) -> tuple[list[Attempt], str]:
        asked = {"per_page": PAGE} | ({"cursor": cursor} if cursor else {})
        headers, data = self._hub.requester.requestJsonAndCheck("GET", DELIVERIES, parameters=asked)
        return [_attempt(one) for one in data], _next(headers)

    def _call(self, deed: Deed, send: Callable[[], Result]) -> Result:
        return self._caller.call(deed, send)

    @property
    def _hub(self) -> GithubIntegration:
        found: GithubIntegration | None = getattr(self._here, "hub", None)
        if found is None:
            found = self._here.hub = strict(
                lambda: GithubIntegration(auth=self._auth, base_url=self._api_url, **_usual(self._timeout))
            )
        return found


def convert(code: str, api_url: str, *, patience: float = PATIENCE, timeout: int = TIMEOUT) -> Credentials:
    """Trade the code that GitHub gives for a manifest for the credentials of the App that it has made.

    Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    if not CODE.fullmatch(code):
        raise GitHubError(NO_CODE)
    hub = strict(lambda: Github(base_url=api_url.rstrip("/"), **_usual(timeout)))

    def send() -> Credentials:
        _, data = hub.requester.requestJsonAndCheck("POST", f"/app-manifests/{code}/conversions")
        return _credentials(data)

    try:
        return Caller(patience).call(Deed("get the new App's credentials"), send, repeatable=False)
    except MissingError as error:
        raise MissingError(CODE_IS_OVER) from error


def web_url(api_url: str, server_url: str | None = None) -> str:
    """Give the address of a server's pages, from its API's where only that is known."""
    return server_url.rstrip("/") if server_url else hosts_of(api_url).own


def _auth(app_id: int | str, private_key: str) -> Auth.AppAuth:
    """Hold the key against what signing needs: GitHub would only say that it does not know the App."""
    # A variable of the environment often has its lines' ends written out.
    key = private_key.replace("\\n", "\n").strip()
    try:
        auth = Auth.AppAuth(app_id, key or "-")
        auth.create_jwt()
    except (PyJWTError, ValueError, TypeError) as error:
        raise UsageError(NO_KEY.format(reason=type(error).__name__)) from error
    return auth


def _usual(timeout: int) -> dict[str, Any]:
    """Give what every connection of ours is opened with: `Caller` repeats and waits, not PyGithub."""
    return {
        "user_agent": f"hubpipe/{__version__}",
        "per_page": PAGE,
        "timeout": timeout,
        "retry": None,
        "seconds_between_requests": 0,
        "seconds_between_writes": 0,
        "lazy": True,
    }


def _attempt(data: Mapping[str, Any]) -> Attempt:
    return Attempt(
        id=int(data["id"]),
        guid=str(data["guid"]),
        event=str(data["event"]),
        # Where nobody answered there is none.
        status=int(data["status_code"] or 0),
        at=datetime.fromisoformat(data["delivered_at"]),
    )


def _next(headers: Mapping[str, Any]) -> str:
    """Read where the next page begins, which GitHub tells in the address of it."""
    links = parse_header_links(headers.get("link", ""))
    address = next((link["url"] for link in links if link.get("rel") == "next"), "")
    return next(iter(parse_qs(urlsplit(address).query).get("cursor", [])), "")


def _credentials(data: Mapping[str, Any]) -> Credentials:
    return Credentials(
        app_id=int(data["id"]),
        private_key=str(data["pem"]),
        webhook_secret=str(data["webhook_secret"] or ""),
        slug=str(data["slug"]),
        url=str(data["html_url"]),
        client_id=str(data["client_id"]),
        client_secret=str(data["client_secret"]),
    )
