"""The App is made from the manifest, in a browser, by whoever has the key, once."""

import json
import re
import stat
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3
from starlette.testclient import TestClient

from hubpipe.config import parse
from hubpipe.config.events import ACTIVITIES
from hubpipe.errors import UsageError
from hubpipe.github.app import App
from hubpipe.permissions import joined, needed
from hubpipe.server.credentials import read
from hubpipe.server.manifest import EVENTS, PERMISSIONS, manifest
from hubpipe.server.setup import Door, Setup, serve_setup
from tests.standin.apps import SUBSCRIBED_WITH, Hooks
from tests.standin.servers import BOT, INSTALLATION, free_port
from tests.standin.standin import Server

BOTS = "https://bot.example.org"
API = "https://ghe.example.org/api/v3"
LOST = urllib3.Retry(total=20, connect=20, redirect=0, backoff_factor=0.1, raise_on_redirect=False)


class Form(HTMLParser):
    """The one form of a page: where it goes, and what it holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.method, self.values = "", "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.method = given["action"], given["method"]
        if tag == "input":
            self.values[given["name"]] = given["value"]


class Closed:
    """What is told when the page is not needed any more."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def server(app_server: Server) -> Server:
    app_server.recorder.forget()
    app_server.gateway.hooks = Hooks(app_server.app_key)
    return app_server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "app.json"


@pytest.fixture
def closed() -> Closed:
    return Closed()


@pytest.fixture
def door(server: Server, file: Path, closed: Closed) -> Door:
    return Door(Setup(BOTS, file, server.url, organization="octo-org"), closed)


@pytest.fixture
def browser(door: Door) -> Iterator[TestClient]:
    with TestClient(door.application(), BOTS) as client:
        yield client


def opened(browser: TestClient, door: Door) -> Form:
    page = browser.get(door.address)
    assert page.status_code == 200, page.text
    return Form(page.text)


def agreed(form: Form) -> str:
    """Agree on GitHub's page; gives where GitHub sends the browser then."""
    body, kind = urlencode(form.values), {"content-type": "application/x-www-form-urlencoded"}
    reply = urllib3.request(form.method.upper(), form.action, body=body, headers=kind, redirect=False)
    assert reply.status == 302, reply.data
    return reply.headers["location"]


