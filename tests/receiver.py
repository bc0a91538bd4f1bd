"""A chat's server on this machine: it keeps every message, and answers as a test scripts it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from tests.standin.wire import HttpServer, LostReply, Reply, Request

HANGS_AT_MOST = 40.0  # seconds, so that a test that fails ends
SECRET = "T0AB1CD2E/B0EF3GH4I/x9Yz8Wv7Ut6Sr5Qp4On3Ml2K"


@dataclass
class Receiver:
    """Takes messages; `script` are its first answers, then it takes all."""

    url: str = ""
    script: list[Callable[[Request], Reply] | Reply] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        """The webhook's address, which is a secret."""
        return f"{self.url}/services/{SECRET}"

    @property
    def bodies(self) -> list[Any]:
        return [request.json() for request in self.asked]

    @property
    def texts(self) -> list[str]:
        """The messages that came, as JSON of hubpipe's own or Slack's has them."""
        return [body["text"] for body in self.bodies]

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        said = self.script.pop(0) if self.script else Reply(200, b"ok")
        return said if isinstance(said, Reply) else said(request)

    def hang(self, request: Request) -> Reply:
        """Say nothing until the test is over."""
        self.over.wait(HANGS_AT_MOST)
        raise LostReply


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Start a receiver on a free port."""
    receiver = Receiver()
    with HttpServer(receiver.answer) as running:
        receiver.url = running.url
        yield receiver
        receiver.over.set()
