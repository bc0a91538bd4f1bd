"""Deliveries that never arrived are found in GitHub's list, and sent again, a few times at most."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.config import PATH
from hubpipe.errors import ForbiddenError, GitHubError, MissingError, NoAnswerError, RateLimitError
from hubpipe.github.app import App, Attempt
from hubpipe.server.database import open_database
from hubpipe.server.missed import KEPT, Catcher, Claims, missed
from tests.server.bot import SECRET, Bot
from tests.server.conftest import environ_of
from tests.standin.apps import Hooks
from tests.standin.servers import APP_ID, free_port
from tests.standin.standin import Server
from tests.standin.wire import LOOPBACK, HttpServer, Reply, Request, wait_until

LABELLED = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
"""
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def attempt(number: int, guid: str, status: int, minutes: float = 5, event: str = "issues") -> Attempt:
    return Attempt(number, guid, event, status, NOW - timedelta(minutes=minutes))


def ids(attempts: Sequence[Attempt]) -> list[int]:
    return [one.id for one in missed(attempts, NOW)]


class TestMissed:
    @pytest.mark.parametrize("status", [0, 301, 401, 404, 500, 502, 503, 504])
    def test_is_what_was_answered_with_anything_but_yes(self, status: int) -> None:
        assert ids([attempt(1, "a", status)]) == [1]

    @pytest.mark.parametrize("status", [200, 202, 204])
    def test_is_nothing_that_arrived(self, status: int) -> None:
        assert ids([attempt(1, "a", status)]) == []

    @pytest.mark.parametrize("order", [1, -1], ids=["newest first", "oldest first"])
    def test_is_nothing_that_arrived_at_another_time(self, order: int) -> None:
        assert ids([attempt(2, "a", 202, 3), attempt(1, "a", 503, 9)][::order]) == []
        assert ids([attempt(2, "a", 503, 3), attempt(1, "a", 202, 9)][::order]) == []

    def test_names_the_latest_attempt_since_it_is_kept_for_longest(self) -> None:
        assert ids([attempt(1, "a", 500, 9), attempt(3, "a", 500, 1), attempt(2, "a", 500, 5)]) == [3]

    def test_names_what_waits_for_longest_first(self) -> None:
        assert ids([attempt(3, "c", 500, 1), attempt(2, "b", 500, 5), attempt(1, "a", 500, 9)]) == [1, 2, 3]

    def test_is_nothing_that_github_cannot_send_again(self) -> None:
        three_days = KEPT.total_seconds() / 60
        assert ids([attempt(1, "a", 500, three_days), attempt(2, "b", 500, three_days - 1)]) == [2]

    def test_is_nothing_that_nobody_here_waits_for(self) -> None:
        assert ids([attempt(1, "a", 500, event="star"), attempt(2, "b", 500, event="push")]) == [2]

    @given(
        st.lists(
            st.builds(
                attempt,
                st.integers(1, 50),
                st.sampled_from("abcdef"),
                st.sampled_from([0, 202, 500]),
                st.integers(0, 6_000),
            ),
            max_size=30,
        )
    )
    def test_is_each_delivery_once_whatever_the_order(self, attempts: list[Attempt]) -> None:
        found = [one.guid for one in missed(attempts, NOW)]
        assert len(found) == len(set(found))
        assert found == [one.guid for one in missed(attempts[::-1], NOW)]
        assert not set(found) & {one.guid for one in attempts if one.status == 202}


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


class TestAClaim:
    def test_is_given_once_at_a_time(self, engine: sa.Engine) -> None:
        claims = Claims(engine)
        assert [claims.claim(guid) for guid in ("a", "b", "a")] == [1, 1, 0]

    def test_is_given_again_after_pauses_that_grow_and_then_no_more(self, engine: sa.Engine) -> None:
        minutes = (0, 14, 15, 16, 15 + 239, 15 + 240, 100_000)
        times = iter(NOW + timedelta(minutes=each) for each in minutes)
        claims = Claims(engine, lambda: next(times))
        assert [claims.claim("a") for _ in minutes] == [1, 0, 2, 0, 0, 3, 0]

    def test_outlives_the_process(self, engine: sa.Engine, database_url: str) -> None:
        assert Claims(engine).claim("a")
        other = open_database(database_url)
        assert not Claims(other).claim("a")
        other.dispose()

    def test_is_given_to_one_of_many_who_ask_at_once(self, engine: sa.Engine) -> None:
        with ThreadPoolExecutor(12) as pool:
            for guid in map(str, range(20)):
                assert sum(pool.map(Claims(engine).claim, [guid] * 12)) == 1  # the first time, for one

    def test_can_be_given_back(self, engine: sa.Engine) -> None:
        claims = Claims(engine)
        claims.claim("a")
        claims.release("a", 1)
        assert claims.claim("a") == 1

    def test_is_forgotten_when_github_has_forgotten_the_delivery(self, engine: sa.Engine) -> None:
        assert Claims(engine, lambda: NOW - timedelta(days=7)).claim("old")
        assert Claims(engine, lambda: NOW - timedelta(days=4)).claim("new")
        claims = Claims(engine, lambda: NOW)
        claims.sweep()
        assert [claims.claim("old"), claims.claim("new")] == [1, 2]