@pytest.mark.e2e
class TestThePage:
    def test_makes_the_app_and_writes_its_credentials(
        self, server: Server, door: Door, browser: TestClient, file: Path, closed: Closed
    ) -> None:
        back = agreed(opened(browser, door))
        assert back.startswith(f"{BOTS}/setup/done?code=")
        page = browser.get(back)
        assert (page.status_code, closed.times, door.over) == (200, 1, True)
        assert f"hubpipe serve --credentials {file}" in page.text
        assert f'href="{server.url}/apps/github-actions/installations/new"' in page.text
        made = read(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        app = App(made.app_id, made.private_key, server.url)
        assert (app.login, bool(app.token(INSTALLATION))) == (BOT, True)
        assert made.webhook_secret == server.gateway.hooks.secret
        assert server.gateway.hooks.url == f"{BOTS}/webhooks"

    def test_shows_and_logs_no_secret(
        self, door: Door, browser: TestClient, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        pages = [browser.get(door.address), browser.get(agreed(opened(browser, door))), browser.get("/setup")]
        made = read(file)
        for secret in (made.private_key, made.private_key[40:80], made.webhook_secret, made.client_secret, door.key):
            assert not any(secret in page.text or secret in str(page.headers) for page in pages)
            assert secret not in "".join(one.getMessage() for one in caplog.records if one.name == "hubpipe")

    def test_is_for_whoever_has_the_key(self, door: Door, browser: TestClient) -> None:
        for address in ("/setup", "/setup?key=", "/setup?key=wrong", f"/setup?key={door.key[:-1]}", "/setup?key=%ff"):
            page = browser.get(address)
            assert (page.status_code, "<form" in page.text) == (403, False)
        browser.cookies.set("hubpipe-setup", "guessed")
        assert browser.get("/setup").status_code == 403

    def test_takes_the_key_out_of_the_address(self, door: Door, browser: TestClient) -> None:
        page = browser.get(door.address)
        assert [one.status_code for one in page.history] == [303]
        assert str(page.url) == f"{BOTS}/setup"
        cookie = page.history[0].headers["set-cookie"]
        assert all(word in cookie.lower() for word in ("httponly", "secure", "samesite=lax"))
        assert door.key not in cookie

    @pytest.mark.parametrize("query", ["", "?code=abc", "?code=abc&state=", "?code=abc&state=guessed", "?state=%ff"])
    def test_takes_no_code_without_its_state(
        self, server: Server, door: Door, browser: TestClient, file: Path, query: str
    ) -> None:
        opened(browser, door)
        page = browser.get(f"/setup/done{query}")
        assert (page.status_code, "Begin again at /setup" in page.text, file.exists()) == (403, True, False)
        assert [one.path for one in server.recorder.exchanges] == []

    def test_says_that_nothing_was_made_where_there_is_no_code(self, door: Door, browser: TestClient) -> None:
        state = parse_qs(urlsplit(opened(browser, door).action).query)["state"][0]
        page = browser.get("/setup/done", params={"state": state})
        assert (page.status_code, "the App was not made" in page.text) == (400, True)

    def test_can_be_tried_again_where_github_does_not_know_the_code(
        self, server: Server, door: Door, browser: TestClient, file: Path, closed: Closed
    ) -> None:
        form = opened(browser, door)
        back = agreed(form)
        server.gateway.hooks.codes.clear()
        page = browser.get(back)
        assert (page.status_code, "GitHub does not know the code" in page.text) == (502, True)
        assert (file.exists(), closed.times) == (False, 0)
        assert browser.get(agreed(form)).status_code == 200

    def test_asks_for_no_credentials_that_have_no_place(
        self, server: Server, door: Door, browser: TestClient, file: Path
    ) -> None:
        back = agreed(opened(browser, door))
        file.write_text("of another App")
        page = browser.get(back)
        assert (page.status_code, "is there already" in page.text) == (500, True)
        assert len(server.gateway.hooks.codes) == 1

    def test_is_over_when_the_app_is_made(self, door: Door, browser: TestClient, file: Path, closed: Closed) -> None:
        back = agreed(opened(browser, door))
        browser.get(back)
        before = file.read_text()
        for address in ("/setup", door.address, back):
            page = browser.get(address)
            assert (page.status_code, "this page is closed" in page.text) == (410, True)
        assert (file.read_text(), closed.times) == (before, 1)

    @pytest.mark.parametrize("address", ["/", "/webhooks", "/healthz", "/metrics", "/setup/", "/setup/other"])
    def test_is_all_that_is_served(self, browser: TestClient, address: str) -> None:
        assert browser.get(address, follow_redirects=False).status_code in (307, 404)
        assert browser.post(address, follow_redirects=False).status_code in (307, 404)

    def test_needs_nothing_from_elsewhere(self, door: Door, browser: TestClient, server: Server) -> None:
        page = browser.get(door.address)
        policy = page.headers["content-security-policy"]
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'<style nonce="{nonce[1]}">' in page.text
        assert policy.startswith("default-src 'none'; ")
        assert f"form-action 'self' {server.url}" in policy
        assert re.findall(r"(?:src|href)=", page.text) == []
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"

    def test_is_made_of_words_that_a_screen_reader_finds(self, door: Door, browser: TestClient) -> None:
        text = browser.get(door.address).text
        assert text.startswith('<!doctype html>\n<html lang="en">')
        assert [len(re.findall(pattern, text)) for pattern in ("<title>", "<main>", "<h1>")] == [1, 1, 1]
        assert '<button type="submit">Go on to GitHub</button>' in text
        assert text.count('scope="row"') == len(PERMISSIONS)


@pytest.mark.e2e
def test_the_setup_serves_the_page_and_ends_when_the_app_is_made(server: Server, file: Path) -> None:
    port = free_port()
    told: list[str] = []
    ended: list[bool] = []
    setup = Setup(f"http://127.0.0.1:{port}/", file, server.url)
    thread = threading.Thread(
        target=lambda: ended.append(serve_setup(setup, "127.0.0.1", port, told.append)), daemon=True
    )
    thread.start()
    try:
        while not told and thread.is_alive():
            thread.join(0.05)
        address = re.findall(r"http\S+", told[0])[0]
        with urllib3.PoolManager(retries=LOST) as pool:
            entered = pool.request("GET", address)
            cookie = entered.headers["set-cookie"].partition(";")[0]
            page = pool.request("GET", f"http://127.0.0.1:{port}/setup", headers={"cookie": cookie})
            done = pool.request("GET", agreed(Form(page.data.decode())))
        assert done.status == 200
    finally:
        thread.join(30)
    assert ended == [True]
    assert read(file).slug == "github-actions"


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        "url",
        ["", "bot", "http://bot.example.org", "ftp://bot", "https://", "https://a b", "https://bot/?x", "https://x'y"],
    )
    def test_must_be_an_address_that_github_reaches(self, url: str, file: Path) -> None:
        with pytest.raises(UsageError, match=r"give the address that GitHub reaches the bot at"):
            Setup(url, file, API)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:8080", f"{BOTS}/hubpipe/"]
    )
    def test_may_be_this_machine_or_any_path(self, url: str, file: Path) -> None:
        assert Setup(url, file, API).home == url.rstrip("/")

    @pytest.mark.parametrize("name", ["a/b", "-a", "a b", "é", "a" * 40])
    def test_must_be_an_organizations_name(self, name: str, file: Path) -> None:
        with pytest.raises(UsageError, match=r"as it stands in its address"):
            Setup(BOTS, file, API, organization=name)

    def test_is_refused_before_anything_is_made_where_the_file_is_there(self, file: Path) -> None:
        file.write_text("{}")
        with pytest.raises(UsageError, match=r"is there already"):
            Setup(BOTS, file, API)

    @pytest.mark.parametrize(
        ("organization", "path"),
        [("", "/settings/apps/new"), ("octo-org", "/organizations/octo-org/settings/apps/new")],
    )
    def test_decides_whose_the_app_is_on_whichever_server(self, file: Path, organization: str, path: str) -> None:
        address = Setup(BOTS, file, API, organization=organization).form_address("the state")
        assert address == f"https://ghe.example.org{path}?state=the+state"


