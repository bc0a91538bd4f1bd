"""Turn a request to an endpoint into its answer, or into an EndpointError that says what to change.

One loop stands for every retry: it waits where the server asks to wait, repeats what may pass by itself, and all
of it together takes no longer than the step's timeout and the run's budget allow.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import httpx2
from huggingface_hub import InferenceClient
from huggingface_hub.errors import OfflineModeIsEnabled

from hubpipe.errors import EndpointError, HubpipeError
from hubpipe.models.base import Text
from hubpipe.models.meter import Meter
from hubpipe.models.remote.hints import MOST_WORDS, counted_tokens, line, seconds_to_wait, words
from hubpipe.models.remote.place import Where
from hubpipe.models.remote.shapes import ShapeError
from hubpipe.models.remote.watch import RefusedReplyError, Watch, watching
from hubpipe.stop import within

log = logging.getLogger("hubpipe")

Result = TypeVar("Result")
Ask = Callable[[InferenceClient, Watch], Result]

REPEATS = 2
FIRST_PAUSE = 0.5  # seconds; each next one is twice as long, whatever shorter time the server names
MOST_OF_A_FAULT = 500  # characters of our own words about an answer, with a server's name or label in them
ASKED_TO_WAIT = (429, 503)
OUT_OF_CREDIT = b"insufficient_quota"
# How servers write that a text is too long, under the status of any wrong request.
SIZE = re.compile(r"too (long|large|many)|context length|max(imum)?[ _].{0,40}(token|length|size)|must have less", re.I)

WAITING = "%s did not answer (%s): trying again in %.1f seconds"
KEY_REFUSED = (
    "{host} does not accept the key for {model} ({status}{says}): put one that may use it into {variable}. "
    "Secrets are not there for a pull request from a fork"
)
KEY_MISSING = (
    "{host} wants a key for {model} ({status}{says}): put it into {variable}. "
    "Secrets are not there for a pull request from a fork"
)
KEY_KEPT_BACK = (
    "{host} wants a key for {model} ({status}{says}), and the one in {variable} is not sent over a connection that "
    "is not encrypted: use an https address"
)
NO_CREDIT = "the account behind {variable} has no credit left at {host} ({status}{says}): add some"
NOT_THERE = "{host} does not serve {model} there ({status}{says}): check endpoint and model"
NOT_FOUND = (
    "the Hub has no model {model} that {host} could run ({status}{says}): check the name. A private one is only found "
    "where the token stands in the environment as HF_TOKEN, not in the input hub-token"
)
TOO_LONG = "{host} finds what {model} is to read too long ({status}{says}): name a model that reads more"
REFUSED = "{host} refused the request to {model} ({status}{says}): check that it does the task {task}"
BUSY = (
    "{host} asks to wait {pause:.0f} seconds before {model} can answer ({status}{says}), longer than timeout or "
    "budget.seconds allow: raise them, or run this again later"
)
FAILED = "{host} failed to run {model} ({status}{says}): run this again, or look at the server's own log"
SILENT = (
    "{host} did not answer for {model} within {seconds:.0f} seconds: raise timeout or budget.seconds, "
    "or run this again later"
)
UNREACHED = "{host} cannot be reached for {model} ({fault}): check endpoint and the network"
OFFLINE = "{host} is not asked for {model}: HF_HUB_OFFLINE is set. Take it out of the environment"
UNUSABLE = "{host} gave no usable answer for {model}: {fault}. Check that it does the task {task}"
NO_ROUTE = "{host} does not serve {model} for {task}: {fault}"
ODD = "it is not of the shape that the task gives{says}"
BROKE_OFF = "it broke off"


class RefusalError(EndpointError):
    """The server took the request for a wrong one; `said` are its own words."""

    def __init__(self, message: str, said: str):
        self.said = said
        super().__init__(message)


@dataclass(frozen=True)
class Limit:
    """How long one answer may take, whatever is asked for it: `seconds` in all, up to the time `end` of a clock."""

    seconds: float
    end: float


@dataclass(frozen=True)
class Caller:
    """Asks one place for one model's answers; each answer takes at most `patience` seconds, waiting included."""

    where: Where
    model: str
    task: str
    patience: float
    meter: Meter
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def limit(self) -> Limit:
        """Say how long an answer that is begun now may take."""
        left = self.meter.seconds_left
        seconds = self.patience if left is None else min(self.patience, left)
        return Limit(seconds, self.clock() + seconds)

    def call(
        self, ask: Ask[Result], letters: int, content_type: str | None = None, limit: Limit | None = None
    ) -> Result:
        """Ask, and ask again where that helps; `letters` is how many characters are sent, at four a token.

        Calls for one answer share its `limit`. Raises BudgetError when the run may not ask any more, EndpointError
        for every fault of the server or of the way to it, a RefusalError where the request itself was refused.
        """
        return self.read(lambda: self._repeat(ask, letters, content_type, limit or self.limit()))

    def read(self, reading: Callable[[], Result]) -> Result:
        """Give what reading an answer gives.

        Raises what hubpipe foresaw, and EndpointError for whatever else a stranger's bytes lead to.
        """
        try:
            return reading()
        except HubpipeError:
            raise
        except Exception:  # noqa: BLE001 (no list of what strangers' bytes can raise was ever complete)
            said = UNUSABLE.format(host=self.where.host, model=self.model, task=self.task, fault=ODD.format(says=""))
            raise EndpointError(said) from None

    def _repeat(self, ask: Ask[Result], letters: int, content_type: str | None, limit: Limit) -> Result:
        attempts = 0
        while True:
            self.meter.check()
            watch = Watch(limit.end, self.meter.ask, self.clock)
            try:
                return self._once(ask, watch, letters, content_type)
            except HubpipeError:
                raise
            except Exception as fault:  # noqa: BLE001 (see read)
                pause = _pause(watch, fault, attempts)
                if pause is None or pause >= limit.end - self.clock():
                    # Not `from` it: a server may have written the key that it was sent into its refusal.
                    raise self._error(watch, fault, pause, limit.seconds) from None
                log.info(WAITING, self.where.host, watch.status or type(fault).__name__, pause)
            self.sleep(pause)
            self.meter.spend(0, pause)
            attempts += 1

    def _once(self, ask: Ask[Result], watch: Watch, letters: int, content_type: str | None) -> Result:
        started = self.clock()
        left = watch.deadline - started
        tokens = 0

        def work() -> Result:
            client = self.where.client(max(0.1, left), content_type)
            with watching(watch):
                return ask(client, watch)

        try:
            answer = within(left, work)
            tokens = _tokens(watch, letters + _letters(answer))
        except Exception as fault:
            tokens = _tokens(watch, 0 if isinstance(fault, httpx2.ConnectError) else letters)
            raise
        finally:
            self.meter.spend(tokens, self.clock() - started)
        return answer

    def _error(self, watch: Watch, fault: Exception, pause: float | None, seconds: float) -> EndpointError:
        said = words(bytes(watch.body), self.where.key)
        template = self._template(watch, fault, pause)
        if template == REFUSED and SIZE.search(said):
            template = TOO_LONG
        message = template.format(
            host=self.where.host,
            model=self.model,
            task=self.task,
            variable=self.where.variable,
            status=watch.status,
            says=f": {said}" if said else "",
            pause=pause or 0,
            seconds=seconds,
            fault=self._in_words(watch, fault, said),
        )
        return RefusalError(message, said) if template in (REFUSED, TOO_LONG) else EndpointError(message)

    def _template(self, watch: Watch, fault: Exception, pause: float | None) -> str:
        """Choose what is said of a fault by how far the request came."""
        status = watch.status
        if isinstance(fault, OfflineModeIsEnabled):
            return OFFLINE
        if isinstance(fault, (TimeoutError, httpx2.TimeoutException)):
            return SILENT
        if status is not None and status >= 400:
            if status in (401, 403, 404) and not watch.asked:
                return NOT_FOUND
            return NO_CREDIT if OUT_OF_CREDIT in watch.body else self._of_status(status, pause)
        if isinstance(fault, RefusedReplyError) or (watch.asked and status is not None):
            return UNUSABLE
        return UNREACHED if isinstance(fault, (httpx2.HTTPError, OSError)) else NO_ROUTE

    def _of_status(self, status: int, pause: float | None) -> str:
        if status in (401, 403):
            key = KEY_REFUSED if self.where.key else KEY_MISSING
            return KEY_KEPT_BACK if self.where.kept_back else key
        known = {402: NO_CREDIT, 404: NOT_THERE, 410: NOT_THERE, 413: TOO_LONG}
        if status in ASKED_TO_WAIT and pause is not None:
            return BUSY
        return known.get(status, FAILED if status >= 500 else REFUSED)

    def _in_words(self, watch: Watch, fault: Exception, said: str) -> str:
        """Say what a fault is, without a word of the request's headers."""
        if isinstance(fault, (ShapeError, RefusedReplyError)):
            return line(str(fault), self.where.key, MOST_OF_A_FAULT)
        if isinstance(fault, (httpx2.HTTPError, httpx2.StreamError, OSError)):
            return BROKE_OFF if watch.status is not None else type(fault).__name__
        if watch.asked:
            return ODD.format(says=f" ({said})" if said else "")
        return line(str(fault), self.where.key, MOST_WORDS)


