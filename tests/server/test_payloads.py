"""All of GitHub's 329 example payloads, sent to a bot that runs: signed, twice, in no order."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import pytest
import urllib3

from hubpipe.config import PATH
from hubpipe.event import SUBJECTS
from hubpipe.run import UNFORESEEN
from hubpipe.server.database import open_database
from hubpipe.server.delivery import TEXTLESS, signature
from hubpipe.server.ledger import Entry, Ledger
from tests.server.bot import SECRET, Bot, Process, deliver, settle
from tests.server.conftest import environ_of
from tests.standin.payloads import Payload, recorded
from tests.standin.standin import Server, StandIn

pytestmark = pytest.mark.e2e

SEED = 329
NAMESPACE = UUID(int=SEED)
TIMES = 3
SAMPLE = 50
EVERYTHING = {
    "version": 1,
    "flows": {
        "everything": {
            "on": {
                "issues": ["opened", "edited", "reopened", "labeled", "unlabeled", "assigned", "pinned", "locked"],
                "issue_comment": ["created", "edited"],
                "pull_request": ["opened", "edited", "synchronize", "reopened", "closed", "ready_for_review"],
            },
            "input": ["title", "body"],
            "pipeline": {"task": "zero-shot-classification", "model": "fake:", "labels": {"bug": "", "question": ""}},
            "decide": {"threshold": 0.0, "max_labels": 1},
            "publish": ["labels", "comment"],
        }
    },
}


@dataclass(frozen=True)
class Sent:
    """A payload of GitHub's, and what the bot answered each time."""

    guid: str
    kind: str
    payload: Payload
    answers: tuple[dict[str, Any], ...]
    statuses: tuple[int, ...]

    @property
    def forgotten(self) -> str | None:
        """Why it was forgotten, the same each time; None where it was stored."""
        (reason,) = {answer.get("forgotten") for answer in self.answers}
        return reason


@dataclass(frozen=True)
class Run:
    """What became of all of them."""

    sent: tuple[Sent, ...]
    entries: dict[str, Entry]
    standin: StandIn
    words: str
    metrics: str
    unsigned: list[int]
    cut: list[int]


def payloads(standin: StandIn) -> Iterator[tuple[str, str, Payload]]:
    """Give each payload with a GUID; those that are about an issue are about one that there is."""
    numbers = [standin.open_issue(f"An issue {number}") for number in (1, 2, 3)]
    for index, (kind, recorded_payload) in enumerate(recorded()):
        payload: Payload = json.loads(json.dumps(recorded_payload))
        if isinstance(payload.get("repository"), dict):
            payload["repository"]["full_name"] = standin.repo
        for holder in ("issue", "pull_request"):
            if isinstance(payload.get(holder), dict):
                payload[holder]["number"] = numbers[index % 3]
        yield str(uuid5(NAMESPACE, str(index))), kind, payload


def send(process: Process, standin: StandIn) -> tuple[Sent, ...]:
    """Send all of them, each some times, shuffled, some at once."""
    known = {guid: (kind, payload) for guid, kind, payload in payloads(standin)}
    order = [*known] * TIMES
    random.Random(SEED).shuffle(order)

    def one(guid: str) -> tuple[str, int, dict[str, Any]]:
        kind, payload = known[guid]
        answer = deliver(process.url, kind, payload, guid)
        return guid, answer.status, json.loads(answer.data)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(one, order))
    return tuple(
        Sent(
            guid,
            *known[guid],
            tuple(words for name, _, words in got if name == guid),
            tuple(status for name, status, _ in got if name == guid),
        )
        for guid in known
    )


