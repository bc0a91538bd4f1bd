"""The page's forms, what a browser is told to be careful about, and that strangers' text is text."""

from html.parser import HTMLParser

import pytest

from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.server.scene import HOSTILE, TOKEN
from tests.server.visitor import PAGES, Browse, form_of, log_in, put


def test_each_database_tells_of_what_is_new(database_url: str) -> None:
    found = Ledger(open_database(database_url))
    try:
        marks = [found.marks()]
        for guid in ("guid-1", "guid-2"):
            put(found, guid)
            marks.append(found.marks())
        assert [len(mark) for mark in marks] == [0, 1, 2]
        assert [one for one, _, _ in marks[-1]] == [one.id for one in found.recent()] == ["guid-2", "guid-1"]
        assert found.marks("failed") == ()
        assert [one for one, _, _ in found.marks(limit=1, offset=1)] == ["guid-1"]
    finally:
        found.close()


class TestForms:
    @pytest.mark.threat("attack", "permissions", cases=4)
    @pytest.mark.parametrize("path", ["/login", "/logout", "/deliveries/guid-1/retry"])
    @pytest.mark.parametrize("form", [{}, {"form": ""}, {"form": "x" * 32}, {"form": "ü"}])
    def test_a_form_of_another_page_does_nothing(
        self, path: str, form: dict[str, str], browse: Browse, book: Ledger
    ) -> None:
        put(book)
        client = log_in(browse())
        assert client.post(path, data=form | {"token": TOKEN}).status_code == 403
        assert client.get("/").status_code == 200

    @pytest.mark.threat("attack", "permissions")
    def test_a_form_of_another_session_does_nothing(self, browse: Browse) -> None:
        theirs = form_of(log_in(browse()).get("/").text)
        assert log_in(browse()).post("/logout", data={"form": theirs}).status_code == 403

    def test_what_did_not_fail_is_not_run_again(self, browse: Browse, book: Ledger) -> None:
        put(book)
        client = log_in(browse())
        form = form_of(client.get("/").text)
        answer = client.post("/deliveries/guid-1/retry", data={"form": form})
        assert answer.headers["location"] == "/deliveries/guid-1"
        assert "Nothing was done" in client.get("/deliveries/guid-1").text
        assert "Nothing was done" not in client.get("/deliveries/guid-1").text
        assert client.get("/deliveries/guid-1/retry").status_code == 405

    @pytest.mark.parametrize("guid", ["nobody-knows-it", "%00", "a%20b", "x" * 200, "%F0%9F%92%A9"])
    def test_a_delivery_that_is_not_there_is_no_fault(self, guid: str, browse: Browse) -> None:
        client = log_in(browse())
        assert client.get(f"/deliveries/{guid}").status_code == 404
        assert client.post(f"/deliveries/{guid}/retry", data={"form": form_of(client.get("/").text)}).status_code == 303


class Tags(HTMLParser):
    """What a browser makes of a page: its tags, the addresses in it, and its text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action")}

    def handle_data(self, data: str) -> None:
        self.text += data


class TestWhatABrowserIsTold:
    @pytest.mark.parametrize("path", [*PAGES, "/login", "/deliveries/none"])
    def test_nothing_of_others_runs_and_nothing_is_kept(self, path: str, browse: Browse, book: Ledger) -> None:
        put(book)
        client = browse()
        headers = (client if path == "/login" else log_in(client)).get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"

    def test_a_page_asks_for_nothing_but_files_of_its_own(self, browse: Browse, book: Ledger) -> None:
        put(book)
        client = log_in(browse())
        tags = Tags(client.get("/").text)
        assert "style" not in tags.tags | tags.attributes
        assert all(link.startswith(("/", "#")) for link in tags.links)
        for link in sorted(link for link in tags.links if link.startswith("/assets/")):
            found = client.get(link)
            assert found.status_code == 200
            assert found.headers["x-content-type-options"] == "nosniff"
            assert "max-age" in found.headers["cache-control"]
        assert client.get("/assets/base.html.j2").status_code == 404
        assert client.get("/assets/..%2fpage.css").status_code == 404

    @pytest.mark.threat("attack", "output")
    @pytest.mark.parametrize(
        "text",
        [
            HOSTILE,
            "{{ 7907 * 7919 }}",
            '"><svg onload=alert(1)>',
            "'--><iframe src=//evil.example>",
            "]]></pre><a href=x>",
        ],
    )
    def test_what_a_stranger_wrote_is_text(self, text: str, browse: Browse, book: Ledger) -> None:
        put(book, title=text, body=text)
        client = log_in(browse())
        for path in PAGES:
            tags = Tags(client.get(path).text)
            assert not {"iframe", "svg", "style"} & tags.tags
            assert not {name for name in tags.attributes if name.startswith("on")}
            assert {link for link in tags.links if "alert" in link or "evil" in link or link == "x"} == set()
            assert "\u202e" not in tags.text
        shown = text.replace("\u202e", "⟨U+202E⟩")
        assert shown in Tags(client.get("/").text).text
        assert str(7907 * 7919) not in Tags(client.get("/deliveries/guid-1").text).text
