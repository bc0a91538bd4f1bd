"""Turn a request's stream into its body: no more of it than may be, no later than may be, not too many at once."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from hubpipe.server.delivery import RefusedError

# GitHub ends a request after so long.
# Source: https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
LONGEST = 10.0  # seconds
# Most deliveries are smaller, and are never refused because others are large.
SMALL = 256 * 1024
ROOM = 256 * 1024 * 1024

TOO_LARGE = "the body has more than {most} bytes"
TOO_SLOW = "the body did not arrive within {seconds:g} seconds"
NO_ROOM = "too many large bodies arrive at once: GitHub keeps the delivery, and the bot asks for it again"
NO_LENGTH = "the header Content-Length is no number"
HUNG_UP = "the connection ended before the body did"


@dataclass
class Bodies:
    """Reads bodies of at most `most` bytes.

    Nobody has shown yet that he may send one: so each has to arrive within `seconds`, and all that are on their way
    take `room` bytes at most, beside small ones.
    """

    most: int
    seconds: float = LONGEST
    room: int = ROOM

    async def read(self, request: Request) -> bytes:
        """Read a body; raises RefusedError with 400, 408, 413 or 503."""
        told = request.headers.get("content-length", "0")
        if not (told.isascii() and told.isdecimal()):
            raise RefusedError(400, NO_LENGTH)
        if int(told[:12]) > self.most:
            raise RefusedError(413, TOO_LARGE.format(most=self.most))
        try:
            async with asyncio.timeout(self.seconds):
                return await self._read(request)
        except TimeoutError as late:
            raise RefusedError(408, TOO_SLOW.format(seconds=self.seconds)) from late
        except ClientDisconnect as gone:
            raise RefusedError(400, HUNG_UP) from gone

    async def _read(self, request: Request) -> bytes:
        pieces, size, taken = [], 0, 0
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > self.most:
                    raise RefusedError(413, TOO_LARGE.format(most=self.most))
                more = max(0, size - SMALL) - taken
                if more > self.room:
                    raise RefusedError(503, NO_ROOM)
                self.room, taken = self.room - more, taken + more
                pieces.append(piece)
            return b"".join(pieces)
        finally:
            self.room += taken
