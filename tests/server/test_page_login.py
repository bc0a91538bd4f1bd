"""Who may look at the page: whoever has the token, and the people of GitHub who are named."""

import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from hubpipe.errors import UsageError
from hubpipe.github.devices import Devices
from hubpipe.server.app import Front, application
from hubpipe.server.ledger import Ledger
from hubpipe.server.page import PageKey, login, page_key
from hubpipe.server.page.login import WRONG_TOKENS
from hubpipe.server.settings import Asked, settings
from tests.server.bot import SECRET
from tests.server.scene import TOKEN
from tests.server.visitor import PAGES, Browse, form_of, log_in, put
from tests.standin.devices import CLIENT, USER_CODE, DeviceFlow, device_flow


@pytest.fixture
def flow() -> Iterator[DeviceFlow]:
    with device_flow() as found:
        yield found


class TestWhoMayLook:
    @pytest.mark.parametrize("path", [*PAGES, "/login", "/live", "/assets/page.css", "/deliveries/guid-1/retry"])
    def test_there_is_no_page_unless_somebody_asks_for_one(self, path: str, book: Ledger) -> None:
        client = TestClient(application(Front(book, SECRET)))
        assert client.get(path).status_code == 404
        assert page_key({}) is None

    @pytest.mark.parametrize("path", PAGES)
    def test_a_stranger_is_sent_to_the_login_and_sees_nothing(self, path: str, browse: Browse, book: Ledger) -> None:
        put(book)
        answer = browse().get(path)
        assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/login", "")

    @pytest.mark.parametrize("path", ["/live", "/deliveries/guid-1/live"])
    def test_a_stranger_gets_no_stream(self, path: str, browse: Browse) -> None:
        assert browse().get(path).status_code == 401

    def test_whoever_has_the_token_looks(self, browse: Browse, book: Ledger) -> None:
        put(book)
        client = log_in(browse())
        assert all(client.get(path).status_code == 200 for path in PAGES)
        assert "It crashes" in client.get("/").text

    @pytest.mark.threat("attack", "permissions")
    @pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\ud800", "ü" * 40])
    def test_a_wrong_token_opens_nothing(self, token: str, browse: Browse) -> None:
        client = browse()
        given = {"form": form_of(client.get("/login").text), "token": token.encode("utf-8", "replace").decode()}
        answer = client.post("/login", data=given)
        assert answer.status_code == 403
        assert "not the token" in answer.text
        assert client.get("/").status_code == 303

    @pytest.mark.threat("attack", "permissions")
    def test_guessing_ends_soon_also_with_the_right_token(self, browse: Browse) -> None:
        client = browse()
        form = form_of(client.get("/login").text)
        for _ in range(WRONG_TOKENS):
            assert client.post("/login", data={"form": form, "token": "guess"}).status_code == 403
        answer = client.post("/login", data={"form": form, "token": TOKEN})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/").status_code == 303

    def test_a_session_is_good_in_every_process_and_ends_with_the_secrets(self, browse: Browse) -> None:
        cookie = log_in(browse()).cookies["hubpipe"]
        for key, secret, status in [
            (None, SECRET, 200),
            (None, "another secret", 303),
            (PageKey("https://github.example", "another-token-that-nobody-guesses"), SECRET, 303),
        ]:
            other = browse(key, secret)
            other.cookies.set("hubpipe", cookie)
            assert other.get("/").status_code == status

    def test_a_session_ends_after_half_a_day(self, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
        client = log_in(browse())
        now = time.time()
        monkeypatch.setattr("hubpipe.server.page.guard.time.time", lambda: now + 12 * 3600 + 5)
        assert client.get("/").status_code == 303

    def test_logging_out_ends_the_session(self, browse: Browse) -> None:
        client = log_in(browse())
        assert client.post("/logout", data={"form": form_of(client.get("/").text)}).headers["location"] == "/login"
        assert client.get("/").status_code == 303

    def test_the_cookie_is_for_http_alone_and_over_https_for_https_alone(self, browse: Browse) -> None:
        plain = browse().get("/login").headers["set-cookie"]
        assert "httponly" in plain.lower()
        assert "samesite=lax" in plain.lower()
        assert "secure" not in plain.lower()
        secure = browse(url="https://testserver").get("/login").headers["set-cookie"]
        assert secure.startswith("__Host-hubpipe=")
        assert "secure" in secure.lower()
        assert "path=/;" in secure

    def test_webhooks_are_taken_as_before(self, browse: Browse) -> None:
        assert browse().post("/webhooks", content=b"{}").status_code == 401
        assert browse().get("/nowhere").status_code == 404


class TestGitHub:
    def key(self, flow: DeviceFlow, *users: str) -> PageKey:
        found = page_key(
            {
                "HUBPIPE_OAUTH_CLIENT_ID": CLIENT,
                "HUBPIPE_PAGE_USERS": ", ".join(users),
                "GITHUB_SERVER_URL": flow.url,
                "GITHUB_API_URL": f"{flow.url}/api/v3",
            }
        )
        assert found is not None
        assert found.devices == Devices(CLIENT, flow.url, f"{flow.url}/api/v3")
        return found

    def begun(self, client: TestClient) -> TestClient:
        answer = client.post("/login/github", data={"form": form_of(client.get("/login").text)})
        assert answer.headers["location"] == "/login/github", answer.text
        return client

    def test_a_person_types_a_code_and_looks(self, browse: Browse, flow: DeviceFlow) -> None:
        client = self.begun(browse(self.key(flow, "Octocat", "maintainer")))
        page = client.get("/login/github")
        assert USER_CODE in page.text
        assert f"{flow.url}/login/device" in page.text
        assert client.get("/").status_code == 303
        flow.typed = "octocat"
        assert client.get("/login/github", headers={"hx-request": "true"}).headers["hx-redirect"] == "/"
        assert "octocat" in client.get("/").text
        assert "token-of-octocat" not in str(client.cookies)

    @pytest.mark.threat("attack", "permissions")
    def test_somebody_who_is_not_named_does_not_look(self, browse: Browse, flow: DeviceFlow) -> None:
        client = self.begun(browse(self.key(flow, "maintainer")))
        flow.typed = "octocat"
        assert client.get("/login/github").headers["location"] == "/login"
        assert "octocat is not among those who may look" in client.get("/login").text
        assert client.get("/").status_code == 303

    def test_who_is_named_no_more_looks_no_more(self, browse: Browse, flow: DeviceFlow) -> None:
        client = self.begun(browse(self.key(flow, "octocat")))
        flow.typed = "octocat"
        client.get("/login/github")
        assert client.get("/").status_code == 200
        other = browse(self.key(flow, "maintainer"))
        other.cookies = client.cookies
        assert other.get("/").status_code == 303

    def test_github_is_asked_no_more_often_than_it_allows(self, browse: Browse, flow: DeviceFlow) -> None:
        flow.interval = 60
        client = self.begun(browse(self.key(flow, "octocat")))
        assert [client.get("/login/github", headers={"hx-request": "true"}).status_code for _ in range(3)] == [204] * 3
        assert flow.asked == ["/login/device/code"]

    @pytest.mark.threat("attack", "input")
    def test_an_old_session_sent_again_and_again_asks_github_so_often_and_no_more(
        self, browse: Browse, flow: DeviceFlow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(login, "ASKED", 3)
        client = self.begun(browse(self.key(flow, "octocat")))
        old = client.cookies["hubpipe"]
        statuses = []
        for _ in range(5):
            client.cookies.clear()
            client.cookies.set("hubpipe", old)
            statuses.append(client.get("/login/github").status_code)
        assert statuses == [200] * 3 + [429] * 2
        assert flow.asked == ["/login/device/code"] + ["/login/oauth/access_token"] * 3

    def test_a_code_that_is_refused_is_told_and_forgotten(self, browse: Browse, flow: DeviceFlow) -> None:
        client = self.begun(browse(self.key(flow, "octocat")))
        flow.error = "expired_token"
        assert client.get("/login/github").headers["location"] == "/login"
        assert "expired_token" in client.get("/login").text
        assert client.get("/login/github").headers["location"] == "/login"

    def test_codes_are_not_begun_without_end(self, browse: Browse, flow: DeviceFlow) -> None:
        client = browse(self.key(flow, "octocat"))
        form = form_of(client.get("/login").text)
        statuses = [client.post("/login/github", data={"form": form}).status_code for _ in range(6)]
        assert statuses == [303] * 5 + [429]

    @pytest.mark.parametrize(
        ("environ", "word"),
        [
            ({"HUBPIPE_PAGE_TOKEN": "short"}, "fewer than 20"),
            ({"HUBPIPE_OAUTH_CLIENT_ID": CLIENT}, "HUBPIPE_PAGE_USERS is not"),
            ({"HUBPIPE_PAGE_USERS": "octocat"}, "HUBPIPE_OAUTH_CLIENT_ID is not"),
        ],
    )
    def test_a_login_that_nobody_or_anybody_could_use_is_refused(self, environ: dict[str, str], word: str) -> None:
        with pytest.raises(UsageError, match=word):
            page_key(environ)

    def test_the_pages_token_stands_nowhere(self) -> None:
        environ = {"HUBPIPE_WEBHOOK_SECRET": SECRET, "GITHUB_TOKEN": "t", "HUBPIPE_PAGE_TOKEN": TOKEN}
        found = settings(Asked(), environ)
        assert TOKEN in found.secrets
        assert TOKEN not in repr(found)
        assert settings(Asked(role="worker"), environ).page is None