@dataclass
class Listed:
    """An App's deliveries, and what it does when it is asked to send one again."""

    kept: list[Attempt]
    faults: dict[int, GitHubError] = field(default_factory=dict)
    asked: list[datetime] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def attempts(self, since: datetime) -> Iterator[Attempt]:
        self.asked.append(since)
        return iter([one for one in self.kept if one.at >= since])

    def redeliver(self, attempt: int) -> None:
        if attempt in self.faults:
            raise self.faults[attempt]
        self.sent.append(attempt)


@pytest.fixture
def claims(sqlite_url: str) -> Iterator[Claims]:
    engine = open_database(sqlite_url)
    yield Claims(engine)
    engine.dispose()


def none_known(guids: Sequence[str]) -> set[str]:
    return set()


class TestACatcher:
    def test_has_a_missed_delivery_sent_again_once_even_after_a_restart(self, claims: Claims) -> None:
        listed = Listed([attempt(1, "a", 503)])
        for _ in range(2):
            catcher = Catcher(listed, none_known, claims, lambda: NOW)
            catcher.once()
            catcher.once()
        assert listed.sent == [1]

    def test_leaves_what_is_stored_here_alone(self, claims: Claims) -> None:
        # It was stored, and the answer did not get through.
        listed = Listed([attempt(1, "a", 504), attempt(2, "b", 504)])
        assert Catcher(listed, lambda guids: {"a"} & set(guids), claims, lambda: NOW).once() == ("b",)
        assert listed.sent == [2]

    def test_asks_for_many_in_parts_that_a_database_can_take(self, claims: Claims) -> None:
        asked: list[int] = []

        def known(guids: Sequence[str]) -> set[str]:
            asked.append(len(guids))
            return set(guids)

        listed = Listed([attempt(number, f"{number}", 503) for number in range(1_201)])
        assert Catcher(listed, known, claims, lambda: NOW).once() == ()
        assert asked == [500, 500, 201]

    def test_looks_at_all_that_is_kept_first_and_at_what_is_new_then(self, claims: Claims) -> None:
        listed = Listed([])
        catcher = Catcher(listed, none_known, claims, lambda: NOW)
        catcher.once()
        catcher.once()
        assert listed.asked == [NOW - timedelta(days=3), NOW - timedelta(minutes=10)]

    @pytest.mark.threat("fault", "faults")
    def test_has_what_fails_again_sent_again_after_a_while_and_no_more_once_it_arrived(
        self, claims: Claims, caplog: pytest.LogCaptureFixture
    ) -> None:
        listed, clock = Listed([attempt(1, "a", 503), attempt(2, "b", 503)]), [NOW]
        claims = Claims(claims.engine, lambda: clock[0])
        catcher = Catcher(listed, none_known, claims, lambda: clock[0])
        assert set(catcher.once()) == {"a", "b"}
        listed.kept += [Attempt(3, "a", "issues", 503, NOW), Attempt(4, "b", "issues", 202, NOW)]
        sent = []
        for _ in range(3 * 24 * 12):
            clock[0] += timedelta(minutes=5)
            sent += [(clock[0] - NOW, guid) for guid in catcher.once()]
        assert sent == [(timedelta(minutes=15), "a"), (timedelta(hours=4, minutes=15), "a")]
        assert sorted(listed.sent) == [1, 2, 3, 3]

    def test_goes_on_after_a_restart_where_another_has_ended(self, claims: Claims) -> None:
        listed, clock = Listed([attempt(1, "a", 503)]), [NOW]
        claims = Claims(claims.engine, lambda: clock[0])
        for _ in range(5):
            Catcher(listed, none_known, claims, lambda: clock[0]).once()
            clock[0] += timedelta(hours=5)
        assert listed.sent == [1, 1, 1]

    @pytest.mark.parametrize("fault", [RateLimitError("wait"), NoAnswerError("lost"), ForbiddenError("no")], ids=repr)
    def test_tries_again_from_the_same_moment_where_github_was_not_to_be_had(
        self, claims: Claims, fault: GitHubError
    ) -> None:
        listed = Listed([attempt(1, "a", 503, 60), attempt(2, "b", 503, 30)], {2: fault})
        catcher = Catcher(listed, none_known, claims, lambda: NOW)
        with pytest.raises(type(fault)):
            catcher.once()
        listed.faults.clear()
        assert catcher.once() == ("b",)
        assert listed.sent == [1, 2]

    @pytest.mark.parametrize("fault", [MissingError("gone"), GitHubError("422")], ids=repr)
    def test_goes_on_with_the_others_where_github_cannot_send_one_again(
        self, claims: Claims, fault: GitHubError, caplog: pytest.LogCaptureFixture
    ) -> None:
        listed = Listed([attempt(1, "a", 503, 60), attempt(2, "b", 503, 30)], {1: fault})
        catcher = Catcher(listed, none_known, claims, lambda: NOW)
        assert [catcher.once(), catcher.once()] == [("b",), ()]
        assert f"delivery a (issues) never arrived, and GitHub does not send it again: {fault}" in caplog.text


