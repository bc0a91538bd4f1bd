"""A history is learned; then an issue that tells what an open one tells already gets one comment that names it."""

import json
import shutil
from pathlib import Path

import pytest

from hubpipe.github import issues
from hubpipe.models.learned import archive
from tests.e2e.step import prepared, run
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


def test_a_run_that_publishes_nothing_keeps_nothing(repo: StandIn, model: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(model, tmp_path / "run" / "kept")
    before = (kept / "issues.safetensors").read_bytes()
    first, number = repo.open_issue(*CRASH), repo.open_issue(*SAME)
    event = repo.event("issues", "opened", number)
    step = run(repo, tmp_path / "run", "issues", event, learned_model="kept", dry_run="true")
    assert step.status == 0, step.log
    assert json.loads(step.outputs["similar"]) == [first]
    assert (kept / "issues.safetensors").read_bytes() == before
    (tmp_path / "event.json").write_text(json.dumps(event), "utf-8")
    words = ("replay", str(tmp_path / "event.json"), "--event", "issues")
    places = {"HUBPIPE_LEARNED_MODEL": str(kept)}
    done = hubpipe(repo, tmp_path, *words, "--dry-run", variables=places)
    assert done.returncode == 0, done.stderr
    assert f"would have kept one comment on #{number}" in done.stdout
    assert (kept / "issues.safetensors").read_bytes() == before
    # The same without --dry-run keeps it: the two differ in nothing else.
    done = hubpipe(repo, tmp_path, *words, variables=places)
    assert done.returncode == 0, done.stderr
    assert (kept / "issues.safetensors").read_bytes() != before


def test_more_changes_than_one_run_reads_are_caught_up_with_run_by_run(
    repo: StandIn, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    shutil.copytree(model, tmp_path / "run" / "kept")
    first = repo.open_issue(*CRASH)
    later = [repo.open_issue(f"Translate page {page}", "Who could translate it?") for page in range(8)]
    again = repo.open_issue(*SAME)
    event = repo.event("issues", "opened", again)
    seen = []
    for _ in range(12):
        step = prepared(repo, tmp_path / "run", "issues", event, learned_model="kept").here()
        assert step.status == 0, step.log
        seen.append("the next run goes on there" in step.summary)
        if not seen[-1]:
            break
    assert seen[0]
    assert not seen[-1]
    held = archive.read(tmp_path / "run" / "kept")
    assert held is not None
    assert {first, *later, again} <= {issue.number for issue in held.issues}
    assert json.loads(step.outputs["similar"]) == [first]


def test_where_nothing_is_kept_the_last_changes_are_known_and_the_run_says_what_to_do(
    repo: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    for page in range(8):
        repo.open_issue(f"Translate page {page}", "Who could translate it?")
    first, again = repo.open_issue(*CRASH), repo.open_issue(*SAME)
    event = repo.event("issues", "opened", again)
    for folder in ("one", "two"):
        step = prepared(repo, tmp_path / folder, "issues", event).here()
        assert step.status == 0, step.log
        assert json.loads(step.outputs["similar"]) == [first]
        assert step.summary.count("nothing is kept of them. hubpipe train brings the index up to date") == 1


def test_an_index_is_kept_in_a_folder_of_the_owners_where_the_model_is_the_repositorys(
    repo: StandIn, tmp_path: Path
) -> None:
    number = repo.open_issue(*CRASH)
    event = repo.event("issues", "opened", number)
    step = run(repo, tmp_path / "run", "issues", event, {"HUBPIPE_INDEXES": str(tmp_path / "indexes")})
    assert step.status == 0, step.log
    [kept] = (tmp_path / "indexes").iterdir()
    assert kept.name == f"{repo.repo.replace('/', '@')}.safetensors".lower()
    held = archive.read(kept)
    assert held is not None
    assert number in {issue.number for issue in held.issues}


def test_an_issue_that_was_closed_meanwhile_is_left_alone(repo: StandIn, tmp_path: Path) -> None:
    repo.open_issue(*CRASH)
    again = repo.open_issue(*SAME)
    event = repo.event("issues", "opened", again)
    close_as(repo, "octocat", again)
    writes = len(repo.writes)
    step = run(repo, tmp_path / "one", "issues", event)
    assert step.status == 0, step.log
    assert repo.comments_of(again) == []
    assert len(repo.writes) == writes
    assert "the issue is closed, moved or deleted by now: nothing is suggested" in step.summary


def test_the_comment_of_an_issue_that_was_closed_stays_as_it_is(repo: StandIn, tmp_path: Path) -> None:
    first, again = repo.open_issue(*CRASH), repo.open_issue(*SAME)
    event = repo.event("issues", "opened", again)
    assert run(repo, tmp_path / "one", "issues", event).status == 0
    before = repo.comments_of(again)
    assert len(before) == 1
    close_as(repo, "octocat", first)
    close_as(repo, "octocat", again)
    step = run(repo, tmp_path / "two", "issues", event)
    assert step.status == 0, step.log
    assert repo.comments_of(again) == before


def test_a_pull_request_is_not_compared_with_issues_and_the_run_says_so(repo: StandIn, tmp_path: Path) -> None:
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("on: {issues:", "on: {pull_request_target: [opened], issues:"))
    repo.open_issue(*CRASH)
    number = repo.open_pull(*SAME)
    step = run(repo, tmp_path, "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert step.status == 0, step.log
    assert repo.comments_of(number) == []
    assert json.loads(step.outputs["similar"]) == []
    assert "issues are compared with issues: a pull request that tells of one solves it" in step.summary


def unlabelled(standin: StandIn) -> None:
    """Let a repository have issues that nobody labelled, one of them the crash."""
    nodes = [issue(number, f"Translate page {number}", "Who could translate it?") for number in range(1, 12)]
    remember(standin, *nodes, issue(12, *CRASH))


def test_a_repository_that_labels_nothing_has_an_index_too(standin: StandIn, tmp_path: Path) -> None:
    unlabelled(standin)
    done = hubpipe(standin, tmp_path, "train", "--repo", standin.repo, "--out", "model")
    assert done.returncode == 2
    assert "hubpipe train --index-only makes an index without labels" in done.stderr
    assert not (tmp_path / "model").exists()
    words = ("train", "--repo", standin.repo, "--out", "model", "--index-only")
    done = hubpipe(standin, tmp_path, *words, "--labels", "bug", "--tune")
    assert done.returncode == 2
    assert "--index-only learns no labels, and does not read --labels, --tune" in done.stderr
    done = hubpipe(standin, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "model holds the index of 12 issues for against: issues; no labels were learned" in done.stdout
    standin.put_file(".github/hubpipe.yml", CONFIG)
    commit(standin, tmp_path / "model")
    first, again = standin.open_issue(*CRASH), standin.open_issue(*SAME)
    step = run(standin, tmp_path / "run", "issues", standin.event("issues", "opened", again))
    assert step.status == 0, step.log
    assert json.loads(step.outputs["similar"]) == [first]


def test_mode_train_makes_the_index_alone_where_a_flow_wants_it(standin: StandIn, tmp_path: Path) -> None:
    unlabelled(standin)
    step = run(standin, tmp_path / "one", "schedule", {}, mode="train", learned_model="model")
    assert step.status == 2
    assert "too few to learn from" in step.log
    standin.put_file(".github/hubpipe.yml", CONFIG)
    step = run(standin, tmp_path / "two", "schedule", {}, mode="train", learned_model="model")
    assert step.status == 0, step.log
    assert json.loads(step.outputs["promoted"]) is False
    assert "holds the index of 12 issues" in step.summary
    assert "0 labelled examples are too few" in step.summary
    assert "::notice" in step.log
    assert [path.name for path in (tmp_path / "two" / "model").iterdir()] == ["issues.safetensors"]


def test_without_a_model_the_run_says_what_is_missing(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    number = standin.open_issue(*CRASH)
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status != 0
    assert "hubpipe train" in step.log
