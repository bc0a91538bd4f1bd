"""A run that is ended at any request leaves GitHub as it was, or whole; what a killed one leaves the next one mends."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.step import Prepared
from tests.faults.scene import REQUESTS, WRITES, furnished, is_mended, is_untouched, is_whole, issue, step
from tests.faults.scenes import Scene
from tests.faults.scenes.issues import Issue, Similar
from tests.faults.scenes.table import SCENES
from tests.standin.recorder import Accident
from tests.standin.standin import Server, StandIn
from tests.standin.wire import Answer, LostReply, Reply, Request

pytestmark = pytest.mark.e2e

# From here on the first flow is finished first: a look whether the label is still there comes before the writes.
FIRST_OF_PUBLISHING = 6
ALL = bool(os.environ.get("HUBPIPE_ALL_FAULTS"))
NUMBERS = count(1)
PLACES = [(index, "before") for index in range(REQUESTS)] + [(index, "after") for index in WRITES]


@pytest.fixture(scope="module")
def repo(github_server: Server) -> StandIn:
    return furnished(github_server, "kills")


class End:
    """Ends a process when a request of it arrives, before the work or after it."""

    def __init__(self, number: signal.Signals, when: str):
        self.process: subprocess.Popen[str] | None = None
        self._number = number
        self._when = when

    def __call__(self, request: Request, ask: Answer) -> Reply:
        reply = ask(request) if self._when == "after" else None
        assert self.process is not None
        self.process.send_signal(self._number)
        if self._number == signal.SIGKILL:
            self.process.wait()
            raise LostReply
        time.sleep(0.05)
        return reply or ask(request)


def ended(repo: StandIn, folder: Path, number: int, index: int, end: End) -> tuple[int, str]:
    return struck(repo, step(repo, folder, number), index, end)


def struck(repo: StandIn, prepared: Prepared, index: int, end: End) -> tuple[int, str]:
    repo.server.recorder.forget()
    repo.server.recorder.accidents.append(Accident("", "", end, after=index))
    end.process = prepared.start()
    log, _ = end.process.communicate(timeout=60)
    return end.process.returncode, log


@pytest.mark.parametrize(("index", "when"), PLACES)
@pytest.mark.threat("fault", "faults")
def test_killed(repo: StandIn, index: int, when: str, tmp_path: Path) -> None:
    number = issue(repo)
    status, log = ended(repo, tmp_path / "1", number, index, End(signal.SIGKILL, when))
    assert status == -signal.SIGKILL, log
    is_whole(repo, number)
    is_mended(repo, number, tmp_path / "2")


@pytest.mark.parametrize("number_of_signal", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("index", "when"), PLACES)
@pytest.mark.threat("fault", "faults")
def test_cancelled(repo: StandIn, index: int, when: str, number_of_signal: signal.Signals, tmp_path: Path) -> None:
    number = issue(repo)
    status, log = ended(repo, tmp_path / "1", number, index, End(number_of_signal, when))
    assert status == 1, log
    assert f"the run was cancelled ({number_of_signal.name})" in log
    assert "::error" in log
    assert "Traceback" not in log
    assert is_whole(repo, number) if index >= FIRST_OF_PUBLISHING else is_untouched(repo, number)
    is_mended(repo, number, tmp_path / "2")


def in_scenes() -> Iterator[tuple[Scene, int, str]]:
    """Each other scene that writes, behind the write in its middle, or before and behind every one."""
    for scene in SCENES:
        if isinstance(scene, Issue) or not scene.writes:
            continue
        if ALL:
            yield from ((scene, index, when) for index in scene.writes for when in ("before", "after"))
        else:
            yield scene, scene.writes[len(scene.writes) // 2], "after"


@pytest.mark.parametrize(("scene", "index", "when"), list(in_scenes()), ids=str)
@pytest.mark.threat("fault", "faults")
def test_killed_while_it_writes(
    github_server: Server, similar_model: Path, scene: Scene, index: int, when: str, tmp_path: Path
) -> None:
    Similar.model = similar_model
    case = scene.begin(github_server.repository(f"killed-{next(NUMBERS)}"), tmp_path)
    status, log = struck(case.repo, scene.step(case, "1"), index, End(signal.SIGKILL, when))
    assert status == -signal.SIGKILL, log
    scene.is_whole(case)
    again = scene.step(case, "2").here()
    assert again.status == 0, again.log
    assert scene.is_whole(case), again.log
