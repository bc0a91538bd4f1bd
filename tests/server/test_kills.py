"""Processes of the bot that are killed at random moments: every delivery ends once, no comment twice, none is lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3

from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, Process, deliver, settle
from tests.server.conftest import environ_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

ISSUES, EACH = 50, 4
KILLS = 12
SEED = 7
QUICK = ("--per-minute", "1000000", "--take-over-after", "3")
CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened, edited]}
    pipeline: {task: zero-shot-classification, model: embedded, labels: [bug, enhancement]}
    decide: {threshold: 0}
    publish: [labels, comment]
"""


@dataclass
class Chaos:
    """Processes that are killed and started anew, one after the other, at random moments."""

    bot: Bot
    roles: Sequence[str]
    processes: list[Process] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def door(self) -> str:
        """Where deliveries go now."""
        return self.processes[0].url

    def strike(self, chance: random.Random) -> None:
        """Kill one of the processes, and start another in its place."""
        place = chance.randrange(len(self.roles))
        self.processes[place].kill()
        self.kills[self.roles[place]] += 1
        self.processes[place] = self.bot.start(self.roles[place], *QUICK)


@contextmanager
def chaos(bot: Bot, *roles: str) -> Iterator[Chaos]:
    """Start a process of each role, the door first."""
    found = Chaos(bot, roles, [bot.start(role, *QUICK) for role in roles])
    try:
        yield found
    finally:
        for process in found.processes:
            process.kill()


def send_until_taken(found: Chaos, payload: dict[str, object], guid: str) -> None:
    """Deliver as GitHub does with the bot's own help: again, until it is taken."""
    for _ in range(600):
        try:
            if deliver(found.door, "issues", payload, guid).status == 202:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{guid} was never taken")


def open_issues(standin: StandIn) -> list[int]:
    for label in ("bug", "enhancement"):
        standin.add_label(label)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return [standin.open_issue(f"It crashes at number {n}", "An exception each time.") for n in range(ISSUES)]


@pytest.mark.parametrize("kind", ["sqlite", "durable_postgres"])
@pytest.mark.threat("fault", "faults", cases=ISSUES * EACH)
def test_every_delivery_ends_once_whatever_is_killed(
    kind: str, request: pytest.FixtureRequest, standin: StandIn, tmp_path: Path
) -> None:
    bot = Bot(tmp_path, request.getfixturevalue(f"{kind}_url"), environ_of(standin))
    numbers = open_issues(standin)
    ledger, chance = Ledger(open_database(bot.database)), random.Random(SEED)
    todo = [(number, turn) for number in numbers for turn in range(EACH)]
    chance.shuffle(todo)
    with chaos(bot, "web", "worker", "worker") as found:

        def send() -> None:
            for number, turn in todo:
                payload = standin.event("issues", "edited" if turn else "opened", number)
                send_until_taken(found, payload, f"{number}-{turn}")
                time.sleep(0.02)

        sender = threading.Thread(target=send)
        sender.start()
        # Spread over the work, so that a slow machine sees as many of them: each at a moment that nobody chose.
        for done in sorted(chance.randrange(len(todo) - EACH) for _ in range(KILLS)):
            while ledger.counts()["done"] < done:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.3))
            found.strike(chance)
        sender.join()
        settle(ledger, len(todo))
    assert set(found.kills) == {"web", "worker"}, found.kills
    assert ledger.counts() == {"waiting": 0, "working": 0, "done": len(todo), "failed": 0}
    for number in numbers:
        assert [comment["user"]["login"] for comment in standin.comments_of(number)] == ["github-actions[bot]"]
        assert standin.labels_of(number) in (["bug"], ["enhancement"])
    for number, turn in todo:
        names = [stage.name for stage in ledger.stages(f"{number}-{turn}")]
        assert len(names) == len(set(names)), names
        assert names[0] == "configuration"
        assert names[-1] == "kind: comment"
    ledger.close()


@pytest.mark.threat("fault", "faults", cases=ISSUES)
def test_two_workers_share_the_load_and_one_takes_over_from_the_other(
    durable_postgres_url: str, standin: StandIn, tmp_path: Path
) -> None:
    bot = Bot(tmp_path, durable_postgres_url, environ_of(standin))
    numbers = open_issues(standin)
    ledger = Ledger(open_database(bot.database))
    with chaos(bot, "web", "worker", "worker") as found:
        for number in numbers:
            send_until_taken(found, standin.event("issues", "opened", number), str(number))
        while ledger.counts()["done"] < ISSUES // 2:
            time.sleep(0.05)
        found.processes[1].kill()
        settle(ledger, ISSUES)
    entries = ledger.recent(limit=ISSUES)
    ledger.close()
    assert {entry.state for entry in entries} == {"done"}
    assert len({entry.worker for entry in entries}) == 2
    assert all(len(standin.comments_of(number)) == 1 for number in numbers)
