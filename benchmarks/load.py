"""Turn prepared requests into deliveries a second and latencies, over connections that stay open.

Nothing is signed or written while the clock runs: bodies, signatures and heads lie ready as bytes, only the delivery's
GUID is put between them. One process of this sends about five times what any of the servers takes.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED_END = b"0\r\n\r\n"
REFUSED = "the server answered {status}: {words}"


@dataclass(frozen=True)
class Prepared:
    """A request around the delivery's GUID, `wanted` the status that is its success."""

    before: bytes
    after: bytes
    wanted: bytes

    def request(self) -> bytes:
        """Give the bytes of a delivery of its own."""
        return b"".join((self.before, str(uuid4()).encode(), self.after))


@dataclass(frozen=True)
class Measured:
    """What a server did: answers a second, and the seconds to each answer, in order of size."""

    rate: float
    seconds: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """Give the seconds in which a share of the answers came."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class _Client(asyncio.Protocol):
    """Asks the next as soon as it has the answer to the last."""

    def __init__(self, requests: Callable[[], Prepared | None], took: list[float], over: "asyncio.Future[None]"):
        self._requests, self._took, self._over = requests, took, over
        self._got, self._began, self._asked = b"", 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, and says nothing of it
        self._next()

    def data_received(self, data: bytes) -> None:
        """Note an answer that is whole, and go on."""
        self._got += data
        if not _whole(self._got):
            return
        self._took.append(time.perf_counter() - self._began)
        head, _, words = self._got.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1]
        if status != self._asked and not self._over.done():
            self._over.set_exception(SystemExit(REFUSED.format(status=status.decode(), words=words.decode())))
        self._got = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a server that hangs up in between has failed."""
        if not self._over.done():
            self._over.set_exception(exc or SystemExit("the server hung up"))

    def _next(self) -> None:
        prepared = self._requests()
        if prepared is None or self._over.done():
            if not self._over.done():
                self._over.set_result(None)
            self._transport.close()
            return
        self._asked, request = prepared.wanted, prepared.request()
        self._began = time.perf_counter()
        self._transport.write(request)


def _whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    length = LENGTH.search(head)
    return len(body) >= int(length[1]) if length else body.endswith(CHUNKED_END)


async def measure(host: str, port: int, requests: Sequence[Prepared], connections: int, seconds: float) -> Measured:
    """Send requests in turn over some connections for some seconds."""
    loop, took = asyncio.get_running_loop(), list[float]()
    turn, end = 0, time.perf_counter() + seconds

    def following() -> Prepared | None:
        nonlocal turn
        turn += 1
        return requests[turn % len(requests)] if time.perf_counter() < end else None

    began, waiting = time.perf_counter(), []
    for _ in range(connections):
        over: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(lambda over=over: _Client(following, took, over), host, port)  # type: ignore[misc]
        waiting.append(over)
    await asyncio.gather(*waiting)
    return Measured(len(took) / (time.perf_counter() - began), tuple(sorted(took)))
