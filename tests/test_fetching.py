"""Attachments from a hostile server, or in a hostile text: nothing else is asked, and each reading ends."""

import gzip
import resource
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Event, Thread

import pytest
import requests
from PIL import Image

from hubpipe.github.attachments import Fetcher, attached, hosts_of
from hubpipe.github.media import NotReadError, kind_of
from tests.standin.wire import LOOPBACK, HttpServer, Reply, Request

ASSETS = "/user-attachments/assets"
TOKEN = "a-token-of-no-form"
ELSEWHERE = "a: GitHub sends on to a server that hubpipe never asks"
BROKE_OFF = "a: GitHub's answer did not come, or broke off"
SLOW = "a: GitHub's answer took too long"
# The metadata of a cloud's machine, by every name that an address has.
METADATA = (
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166/latest/meta-data",
    "http://0xa9fea9fe/latest/meta-data",
    "http://0251.0376.0251.0376/latest/meta-data",
    "http://[::ffff:169.254.169.254]/latest/meta-data",
    "http://[fd00:ec2::254]/latest/meta-data",
    "http://metadata.google.internal/computeMetadata/v1",
)
OTHER_SCHEMES = ("file:///etc/passwd", "ftp://127.0.0.1/a", "data:image/png;base64,AAAA", "gopher://127.0.0.1/1", "x:")
ODD = (
    "//evil.example/a.png",
    "///evil.example",
    "\\\\evil.example\\a",
    "http://[::1",
    "http://",
    "http://:80/a",
    "?\x00",
)
LOOKALIKES = (
    "https://g\u0456thub.com/user-attachments/assets/1",  # a Cyrillic letter
    "https://\uff47ithub.com/user-attachments/assets/1",  # a full-width one, which some readers fold
    "https://github\u3002com/user-attachments/assets/1",  # a full stop that some readers take for one
    "https://xn--gthub-n2a.com/user-attachments/assets/1",
    "https://github.com./user-attachments/assets/1",
    "https://github.co/user-attachments/assets/1",
    "https://githubbcom/user-attachments/assets/1",
    "https://sub.github.com/user-attachments/assets/1",
    "https://user-images.githubusercontent.com.evil.example/1.png",
    "https://evil-user-images.githubusercontent.com/1.png",
)
TRICKS = (
    "https://github.com@169.254.169.254/user-attachments/assets/1",
    "https://github.com:443@evil.example/user-attachments/assets/1",
    "https://github.com%40evil.example/user-attachments/assets/1",
    "https://github.com%2f@evil.example/user-attachments/assets/1",
    "https://github.com#@evil.example/user-attachments/assets/1",
    "https://github.com?@evil.example/user-attachments/assets/1",
    "https://github.com\\@evil.example/user-attachments/assets/1",
    "https://github.com\t.evil.example/user-attachments/assets/1",
    "https://github.com\n/user-attachments/assets/1",
    "https://github.com\x00/user-attachments/assets/1",
    "https://github.com:0/user-attachments/assets/1",
    "https://github.com:22/user-attachments/assets/1",
    "https://github.com:65536/user-attachments/assets/1",
    "https://github.com:-1/user-attachments/assets/1",
    "https:github.com/user-attachments/assets/1",
    "https:///github.com/user-attachments/assets/1",
    "http://github.com/user-attachments/assets/1",
    "https://github.com/user-attachments/assets/../../settings",
    "https://github.com/user-attachments/assets/%2e%2e/%2e%2e/settings",
    "https://github.com/a/b/assets/..%5c..%5csettings",
    "https://github.com//user-attachments/assets/1",
)


def image() -> bytes:
    data = BytesIO()
    Image.new("RGB", (4, 3), "red").save(data, "PNG")
    return data.getvalue()


