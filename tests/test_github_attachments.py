"""The images and sounds of issues: what is found in a text, what is asked for, and what is said of the rest."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Event, Thread

import numpy as np
import pytest
import soundfile
from PIL import Image

from hubpipe.event import Attachment, Subject
from hubpipe.github import GitHub
from hubpipe.github.attachments import Fetcher, Hosts, attached, hosts_of
from hubpipe.github.links import Link, links
from tests.standin.wire import LOOPBACK, HttpServer, Reply, Request

ASSETS = "/user-attachments/assets"
TOKEN = "ghs_secret"


def image(form: str = "PNG", size: tuple[int, int] = (4, 3), **more: object) -> bytes:
    data = BytesIO()
    Image.new("RGB", size, "red").save(data, form, **more)
    return data.getvalue()


def sound(form: str = "WAV", rate: int = 8_000) -> bytes:
    data = BytesIO()
    soundfile.write(data, np.zeros(rate // 10), rate, format=form)
    return data.getvalue()


class Attic:
    """Attachments by path, on a server of this machine; remembers what it was asked."""

    def __init__(self, files: dict[str, bytes | Reply]):
        self.files = files
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        found = self.files.get(request.path, Reply(404))
        return found if isinstance(found, Reply) else Reply(200, found)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


@contextmanager
def raw_server(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer one request with whatever `send` writes to the connection."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                send(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        thread.join()


def read(files: dict[str, bytes | Reply], text: str, *kinds: str) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Read a text's attachments; {server} in it is where the files are."""
    with HttpServer(Attic(files).answer) as server:
        found, unread = GitHub(TOKEN, server.url).attachments([text.format(server=server.url)], kinds or ("images",))
    return found, unread


class TestLinks:
    @pytest.mark.parametrize(
        ("markdown", "found"),
        [
            ("![shot](https://a/b.png)", [Link("https://a/b.png", "images")]),
            ('Look: ![shot](<https://a/b.png> "title")', [Link("https://a/b.png", "images")]),
            ("![shot][1]\n\n[1]: https://a/b.png", [Link("https://a/b.png", "images")]),
            ('<img width="9" src="https://a/b?x=1&amp;y=2">', [Link("https://a/b?x=1&y=2", "images")]),
            ("text <IMG SRC='https://a/b'> text", [Link("https://a/b", "images")]),
            ("<audio controls src=https://a/b></audio>", [Link("https://a/b", "audio")]),
            ('<video><source src="https://a/b"></video>', [Link("https://a/b", "video")]),
            ("[a.wav](https://a/a.wav)", [Link("https://a/a.wav")]),
            ("<a href='https://a/a.wav'>a</a>", [Link("https://a/a.wav")]),
            ("see (https://a/b), please", [Link("https://a/b")]),
            ("<https://a/b>", [Link("https://a/b")]),
            ("<details>\n\nhttps://a/b\n\n</details>", [Link("https://a/b")]),
            ("| a |\n|---|\n| ![c](https://a/b) |", [Link("https://a/b", "images")]),
            ("> - ![c](https://a/b)", [Link("https://a/b", "images")]),
            ("[![c](https://a/b)](https://a/c)", [Link("https://a/c"), Link("https://a/b", "images")]),
            ("https://a/b ![c](https://a/b)", [Link("https://a/b", "images")]),
            ("<!-- ![c](https://a/b) -->", []),
            ("`![c](https://a/b)`", []),
            ("```\nhttps://a/b\n```", []),
            ("![c](data:image/png;base64,AAAA) ![](relative.png) ![](javascript:alert(1))", []),
            ("no address at all", []),
        ],
    )
    def test_are_what_a_reader_sees(self, markdown: str, found: list[Link]) -> None:
        assert list(links(markdown)) == found


