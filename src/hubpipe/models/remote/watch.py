"""Watch a client's reply as it comes in: how it ended, how large it is, how long it takes, and where it leads."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx2
from huggingface_hub import get_session

# Boxes, spans and vectors of one text or image fit many times.
MOST_BYTES = 8_000_000

TOO_LARGE = "its answer is larger than {most} bytes"
LEADS_ELSEWHERE = "its answer leads to another address, {target}: write that one as endpoint if you trust it"
PACKED = "its answer is packed ({encoding}), which was not asked for"


class RefusedReplyError(Exception):
    """A reply that is not read any further; the message completes "HOST gave no usable answer: …"."""


@dataclass
class Watch:
    """What has come in so far; `status` is None before any reply, `asked` tells whether the model itself was asked.

    `before` is called before each request to the model, and stops it by raising; `deadline` is a time of `clock`.
    """

    deadline: float
    before: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    asked: bool = False

    def send(self, request: httpx2.Request) -> None:
        """Note that the model is about to be asked; looking it up on the Hub (GET) is not asking it."""
        if request.method != "POST":
            # The Hub's library waits for ever there.
            request.extensions["timeout"] = httpx2.Timeout(max(0.1, self.deadline - self.clock())).as_dict()
            return
        self._in_time()
        self.before()
        self.asked, self.status, self.body = True, None, bytearray()

    def see(self, response: httpx2.Response) -> None:
        """Note a reply's head, and read its body only with a limit.

        Raises RefusedReplyError for a reply that leads elsewhere or cannot be counted, httpx2.ReadTimeout for one
        that is late.
        """
        self.status, self.body = response.status_code, bytearray()
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._in_time()
        if response.has_redirect_location:
            _stay(response, anywhere=self.asked)
        if not self.asked:
            return
        packed = self.headers.get("content-encoding", "identity")
        if packed != "identity":
            raise RefusedReplyError(PACKED.format(encoding=packed))
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Counted(response.stream, self)

    def take(self, chunk: bytes) -> None:
        """Count bytes that came in.

        Raises RefusedReplyError when there are too many, and httpx2.ReadTimeout when they come too late.
        """
        self.body += chunk
        if len(self.body) > MOST_BYTES:
            raise RefusedReplyError(TOO_LARGE.format(most=MOST_BYTES))
        self._in_time()

    def json(self) -> Any:
        """Read the last reply's body; raises ValueError where it is no JSON."""
        return json.loads(bytes(self.body))

    def _in_time(self) -> None:
        # Also for a thread that was left behind: it must not ask any more.
        if self.clock() > self.deadline:
            raise httpx2.ReadTimeout("the reply takes too long")


class _Counted(httpx2.SyncByteStream):
    """A reply's bytes, shown to a watch as they come in."""

    def __init__(self, stream: httpx2.SyncByteStream, watch: Watch):
        self._stream = stream
        self._watch = watch

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._watch.take(chunk)
            yield chunk

    def close(self) -> None:
        """Close what is below."""
        self._stream.close()


# The Hub's client is one for the whole process: each of its replies belongs to the call that waits for it.
_CURRENT: ContextVar[Watch | None] = ContextVar("watch", default=None)
_INSTALLING = Lock()


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Show a watch all that is sent and comes in through the Hub's client meanwhile, in this thread."""
    _install()
    before = _CURRENT.set(watch)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def _install() -> None:
    with _INSTALLING:
        hooks = get_session().event_hooks
        if _send not in hooks["request"]:
            hooks["request"].append(_send)
            hooks["response"].append(_see)


def _send(request: httpx2.Request) -> None:
    watch = _CURRENT.get()
    if watch is not None:
        watch.send(request)


def _see(response: httpx2.Response) -> None:
    watch = _CURRENT.get()
    if watch is not None:
        watch.see(response)


def _stay(response: httpx2.Response, anywhere: bool) -> None:
    """Refuse to carry the text, and perhaps a key, to an address that nobody configured; on `anywhere`, to any other.

    Raises RefusedReplyError with the address, without what stands behind a question mark in it.
    """
    target = response.request.url.join(response.headers["location"])
    if anywhere or target.origin != response.request.url.origin:
        place = f"{target.scheme}://{target.netloc.decode('ascii')}{target.path}"
        raise RefusedReplyError(LEADS_ELSEWHERE.format(target=place))
