"""Stages that are kept: what is read back is what was written, and what may pass is tried again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from dbos import DBOS, SetWorkflowID

from hubpipe import config
from hubpipe.config import Config, Flow
from hubpipe.decide import Plan
from hubpipe.errors import (
    BudgetError,
    ForbiddenError,
    GitHubError,
    HubpipeError,
    NoAnswerError,
    RateLimitError,
    TokenError,
)
from hubpipe.event import Event, parse
from hubpipe.github import GitHub
from hubpipe.models.base import Places
from hubpipe.models.shelf import Shelf
from hubpipe.reading import Reading
from hubpipe.redaction import Redaction
from hubpipe.report import StepReport
from hubpipe.run import handle
from hubpipe.server import journal
from hubpipe.server.database import open_database
from hubpipe.server.delivery import Delivery
from hubpipe.server.journal import Journal, Patience
from hubpipe.server.ledger import APPLICATION, QUEUE, SERIALIZER, WORKFLOW, Ledger
from hubpipe.sinks import Outcome, to_github
from tests.server.bot import settle
from tests.standin.standin import StandIn

Result = TypeVar("Result")

FLOWS = """\
version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {task: zero-shot-classification, model: embedded, labels: {bug: It does not work, idea: ""}}
    decide: {threshold: 0}
    publish: {labels: {create: true}, comment: {}}
  answers:
    on: {issues: [opened]}
    pipeline: {task: question-answering, model: embedded, questions: {version: "Which version is it?"}}
    publish: comment
  words:
    on: {issues: [opened]}
    pipeline:
      - {task: summarization, model: embedded, max_words: 20}
      - {task: token-classification, model: "fake:"}
    publish: comment
  pictures:
    on: {issues: [opened]}
    input: [title, body, images]
    pipeline: {task: object-detection, model: "fake:"}
    publish: comment
  summary:
    on: {pull_request: [opened]}
    input: [title, body, commits, linked, patch]
    pipeline: {task: summarization, model: embedded}
    publish: comment
  each:
    on: {pull_request: [opened]}
    each: file
    pipeline: {task: zero-shot-classification, model: "fake:label=risky", labels: [risky, fine]}
    publish: {labels: {create: true}, check: {}, comment: {}}
  size:
    on: {pull_request: [opened]}
    rules: {size: {small: 0}, paths: {source: "src/**"}}
    publish: {labels: {create: true}}
