"""The workflows for forks, each run whole by act as it stands in its file (`make container-test`).

Nothing of a workflow is changed. What it names in `uses:` is found on this machine: hubpipe is this working tree's
action.yml with the image that was built from it, as a release names one; GitHub's own actions, which upload and
download an artifact, are not run: they are JavaScript that lies on GitHub and speaks to GitHub's store alone. In their
place a step of the same name and inputs copies the folder, and the test carries it from the one run to the other.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hubpipe.analysis.folder import FILE
from tests.container.act import ARTIFACTS, HUBPIPE, ROOT, Job, Runner
from tests.container.test_container import BODY, LABELS, TITLE
from tests.standin.standin import StandIn

WORKFLOWS = ROOT / "examples" / "workflows"
TARGET, ANALYSE, APPLY = (WORKFLOWS / f"forks-{name}.yml" for name in ("target", "analyse", "apply"))
ARTIFACT = "hubpipe-analysis"
CONFIG = {
    "version": 1,
    "flows": {
        "kind": {
            "on": {"pull_request": ["opened"], "pull_request_target": ["opened"]},
            "pipeline": {"task": "zero-shot-classification", "model": "embedded", "labels": LABELS},
            "decide": {"threshold": 0.1, "max_labels": 1},
            "publish": "labels",
        },
        "summary": {
            "on": {"pull_request": ["opened"], "pull_request_target": ["opened"]},
            "input": ["title", "body", "patch"],
            "pipeline": {"task": "summarization", "model": "embedded"},
            "publish": "comment",
        },
    },
}
FORKS_OWN = json.dumps(CONFIG).replace("Something does not work as documented", "Everything").replace("bug", "approved")
# What runs, once somebody checks the head out and builds, tests or only configures it.
TRAPS = {
    ".github/hubpipe.yml": FORKS_OWN,
    ".github/workflows/hubpipe.yml": "on: pull_request_target\njobs: {x: {runs-on: ubuntu-latest, steps: []}}\n",
    "conftest.py": "raise SystemExit('the head was run')\n",
    "hubpipe/__init__.py": "raise SystemExit('the head was run')\n",
    "src/save.py": "def save(data):\n    return [data[at : at + 1024] for at in range(0, len(data), 1024)]\n",
}


@pytest.fixture
def repo(runner: Runner, request: pytest.FixtureRequest) -> StandIn:
    """A repository with labels, one of them of weight, and a configuration file."""
    # Not before it is known that there is a runner: a GitHub takes seconds to start.
    repo: StandIn = request.getfixturevalue("standin")
    for name, description in {**LABELS, "approved": ""}.items():
        repo.add_label(name, description)
    repo.put_file(".github/hubpipe.yml", json.dumps(CONFIG))
    return repo


@pytest.fixture
def number(repo: StandIn) -> int:
    """A fork's pull request, with files that are traps."""
    number = repo.open_pull(TITLE, BODY, TRAPS, from_fork=True)
    repo.server.recorder.forget()
    return number


def targeted(runner: Runner, repo: StandIn, number: int, token: str) -> Job:
    return runner.run(TARGET, "pull_request_target", repo.event("pull_request_target", "opened", number), repo, token)


def analysed(runner: Runner, repo: StandIn, number: int) -> Job:
    """Run the first stage as a fork's pull request has it: with a token that may only read."""
    return runner.run(ANALYSE, "pull_request", repo.event("pull_request", "opened", number), repo, repo.read_only_token)


def applied(runner: Runner, repo: StandIn, number: int, first: Job) -> Job:
    """Run the second stage after the first has ended, with what it left."""
    return runner.run(APPLY, "workflow_run", repo.ended_run(number), repo, repo.token, first.workspace / ARTIFACTS)


def untouched(repo: StandIn, number: int) -> bool:
    return (repo.labels_of(number), repo.comments_of(number), repo.writes) == ([], [], [])