@pytest.mark.e2e
def test_what_was_missed_while_the_bot_was_away_arrives_under_its_guid(app_server: Server, claims: Claims) -> None:
    hooks = app_server.gateway.hooks = Hooks(app_server.app_key, "http://127.0.0.1:1/webhooks", "of the hook")
    lost = [hooks.send("issues", {"number": number}).guid for number in range(3)]
    got: list[Request] = []

    def answer(request: Request) -> Reply:
        got.append(request)
        return Reply(202)

    with HttpServer(answer) as bot:
        hooks.url = f"{bot.url}/webhooks"
        arrived = hooks.send("issues", {"number": 4}).guid
        app = App(APP_ID, app_server.app_key, app_server.url, patience=0)
        catcher = Catcher(app, none_known, claims)
        assert set(catcher.once()) == set(lost)
        assert catcher.once() == ()
    assert [one.headers["x-github-delivery"] for one in got] == [arrived, *lost]


@pytest.mark.e2e
@pytest.mark.threat("fault", "faults")
def test_what_fails_when_it_is_sent_again_is_asked_for_once_more(app_server: Server, claims: Claims) -> None:
    hooks = app_server.gateway.hooks = Hooks(app_server.app_key, "http://127.0.0.1:1/webhooks", "of the hook")
    lost, clock = hooks.send("issues", {"number": 1}).guid, [datetime.now(UTC)]
    replies = iter([503, 502, 202])
    with HttpServer(lambda request: Reply(next(replies))) as bot:
        hooks.url = f"{bot.url}/webhooks"
        app = App(APP_ID, app_server.app_key, app_server.url, patience=0)
        catcher = Catcher(app, none_known, Claims(claims.engine, lambda: clock[0]), lambda: clock[0])
        asked = []
        for _ in range(5):
            asked.append(catcher.once())
            clock[0] += timedelta(hours=5)
    assert asked == [(lost,), (lost,), (lost,), (), ()]
    assert [one.status for one in hooks.sent] == [0, 503, 502, 202]


@pytest.mark.e2e
def test_an_issue_opened_while_the_bot_was_away_has_its_label_when_it_is_back(
    app_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("tests.server.bot.free_port", lambda: port)
    hooks = app_server.gateway.hooks = Hooks(
        app_server.app_key, f"http://{LOOPBACK}:{port}/webhooks", SECRET, {"issues"}
    )
    repo = app_server.repository("away")
    repo.put_file(PATH, LABELLED)
    repo.add_label("bug")
    number = repo.open_issue("Crash when I save", "It crashes.")
    wait_until(lambda: bool(hooks.sent))
    environ = environ_of(repo) | {
        "GITHUB_TOKEN": "",
        "HUBPIPE_APP_ID": str(APP_ID),
        "HUBPIPE_PRIVATE_KEY": app_server.app_key,
    }
    bot = Bot(tmp_path, f"sqlite:///{tmp_path}/bot.sqlite", environ)
    with bot.running() as process:
        wait_until(lambda: bool(repo.labels_of(number)))
        process.end()
    assert repo.labels_of(number) == ["bug"]
    # The label brings about a delivery of its own.
    sent = [one for one in hooks.sent if one.guid == hooks.sent[0].guid]
    assert [(one.event, one.status, one.redelivery) for one in sent] == [("issues", 0, False), ("issues", 202, True)]
    assert f"delivery {sent[0].guid} (issues) never arrived" in process.words()
    assert app_server.app_key[40:80] not in process.words()
