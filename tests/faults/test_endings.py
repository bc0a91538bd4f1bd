"""A machine that gives out: no room on the disk, no memory, a library that does not let go."""

import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from hubpipe.config import Step, parse
from hubpipe.deadline import Deadline, Stop, seconds_of
from hubpipe.errors import UsageError
from hubpipe.event import Event, Subject
from hubpipe.models.base import Model, Places, Terms
from hubpipe.models.shelf import Shelf
from hubpipe.redaction import Redaction, Value
from hubpipe.report import FlowReport
from hubpipe.run import handle
from hubpipe.sinks import dry_run
from tests.e2e.step import COMMAND, prepared, run
from tests.faults.scene import furnished, is_mended, is_whole, issue, step
from tests.models import tiny
from tests.models.hub_server import LocalHub, Stored, served
from tests.standin.standin import Server, StandIn

FULL = Path("/dev/full")
fault = pytest.mark.threat("fault", "faults")


@pytest.fixture(scope="module")
def repo(github_server: Server) -> StandIn:
    return furnished(github_server, "endings")


@pytest.mark.e2e
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@fault
def test_a_full_disk_leaves_github_whole_and_fails_loudly(repo: StandIn, variable: str, tmp_path: Path) -> None:
    number = issue(repo)
    whole = step(repo, tmp_path / "1", number)
    done = replace(whole, environ={**whole.environ, variable: str(FULL)}).here()
    assert done.status == 1
    assert "::error::the step's outputs or its job summary could not be written (No space left on device)" in done.log
    assert is_whole(repo, number)
    is_mended(repo, number, tmp_path / "2")


@pytest.mark.e2e
@fault
def test_a_model_that_does_not_fit_on_the_disk_publishes_nothing_and_is_fetched_by_the_next_run(
    standin: StandIn, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    folder = tiny.classifier(tmp_path / "classifier")
    card = {"library_name": "transformers", "pipeline_tag": "text-classification"}
    standin.add_label("bug")
    number = standin.open_issue("crash error", "the app fails with error on start")
    with served(LocalHub({"octo-org/tiny": Stored.of(folder, metadata=card)})) as hub:
        variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": ""}
        inputs = {"task": "text-classification", "model": "octo-org/tiny", "publish": "labels"}
        payload = standin.event("issues", "opened", number)
        no_bytecode = {"PYTHONDONTWRITEBYTECODE": "1"}  # or half a module's would be left behind
        first = prepared(standin, tmp_path / "1", "issues", payload, variables | no_bytecode, **inputs)
        done = subprocess.run(
            COMMAND, env=first.environ, capture_output=True, text=True, check=False, preexec_fn=_no_large_files
        )
        assert done.returncode == 1, done.stdout
        assert "octo-org/tiny did not come in whole" in done.stdout
        assert standin.labels_of(number) == []
        second = run(standin, tmp_path / "2", "issues", payload, variables, **inputs)
    assert second.status == 0, second.log
    assert standin.labels_of(number) == ["bug"]


def _no_large_files() -> None:
    """As a disk with room for the configuration, and none for weights."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


CONFIG = """\
version: 1
flows:
  large:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=large"}
    publish: labels
  small:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=bug"}
    publish: labels
"""
EVENT = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))


class Ending(Shelf):
    """A shelf with a model that is too large, or that is being loaded when the run is to end."""

    def __init__(self, deadline: Deadline | None = None):
        super().__init__(Places(offline=True))
        self._deadline = deadline

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        if step.model == "fake:label=large":
            if self._deadline is not None:
                self._deadline.strike("the run was cancelled (SIGTERM)", 2)
            bytearray(1 << 62)
        return super().load(step, labels, terms)


@fault
def test_a_model_that_does_not_fit_in_memory_does_not_stop_the_others() -> None:
    report = handle(EVENT, parse(CONFIG), None, Ending(), dry_run.publish)
    large, small = report.flows
    assert str(large.error).startswith("the machine has too little memory")
    assert report.exit_code == 1
    assert [score.label for score in small.plan.chosen] == ["bug"]


@fault
def test_a_run_that_is_cancelled_while_a_model_loads_says_so_of_every_flow() -> None:
    deadline = Deadline()
    report = handle(EVENT, parse(CONFIG), None, Ending(deadline), dry_run.publish, deadline=deadline)
    assert [str(flow.error) for flow in report.flows] == [
        "the run was cancelled (SIGTERM): nothing was published; run this again",
        "the run was cancelled (SIGTERM): the flow was not begun; run this again",
    ]
    assert report.exit_code == 1


@dataclass(frozen=True)
class Slow(Redaction):
    """Takes long with what is published, so that the run is to end meanwhile."""

    deadline: Deadline = field(default_factory=Deadline)

    def all(self, value: Value) -> Value:
        if isinstance(value, FlowReport) and value.outcomes:
            self.deadline.strike("the run was cancelled (SIGTERM)", 2)
        return super().all(value)


@fault
def test_a_run_that_is_cancelled_while_what_it_wrote_is_being_told_says_what_it_wrote() -> None:
    deadline = Deadline()
    config = parse(CONFIG.replace("label=large", "label=bug"))
    report = handle(EVENT, config, None, Ending(), dry_run.publish, Slow(deadline=deadline), deadline)
    first, second = report.flows
    assert first.error is None
    assert [outcome.kind for outcome in first.outcomes] == ["labels"]
    assert str(second.error) == "the run was cancelled (SIGTERM): the flow was not begun; run this again"


@fault
def test_nothing_ends_a_run_any_more_whose_flows_are_done() -> None:
    deadline = Deadline()
    handle(EVENT, parse(CONFIG.replace("label=large", "label=bug")), None, Ending(), dry_run.publish, deadline=deadline)
    deadline.strike("the run was cancelled (SIGTERM)", 2)
    assert not deadline.struck


HELD = """\
import signal, sys, time
from hubpipe import deadline
deadline.FINISHING, deadline.HELD = 0.2, 0.2
with deadline.Deadline(0.3).watched(lambda error: print(f"::error::{error}")):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(60)
"""


@fault
def test_a_library_that_does_not_let_go_is_left_behind() -> None:
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("::error::the run's time is up after 0.3 seconds (timeout), and a library does not")


@pytest.mark.e2e
def test_a_time_limit_that_cannot_be_read_is_told_before_anything_is_asked(repo: StandIn, tmp_path: Path) -> None:
    number = issue(repo)
    repo.server.recorder.forget()
    done = step(repo, tmp_path, number, timeout="soon").here()
    assert done.status == 2
    assert "::error::timeout is 'soon': write seconds" in done.log
    assert repo.conversation == []


def test_a_deadline_lets_what_is_being_written_be_finished_and_ends_then() -> None:
    deadline, written = Deadline(), []
    with pytest.raises(Stop, match="cancelled"), deadline.whole():
        deadline.strike("cancelled", 5)
        assert 4 < deadline.left() <= 5
        written.append("comment")
    assert written == ["comment"]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0), "nobody hears the alarm: it would kill this process"


def test_a_deadline_that_has_passed_lets_nothing_be_begun() -> None:
    deadline = Deadline(0.0)
    with pytest.raises(Stop, match="the run's time is up"), deadline.whole():
        pytest.fail("it was begun")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), (" 1.5 m ", 90), ("10M", 600), ("2h", 7200), ("24h", 86400)]
)
def test_a_time_limit_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "ten minutes", "1d", "25h", "1e9", "nan", "9" * 400, "²m"])
def test_a_time_limit_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="write seconds, or a number with a unit such as 90s, 10m or 2h"):
        seconds_of(text)
