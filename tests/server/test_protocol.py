"""Answers in one write, and never later than they were."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from hubpipe.server.protocol import Joining, OneWrite
from tests.standin.servers import free_port
from tests.standin.wire import LOOPBACK


class Wire:
    """A transport that notes what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        return name


async def on_a_wire(*writes: bytes, close: bool = False) -> Wire:
    wire: Any = Wire()
    joining = Joining(wire, asyncio.get_running_loop())
    for data in writes:
        joining.write(data)
    assert joining.get_extra_info("peername") == "peername"
    if close:
        joining.close()
    await asyncio.sleep(0)
    found: Wire = wire
    return found


def test_a_head_and_its_body_are_one_write() -> None:
    assert asyncio.run(on_a_wire(b"head", b"body")).written == [b"headbody"]


def test_what_is_alone_is_written_when_the_turn_is_over() -> None:
    assert asyncio.run(on_a_wire(b"head")).written == [b"head"]
    assert asyncio.run(on_a_wire(b"head", b"")).written == [b"head"]
    assert asyncio.run(on_a_wire(b"")).written == []
    assert asyncio.run(on_a_wire(b"head", b"body", b"more")).written == [b"headbody", b"more"]


def test_nothing_is_lost_when_a_connection_is_closed() -> None:
    wire = asyncio.run(on_a_wire(b"head", close=True))
    assert (wire.written, wire.closed) == ([b"head"], True)


@contextmanager
def served(app: Starlette) -> Iterator[socket.socket]:
    """Serve, and connect."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, http=OneWrite, host=LOOPBACK, port=port, log_config=None))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        yield connection
    server.should_exit = True
    thread.join(30)


def ask(connection: socket.socket, path: str) -> bytes:
    """Ask for a page, and give what comes first."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\n\r\n".encode())
    return connection.recv(65_536)


def test_answers_come_whole_one_after_the_other_on_one_connection() -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse(request.url.path)

    async def nothing(request: Request) -> Response:
        return Response(status_code=204)

    with served(Starlette(routes=[Route("/nothing", nothing), Route("/{name}", page)])) as connection:
        for name in ("/one", "/two", "/three"):
            assert ask(connection, name).endswith(f"\r\n\r\n{name}".encode())
        assert ask(connection, "/nothing").startswith(b"HTTP/1.1 204")
        connection.sendall(b"no request\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400")
        assert connection.recv(65_536) == b""


def test_the_head_of_a_stream_does_not_wait_for_its_first_words() -> None:
    goes_on = Event()

    async def words() -> AsyncIterator[bytes]:
        while not goes_on.is_set():
            await asyncio.sleep(0.01)
        yield b"at last"

    async def stream(request: Request) -> Response:
        return StreamingResponse(words())

    with served(Starlette(routes=[Route("/", stream)])) as connection:
        assert ask(connection, "/").endswith(b"\r\n\r\n")
        goes_on.set()
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got += connection.recv(65_536)
        assert b"at last" in got
