"""Turn HTTP requests into replies with a plain function, on a free loopback port."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import urllib3

LOOPBACK = "127.0.0.1"
# These belong to one connection, describe bytes that urllib3 has already decoded, or are written anew by http.server.
HOP_HEADERS = {
    "date",
    "server",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "accept-encoding",
}


@dataclass(frozen=True)
class Request:
    """What a client asks; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def token(self) -> str:
        """The bare token, without its scheme."""
        return self.headers.get("authorization", "").rpartition(" ")[2]

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Reply:
    """What the client gets; `cut` is how many bytes of the body reach it, None for all.

    `length` is what the head says of the body's length, where that is not true; `drip` is how many seconds lie
    between two bytes.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None
    drip: float = 0.0

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


Answer = Callable[[Request], Reply]


class LostReply(Exception):  # noqa: N818 (an event on the wire, not an error of the program)
    """The connection breaks before the reply, by a reset where `reset` says so, else in order."""

    def __init__(self, *, reset: bool = False):
        self.reset = reset
        super().__init__()


def wait_until(there: Callable[[], bool], limit: float = 120) -> None:
    """Wait for something that happens by and by."""
    end = time.monotonic() + limit
    while not there():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def reply_json(status: int, data: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Make a JSON reply."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Reply(status, json.dumps(data).encode(), {**kind, **(headers or {})})


def paged(request: Request, items: Sequence[object]) -> Reply:
    """Give the page that is asked for, with the links to the others."""
    size = min(100, int(request.query.get("per_page", 30)))
    number = int(request.query.get("page", 1))
    last = max(1, -(-len(items) // size))
    here = f"http://{request.headers['host']}{request.path}"
    links = [
        f'<{here}?{urlencode({**request.query, "page": page, "per_page": size})}>; rel="{rel}"'
        for rel, page in (("next", number + 1), ("last", last))
        if number < last
    ]
    return reply_json(200, items[(number - 1) * size : number * size], {"link": ", ".join(links)} if links else None)


def forward(upstream: str) -> Answer:
    """Make the function that asks another server and hands its reply back."""
    pool = urllib3.PoolManager(retries=False, maxsize=8)

    def ask(request: Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name not in HOP_HEADERS}
        url = upstream + request.path + ("?" + urlencode(request.query) if request.query else "")
        got = pool.request(request.method, url, body=request.body or None, headers=headers, redirect=False)
        kept = {name.lower(): value for name, value in got.headers.items() if name.lower() not in HOP_HEADERS}
        return Reply(got.status, got.data, kept)

    return ask


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body: two wait 40 ms for each other
    server: "HttpServer"

    def handle_any(self) -> None:
        try:
            reply = self.server.answer(self._request())
        except LostReply as lost:
            self.close_connection = True
            if lost.reset:
                # Nothing lingers: what is unsent is thrown away, and the other side gets a reset.
                self.connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
                self.connection.close()
            return
        # A client that has given up waiting is not there to be told.
        with suppress(ConnectionError):
            self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 (http.server's names)

    def _request(self) -> Request:
        target = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, target.path, dict(parse_qsl(target.query)), headers, body)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("content-length", str(length))
        self.end_headers()
        for start in range(0, len(reply.body), 1) if reply.drip else ():
            self.wfile.write(reply.body[start : start + 1])
            time.sleep(reply.drip)
        if not reply.drip:
            self.wfile.write(reply.body[: reply.cut])
        self.close_connection = self.close_connection or reply.cut is not None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pytest shows the conversation where a test fails."""


class HttpServer(ThreadingHTTPServer):
    """A server on a free loopback port; `with` starts and stops it."""

    daemon_threads = True

    def __init__(self, answer: Answer):
        self.answer = answer
        super().__init__((LOOPBACK, 0), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.server_port}"

    def __enter__(self) -> "HttpServer":
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()
