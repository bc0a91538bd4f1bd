"""Release notes through the Action's own process: what GitHub stores, and what it is never asked to store."""

from pathlib import Path

import pytest

from tests.e2e.step import Step, run
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

NOTES = """\
version: 1
flows:
  notes:
    on:
      release: [published]
      workflow_dispatch:
    input: pulls
    groups:
      Features: [enhancement, feature]
      Fixes: [bug]
    pipeline: {task: summarization, model: MODEL, max_words: 20}
    publish: [release, summary]
"""
BEGAN = "no final release of main was published before"
WHY = "Archives over 4 GB ended with a MemoryError, since the whole file was held in memory."


def merged(repo: StandIn, model: str = "embedded") -> list[int]:
    """Merge one pull request of each kind."""
    for name in ("enhancement", "bug", "skip-changelog"):
        repo.add_label(name)
    repo.put_file(".github/hubpipe.yml", NOTES.replace("MODEL", model))
    return [
        repo.merged_pull("feat(io): read archives in parts", ["enhancement"], f"## Why\n\n{WHY}\n\nThanks @octocat!"),
        repo.merged_pull("Mend the parser of dates", ["bug"]),
        repo.merged_pull("Rename a variable"),
        repo.merged_pull("Release preparations", ["skip-changelog"]),
    ]


def published(repo: StandIn, folder: Path, release: int, action: str = "published") -> Step:
    return run(repo, folder, "release", repo.event("release", action, release))


def body_of(repo: StandIn, release: int) -> str:
    body = repo.api.ask("GET", f"/repos/{repo.repo}/releases/{release}")["body"]
    assert isinstance(body, str)
    return body


def test_a_release_lists_what_was_merged_by_its_labels(standin: StandIn, tmp_path: Path) -> None:
    first, second, third, hidden = merged(standin)
    release = standin.release("v1.0.0", "Our first release. Thank you all!")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    body = body_of(standin, release)
    assert body.startswith("Our first release. Thank you all!\n\n<!-- hubpipe: begin flow=notes ")
    assert f"### Features\n\n- io: read archives in parts — {WHY} (`#{first}` by octocat)\n" in body
    assert f"### Fixes\n\n- Mend the parser of dates (`#{second}` by octocat)\n" in body
    assert f"### Other changes\n\n- Rename a variable (`#{third}` by octocat)\n" in body
    assert "Release preparations" not in body
    assert f"#{hidden}" not in body
    assert "@octocat" not in body
    assert "pull requests labelled ignore-for-release or skip-changelog are left out (1)" in step.summary


def test_a_release_begins_where_the_one_before_ended(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    standin.release("v1.0.0")
    standin.merged_pull("Add a reader of tar", ["enhancement"])
    release = standin.release("v1.1.0")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    body = body_of(standin, release)
    assert "Add a reader of tar" in body
    assert "Mend the parser" not in body
    assert BEGAN not in step.summary


def test_the_first_release_says_in_the_job_summary_alone_where_it_begins(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    release = standin.release("v1.0.0")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    assert BEGAN in step.summary
    assert BEGAN not in body_of(standin, release)
    assert "not read" not in body_of(standin, release)


def test_a_final_release_lists_what_its_candidates_brought(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    standin.release("v1.0.0")
    standin.merged_pull("Add a reader of tar", ["enhancement"])
    standin.release("v2.0-rc1", prerelease=True)
    standin.merged_pull("Mend the reader of tar", ["bug"])
    release = standin.release("v2.0")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    assert "Add a reader of tar" in body_of(standin, release)
    assert "Mend the reader of tar" in body_of(standin, release)


def test_a_maintenance_release_takes_nothing_from_the_next_one(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    standin.release("v2.0")
    standin.merged_pull("Add a reader of tar", ["enhancement"])
    standin.merged_pull("Mend the old reader", ["bug"], base="1.9")
    old, new = standin.release("v1.9.1", target="1.9"), standin.release("v2.1")
    for folder, release in (("old", old), ("new", new)):
        step = published(standin, tmp_path / folder, release)
        assert step.status == 0, step.log
    assert "Mend the old reader" in body_of(standin, old)
    assert "Add a reader of tar" not in body_of(standin, old)
    assert "Add a reader of tar" in body_of(standin, new)
    assert "Mend the old reader" not in body_of(standin, new)


def test_doing_it_twice_is_doing_it_once(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    release = standin.release("v1.0.0", "By hand.")
    published(standin, tmp_path / "first", release)
    before, writes = body_of(standin, release), len(standin.writes)
    step = published(standin, tmp_path / "second", release)
    assert step.status == 0, step.log
    assert (body_of(standin, release), len(standin.writes)) == (before, writes)


def test_an_edited_release_starts_nothing(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    release = standin.release("v1.0.0", "By hand.")
    step = published(standin, tmp_path, release, "edited")
    assert step.status == 0, step.log
    assert "No flow handles this event" in step.summary
    assert standin.writes == []


def test_what_a_person_writes_around_the_notes_stays(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    release = standin.release("v1.0.0", "Above.")
    published(standin, tmp_path / "first", release)
    edited = f"{body_of(standin, release)}\n\nBelow, by hand."
    standin.api.ask("PATCH", f"/repos/{standin.repo}/releases/{release}", body=edited)
    standin.api.ask("PATCH", f"/repos/{standin.repo}/pulls/{2}", title="Mend the dates")
    step = published(standin, tmp_path / "second", release)
    assert step.status == 0, step.log
    body = body_of(standin, release)
    assert "Mend the dates" in body
    assert body.startswith("Above.\n\n<!-- hubpipe: begin")
    assert body.endswith("\n\nBelow, by hand.")


def test_nothing_merged_writes_nothing_and_says_so(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", NOTES.replace("MODEL", "embedded"))
    release = standin.release("v1.0.0", "By hand.")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    assert body_of(standin, release) == "By hand."
    assert standin.writes == []
    assert "nothing was merged since the release before" in step.summary


def test_what_is_not_released_yet_stands_in_the_job_summary(standin: StandIn, tmp_path: Path) -> None:
    numbers = merged(standin)
    payload = {"repository": {"full_name": standin.repo}, "sender": {"login": "octocat"}}
    step = run(standin, tmp_path, "workflow_dispatch", payload)
    assert step.status == 0, step.log
    assert standin.writes == []
    assert f"- io: read archives in parts — {WHY} (`#{numbers[0]}` by octocat)" in step.summary
    assert "the event brings no release to write into" in step.summary
    assert "Mend the parser of dates" in step.outputs["summary"]


def test_a_model_that_writes_is_asked_about_each_pull_request(standin: StandIn, tmp_path: Path) -> None:
    merged(standin, '"fake:label=Big files are read in parts"')
    release = standin.release("v1.0.0")
    step = published(standin, tmp_path, release)
    assert step.status == 0, step.log
    assert "- io: read archives in parts — Big files are read in parts (" in body_of(standin, release)


def test_a_token_that_may_not_write_releases_fails_with_the_permission(standin: StandIn, tmp_path: Path) -> None:
    merged(standin)
    release = standin.release("v1.0.0", "By hand.")
    step = run(
        standin, tmp_path, "release", standin.event("release", "published", release),
        github_token=standin.read_only_token,
    )  # fmt: skip
    assert step.status == 1, step.log
    assert body_of(standin, release) == "By hand."
    assert "contents: write" in step.summary