def fetched_of_the_head(repo: StandIn, number: int) -> list[str]:
    """Name the requests that fetch files of the head, or all of them at once."""
    head = repo.api.ask("GET", f"/repos/{repo.repo}/pulls/{number}")["head"]
    return [
        one.path
        for one in repo.conversation
        if head["repo"]["full_name"] in one.path
        or any(way in one.path for way in ("/tarball", "/zipball", "/info/refs", "git-upload-pack"))
    ]


@pytest.mark.threat("attack", "forks")
def test_pull_request_target_writes_on_a_forks_pull_request_and_checks_nothing_out(
    runner: Runner, repo: StandIn, number: int
) -> None:
    job = targeted(runner, repo, number, repo.token)
    assert (job.status, job.outputs["published"]) == (0, "true"), job.log
    assert repo.labels_of(number) == ["bug"]
    [comment] = repo.comments_of(number)
    assert "2 GB" in comment["body"]
    assert job.steps == [HUBPIPE]
    assert job.files == []
    assert fetched_of_the_head(repo, number) == []
    assert "the head was run" not in job.log


@pytest.mark.threat("fault", "permissions")
def test_a_token_that_may_not_write_is_loud(runner: Runner, repo: StandIn, number: int) -> None:
    job = targeted(runner, repo, number, repo.read_only_token)
    assert (job.status, job.outputs["published"]) == (1, "false"), job.log
    assert "::error::the token may not write, so that 2 of 2 changes are not on GitHub" in job.log
    assert "**Not published:**" in job.log
    assert (repo.labels_of(number), repo.comments_of(number)) == ([], [])


@pytest.mark.threat("attack", "forks")
def test_two_stages_write_what_the_first_one_may_not(runner: Runner, repo: StandIn, number: int) -> None:
    first = analysed(runner, repo, number)
    assert (first.status, first.outputs["published"]) == (0, "false"), first.log
    assert untouched(repo, number)
    assert first.files == [f"{ARTIFACTS}/{ARTIFACT}/{FILE}", f"{ARTIFACT}/{FILE}"]
    second = applied(runner, repo, number, first)
    assert (second.status, second.outputs["published"]) == (0, "true"), second.log
    assert repo.labels_of(number) == ["bug"]
    [comment] = repo.comments_of(number)
    assert "2 GB" in comment["body"]
    assert [step.partition("@")[0] for step in first.steps[:2]] == ["hubpipe/hubpipe", "actions/upload-artifact"]
    assert [second.steps[0].partition("@")[0], second.steps[-1]] == ["actions/download-artifact", HUBPIPE]
    assert second.files == [f"{ARTIFACTS}/{ARTIFACT}/{FILE}", f"{ARTIFACT}/{FILE}"]
    assert fetched_of_the_head(repo, number) == []


FORGED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another commit": (lambda said: said.update(head="0" * 40), "the analysis is of another commit than the run"),
    "a label of weight": (
        lambda said: [
            score.update(label="approved")
            for model in said["models"].values()
            for answer in model["answers"].values()
            for score in answer["prediction"].get("scores", ())
        ],
        "approved",
    ),
}


@pytest.mark.threat("attack", "forks", cases=len(FORGED))
def test_a_forged_artifact_writes_nothing_and_is_told(runner: Runner, repo: StandIn, number: int) -> None:
    first = analysed(runner, repo, number)
    assert first.status == 0, first.log
    file = first.workspace / ARTIFACTS / ARTIFACT / FILE
    honest = file.read_text("utf-8")
    for what, (forge, words) in FORGED.items():
        said = json.loads(honest)
        forge(said)
        file.write_text(json.dumps(said), "utf-8")
        second = applied(Runner(runner.image, runner.folder / what), repo, number, first)
        assert (second.status, second.outputs["published"]) == (1, "false"), second.log
        [told] = [line for line in second.log.splitlines() if "::error" in line and words in line]
        assert told
        assert repo.labels_of(number) == []