def refused(process: Process, sent: Sequence[Sent]) -> tuple[list[int], list[int]]:
    """Send some of them with another signature and with none, and cut off; give the answers."""
    chance, unsigned, cut = random.Random(SEED), [], []
    for one in chance.sample(sent, SAMPLE):
        unsigned.append(deliver(process.url, one.kind, one.payload, one.guid, "another secret").status)
        unsigned.append(deliver(process.url, one.kind, one.payload, one.guid, **{"x-hub-signature-256": ""}).status)
        body = json.dumps(one.payload).encode()
        half = body[: chance.randrange(len(body))]
        told = {
            "x-github-event": one.kind,
            "x-github-delivery": one.guid,
            "x-hub-signature-256": signature(half, SECRET),
        }
        cut.append(urllib3.request("POST", f"{process.url}/webhooks", body=half, headers=told, retries=False).status)
    return unsigned, cut


@pytest.fixture(scope="module")
def run(github_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A bot that has got all of them, and has nothing left to do."""
    standin, folder = github_server.repository("hello-world"), tmp_path_factory.mktemp("bot")
    standin.put_file(PATH, json.dumps(EVERYTHING))
    for label in ("bug", "question"):
        standin.add_label(label)
    bot = Bot(folder, f"sqlite:///{folder}/bot.sqlite", environ_of(standin))
    ledger = Ledger(open_database(bot.database))
    options = ("--per-minute", "10000", "--at-once", "8")
    with bot.running("all", *options) as process:
        sent = send(process, standin)
        settle(ledger, sum(one.forgotten is None for one in sent))
        unsigned, cut = refused(process, sent)
        metrics = process.get("/metrics").data.decode()
        process.end()
    entries = {entry.id: entry for entry in ledger.recent(limit=1000)}
    yield Run(sent, entries, standin, process.words(), metrics, unsigned, cut)
    ledger.close()


def test_each_of_them_is_taken_each_time(run: Run) -> None:
    assert len(run.sent) == 329
    assert Counter(status for one in run.sent for status in one.statuses) == {202: 329 * TIMES}


def test_what_hubpipe_does_not_handle_is_forgotten_and_says_so(run: Run) -> None:
    unknown = [one for one in run.sent if one.kind not in SUBJECTS or one.kind in TEXTLESS]
    assert {one.forgotten for one in unknown} == {f"hubpipe does not handle {one.kind}" for one in unknown}
    assert len(unknown) == 329 - len(run.entries)


def test_what_is_stored_is_stored_once(run: Run) -> None:
    stored = {one.guid for one in run.sent if one.forgotten is None}
    assert set(run.entries) == stored
    assert len(stored) == 111
    assert f'hubpipe_deliveries_total{{outcome="stored"}} {float(len(stored) * TIMES)}' in run.metrics


def test_each_ends_as_done_or_with_words_that_say_what_is_wrong(run: Run) -> None:
    errors = {entry.id: entry.error for entry in run.entries.values() if entry.state == "failed"}
    assert Counter(entry.state for entry in run.entries.values()) == {"done": 99, "failed": len(errors)}
    # What they call a pull request is an issue here.
    assert {run.entries[guid].event.kind for guid in errors} == {"pull_request"}
    assert all("GitHub has nothing there to read" in words for words in errors.values()), errors
    assert all(json.loads(line)["level"] in ("INFO", "WARNING", "ERROR") for line in run.words.splitlines())


def test_no_payload_is_one_that_nobody_foresaw(run: Run) -> None:
    broken = UNFORESEEN.partition("(")[0]
    assert [entry.error for entry in run.entries.values() if broken in entry.error] == []


def test_flows_have_run_and_no_effect_is_there_twice(run: Run) -> None:
    done = [entry for entry in run.entries.values() if entry.outcome and entry.outcome["flows"]]
    assert len(done) > 20
    for number in (1, 2, 3):
        marked = [one for one in run.standin.comments_of(number) if "hubpipe" in one["body"]]
        assert len(marked) == 1, marked
        labels = run.standin.labels_of(number)
        assert sorted(set(labels)) == sorted(labels)


def test_none_of_them_is_taken_without_the_right_signature(run: Run) -> None:
    assert Counter(run.unsigned) == {401: 2 * SAMPLE}


def test_each_that_is_cut_off_is_refused(run: Run) -> None:
    assert Counter(run.cut) == {400: SAMPLE}
