"""Every fault at every request of a run: it ends in the right state or says what failed, and the next run is whole."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubpipe.github import calls, limits
from tests.conftest import running_github
from tests.faults.scene import REQUESTS, furnished, is_mended, is_whole, issue, step
from tests.faults.weather import KINDS, LASTING, Happen
from tests.standin.recorder import Accident
from tests.standin.standin import Server, StandIn

pytestmark = pytest.mark.e2e

FOREVER = 10_000
# The other kinds may last, too; they take minutes more.
LASTS = tuple(KINDS) if os.environ.get("HUBPIPE_ALL_FAULTS") else LASTING


@pytest.fixture(scope="module")
def happen(request: pytest.FixtureRequest) -> Happen:
    """What goes wrong."""
    return KINDS[request.param]


@pytest.fixture(scope="module")
def github_server(happen: Happen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A GitHub for each kind of fault: one token has 5,000 requests."""
    with running_github(tmp_path_factory.mktemp("github")) as server:
        yield server


@pytest.fixture(scope="module")
def repo(github_server: Server) -> StandIn:
    return furnished(github_server, "octo-repo")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that waits is the real one; it only counts in hundredths."""
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(limits, "SHORTEST_WAIT", 0.02)
    monkeypatch.setattr(limits, "UNNAMED_WAIT", 0.02)


def struck(repo: StandIn, happen: Happen, times: int, index: int, folder: Path) -> None:
    number = issue(repo)
    repo.server.recorder.forget()
    repo.server.recorder.accidents.append(Accident("", "", happen, times, after=index))
    first = step(repo, folder / "1", number).here()
    if first.status == 0:
        deleted = happen in (KINDS["not found"], KINDS["gone"]) and "does not have it any more" in first.log
        assert first.outputs["published"] == "true"
        assert is_whole(repo, number) or deleted, first.log
    else:
        assert first.outputs["published"] == "false"
        assert "::error" in first.log
        assert "Traceback" not in first.log
        is_whole(repo, number)
    is_mended(repo, number, folder / "2")


@pytest.mark.parametrize("index", range(REQUESTS))
@pytest.mark.parametrize("happen", KINDS, indirect=True)
@pytest.mark.threat("fault", "faults")
def test_a_fault_at_one_request(repo: StandIn, happen: Happen, index: int, tmp_path: Path) -> None:
    struck(repo, happen, 1, index, tmp_path)


@pytest.mark.parametrize("index", range(REQUESTS))
@pytest.mark.parametrize("happen", LASTS, indirect=True)
@pytest.mark.threat("fault", "faults")
def test_a_fault_from_one_request_on(repo: StandIn, happen: Happen, index: int, tmp_path: Path) -> None:
    struck(repo, happen, FOREVER, index, tmp_path)


@pytest.mark.parametrize("happen", ["500"], indirect=True)
def test_every_request_of_a_run_was_in_the_matrix(repo: StandIn, tmp_path: Path) -> None:
    number = issue(repo)
    is_mended(repo, number, tmp_path)
    assert len(repo.conversation) == REQUESTS, "\n".join(f"{one.method} {one.path}" for one in repo.conversation)
