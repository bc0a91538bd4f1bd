"""A GitHub App's tokens, its deliveries, and how it is made of a manifest."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hubpipe.errors import (
    ForbiddenError,
    GitHubError,
    MissingError,
    NoAnswerError,
    RateLimitError,
    TokenError,
    UsageError,
)
from hubpipe.event import Event, parse
from hubpipe.github import GitHub
from hubpipe.github.app import App, convert, web_url
from tests.standin.apps import Hooks, signature
from tests.standin.recorder import Accident, instead
from tests.standin.servers import APP_ID, BOT, INSTALLATION, new_key
from tests.standin.standin import Server
from tests.standin.wire import HttpServer, Reply, Request, reply_json, wait_until

pytestmark = pytest.mark.e2e

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TOKENS = f"/app/installations/{INSTALLATION}/access_tokens"
MANIFEST = {"url": "u", "hook_attributes": {"url": "http://127.0.0.1:1/webhooks"}, "redirect_url": "r"}


class Clock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def server(app_server: Server) -> Server:
    app_server.recorder.forget()
    app_server.gateway.hooks = Hooks(app_server.app_key)
    return app_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(server: Server, clock: Clock) -> App:
    return App(APP_ID, server.app_key, server.url, patience=0, now=clock)


@contextmanager
def hooked(server: Server, status: int = 202) -> Iterator[list[Request]]:
    """Let the App's webhook answer with a status; gives what it gets."""
    got: list[Request] = []

    def answer(request: Request) -> Reply:
        got.append(request)
        return Reply(status)

    with HttpServer(answer) as bot:
        server.gateway.hooks.url = f"{bot.url}/webhooks"
        server.gateway.hooks.secret = "of the hook"
        server.gateway.hooks.events = {"issues"}
        yield got


