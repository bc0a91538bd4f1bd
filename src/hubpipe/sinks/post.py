"""Turn an address and a body into one POST that ends in time, wherever it would lead and whatever comes back.

A request that may have arrived is never repeated: a message is sent at most once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from hubpipe import __version__
from hubpipe.errors import NotifyError
from hubpipe.stop import within

if TYPE_CHECKING:
    import httpx2

TRIES = 3
FIRST_PAUSE = 1.0  # seconds
# By these a server says that it has not taken the message.
NOT_TAKEN = (429, 503)

NO_TIME = "not sent, there is no time left for it (timeout)"
SILENT = "no answer within {seconds:.0f} seconds: perhaps sent, and not tried again"
BROKE_OFF = "the answer broke off ({fault}): perhaps sent, and not tried again"
UNREACHED = "not sent, the server is not reached ({fault})"
BUSY = "not sent, the server asks to wait (HTTP {status}{wait})"
LEADS_ELSEWHERE = "not sent, the server leads to another address (HTTP {status}), which is not followed"
UNKNOWN = "not sent, the server does not know the webhook any more (HTTP {status}): make a new one"
NOT_ALLOWED = "not sent, the server does not take this webhook's key (HTTP {status}): make a new one"
REFUSED = "not sent, the server does not take the message (HTTP {status}): see which service the address speaks"
FAILED = "the server failed (HTTP {status}): perhaps sent, and not tried again"


@dataclass(frozen=True)
class Answer:
    """A reply's status, and how many seconds it asks to wait."""

    status: int
    wait: float | None


def post(url: "httpx2.URL", body: Mapping[str, Any], seconds: float) -> None:
    """Send a body as JSON within so many seconds; raises NotifyError, without a word of the address or the reply."""
    if seconds <= 0:
        raise NotifyError(NO_TIME)
    try:
        # An answer's head may drip, and a name may not be found out: no timeout of a client's ends that.
        within(seconds, lambda: _posted(url, body, time.monotonic() + seconds))
    except TimeoutError:
        raise NotifyError(SILENT.format(seconds=seconds)) from None


def _posted(url: "httpx2.URL", body: Mapping[str, Any], end: float) -> None:
    """Send, and again while the server says that it has not taken the message, or is not reached."""
    for tried in range(1, TRIES + 1):
        pause, fault = _asked(url, body, end)
        if fault is None:
            return
        pause = FIRST_PAUSE * 2 ** (tried - 1) if pause is None else pause
        if tried == TRIES or time.monotonic() + pause >= end:
            raise fault
        time.sleep(pause)


def _asked(url: "httpx2.URL", body: Mapping[str, Any], end: float) -> tuple[float | None, NotifyError | None]:
    """Send once; give how long to wait before another try, and what to say without one."""
    import httpx2

    left = max(0.1, end - time.monotonic())
    try:
        answer = _answer(url, body, left)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as fault:
        return None, NotifyError(UNREACHED.format(fault=type(fault).__name__))
    except httpx2.TimeoutException:
        raise NotifyError(SILENT.format(seconds=left)) from None
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, ValueError) as fault:
        # What it says itself may hold the address.
        raise NotifyError(BROKE_OFF.format(fault=type(fault).__name__)) from None
    if answer.status in NOT_TAKEN:
        wait = f", {answer.wait:.0f} seconds" if answer.wait is not None else ""
        return answer.wait, NotifyError(BUSY.format(status=answer.status, wait=wait))
    if not 200 <= answer.status < 300:
        raise NotifyError(_refusal(answer.status).format(status=answer.status))
    return None, None


def _answer(url: "httpx2.URL", body: Mapping[str, Any], seconds: float) -> Answer:
    """Ask, and read no more of the reply than its head."""
    import httpx2

    # Compressed bytes would unfold.
    headers = {"user-agent": f"hubpipe/{__version__}", "accept-encoding": "identity"}
    with (
        httpx2.Client(timeout=seconds, follow_redirects=False, headers=headers) as client,
        client.stream("POST", url, json=body) as response,
    ):
        return Answer(response.status_code, seconds_to_wait(response.headers.get("retry-after", "")))


def seconds_to_wait(text: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Read `Retry-After`, seconds or a date; None for what is neither."""
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return LEADS_ELSEWHERE
    known = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: UNKNOWN, 410: UNKNOWN}
    return known.get(status, FAILED if status >= 500 else REFUSED)
