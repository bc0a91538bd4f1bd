"""A history is learned; then an issue that tells what an open one tells already gets one comment that names it."""

import json
from pathlib import Path

import pytest

from tests.e2e.step import run
from tests.e2e.test_learning import commit, history, hubpipe
from tests.standin.histories import close_as, issue, remember, repeats
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  similar:
    on: {issues: [opened, edited]}
    pipeline: {against: issues}
    publish: comment
"""
CRASH = ("Crash on opening a large PNG", "Opening a PNG of 200 MB ends the viewer with out of memory.")
SAME = (
    "Viewer runs out of memory with big PNG files",
    "The viewer crashes with out of memory on opening a 300 MB PNG.",
)


@pytest.fixture(scope="module")
def model(github_server, tmp_path_factory: pytest.TempPathFactory) -> Path:  # type: ignore[no-untyped-def]
    """A learned model and its index, from a history in which three of the oldest issues were repeated."""
    standin = github_server.repository("octo-history")
    history(standin)
    again = [
        issue(1_000 + number, SAME[0], f"{SAME[1]} ({number})", events=[repeats(1_000, 1_000.5 + number)])
        for number in range(1, 4)
    ]
    remember(standin, issue(1_000, *CRASH), *again)
    folder = tmp_path_factory.mktemp("learned")
    done = hubpipe(standin, folder, "train", "--repo", standin.repo, "--out", "model", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    told = json.loads((folder / "report.json").read_text("utf-8"))["similar"]
    assert told.startswith("similar issues: 3 were marked as duplicates; none is suggested at precision 0.9:")
    return folder / "model"


@pytest.fixture
def repo(standin: StandIn, model: Path) -> StandIn:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    commit(standin, model)
    return standin


def test_a_comment_names_the_open_issue_that_tells_the_same(repo: StandIn, tmp_path: Path) -> None:
    first = repo.open_issue(*CRASH)
    repo.open_issue("Dark mode for the settings", "The settings should follow the system's theme.")
    again = repo.open_issue(*SAME)
    event = repo.event("issues", "opened", again)
    step = run(repo, tmp_path / "one", "issues", event)
    assert step.status == 0, step.log
    assert json.loads(step.outputs["similar"]) == [first]
    [comment] = repo.comments_of(again)
    assert "Perhaps the same as" in comment["body"]
    # No link: it would write itself into the other issue's page, and this server has no address that does not.
    assert f"#&#8203;{first} Crash on opening a large PNG (" in comment["body"]
    assert "Dark mode" not in comment["body"]
    assert "Crash on opening a large PNG" in step.summary
    # Nothing changed: nothing is written again.
    writes = len(repo.writes)
    step = run(repo, tmp_path / "two", "issues", event)
    assert step.status == 0, step.log
    assert len(repo.writes) == writes
    # It was closed: the comment says that it no longer holds.
    close_as(repo, "octocat", first)
    step = run(repo, tmp_path / "three", "issues", repo.event("issues", "edited", again))
    assert step.status == 0, step.log
    assert json.loads(step.outputs["similar"]) == []
    [comment] = repo.comments_of(again)
    assert "Crash on opening" not in comment["body"]


def test_an_issue_like_no_other_gets_no_comment_and_the_summary_says_why(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("Translate the manual into Basque", "Who could help to translate it?")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert repo.comments_of(number) == []
    assert "open issue is alike enough" in step.summary


def test_what_events_tell_is_kept_in_a_folder_of_the_users(repo: StandIn, model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "run" / "kept"
    kept.mkdir(parents=True)
    for path in model.iterdir():
        (kept / path.name).write_bytes(path.read_bytes())
    before = (kept / "issues.safetensors").read_bytes()
    number = repo.open_issue(*CRASH)
    step = run(repo, tmp_path / "run", "issues", repo.event("issues", "opened", number), learned_model="kept")
    assert step.status == 0, step.log
    assert (kept / "issues.safetensors").read_bytes() != before
    assert (kept / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()


def test_without_a_model_the_run_says_what_is_missing(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    number = standin.open_issue(*CRASH)
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status != 0
    assert "hubpipe train" in step.log
