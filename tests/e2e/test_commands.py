"""Commands in comments through the Action's own process: who may give them, what is done, answered and taken back."""

import json
from pathlib import Path

import pytest

from hubpipe.event.commands import WORDS
from tests.e2e.step import Step, run
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened], pull_request_target: [opened]}
    pipeline: {task: text-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
"""
DESCRIBING = """\
version: 1
flows:
  about:
    on: {pull_request_target: [opened, synchronize]}
    input: [title, body, commits]
    pipeline: {task: summarization, model: "fake:"}
    publish: {comment: {mode: description}}
"""
BODY = "The reader keeps the whole archive in memory, and fails with a MemoryError on files over 4 GB."
CAUSE = "The profile shows that the decoder copies every block three times before it writes one."
MARKER = "<!-- hubpipe: flow="
ANSWER = f"{MARKER}hubpipe.commands -->"


def issue(repo: StandIn, config: str = CONFIG) -> int:
    repo.put_file(".github/hubpipe.yml", config)
    for name in ("bug", "question"):
        repo.add_label(name)
    return repo.open_issue("Large archives cannot be read", BODY)


def says(
    repo: StandIn,
    folder: Path,
    number: int,
    body: str,
    user: str = "octocat",
    action: str = "created",
    **comment: object,
) -> tuple[Step, int]:
    """Let a person comment, and run the Action on the event that GitHub sends of it; give the comment's id, too."""
    identifier = repo.comment_as(user, number, body)
    payload = repo.event("issue_comment", action, number)
    payload["comment"] |= {"id": identifier, "body": body, "user": {**payload["comment"]["user"], "login": user}}
    payload["comment"] |= comment
    return run(repo, folder, "issue_comment", payload), identifier


def answer_of(repo: StandIn, number: int) -> str:
    [answer] = [one["body"] for one in repo.comments_of(number) if one["body"].startswith(ANSWER)]
    return str(answer)


def test_label_runs_the_flows_that_label_now(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    print(answer_of(standin, number), step.summary, step.outputs)
    assert standin.labels_of(number) == ["bug"]
    assert standin.reactions_of(comment) == ["eyes", "+1"]
    assert "added bug" in answer_of(standin, number)
    assert json.loads(step.outputs["labels"]) == ["bug"]


@pytest.mark.parametrize("word", WORDS)
def test_try(standin: StandIn, tmp_path: Path, word: str) -> None:
    number = issue(standin)
    standin.comment_as("maintainer", number, CAUSE)
    step, comment = says(standin, tmp_path, number, f"/hubpipe {word}")
    print(standin.reactions_of(comment), step.summary)
    for one in standin.comments_of(number):
        print(one["body"])
    assert step.status == 5, step.log


def test_sim(standin: StandIn, tmp_path: Path) -> None:
    issue(standin)
    for n in range(8):
        standin.open_issue(f"Colours of theme {n} are wrong in the dark mode", f"The button {n} is white on white.")
    number = standin.open_issue("Big archives can't be read: MemoryError", "The reader holds the whole archive in memory and fails with MemoryError on files over 4 GB.")
    step, comment = says(standin, tmp_path, number, f"/hubpipe similar")
    print(standin.reactions_of(comment), step.summary)
    for one in standin.comments_of(number): print(one["body"])
    assert step.status == 5, step.log
