"""Deliveries in the database: stored once, found again, forgotten in time."""

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hubpipe.errors import HubpipeError
from hubpipe.event import Comment, Event, Subject
from hubpipe.server.database import open_database
from hubpipe.server.delivery import Delivery
from hubpipe.server.journal import write
from hubpipe.server.ledger import Ledger, _options

HOSTILE = "\x00 \ud800 \u202e é 💥 </script> \\u0000"


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(open_database(database_url))
    yield found
    found.close()


def delivery(identifier: str, title: str = "It crashes", installation: int = 1) -> Delivery:
    event = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, title, "Every time."))
    return Delivery(identifier, event, installation)


def test_a_delivery_is_found_as_it_was_stored(ledger: Ledger) -> None:
    ledger.put([delivery("one", installation=7)])
    entry = ledger.entry("one")
    assert entry is not None
    assert (entry.event, entry.installation, entry.state) == (delivery("one").event, 7, "waiting")
    assert (entry.began, entry.ended, entry.outcome, entry.error) == (None, None, None, "")


def test_what_is_stored_twice_is_there_once_and_stays_as_it_was(ledger: Ledger) -> None:
    ledger.put([delivery("one"), delivery("two")])
    ledger.put([delivery("one", "Another title"), delivery("three")])
    assert ledger.counts() == {"waiting": 3, "working": 0, "done": 0, "failed": 0}
    assert [entry.event.subject and entry.event.subject.title for entry in ledger.recent()] == ["It crashes"] * 3


def test_twice_in_one_transaction_is_once(ledger: Ledger) -> None:
    ledger.put([delivery("one"), delivery("one")])
    assert ledger.counts()["waiting"] == 1


def test_characters_that_no_database_takes_do_not_keep_a_delivery_out(ledger: Ledger) -> None:
    ledger.put([delivery("one", HOSTILE)])
    entry = ledger.entry("one")
    assert entry is not None
    assert entry.event.subject is not None
    assert entry.event.subject.title == HOSTILE.replace("\ud800", "?")


def test_only_what_is_there_is_known(ledger: Ledger) -> None:
    ledger.put([delivery("one")])
    assert ledger.known(["one", "two"]) == {"one"}
    assert ledger.known([]) == set()
    assert ledger.entry("two") is None


def test_the_depth_is_what_waits_and_how_long(ledger: Ledger) -> None:
    assert ledger.depth().waiting == 0
    assert ledger.depth().age == 0
    ledger.put([delivery(str(number)) for number in range(3)])
    assert ledger.depth().waiting == 3
    assert ledger.depth().age >= 0


def test_only_those_who_have_begun_something_are_busy(ledger: Ledger) -> None:
    ledger.put([delivery("one"), delivery("two")])
    assert ledger.busy() == frozenset()
    table = ledger._client._sys_db.tables.workflow_status
    with ledger.engine.begin() as connection:
        begun = sa.update(table).where(table.c.workflow_uuid == "one")
        connection.execute(begun.values(status="PENDING", executor_id="worker"))
    assert ledger.busy() == {"worker"}


def test_what_did_not_fail_is_not_sent_again(ledger: Ledger) -> None:
    ledger.put([delivery("one")])
    assert not ledger.retry("one")
    assert not ledger.retry("two")


def test_what_waits_is_never_swept(ledger: Ledger) -> None:
    ledger.put([delivery("one")])
    assert ledger.sweep(timedelta(0)) == 0
    assert ledger.counts()["waiting"] == 1


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("mysql://localhost/x", 2),
        ("nonsense", 2),
        ("", 2),
        # It may be there later: whoever restarts what ends with 1 does so.
        ("postgresql://user:hunter2@127.0.0.1:1/x", 1),
    ],
)
def test_a_database_that_is_none_is_told_without_its_password(url: str, status: int) -> None:
    with pytest.raises(HubpipeError) as told:
        open_database(url)
    assert told.value.exit_code == status
    assert "hunter2" not in str(told.value)
    assert json.dumps(str(told.value))


def test_many_are_stored_as_the_engine_itself_would_store_one(ledger: Ledger) -> None:
    client = ledger._client
    with ledger.engine.begin() as connection:
        event = write(Event, delivery("theirs").event)
        client.enqueue_in_transaction(connection, _options(delivery("theirs")), event, 1)
    ledger.put([delivery("ours")])
    tables = (client._sys_db.tables.workflow_status, client._sys_db.tables.workflow_input)
    own = {"workflow_uuid", "created_at", "updated_at", "retention_timestamp", "creator_xid"}
    with ledger.engine.connect() as connection:
        for table in tables:
            rows = {row["workflow_uuid"]: dict(row) for row in connection.execute(sa.select(table)).mappings()}
            theirs, ours = (
                {name: row[name] for name in row if name not in own} for row in map(rows.get, ("theirs", "ours")) if row
            )
            assert ours == theirs


def test_what_two_doors_store_at_once_is_there_once(ledger: Ledger) -> None:
    both = [delivery(f"delivery-{number}") for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ledger.put, [both, both[::-1], both[20:] + both[:20], both]))
    assert ledger.counts()["waiting"] == 40


def test_an_event_that_another_version_has_stored_does_not_hide_the_others(ledger: Ledger) -> None:
    ledger.put([delivery("one"), delivery("two")])
    with ledger.engine.begin() as connection:
        inputs = ledger._client._sys_db.tables.workflow_input
        damaged = '{"positionalArgs": ["{}", 1], "namedArgs": {}}'
        connection.execute(sa.update(inputs).where(inputs.c.workflow_uuid == "one").values(inputs=damaged))
        table = ledger._client._sys_db.tables.workflow_status
        connection.execute(sa.update(table).where(table.c.workflow_uuid == "one").values(inputs=damaged))
    one, two = ledger.entry("one"), ledger.entry("two")
    assert one is not None
    assert two is not None
    assert (one.event.kind, one.event.repo) == ("issues.opened", "octo-org/octo-repo")
    assert two.event == delivery("two").event


def test_a_new_file_of_deliveries_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        found = Ledger(open_database(f"sqlite:///{tmp_path}/bot.sqlite"))
        found.put([delivery("one")])
        modes = {file.name: stat.filemode(file.stat().st_mode) for file in tmp_path.iterdir()}
        found.close()
    finally:
        os.umask(before)
    assert set(modes) >= {"bot.sqlite", "bot.sqlite-wal"}
    assert set(modes.values()) == {"-rw-------"}


def test_a_database_that_fails_tells_nothing_of_what_was_to_be_stored(ledger: Ledger) -> None:
    ledger._inputs.drop(ledger.engine)
    # Of a long value SQLAlchemy tells the beginning and the end.
    said = Event("issue_comment", "created", "octo-org/octo-repo", None, Comment(1, "octocat", "My employer"))
    with pytest.raises(sa.exc.SQLAlchemyError) as fault:
        ledger.put([Delivery("one", said)])
    assert "workflow_input" in str(fault.value)
    assert "employer" not in str(fault.value)