class TestHosts:
    @pytest.mark.parametrize(
        ("api", "own"),
        [
            ("https://api.github.com", "https://github.com"),
            ("https://git.corp.example/api/v3", "https://git.corp.example"),
            ("https://api.octo.ghe.com", "https://octo.ghe.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ],
    )
    def test_are_those_of_the_apis_own_server(self, api: str, own: str) -> None:
        assert hosts_of(api).own == own

    @pytest.mark.parametrize(
        "url",
        [
            "https://github.com/user-attachments/assets/0b1c",
            "https://github.com/user-attachments/files/1/a.wav",
            "https://github.com/octo/repo/assets/1/0b1c",
            "https://GitHub.com/octo/repo/files/1/a.wav",
            "https://user-images.githubusercontent.com/1/2.png",
            "https://private-user-images.githubusercontent.com/1/2.png?jwt=x",
        ],
    )
    def test_of_github_hold_its_attachments(self, url: str) -> None:
        assert hosts_of("https://api.github.com").holds(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://github.com/user-attachments/assets/0b1c",
            "https://github.com/octo/repo/settings",
            "https://github.com/user-attachments/../octo/repo/assets/1",
            "https://github.com/user-attachments/assets/%2e%2e/%2E%2e/logout",
            "https://github.com/user-attachments/assets/..%2f..%2flogout",
            "https://github.com/user-attachments/assets/..\\..\\logout",
            "https://github.com:8443/user-attachments/assets/0b1c",
            "https://me:secret@github.com/user-attachments/assets/0b1c",
            "https://github.com@evil.example/user-attachments/assets/0b1c",
            "https://github.com\\@evil.example/user-attachments/assets/0b1c",
            "https://github.com.evil.example/user-attachments/assets/0b1c",
            "https://evil.example/user-attachments/assets/0b1c",
            "https://evil.example#github.com/user-attachments/assets/0b1c",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/user-attachments/assets/0b1c",
            "https://github.com/storage/user/1",
            "https://objects.githubusercontent.com/github-production/x",
            "https://raw.githubusercontent.com/octo/repo/main/a.png",
            "https://[::1/user-attachments/assets/0b1c",
            "file:///etc/passwd",
        ],
    )
    def test_of_github_hold_nothing_else(self, url: str) -> None:
        assert not hosts_of("https://api.github.com").holds(url)

    @pytest.mark.parametrize(
        ("url", "allowed"),
        [
            ("https://github-production-user-asset-6210df.s3.amazonaws.com/1/2.png?X-Amz-Signature=x", True),
            ("https://github-production-repository-file-5c1aeb.s3.amazonaws.com/1/2", True),
            ("https://objects-origin.githubusercontent.com/github-production/x", True),
            ("https://private-user-images.githubusercontent.com/1/2.png?jwt=x", True),
            ("http://github-production-user-asset-6210df.s3.amazonaws.com/1/2.png", False),
            ("https://github-production-user-asset-evil.s3.amazonaws.com/1/2.png", False),
            ("https://evil.s3.amazonaws.com/github-production-user-asset-6210df/1", False),
            ("https://github.com/login", False),
            ("https://127.0.0.1/", False),
        ],
    )
    def test_of_github_send_on_to_its_stores_alone(self, url: str, allowed: bool) -> None:
        assert hosts_of("https://api.github.com").sends_to(url) == allowed

    def test_of_an_enterprise_server_are_its_own_alone(self) -> None:
        hosts = hosts_of("https://git.corp.example/api/v3")
        assert hosts.holds("https://git.corp.example/storage/user/1/files/2")
        assert hosts.holds("https://git.corp.example/user-attachments/assets/2")
        assert not hosts.holds("https://github.com/user-attachments/assets/0b1c")
        assert not hosts.holds("https://user-images.githubusercontent.com/1/2.png")


class TestReading:
    def test_images_come_in_the_texts_order_each_once(self) -> None:
        red, blue = image(), image("JPEG")
        attic = Attic({f"{ASSETS}/1": red, f"{ASSETS}/2": blue})
        with HttpServer(attic.answer) as server:
            texts = [
                f"![b]({server.url}{ASSETS}/2)",
                f'<img src="{server.url}{ASSETS}/1"> ![again]({server.url}{ASSETS}/2)',
            ]
            found, unread = GitHub(TOKEN, server.url).attachments(texts, ["images"])
        assert [(one.kind, one.data) for one in found] == [("images", blue), ("images", red)]
        assert found[0].url.endswith(f"{ASSETS}/2")
        assert unread == ()
        assert attic.paths == [f"{ASSETS}/2", f"{ASSETS}/1"]

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
    def test_the_formats_that_github_shows_are_images(self, form: str) -> None:
        ((found,), unread) = read({f"{ASSETS}/1": image(form)}, f"![]({{server}}{ASSETS}/1)")
        assert (found.kind, unread) == ("images", ())

    @pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
    def test_the_formats_that_people_record_are_sounds(self, form: str) -> None:
        name = f"/user-attachments/files/1/a.{form.lower()}"
        ((found,), unread) = read({name: sound(form)}, f"[a]({{server}}{name})", "audio")
        assert (found.kind, unread) == ("audio", ())

    def test_a_bare_address_is_what_its_bytes_are(self) -> None:
        files: dict[str, bytes | Reply] = {f"{ASSETS}/1": image(), f"{ASSETS}/2": sound()}
        text = f"{{server}}{ASSETS}/1\n\n{{server}}{ASSETS}/2"
        assert [one.kind for one in read(files, text, "images", "audio")[0]] == ["images", "audio"]
        assert [one.kind for one in read(files, text, "audio")[0]] == ["audio"]

    def test_a_sound_that_is_shown_as_an_image_is_a_sound(self) -> None:
        assert read({f"{ASSETS}/1": sound()}, f"![]({{server}}{ASSETS}/1)") == ((), ())

    def test_what_nobody_asked_for_is_not_fetched(self) -> None:
        attic = Attic({f"{ASSETS}/1": image()})
        with HttpServer(attic.answer) as server:
            github = GitHub(TOKEN, server.url)
            assert github.attachments([f"![]({server.url}{ASSETS}/1)"], ["audio"]) == ((), ())
            assert github.attachments([f"![]({server.url}{ASSETS}/1)"], ["title", "body"]) == ((), ())
            text = f"[log]({server.url}/user-attachments/files/1/log.zip)"
            assert github.attachments([text], ["images", "audio"]) == ((), ())
            issue = Subject("issue", 1, "Title", f"![]({server.url}{ASSETS}/1)")
            assert github.material("octo/repo", issue, ["images"]).unread == ()
        assert attic.paths == []

    def test_a_moving_picture_is_an_image(self) -> None:
        data = BytesIO()
        frames = [Image.new("P", (4, 4), color) for color in range(3)]
        frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
        assert len(read({f"{ASSETS}/1": data.getvalue()}, f"![]({{server}}{ASSETS}/1)")[0]) == 1


class TestTheToken:
    def test_goes_to_githubs_own_host(self) -> None:
        attic = Attic({f"{ASSETS}/1": image()})
        with HttpServer(attic.answer) as server:
            GitHub(TOKEN, server.url).attachments([f"![]({server.url}{ASSETS}/1)"], ["images"])
        assert [request.token for request in attic.asked] == [TOKEN]

    def test_does_not_go_where_github_sends_on_to(self) -> None:
        store = Attic({"/1": image()})
        with HttpServer(store.answer) as other:
            attic = Attic({f"{ASSETS}/1": Reply(302, headers={"location": f"{other.url}/1"})})
            with HttpServer(attic.answer) as server:
                fetcher = Fetcher(Hosts(server.url, stores=(other.url,)), lambda: TOKEN)
                found, _ = attached([f"![]({server.url}{ASSETS}/1)"], ["images"], fetcher)
        assert len(found) == 1
        assert "authorization" not in store.asked[0].headers

    def test_does_not_go_to_the_hosts_of_images(self) -> None:
        store = Attic({"/1": image()})
        with HttpServer(store.answer) as other:
            fetcher = Fetcher(Hosts("https://github.com", images=(other.url,)), lambda: TOKEN)
            assert len(attached([f"![]({other.url}/1)"], ["images"], fetcher)[0]) == 1
        assert "authorization" not in store.asked[0].headers

    def test_a_password_file_of_the_machine_is_not_sent(
        self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path_factory.mktemp("home") / "netrc"
        netrc.write_text(f"machine {LOOPBACK} login me password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        attic = Attic({f"{ASSETS}/1": image()})
        with HttpServer(attic.answer) as server:
            GitHub("", server.url).attachments([f"![]({server.url}{ASSETS}/1)"], ["images"])
        assert "authorization" not in attic.asked[0].headers


class TestWhatIsNotRead:
    def test_another_server_is_never_asked(self) -> None:
        foreign, attic = Attic({f"{ASSETS}/a.png": image()}), Attic({})
        with HttpServer(foreign.answer) as other, HttpServer(attic.answer) as server:
            text = f"![]({other.url}{ASSETS}/a.png) {other.url}{ASSETS}/bare <img src='https://[::1/x'>"
            _, unread = GitHub(TOKEN, server.url).attachments([text], ["images"])
        assert unread == ("2 files (a.png, an attachment): on another server than GitHub's, which hubpipe never asks",)
        assert foreign.paths == attic.paths == []

    def test_a_redirection_to_another_server_is_not_followed(self) -> None:
        foreign = Attic({"/x": image()})
        with HttpServer(foreign.answer) as other:
            attic = Attic({f"{ASSETS}/1": Reply(302, headers={"location": f"{other.url}/x"})})
            with HttpServer(attic.answer) as server:
                found, unread = GitHub(TOKEN, server.url).attachments([f"![]({server.url}{ASSETS}/1)"], ["images"])
        assert (found, unread) == ((), ("1: GitHub sends on to a server that hubpipe never asks",))
        assert foreign.paths == []

    def test_a_redirection_to_another_place_of_github_is_not_followed(self) -> None:
        attic = Attic({f"{ASSETS}/1": Reply(302, headers={"location": "/logout"})})
        with HttpServer(attic.answer) as server:
            _, unread = GitHub(TOKEN, server.url).attachments([f"![]({server.url}{ASSETS}/1)"], ["images"])
        assert unread == ("1: GitHub sends on to a server that hubpipe never asks",)
        assert attic.paths == [f"{ASSETS}/1"]

    def test_a_redirection_to_another_attachment_is_followed(self) -> None:
        files: dict[str, bytes | Reply] = {
            f"{ASSETS}/1": Reply(302, headers={"location": f"{ASSETS}/2"}),
            f"{ASSETS}/2": image(),
        }
        assert len(read(files, f"![]({{server}}{ASSETS}/1)")[0]) == 1

    def test_a_ring_of_redirections_ends(self) -> None:
        attic = Attic({f"{ASSETS}/1": Reply(302, headers={"location": f"{ASSETS}/1"})})
        with HttpServer(attic.answer) as server:
            found, unread = GitHub(TOKEN, server.url).attachments([f"![]({server.url}{ASSETS}/1)"], ["images"])
        assert (found, len(unread), len(attic.paths)) == ((), 1, 4)

    @pytest.mark.parametrize(
        ("reply", "reason"),
        [
            (Reply(404), "GitHub has nothing there, or the token may not see it"),
            (Reply(500), "GitHub did not give it (500)"),
            (Reply(200, image(), cut=20), "GitHub's answer did not come, or broke off"),
            (Reply(200, b"<html>sign in</html>"), "no image (PNG, JPEG, GIF, WebP, BMP) and no sound"),
            (Reply(200, b""), "no image (PNG, JPEG, GIF, WebP, BMP) and no sound"),
            (Reply(200, image(size=(300, 300))[:200]), "no image (PNG, JPEG, GIF, WebP, BMP) and no sound"),
            (Reply(200, b"<?xml version='1.0'?><svg/>"), "SVG is code, which hubpipe does not draw"),
            (Reply(200, b"\0\0\0\x18ftypmp42" + bytes(20)), "hubpipe watches no videos"),
            (Reply(200, image(size=(10_000, 5_001))), "over 50 million pixels"),
            (Reply(200, image(size=(20_000, 20_000))), "over 50 million pixels"),
            (Reply(200, bytes(10_000_001)), "over 10 MB"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_has_its_reason_said_and_the_others_are_read(self, reply: Reply, reason: str) -> None:
        files: dict[str, bytes | Reply] = {f"{ASSETS}/a": reply, f"{ASSETS}/b": image()}
        found, (said,) = read(files, f"![]({{server}}{ASSETS}/a) ![]({{server}}{ASSETS}/b)")
        assert len(found) == 1
        assert said.startswith(f"a: {reason}")

    def test_an_image_beyond_its_own_limit_is_said_where_sounds_may_be_larger(self) -> None:
        data = image("BMP", (2_000, 1_800))
        found, unread = read({f"{ASSETS}/a": data}, f"![]({{server}}{ASSETS}/a)", "images", "audio")
        assert (found, unread) == ((), ("a: over 10 MB",))

    def test_a_video_is_not_even_asked_for(self) -> None:
        attic = Attic({})
        with HttpServer(attic.answer) as server:
            text = f"<video src='{server.url}{ASSETS}/1'></video> [b]({server.url}/user-attachments/files/1/b.mov)"
            _, unread = GitHub(TOKEN, server.url).attachments([text], ["audio"])
        assert unread == ("2 files (1, b.mov): hubpipe watches no videos; attach an image or a sound",)
        assert attic.paths == []

    def test_the_eleventh_is_not_asked_for(self) -> None:
        attic = Attic({f"{ASSETS}/{index}": image() for index in range(12)})
        with HttpServer(attic.answer) as server:
            text = " ".join(f"![]({server.url}{ASSETS}/{index})" for index in range(12))
            found, unread = GitHub(TOKEN, server.url).attachments([text], ["images"])
        assert (len(found), len(attic.paths)) == (10, 10)
        assert unread == ("2 files (10, 11): only the first 10 attachments are read",)

    def test_fifty_megabytes_are_enough(self) -> None:
        large = image("BMP", (1_800, 1_800))
        files: dict[str, bytes | Reply] = {f"{ASSETS}/{index}": large for index in range(7)}
        found, unread = read(files, " ".join(f"![]({{server}}{ASSETS}/{index})" for index in range(7)))
        assert len(found) == 50_000_000 // len(large) == 5
        assert unread == ("2 files (5, 6): 50 MB of other attachments are enough",)

    def test_an_answer_without_a_length_is_read_to_the_limit_only(self) -> None:
        sent = 0

        def endless(connection: socket.socket) -> None:
            nonlocal sent
            connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            try:
                while sent < 200_000_000:
                    sent += connection.send(bytes(1_000_000))
            except OSError:
                return

        with raw_server(endless) as url:
            _, unread = GitHub(TOKEN, url).attachments([f"![]({url}{ASSETS}/a)"], ["images"])
        assert unread == ("a: over 10 MB",)
        assert sent < 50_000_000

    def test_compressed_bytes_do_not_unfold(self) -> None:
        reply = Reply(200, b"\x1f\x8b" + bytes(30), {"content-encoding": "gzip"})
        _, (said,) = read({f"{ASSETS}/a": reply}, f"![]({{server}}{ASSETS}/a)")
        assert said.startswith("a: no image")

    def test_an_answer_that_drips_is_given_up(self) -> None:
        done = Event()

        def drip(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            try:
                while not done.wait(0.01):
                    connection.sendall(b"x")
            except OSError:
                return

        with raw_server(drip) as url:
            fetcher = Fetcher(hosts_of(url), lambda: TOKEN, seconds=0.1)
            _, unread = attached([f"![]({url}{ASSETS}/a)"], ["images"], fetcher)
            done.set()
        assert unread == ("a: GitHub's answer took too long",)

    def test_an_answer_that_never_comes_is_given_up(self) -> None:
        done = Event()

        def wait(_: socket.socket) -> None:
            done.wait(10)

        with raw_server(wait) as url:
            fetcher = Fetcher(hosts_of(url), lambda: TOKEN, silence=0.1)
            _, unread = attached([f"![]({url}{ASSETS}/a)"], ["images"], fetcher)
            done.set()
        assert unread == ("a: GitHub's answer did not come, or broke off",)

    def test_a_server_that_is_gone_fails_nothing(self) -> None:
        with HttpServer(Attic({}).answer) as server:
            url = server.url
        assert GitHub(TOKEN, url).attachments([f"![]({url}{ASSETS}/a)"], ["images"])[1] == (
            "a: GitHub's answer did not come, or broke off",
        )