@contextmanager
def sending(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer one request with whatever `send` writes to the connection."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                try:
                    send(connection)
                except OSError:
                    return

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        thread.join(10)


def read(url: str, seconds: float = 20.0) -> tuple[int, tuple[str, ...]]:
    """Read one attachment; give how many were found, and what is said of the others."""
    fetcher = Fetcher(hosts_of(url), lambda: TOKEN, seconds=seconds)
    found, unread = attached([f"![]({url}{ASSETS}/a)"], ["images"], fetcher)
    return len(found), unread


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize("url", [*METADATA, *OTHER_SCHEMES, *ODD, *LOOKALIKES, *TRICKS])
def test_an_address_that_is_no_attachment_of_the_server_is_never_asked(url: str) -> None:
    hosts = hosts_of("https://api.github.com")
    assert not hosts.holds(url)
    assert not hosts.sends_to(url)
    assert not hosts.trusts(url) or str(requests.Request("GET", url).prepare().url).startswith("https://github.com/")


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize("target", [*METADATA, *OTHER_SCHEMES, *ODD, *LOOKALIKES, *TRICKS])
def test_a_redirection_to_anything_else_is_not_followed(target: str) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        # As bytes on the wire: what a header may not hold is left out.
        plain = target.encode("utf-8").decode("latin-1").replace("\n", "").replace("\x00", "")
        return Reply(302, headers={"location": plain})

    with HttpServer(answer) as server:
        found, unread = read(server.url)
    # What is no address at all is the end of the answer to the library below, too.
    assert (found, unread) in ((0, (ELSEWHERE,)), (0, (BROKE_OFF,)))
    assert {request.path for request in asked} == {f"{ASSETS}/a"}


@pytest.mark.threat("attack", "fetching")
def test_a_redirection_to_another_port_of_the_same_machine_is_not_followed() -> None:
    asked: list[Request] = []

    def note(request: Request) -> Reply:
        asked.append(request)
        return Reply(200, image())

    with HttpServer(note) as other:
        target = f"{other.url}{ASSETS}/a"
        with HttpServer(lambda _: Reply(307, headers={"location": target})) as server:
            assert read(server.url) == (0, (ELSEWHERE,))
    assert asked == []


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize("host", ["api.corp.example", "corp.example", "api.github.com.corp.example"])
def test_an_enterprise_servers_token_goes_to_the_server_itself_alone(host: str) -> None:
    hosts = hosts_of(f"https://{host}/api/v3")
    assert hosts.own == f"https://{host}"
    assert hosts.trusts(f"https://{host}{ASSETS}/1")
    assert not hosts.trusts(f"https://{host.removeprefix('api.')}x{ASSETS}/1")
    assert not hosts.holds(f"https://github.com{ASSETS}/1")


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize("part", ["status", "head", "body", "continue"])
def test_an_answer_that_drips_is_given_up_in_whichever_part(part: str) -> None:
    done = Event()
    first = {
        "status": b"",
        "head": b"HTTP/1.1 200 OK\r\nx: ",
        "body": b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n",
        "continue": b"",
    }[part]
    drop = b"HTTP/1.1 100 Continue\r\n\r\n" if part == "continue" else b"H"

    def drip(connection: socket.socket) -> None:
        connection.sendall(first)
        while not done.wait(0.02):
            connection.sendall(drop)

    with sending(drip) as url:
        assert read(url, seconds=0.4) == (0, (SLOW,))
        done.set()


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ("content-length: 10", image() + b"more", "a: no image"),
        ("content-length: 99999", image(), BROKE_OFF),
        ("content-length: -5", b"", "a: no image"),
        (f"content-length: {'9' * 5_000}", b"x", "a: over 10 MB"),
        ("content-length: 12\r\ncontent-length: 13", b"x" * 13, BROKE_OFF),
        ("content-length: \u0663", b"xyz", "a: no image"),
        ("transfer-encoding: chunked", b"zz\r\nxx\r\n", BROKE_OFF),
        ("transfer-encoding: chunked", b"ffffffffffffffffffffffff\r\nxx", BROKE_OFF),
        ("transfer-encoding: chunked", b"5\r\nabc", BROKE_OFF),
        ("content-encoding: gzip", gzip.compress(bytes(50_000_000)), "a: no image"),
        ("content-encoding: deflate", zlib.compress(bytes(50_000_000)), "a: no image"),
        ("content-encoding: br, gzip", b"\x1f\x8b" * 9, "a: no image"),
        ("x: " + "y" * 70_000, b"", BROKE_OFF),
        ("\r\n".join(f"x{number}: y" for number in range(300)), b"", BROKE_OFF),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_lies_about_itself_is_not_believed(head: str, body: bytes, said: str) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\nconnection: close\r\n\r\n".encode() + body)

    with sending(send) as url:
        found, (unread,) = read(url)
    assert found == 0
    assert unread.startswith(said)


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize(
    "sent", [b"", b"\r\n\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 X\r\n\r\n", b"\xff" * 99, b"HTTP/"]
)
def test_what_is_no_answer_at_all_is_told(sent: bytes) -> None:
    with sending(lambda connection: connection.sendall(sent)) as url:
        found, unread = read(url)
    assert found == 0
    assert len(unread) == 1


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png(width: int, height: int, *chunks: bytes) -> bytes:
    head = _chunk(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IEND", b"")


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize(
    "data",
    [
        png(2**31 - 1, 2**31 - 1, _chunk(b"IDAT", zlib.compress(b""))),
        png(8_000, 8_000, _chunk(b"IDAT", zlib.compress(bytes(1_000_000)))),
        png(4, 4, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000))), _chunk(b"IDAT", b"")),
        png(4, 4, _chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100_000_000))), _chunk(b"IDAT", b"")),
        png(4, 4, *([_chunk(b"tEXt", b"a\0b")] * 200_000)),
        b"GIF89a" + b"\xff\xff\xff\xff" + b"\0\0\0",
        b"BM" + bytes(12) + (40).to_bytes(4, "little") + b"\xff\xff\xff\x7f" * 2 + bytes(28),
        b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 40,
        b"\xff\xd8\xff" * 100,
        b"fLaC" + b"\xff" * 60,
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(100),
        b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 40,
    ],
    ids=lambda data: f"{data[:4]!r} {len(data)}",
)
def test_a_file_that_unfolds_to_more_than_it_is_is_not_read(data: bytes) -> None:
    with pytest.raises(NotReadError):
        kind_of(data)


@pytest.mark.threat("attack", "input")
def test_what_stands_behind_an_images_pixels_is_not_unfolded() -> None:
    bomb = png(4, 4, _chunk(b"IDAT", zlib.compress(bytes(100_000_000))))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert kind_of(bomb) == "images"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
