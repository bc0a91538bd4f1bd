"""A database that refuses to write, or hangs up, for a while: what was begun goes on, and ends once."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.server.bot import DONE_LIMIT, Bot, Process, deliver, settle
from tests.server.conftest import environ_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {task: zero-shot-classification, model: "fake:", labels: [bug, enhancement]}
    decide: {threshold: 0}
    publish: comment
"""
FULL = "SELECT RAISE(ABORT, 'database or disk is full')"


def wait_for(process: Process, words: str) -> None:
    """Wait until a process has logged something."""
    end = time.monotonic() + DONE_LIMIT
    while words not in process.words():
        assert time.monotonic() < end, process.words()
        time.sleep(0.1)


@pytest.mark.parametrize(
    "refused",
    [
        "BEFORE INSERT ON operation_outputs WHEN NEW.function_name = 'kind: comment'",
        "BEFORE UPDATE ON workflow_status WHEN NEW.status = 'SUCCESS'",
    ],
)
@pytest.mark.threat("fault", "faults", cases=1)
def test_what_a_full_disk_interrupts_goes_on_when_there_is_room(
    bot: Bot, ledger: Ledger, standin: StandIn, refused: str
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    number = standin.open_issue("It crashes", "Each time.")
    with ledger.engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TRIGGER full {refused} BEGIN {FULL}; END"))
    with bot.running("all", "--take-over-after", "1") as process:
        deliver(process.url, "issues", standin.event("issues", "opened", number), "one")
        wait_for(process, "whose end the database did not take")
        assert ledger.counts()["done"] == ledger.counts()["failed"] == 0
        with ledger.engine.begin() as connection:
            connection.execute(sa.text("DROP TRIGGER full"))
        settle(ledger, 1)
    assert ledger.counts()["done"] == 1
    assert len(standin.comments_of(number)) == 1


HANG_UP = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
ISSUES = 20


@pytest.mark.threat("fault", "faults", cases=ISSUES)
def test_what_a_restart_of_the_database_interrupts_goes_on(postgres_url: str, standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    numbers = [standin.open_issue(f"It crashes at {number}", "Each time.") for number in range(ISSUES)]
    bot, ledger = Bot(tmp_path, postgres_url, environ_of(standin)), Ledger(open_database(postgres_url))
    with bot.running("all", "--take-over-after", "3", "--per-minute", "100000") as process:
        for number in numbers:
            deliver(process.url, "issues", standin.event("issues", "opened", number), str(number))
        for _ in range(8):
            time.sleep(0.4)
            with ledger.engine.begin() as connection:
                connection.execute(sa.text(HANG_UP))
        settle(ledger, ISSUES)
    assert ledger.counts() == {"waiting": 0, "working": 0, "done": ISSUES, "failed": 0}
    assert all(len(standin.comments_of(number)) == 1 for number in numbers)
    ledger.close()
