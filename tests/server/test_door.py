"""The bot's door over a socket: what is too large, what lies about its length, who hangs up."""

import json
import socket
from collections.abc import Iterator

import pytest
import urllib3

from hubpipe.server.delivery import MOST_BYTES, signature
from tests.server.bot import SECRET, Bot, Process, deliver
from tests.server.test_delivery import OPENED
from tests.standin.wire import LOOPBACK

pytestmark = pytest.mark.e2e

MEGABYTE = 1024 * 1024
ROOM = 2 * MEGABYTE  # what the sockets on the way may hold of a body that nobody reads


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A door without a worker."""
    folder = tmp_path_factory.mktemp("web")
    with Bot(folder, f"sqlite:///{folder}/bot.sqlite", {"HUBPIPE_WEBHOOK_SECRET": SECRET}).running("web") as process:
        yield process


def conversation(process: Process, sent: bytes, *, hang_up: bool = False) -> bytes:
    """Send bytes, and read until the server ends the connection."""
    host, _, port = process.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(sent)
        if hang_up:
            return b""
        got = b""
        while piece := connection.recv(65_536):
            got += piece
        return got


def request(length: str, body: bytes, guid: str = "a-guid") -> bytes:
    """Write a signed request that says of its length what it likes, and that no other follows.

    Who stopped speaking instead, before a slow server has answered, would get no answer.
    """
    head = f"POST /webhooks HTTP/1.1\r\nhost: {LOOPBACK}\r\nconnection: close\r\n"
    head += "content-type: application/json\r\nx-github-event: issues\r\n"
    head += f"x-github-delivery: {guid}\r\nx-hub-signature-256: {signature(body, SECRET)}\r\n{length}\r\n\r\n"
    return head.encode() + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def chunked(body: bytes, size: int = MEGABYTE) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def padded(size: int) -> bytes:
    """Make a payload of some bytes."""
    body = json.dumps(OPENED)[:-1] + ', "more": "'
    return (body + "x" * (size - len(body) - 2) + '"}').encode()


def test_a_body_of_githubs_largest_size_is_taken(web: Process) -> None:
    body = padded(MOST_BYTES)
    for length, sent in ((f"content-length: {len(body)}", body), ("transfer-encoding: chunked", chunked(body))):
        whole = request(length, body)[: -len(body)] + sent
        assert status(conversation(web, whole)) == 202


def test_a_body_that_says_it_is_larger_is_refused_before_it_is_read(web: Process) -> None:
    for told in (str(MOST_BYTES + 1), str(10**12), "9" * 19):
        assert status(conversation(web, request(f"content-length: {told}", b"{}"))) == 413


def test_a_body_that_grows_larger_is_refused_while_it_is_read(web: Process) -> None:
    headers = {"transfer-encoding": "chunked", "content-type": "application/json"}
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 4 * MOST_BYTES:
            sent += MEGABYTE
            yield b"x" * MEGABYTE

    try:
        answer = urllib3.request("POST", f"{web.url}/webhooks", body=endless(), headers=headers, retries=False)
    except urllib3.exceptions.HTTPError:
        pass  # it answered, and hung up while we still spoke
    else:
        assert answer.status == 413
    assert web.get("/healthz").status == 200


@pytest.mark.parametrize("told", ["-1", "+2", "0x2", "2.0", "2, 2", "é", "two", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(web: Process, told: str) -> None:
    assert status(conversation(web, request(f"content-length: {told}", b"{}"))) in (400, 413)


def test_a_request_with_two_lengths_is_refused(web: Process) -> None:
    for more in ("content-length: 2\r\ncontent-length: 3", "content-length: 2\r\ntransfer-encoding: chunked"):
        assert status(conversation(web, request(more, b"{}"))) == 400


def test_a_length_that_is_too_short_leaves_a_body_that_is_not_signed(web: Process) -> None:
    body = json.dumps(OPENED).encode()
    answer = conversation(web, request(f"content-length: {len(body) - 5}", body))
    # What follows is no request: it may be noticed before the body is looked at.
    assert status(answer) in (400, 401)
    assert b" 202 " not in answer


def test_who_hangs_up_before_the_end_leaves_no_error(web: Process) -> None:
    body = json.dumps(OPENED).encode()
    for _ in range(20):
        conversation(web, request(f"content-length: {len(body) + 5}", body), hang_up=True)
        conversation(web, request("transfer-encoding: chunked", b"ffff\r\n" + body), hang_up=True)
    assert deliver(web.url, "issues", OPENED).status == 202
    assert "Traceback" not in web.words()


def test_only_what_is_posted_is_a_delivery(web: Process) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert urllib3.request(method, f"{web.url}/webhooks", retries=False).status == 405
    assert urllib3.request("POST", f"{web.url}/webhooks/", redirect=False, retries=False).status in (307, 404)