def _letters(answer: object) -> int:
    """Count the characters that a model wrote."""
    written = answer.text if isinstance(answer, Text) else answer
    return len(written) if isinstance(written, str) else 0


def _tokens(watch: Watch, letters: int) -> int:
    """Count the tokens of a request and its answer, usable or not: the server's number, or one for four letters.

    What was refused, or never sent, cost nothing.
    """
    counted = counted_tokens(bytes(watch.body))
    if counted is not None:
        return counted
    refused = watch.status is not None and watch.status >= 400
    return 0 if refused or not watch.asked or not letters else letters // 4 + 1


def _pause(watch: Watch, fault: Exception, attempts: int) -> float | None:
    """Say how many seconds to wait before asking again; None to give up."""
    floor = FIRST_PAUSE * float(2**attempts)
    if watch.status in ASKED_TO_WAIT and OUT_OF_CREDIT not in watch.body:
        told = seconds_to_wait(watch.headers, bytes(watch.body), datetime.now(UTC))
        return max(floor, told or 0.0)
    if attempts < REPEATS and _may_pass(watch, fault):
        return floor
    return None


def _may_pass(watch: Watch, fault: Exception) -> bool:
    if isinstance(fault, (RefusedReplyError, OfflineModeIsEnabled)):
        return False
    if watch.status is not None and watch.status >= 400:
        return watch.status >= 500
    return isinstance(fault, httpx2.TransportError)