def fail(server: Server, path: str, status: int, message: str = "", times: int = 1, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = reply_json(status, {"message": message}, named)
    server.recorder.accidents.append(Accident("", path, instead(reply), times))


def asked(server: Server, path: str) -> int:
    return sum(one.path == path for one in server.recorder.exchanges)


class TestATokenOfAnInstallation:
    def test_may_do_what_the_installation_may(self, server: Server, app: App) -> None:
        repo = server.repository("tokens")
        number = repo.open_issue("Crash")
        GitHub(app.token(INSTALLATION), server.url, pacing=0).create_comment(repo.repo, number, "Seen", "<!-- -->")
        assert [one["user"]["login"] for one in repo.comments_of(number)] == [BOT]

    def test_is_asked_for_once_while_it_is_good(self, server: Server, app: App, clock: Clock) -> None:
        first = app.token(INSTALLATION)
        clock.ahead = timedelta(minutes=54)
        assert app.token(INSTALLATION) == first
        assert asked(server, TOKENS) == 1

    def test_is_renewed_before_it_expires(self, server: Server, app: App, clock: Clock) -> None:
        first = app.token(INSTALLATION)
        clock.ahead = timedelta(minutes=56)
        assert app.token(INSTALLATION) != first

    def test_is_renewed_when_github_refused_it(self, server: Server, app: App) -> None:
        first = app.token(INSTALLATION)
        app.forget(INSTALLATION)
        assert app.token(INSTALLATION) != first
        assert asked(server, TOKENS) == 2

    def test_is_asked_for_once_by_many_threads(self, server: Server, app: App) -> None:
        with ThreadPoolExecutor(16) as pool:
            found = set(pool.map(app.token, [INSTALLATION] * 64))
        assert len(found) == 1
        assert asked(server, TOKENS) == 1

    def test_is_each_installations_own_however_many_ask_at_once(self, server: Server) -> None:
        def answer(request: Request) -> Reply:
            number = request.path.split("/")[3]
            return reply_json(201, {"token": f"token-{number}", "expires_at": "2099-01-01T00:00:00Z"})

        with HttpServer(answer) as github, ThreadPoolExecutor(16) as pool:
            app = App(APP_ID, server.app_key, github.url)
            assert list(pool.map(app.token, range(200))) == [f"token-{number}" for number in range(200)]

    def test_that_may_not_do_something_is_told_to_whoever_can_give_it(self, server: Server, app: App) -> None:
        repo = server.repository("forbidden").repo
        fail(server, "/labels$", 403, "Resource not accessible by integration")
        github = GitHub(lambda: app.token(INSTALLATION), server.url, patience=0, pacing=0)
        with pytest.raises(ForbiddenError, match=r"in its settings, and let the owner of the installation accept that"):
            github.labels(repo)

    def test_is_none_for_an_installation_that_is_gone(self, app: App) -> None:
        with pytest.raises(MissingError, match=r"no installation 99 of the App"):
            app.token(99)

    def test_is_none_for_one_that_is_suspended(self, server: Server, app: App) -> None:
        fail(server, TOKENS, 403, "This installation has been suspended")
        with pytest.raises(
            ForbiddenError, match=r"may be suspended.*GitHub says: This installation has been suspended"
        ):
            app.token(INSTALLATION)

    def test_that_could_not_be_had_is_asked_for_again(self, server: Server, app: App) -> None:
        fail(server, TOKENS, 502)
        with pytest.raises(NoAnswerError):
            app.token(INSTALLATION)
        assert app.token(INSTALLATION)

    def test_is_not_shown_in_the_app(self, server: Server, app: App) -> None:
        token = app.token(INSTALLATION)
        assert token not in repr(app) + repr(vars(app))
        assert "PRIVATE" not in repr(vars(app))


class TestTheApp:
    def test_knows_its_name_and_its_login(self, server: Server, app: App) -> None:
        assert (app.slug, app.login) == ("github-actions", BOT)
        assert asked(server, "/app") == 1

    def test_finds_the_installation_of_a_repository(self, server: Server, app: App) -> None:
        assert app.installation_of(server.repository("installed").repo) == INSTALLATION

    def test_says_where_it_is_not_installed(self, app: App) -> None:
        with pytest.raises(MissingError, match=r"not installed for octocat/nothing"):
            app.installation_of("octocat/nothing")

    def test_with_another_apps_key_is_told_what_to_check(self, server: Server) -> None:
        with pytest.raises(TokenError, match=r"check its id, its private key, and this machine's clock"):
            App(APP_ID, new_key(), server.url).token(INSTALLATION)

    @pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
    def test_does_not_start_with_a_key_that_is_none(self, key: str) -> None:
        with pytest.raises(UsageError, match=r"give the whole PEM file"):
            App(APP_ID, key, "http://127.0.0.1:1")

    def test_takes_a_key_whose_lines_ends_are_written_out(self, server: Server) -> None:
        assert App(APP_ID, server.app_key.replace("\n", "\\n"), server.url).token(INSTALLATION)

    def test_works_on_an_enterprise_server(self, enterprise_server: Server) -> None:
        app = App(str(APP_ID), enterprise_server.app_key, f"{enterprise_server.url}/")
        assert app.token(INSTALLATION)
        with hooked(enterprise_server):
            for number in range(101):
                enterprise_server.gateway.hooks.send("issues", {"number": number})
        assert len({one.guid for one in app.attempts(LONG_AGO)}) == 101

    @pytest.mark.parametrize(
        ("api", "server", "web"),
        [
            ("https://api.github.com", None, "https://github.com"),
            ("https://ghe.example.org/api/v3", None, "https://ghe.example.org"),
            ("https://api.octo.ghe.com", None, "https://octo.ghe.com"),
            ("https://api.github.com", "https://other.example.org/", "https://other.example.org"),
        ],
    )
    def test_is_made_on_the_pages_of_its_server(self, api: str, server: str | None, web: str) -> None:
        assert web_url(api, server) == web


class TestDeliveries:
    def test_of_the_standin_are_signed_and_name_the_app(self, server: Server) -> None:
        with hooked(server) as got:
            sent = server.gateway.hooks.send("issues", {"action": "opened"})
        (request,) = got
        assert (sent.status, request.headers["x-github-delivery"]) == (202, sent.guid)
        assert request.headers["x-github-hook-installation-target-id"] == str(APP_ID)
        assert request.headers["x-hub-signature-256"] == signature("of the hook", request.body)

    def test_bring_what_happened_in_the_words_of_the_servers_own_webhook(self, server: Server) -> None:
        with hooked(server) as got:
            repo = server.repository("hooked")
            number = repo.open_issue("Crash", "It crashes.")
            wait_until(lambda: bool(got))
        event = parse(got[0].headers["x-github-event"], got[0].json())
        assert isinstance(event, Event)
        assert event.subject is not None
        assert (event.kind, event.action, event.repo, event.subject.number) == ("issues", "opened", repo.repo, number)
        assert got[0].json()["installation"]["id"] == INSTALLATION
        assert got[0].headers["x-hub-signature-256"] == signature("of the hook", got[0].body)

    def test_of_kinds_that_the_app_did_not_ask_for_are_not_sent(self, server: Server) -> None:
        with hooked(server) as got:
            repo = server.repository("quiet")
            repo.add_label("bug")  # a `label` event
            repo.open_issue("Crash")
            wait_until(lambda: bool(got))
        assert {request.headers["x-github-event"] for request in got} == {"issues"}

    def test_are_listed_with_what_came_back(self, server: Server, app: App) -> None:
        with hooked(server, 503):
            failed = server.gateway.hooks.send("issues", {"action": "opened"})
        with hooked(server):
            taken = server.gateway.hooks.send("issues", {"action": "closed"})
        server.gateway.hooks.url = "http://127.0.0.1:1/"
        unheard = server.gateway.hooks.send("push", {})
        assert [(one.id, one.guid, one.event, one.status) for one in app.attempts(LONG_AGO)] == [
            (unheard.id, unheard.guid, "push", 0),
            (taken.id, taken.guid, "issues", 202),
            (failed.id, failed.guid, "issues", 503),
        ]

    def test_are_listed_over_as_many_pages_as_there_are(self, server: Server, app: App) -> None:
        with hooked(server):
            sent = [server.gateway.hooks.send("issues", {}) for _ in range(250)]
        assert [one.id for one in app.attempts(LONG_AGO)] == [one.id for one in reversed(sent)]
        assert asked(server, "/app/hook/deliveries") == 3

    def test_are_listed_no_farther_back_than_asked(self, server: Server, app: App) -> None:
        with hooked(server):
            sent = [server.gateway.hooks.send("issues", {}) for _ in range(250)]
        moment = datetime.now(UTC) - timedelta(hours=1)
        hooks = server.gateway.hooks
        hooks.sent = [replace(one, at=moment - timedelta(hours=1)) for one in sent[:245]] + sent[245:]
        assert [one.id for one in app.attempts(moment)] == [one.id for one in reversed(sent[245:])]
        assert asked(server, "/app/hook/deliveries") == 1

    def test_are_sent_again_under_their_own_guid(self, server: Server, app: App) -> None:
        with hooked(server, 500):
            failed = server.gateway.hooks.send("issues", {"action": "opened"})
        with hooked(server) as got:
            app.redeliver(failed.id)
        assert [(one.headers["x-github-delivery"], one.body) for one in got] == [(failed.guid, failed.body)]
        assert [one.status for one in app.attempts(LONG_AGO) if one.guid == failed.guid] == [202, 500]

    def test_that_github_no_longer_has_cannot_be_sent_again(self, app: App) -> None:
        with pytest.raises(MissingError):
            app.redeliver(4711)

    def test_are_told_to_wait_for_where_github_says_so(self, server: Server, app: App) -> None:
        fail(server, "/app/hook/deliveries", 429, "Slow down", retry_after="120")
        with pytest.raises(RateLimitError):
            list(app.attempts(LONG_AGO))

    @pytest.mark.parametrize("data", [[{"id": 1}], [{"id": "x"}], [7], {"message": "?"}], ids=str)
    def test_that_are_not_what_github_lists_are_a_fault_of_the_reply(
        self, server: Server, app: App, data: object
    ) -> None:
        reply = reply_json(200, data)
        server.recorder.accidents.append(Accident("GET", "/app/hook/deliveries", instead(reply), 1))
        with pytest.raises(NoAnswerError):
            list(app.attempts(LONG_AGO))


class TestACodeForAManifest:
    def test_becomes_the_credentials_of_the_app_once(self, server: Server) -> None:
        code = registered(server)
        found = convert(code, server.url)
        assert (found.app_id, found.slug, found.private_key) == (APP_ID, "github-actions", server.app_key)
        assert found.webhook_secret == server.gateway.hooks.secret
        assert found.url.endswith("/apps/github-actions")
        assert App(found.app_id, found.private_key, server.url).login == BOT
        with pytest.raises(MissingError, match=r"good once.*Begin again at /setup"):
            convert(code, server.url)

    def test_is_traded_without_any_token(self, server: Server) -> None:
        got: list[Request] = []

        def answer(request: Request) -> Reply:
            got.append(request)
            return reply_json(404, {"message": "Not Found"})

        with HttpServer(answer) as github, pytest.raises(MissingError):
            convert("abc", github.url)
        assert [(one.method, one.path) for one in got] == [("POST", "/app-manifests/abc/conversions")]
        assert "authorization" not in got[0].headers

    def test_is_not_sent_twice_where_the_reply_is_lost(self, server: Server) -> None:
        code = registered(server)
        fail(server, f"/app-manifests/{code}/conversions", 502)
        with pytest.raises(NoAnswerError):
            convert(code, server.url)
        assert asked(server, f"/app-manifests/{code}/conversions") == 1

    @pytest.mark.parametrize("code", ["", "../user", "a/b", "a" * 201, "a?b", "é"])
    def test_that_is_none_is_never_sent(self, code: str) -> None:
        with pytest.raises(GitHubError, match=r"none that GitHub gives"):
            convert(code, "http://127.0.0.1:1")

    def test_gives_credentials_that_print_without_secrets(self, server: Server) -> None:
        found = convert(registered(server), server.url)
        for secret in (found.private_key, found.webhook_secret, found.client_secret):
            assert secret not in repr(found)


def registered(server: Server) -> str:
    server.gateway.hooks.manifest = json.loads(json.dumps(MANIFEST))
    server.gateway.hooks.codes.add("a-code")
    return "a-code"