SCORES = "pipeline: {task: zero-shot-classification, model: embedded, labels: [a, b]}"
SUMMARY = "pipeline: {task: summarization, model: embedded}"
FLOWS = (
    f"on: [issues, issue_comment]\n{SCORES}\npublish: labels",
    f"on: issues\ninput: [title, body]\n{SUMMARY}\npublish: comment",
    f"on: [pull_request, pull_request_review_comment]\ninput: [title, linked, patch]\n{SUMMARY}\npublish: comment",
    f"on: pull_request\n{SUMMARY}\npublish: {{comment: {{mode: description}}}}",
    f"on: pull_request\neach: file\n{SCORES}\npublish: check",
    f"on: [push, discussion, discussion_comment]\n{SUMMARY}\npublish: summary",
)
NOTES = f"on: release\ninput: pulls\n{SUMMARY}\npublish: release"


def of_flows(*flows: str) -> dict[str, str]:
    lines = "".join(
        f"  flow{number}:\n" + "".join(f"    {line}\n" for line in flow.splitlines())
        for number, flow in enumerate(flows)
    )
    found = needed(parse(f"version: 1\nflows:\n{lines}"), ACTIVITIES)
    return {scope.replace("-", "_"): level for scope, level in found.items()}


class TestTheManifest:
    def test_gives_what_the_flows_need_and_no_more(self) -> None:
        # What GitHub wants for the events about discussions, and gives every App, is no permission of a workflow's job.
        more = {"discussions": "read", "metadata": "read"}
        assert manifest(BOTS)["default_permissions"] == joined([of_flows(*FLOWS), more])

    def test_gives_no_permission_to_push_code_which_release_notes_need(self) -> None:
        assert of_flows(NOTES)["contents"] == "write"
        assert PERMISSIONS["contents"].level == "read"

    def test_asks_for_the_events_that_the_bot_handles_each_with_its_permission(self) -> None:
        assert set(EVENTS) == {
            *("issues", "issue_comment", "pull_request", "pull_request_review_comment"),
            *("discussion", "discussion_comment", "push", "release"),
        }
        assert all(set(SUBSCRIBED_WITH[event]) & set(PERMISSIONS) for event in EVENTS)

    def test_is_what_the_docs_say(self) -> None:
        page = (Path(__file__).parents[2] / "docs" / "app.md").read_text(encoding="utf-8")
        rows = "\n".join(f"| `{scope}` | {found.level} | {found.why} |" for scope, found in PERMISSIONS.items())
        assert f"| --- | --- | --- |\n{rows}\n\n" in page
        assert f"Events: {', '.join(f'`{event}`' for event in EVENTS)}.\n" in page

    def test_names_the_app_by_its_host_within_githubs_limit(self) -> None:
        assert manifest(BOTS)["name"] == "hubpipe bot.example.org"
        assert len(manifest("https://" + "a" * 60 + ".example.org")["name"]) == 34
        assert manifest(BOTS, "Mine")["name"] == "Mine"

    def test_brings_github_back_to_this_bot(self) -> None:
        found: dict[str, Any] = json.loads(json.dumps(manifest("https://bot.example.org/hubpipe")))
        assert found["hook_attributes"] == {"url": "https://bot.example.org/hubpipe/webhooks", "active": True}
        assert found["redirect_url"] == "https://bot.example.org/hubpipe/setup/done"
        assert found["public"] is False
