"""A database that refuses to write for a while: what was begun goes on, and ends once."""

import time

import pytest
import sqlalchemy as sa

from hubpipe.server.ledger import Ledger
from tests.server.bot import DONE_LIMIT, Bot, Process, deliver, settle
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
