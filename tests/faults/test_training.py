"""What fails while a history is read leaves a file that the next reading goes on with, and the model in use alone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubpipe.errors import GitHubError
from hubpipe.github import GitHub, calls, limits
from hubpipe.models.learned import folder
from hubpipe.training import collect
from tests.e2e.step import Prepared, prepared
from tests.faults.weather import KINDS, LASTING, hang
from tests.standin.histories import added, issue, remember
from tests.standin.recorder import Accident
from tests.standin.standin import StandIn

pytestmark = [pytest.mark.e2e, pytest.mark.threat("fault", "faults")]

ALL = bool(os.environ.get("HUBPIPE_ALL_FAULTS"))
FOREVER = 10_000
ISSUES, PAGE = 24, 10
# Three pages of issues, and one that tells that there are no pull requests.
REQUESTS = 4


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository with a history."""
    nodes = [
        issue(
            number,
            f"{('Crash in', 'Please add')[number % 2]} part {number}",
            f"Number {number}.",
            labels=[("bug", "wish")[number % 2]],
            events=[added(("bug", "wish")[number % 2], "maintainer", number + 0.1)],
        )
        for number in range(1, ISSUES + 1)
    ]
    remember(standin, *nodes)
    return standin


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages; the loop that waits only counts in hundredths."""
    monkeypatch.setattr(collect, "PAGE", PAGE)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(limits, "SHORTEST_WAIT", 0.02)
    monkeypatch.setattr(limits, "UNNAMED_WAIT", 0.02)


def read(repo: StandIn, kept: Path) -> collect.History:
    github = GitHub(repo.token, repo.url, graphql_url=f"{repo.url}/graphql", pacing=0, patience=0.2, timeout=2)
    return collect.collect(github, repo.repo, kept, lambda done, total: None)


def harm(repo: StandIn, kind: str, times: int, index: int) -> None:
    repo.server.recorder.forget()
    repo.server.recorder.accidents.append(Accident("POST", "/graphql", KINDS[kind], times, after=index))


def struck() -> Iterator[tuple[str, int, int]]:
    """Each kind of fault at one request of a reading, by turns, and what goes on from its second page on."""
    for place, kind in enumerate(KINDS):
        yield from ((kind, 1, index) for index in (range(REQUESTS) if ALL else [place % REQUESTS]))
    for kind in LASTING:
        yield from ((kind, FOREVER, index) for index in (range(REQUESTS) if ALL else [1]))


@pytest.mark.parametrize(("kind", "times", "index"), list(struck()))
def test_a_reading_that_fails_is_gone_on_with(repo: StandIn, kind: str, times: int, index: int, tmp_path: Path) -> None:
    harm(repo, kind, times, index)
    try:
        found = read(repo, tmp_path)
    except GitHubError as error:
        known = len(collect.read(tmp_path, repo.repo).past)
        assert known == min(index * PAGE, ISSUES)
        assert "is kept in" in str(error) or not known
    else:
        assert len(found.past) == ISSUES
    repo.server.recorder.forget()
    assert [one.number for one in read(repo, tmp_path).past] == list(range(1, ISSUES + 1))


def step(repo: StandIn, place: Path, name: str, **inputs: str) -> Prepared:
    given = {"mode": "train", "learned_model": str(place / "model"), "report": str(place / "report.json"), **inputs}
    variables = {"HUBPIPE_PATIENCE": "0.2", "HUBPIPE_REQUEST_TIMEOUT": "30"}
    return prepared(repo, place / name, "schedule", {}, variables, **given)


def test_a_training_ends_with_its_time_and_the_next_one_goes_on(repo: StandIn, tmp_path: Path) -> None:
    repo.server.recorder.forget()
    repo.server.recorder.accidents.append(Accident("POST", "/graphql", hang(20), after=2))
    first, started = step(repo, tmp_path, "1", timeout="4s"), time.monotonic()
    done = first.here()
    assert time.monotonic() - started < 15
    assert (done.status, done.outputs["promoted"]) == (1, "false"), done.log
    assert "the run's time is up after 4 seconds (timeout)" in done.log
    assert "model stays as it was. What was read of the history is kept in " in done.log
    assert len(collect.read(tmp_path / "model.history", repo.repo).past) == 2 * PAGE
    assert not (tmp_path / "model").exists()
    repo.server.recorder.forget()
    again = step(repo, tmp_path, "2", timeout="10m").here()
    assert again.outputs["promoted"] == "true", again.log
    # The page in which it was ended, the rest, and the look at pull requests.
    assert len(repo.conversation) == REQUESTS - 1
    assert folder.read(tmp_path / "model").facts["learned"] == ISSUES


def test_a_training_whose_github_fails_leaves_the_model_in_use_as_it_was(repo: StandIn, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "hubpipe.json").write_text("{}")
    harm(repo, "the token has expired", FOREVER, 1)
    done = step(repo, tmp_path, "1").here()
    assert done.status == 1, done.log
    assert "GitHub does not accept the token" in done.log
    assert "the next reading goes on there" in done.log
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["hubpipe.json"]
