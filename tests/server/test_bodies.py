"""Bodies of strangers: too long, too slow, too many at once; what they cost is bounded before anybody is known."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from hubpipe.server.bodies import SMALL, Bodies
from hubpipe.server.delivery import RefusedError
from hubpipe.server.page.guard import MOST_BYTES, MOST_FIELDS, own_form

PIECE = b"x" * 1024


class Sender:
    """Sends a body piece by piece, and knows how much of it was asked for."""

    def __init__(self, pieces: AsyncIterator[bytes], form: str | None = None):
        self.asked = 0
        self._pieces = pieces
        self._session = {} if form is None else {"form": form}

    def request(self, **headers: str) -> Request:
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": named, "session": self._session}
        return Request(scope, self._receive)

    async def _receive(self) -> Message:
        self.asked += 1
        piece = await anext(self._pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}


async def of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


async def stuck(*pieces: bytes, until: asyncio.Event) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    await until.wait()


async def refusal(bodies: Bodies, request: Request) -> int:
    with pytest.raises(RefusedError) as refused:
        await bodies.read(request)
    return refused.value.status


@pytest.mark.threat("attack", "input")
def test_a_body_that_does_not_come_to_its_end_is_not_waited_for() -> None:
    async def act() -> int:
        return await refusal(Bodies(100, seconds=0.01), Sender(stuck(b"{", until=asyncio.Event())).request())

    assert asyncio.run(act()) == 408


@pytest.mark.threat("attack", "input")
def test_of_a_body_that_is_too_long_no_more_is_read() -> None:
    sender = Sender(endless())
    assert asyncio.run(refusal(Bodies(10 * len(PIECE)), sender.request())) == 413
    assert sender.asked == 11


@pytest.mark.threat("attack", "input")
def test_large_bodies_share_their_room_and_small_ones_need_none() -> None:
    large, half = b"x" * (SMALL + 600), b"x" * (SMALL + 400)

    async def act() -> None:
        bodies, end = Bodies(2 * SMALL, room=1000), asyncio.Event()
        first = asyncio.create_task(bodies.read(Sender(stuck(large, until=end)).request()))
        while bodies.room == 1000:
            await asyncio.sleep(0)
        assert await refusal(bodies, Sender(of(large)).request()) == 503
        assert await bodies.read(Sender(of(half)).request()) == half
        assert await bodies.read(Sender(of(b"{}")).request()) == b"{}"
        end.set()
        assert await first == large
        assert await bodies.read(Sender(of(large)).request()) == large
        assert bodies.room == 1000

    asyncio.run(act())


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_strangers_form_is_read_no_further_than_a_form_can_be_long(kind: str) -> None:
    sender = Sender(endless(), form="the session's")
    assert asyncio.run(own_form(sender.request(content_type=kind))) is None
    assert sender.asked * len(PIECE) <= MOST_BYTES + len(PIECE)


@pytest.mark.threat("attack", "input")
def test_nothing_is_read_of_whoever_has_no_session() -> None:
    sender = Sender(endless())
    assert asyncio.run(own_form(sender.request())) is None
    assert sender.asked == 0


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"form=mine&token=a%20b%C3%BC", {"form": "mine", "token": "a bü"}),
        (b"form=other&token=a", None),
        (b"token=a", None),
        (b"form=%ED%A0%80", None),
        (b"form=mine" + b"&a=b" * MOST_FIELDS, None),
        (b'--x\r\ncontent-disposition: form-data; name="form"\r\n\r\nmine\r\n--x--', None),
    ],
)
def test_a_form_is_of_the_session_whose_word_it_holds(body: bytes, found: dict[str, str] | None) -> None:
    assert asyncio.run(own_form(Sender(of(body), form="mine").request())) == found
