"""Turn what changes in the ledger into server-sent events: a part of a page, written anew.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import time
from collections.abc import AsyncIterator, Callable, Hashable

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

EVERY = 1.0  # seconds between two looks
PING = 15  # seconds of silence, after which a comment keeps the line open
# Then the browser asks anew, and whoever may not look any more is told so.
LONGEST = 600.0  # seconds
MOST = 100  # streams of one process

FULL = "too many people look at this process's page live: reload it by hand\n"


class Live:
    """The streams of this process."""

    def __init__(self) -> None:
        self._open = 0

    def stream(self, request: Request, mark: Callable[[], Hashable], write: Callable[[], str]) -> Response:
        """Send what `write` gives whenever `mark`, which costs less, gives something else than before."""
        if self._open >= MOST:
            return PlainTextResponse(FULL, 503, {"Retry-After": "60"})
        events = self._events(request, mark, write)
        return EventSourceResponse(events, ping=PING, headers={"Cache-Control": "no-store"})

    async def _events(
        self, request: Request, mark: Callable[[], Hashable], write: Callable[[], str]
    ) -> AsyncIterator[ServerSentEvent]:
        self._open += 1
        seen, end = None, time.monotonic() + LONGEST
        try:
            while time.monotonic() < end and not await request.is_disconnected():
                now = await run_in_threadpool(mark)
                if now != seen:
                    seen = now
                    yield ServerSentEvent(await run_in_threadpool(write))
                await anyio.sleep(EVERY)
        finally:
            self._open -= 1
