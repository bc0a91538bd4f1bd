"""Pull requests from forks: what reaches them, what does not, and that nobody is left to guess which."""

from pathlib import Path

import pytest

from tests.e2e.step import Step, run
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {pull_request: [opened, synchronize], pull_request_target: [opened, synchronize]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request: [opened, synchronize], pull_request_target: [opened, synchronize]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository with labels and a configuration file."""
    for name in ("bug", "question"):
        standin.add_label(name)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return standin


def opened(repo: StandIn, number: int, folder: Path, kind: str = "pull_request", **inputs: str) -> Step:
    return run(repo, folder, kind, repo.event(kind, "opened", number), **inputs)


@pytest.mark.threat("attack", "forks")
def test_pull_request_target_writes_on_a_forks_pull_request_and_reads_its_text_alone(
    repo: StandIn, tmp_path: Path
) -> None:
    number = repo.open_pull("Add a parser", "It reads `a`.", {"conftest.py": "exit(1)\n"}, from_fork=True)
    step = opened(repo, number, tmp_path, "pull_request_target")
    assert (step.status, step.outputs["published"]) == (0, "true"), step.log
    assert repo.labels_of(number) == ["bug"]
    assert len(repo.comments_of(number)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["event", "output", "summary"]


@pytest.mark.threat("fault", "permissions")
def test_a_forks_read_only_token_is_told_with_the_ways_around_it(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.", from_fork=True)
    step = opened(repo, number, tmp_path, github_token=repo.read_only_token)
    assert (step.status, step.outputs["published"]) == (1, "false")
    assert "::error::the token may not write, so that 2 of 2 changes are not on GitHub" in step.log
    assert "**Not published:**" in step.summary
    assert "Run it on pull_request_target, or in two stages" in step.log
    assert "or in two stages" in step.summary
    assert (repo.labels_of(number), repo.comments_of(number)) == ([], [])


@pytest.mark.threat("fault", "permissions")
def test_a_token_that_may_not_write_can_be_a_warning(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    step = opened(repo, number, tmp_path, github_token=repo.read_only_token, on_unpublished="warn")
    assert (step.status, step.outputs["published"]) == (0, "false"), step.log
    assert "::warning::the token may not write" in step.log
    assert "::warning::summary: comment: The token may not comment" in step.log
    assert "::error" not in step.log
    assert "give the job the permissions that hubpipe check prints" in step.summary


@pytest.mark.threat("fault", "permissions")
def test_other_faults_stay_red_where_a_token_that_may_not_write_is_a_warning(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    payload = repo.event("pull_request", "opened", number)
    repo.server.recorder.forget()
    repo.fail("POST", "/labels", 422, "Validation Failed")
    step = run(repo, tmp_path, "pull_request", payload, on_unpublished="warn")
    assert (step.status, step.outputs["published"]) == (1, "false"), step.log


def test_an_unknown_word_for_it_is_told_before_anything_is_done(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    step = opened(repo, number, tmp_path, on_unpublished="ignore")
    assert step.status == 2
    assert "the input on-unpublished is 'ignore': write fail or warn" in step.log
    assert repo.comments_of(number) == []