"""
BODY = "It crashes each time.\n\n### Which version is it?\n\n1.2.3\n\n![shot]({shot})\n\nSeen by @octocat in src/a.py."


class RoundTrip:
    """Keeps every stage as JSON, and gives what is read back."""

    def __init__(self) -> None:
        self.kinds: dict[str, Any] = {}

    def __call__(self, stage: str, kind: Any, work: Callable[[], Result]) -> Result:
        value = work()
        back: Result = journal.read(kind, journal.write(kind, value))
        assert back == value, stage
        self.kinds[stage.rpartition(": ")[2]] = kind
        return back


@pytest.mark.e2e
def test_every_stage_is_read_back_as_it_was_written(standin: StandIn) -> None:
    settings, keep = config.parse(FLOWS), RoundTrip()
    github = GitHub(standin.token, standin.url, pacing=0)
    shot = standin.attach("shot-1", b"\x89PNG\r\n\x1a\n\xff\xfe\x00 not UTF-8")
    issue = standin.open_issue("It crashes", BODY.format(shot=shot))
    pull = standin.open_pull("Change", "Because", {"src/a.py": "a = 1\n", "docs/b.md": "B\n"})
    for kind, number in (("issues", issue), ("pull_request", pull)):
        event = parse(kind, standin.event(kind, "opened", number))
        assert isinstance(event, Event)
        report = handle(event, settings, github, Shelf(Places(offline=True)), to_github(github), keep=keep)
        assert report.exit_code == 0, [flow.error for flow in report.flows]
    assert keep.kinds == {
        "resolve": Flow,
        "read": Reading,
        "infer": tuple[StepReport, ...],
        "decide": Plan,
        "labels": Outcome,
        "comment": Outcome,
        "check": Outcome,
    }
    assert standin.labels_of(issue)


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.yml")), ids=lambda path: path.stem)
def test_a_configuration_is_read_back_as_it_was_written(path: Path) -> None:
    settings = config.parse(path.read_text(), str(path))
    assert journal.read(Config, journal.write(Config, settings)) == settings


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[None]:
    """The engine of workflows in this process."""
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_engine": open_database(f"sqlite:///{tmp_path}/journal.sqlite"),
            "serializer": SERIALIZER,
            "application_version": "1",
            "log_level": "ERROR",
        }
    )
    yield
    DBOS.destroy(destroy_registry=True)


def kept(work: Callable[[], str], patience: Patience, renewed: list[int], identifier: str = "one") -> str:
    """Do a stage in a workflow."""
    keep = Journal(Redaction(("hunter2hunter2",)), patience, lambda: None, lambda: renewed.append(1))

    @DBOS.workflow(name="flow")
    def flow() -> str:
        return keep("flow: stage", str, work)

    DBOS.launch()
    with SetWorkflowID(identifier):
        return flow()


PATIENCE = Patience(tries=3, first=0.01, longest=0.05)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("error", [NoAnswerError("away"), RateLimitError("wait", datetime.now(UTC)), TokenError("old")])
def test_what_may_pass_is_tried_again(error: HubpipeError) -> None:
    tried: list[int] = []
    renewed: list[int] = []

    def work() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise error
        return "done"

    assert kept(work, PATIENCE, renewed) == "done"
    assert len(renewed) == (2 if isinstance(error, TokenError) else 0)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("kind", [ForbiddenError, GitHubError, BudgetError])
def test_what_does_not_pass_is_raised_at_once_with_its_words_and_no_secret(kind: type[HubpipeError]) -> None:
    tried: list[int] = []

    def work() -> str:
        tried.append(1)
        raise kind("it knows hunter2hunter2 well")

    with pytest.raises(kind, match=r"it knows \[redacted\] well"):
        kept(work, PATIENCE, [])
    assert len(tried) == 1


@pytest.mark.usefixtures("engine")
def test_what_does_not_pass_in_time_is_given_up() -> None:
    tried: list[int] = []

    def work() -> str:
        tried.append(1)
        raise NoAnswerError("away")

    with pytest.raises(NoAnswerError):
        kept(work, PATIENCE, [])
    assert len(tried) == PATIENCE.tries


@pytest.mark.usefixtures("engine")
def test_a_retry_does_again_what_failed_in_the_end_and_nothing_that_came_through_before(tmp_path: Path) -> None:
    keep = Journal(Redaction(), PATIENCE, lambda: None, lambda: None)
    tried: list[str] = []
    mended: list[bool] = []

    def work(stage: str) -> Callable[[], str]:
        def tell() -> str:
            tried.append(stage)
            if (stage == "slow" and tried.count(stage) < 3) or (stage == "broken" and not mended):
                raise NoAnswerError("away")
            return stage

        return tell

    @DBOS.workflow(name=WORKFLOW)
    def deliver(event: str, installation: int) -> list[str]:
        return [keep(stage, str, work(stage)) for stage in ("quick", "slow", "broken", "last")]

    DBOS.launch()
    DBOS.register_queue(QUEUE, partition_worker_concurrency=1, polling_interval_sec=0.05)
    ledger = Ledger(open_database(f"sqlite:///{tmp_path}/journal.sqlite"))
    ledger.put([Delivery("one", Event("issues", "opened", "octo-org/octo-repo", None))])
    settle(ledger, 1)
    assert tried == ["quick", *["slow"] * 3, *["broken"] * 3]
    tried.clear()
    mended.append(True)
    assert ledger.retry("one")
    settle(ledger, 1)
    assert tried == ["broken", "last"]
    assert ledger.counts()["done"] == 1
    ledger.close()


def test_a_rate_limit_is_waited_for_as_long_as_it_says_and_no_longer_than_patience() -> None:
    patience = Patience(tries=9, first=1, longest=1000)
    soon, late = (RateLimitError("wait", datetime.now(UTC) + timedelta(seconds=seconds)) for seconds in (300, 90_000))
    waits = [patience.pause(error, 1) or 0 for error in (soon, late, RateLimitError("wait"))]
    assert 290 <= waits[0] <= 360
    assert 1000 <= waits[1] <= 1200
    assert 1 <= waits[2] <= 1.2


def test_each_wait_is_twice_the_one_before() -> None:
    patience = Patience(tries=6, first=2, longest=20)
    waits = [patience.pause(NoAnswerError("away"), tried) for tried in range(1, 7)]
    least = [2, 4, 8, 16, 20]
    assert all(low <= (wait or 0) <= low * 1.2 for low, wait in zip(least, waits, strict=False))
    assert waits[5] is None
