"""A worker in this process: what waits for GitHub holds no place of it, and what goes wrong beside its work is told."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS

from hubpipe.errors import RateLimitError
from hubpipe.event import Event
from hubpipe.models.base import Places
from hubpipe.server import journal, metrics
from hubpipe.server.database import open_database
from hubpipe.server.delivery import Delivery
from hubpipe.server.journal import PAUSE, Patience
from hubpipe.server.ledger import Ledger
from hubpipe.server.shelf import Warm
from hubpipe.server.worker import Pace, Tools, Worker
from tests.server.bot import settle
from tests.standin.wire import wait_until

NOTHING_TO_DO = """\
version: 1
flows:
  other:
    on: pull_request
    pipeline: {task: summarization, model: embedded}
    publish: comment
"""
WAIT = timedelta(seconds=3)


class Limited:
    """GitHub for all repositories; of the one it lets nothing be read for a while, from the first time on."""

    app = "an App"
    requests_left = None
    until: datetime | None = None

    def github(self, *_: object) -> "Limited":
        return self

    def file(self, repo: str, path: str) -> str:
        if repo.endswith("/busy"):
            self.until = self.until or datetime.now(UTC) + WAIT
            if datetime.now(UTC) < self.until:
                raise RateLimitError("wait", self.until)
        return NOTHING_TO_DO


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(open_database(database_url))
    yield found
    found.close()


@pytest.fixture
def worker(ledger: Ledger) -> Iterator[Worker]:
    """A worker that does one delivery at a time, and has not begun."""
    hub: Any = Limited()
    tools = Tools(hub, Warm(Places(offline=True)), patience=Patience(tries=3, first=0.1))
    yield Worker(ledger, tools, Pace(at_once=1, of_one_installation=1, polling=0.05, drain=1), {})
    DBOS.destroy(destroy_registry=True)


def delivery(repo: str) -> Delivery:
    return Delivery(repo, Event("issues", "opened", f"octo-org/{repo}", None), 1)


def test_what_waits_for_github_holds_no_place_of_the_worker(
    ledger: Ledger, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LONGEST_HELD", 0.5)
    ledger.put([delivery("busy")])
    worker.start()
    wait_until(lambda: "DELAYED" in {status for _, status, _ in ledger.marks()})
    assert ledger.counts()["waiting"] == 1
    assert ledger.depth().waiting == 0
    ledger.put([delivery("quiet")])
    settle(ledger, 2)
    worker.drain()
    busy, quiet = ledger.entry("busy"), ledger.entry("quiet")
    assert busy is not None
    assert quiet is not None
    assert (busy.state, quiet.state) == ("done", "done")
    assert busy.ended is not None
    assert quiet.ended is not None
    assert quiet.ended < busy.ended
    stages = ledger.stages("busy")
    assert [stage.name for stage in stages] == ["configuration", PAUSE, "configuration"]
    assert [stage.failed for stage in stages] == [True, False, False]
    assert stages[1].seconds >= 1


def test_a_round_goes_on_whatever_went_wrong_with_it_once(ledger: Ledger, worker: Worker) -> None:
    done, came = [], threading.Event()

    def deed() -> None:
        done.append(1)
        if len(done) == 1:
            raise ZeroDivisionError
        came.set()

    thread = threading.Thread(target=worker._go_round, args=(deed, 0.01), daemon=True)
    thread.start()
    assert came.wait(30)
    worker._over.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_effects_of_commands_are_counted_by_their_kind() -> None:
    def count() -> float:
        return float(metrics.EFFECTS.labels("comment")._value.get())

    before = count()
    for name in ("kind: comment", "/hubpipe label: comment 1", "/hubpipe label: may"):
        with metrics.stage(name):
            pass
    assert count() == before + 2


def test_the_numbers_of_a_process_are_told_without_its_database(sqlite_url: str) -> None:
    ledger = Ledger(open_database(sqlite_url))
    waiting = metrics.Waiting(ledger, seconds=0)
    assert b"hubpipe_queue_depth 0.0" in metrics.exposition(waiting)[0]
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE workflow_status"))
    found, _ = metrics.exposition(waiting)
    assert b"hubpipe_queue_depth" not in found
    assert b"hubpipe_effects_total" in found
    ledger.close()
