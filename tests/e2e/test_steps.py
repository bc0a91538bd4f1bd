"""Flows of several steps, long issues and endpoints that are away, through the Action's own process."""

import json
from pathlib import Path

import pytest

from tests.e2e.step import run
from tests.standin.servers import free_port
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CHAIN = """\
version: 1
flows:
  trace:
    on: issues
    pipeline:
      - {task: translation, model: "fake:label=The app crashes with ValueError", target_language: en}
      - {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
      - {task: token-classification, model: "fake:label=name", when: WHEN}
    publish: [labels, comment]
"""
LONG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=bug"}
    publish: labels
"""
REMOTE = """\
version: 1
FILE
flows:
  sum:
    on: issues
    pipeline: {task: summarization, model: octo-org/writer, endpoint: "http://127.0.0.1:PORT/v1", timeout: 2STEP}
    publish: comment
"""

ONLINE = {"HF_HUB_OFFLINE": ""}


def opened(repo: StandIn, config: str, title: str = "Die App stürzt ab", body: str = "Bei jedem Start.") -> int:
    for name in ("bug", "question"):
        repo.add_label(name)
    repo.put_file(".github/hubpipe.yml", config)
    return repo.open_issue(title, body)


def test_a_bug_is_translated_labelled_and_its_names_are_found(standin: StandIn, tmp_path: Path) -> None:
    number = opened(standin, CHAIN.replace("WHEN", "bug"))
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    [comment] = standin.comments_of(number)
    assert "- name: `ValueError` (1.00)" in comment["body"]
    assert "Summary" not in comment["body"]
    assert [found["task"] for found in step.plan[0]["steps"]] == [
        "translation",
        "zero-shot-classification",
        "token-classification",
    ]


def test_a_step_whose_condition_does_not_hold_is_told_in_the_summary(standin: StandIn, tmp_path: Path) -> None:
    number = opened(standin, CHAIN.replace("WHEN", "question"))
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    [comment] = standin.comments_of(number)
    assert "Found in the text" not in comment["body"]
    assert "it runs when question is found, and bug was" in step.summary
    assert step.plan[0]["steps"][2]["skipped"].startswith("token-classification did not run")


def test_all_of_a_very_long_issue_is_read_in_windows(standin: StandIn, tmp_path: Path) -> None:
    number = opened(standin, LONG, body="It crashes again. " * 3_600)
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    read = step.plan[0]["read"]
    assert (read["tokens"], read["cut"]) == (read["of"], [])
    assert read["windows"] > 20
    assert f"in the mean of {read['windows']} windows" in step.summary


def test_an_endpoint_that_is_away_falls_back_to_the_embedded_model(standin: StandIn, tmp_path: Path) -> None:
    config = REMOTE.replace("PORT", str(free_port())).replace("STEP", ", fallback: embedded").replace("FILE", "")
    number = opened(standin, config, body="The app crashes at start. It worked before the update.")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number), ONLINE)
    assert step.status == 0, step.log
    [comment] = standin.comments_of(number)
    assert "The app crashes at start" in comment["body"]
    assert "all-MiniLM-L6-v2" in comment["body"]
    assert "ran on the embedded model instead" in step.summary
    assert json.loads(step.outputs["plan"])["spent"]["calls"] >= 1


def test_without_a_fallback_the_run_is_red_and_says_what_to_do(standin: StandIn, tmp_path: Path) -> None:
    config = REMOTE.replace("PORT", str(free_port())).replace("STEP", "").replace("FILE", "")
    number = opened(standin, config)
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number), ONLINE)
    assert step.status == 1, step.log
    assert standin.comments_of(number) == []
    assert step.outputs["published"] == "false"
    assert "127.0.0.1" in step.summary


def test_a_spent_budget_stops_a_run_before_it_asks(standin: StandIn, tmp_path: Path) -> None:
    config = REMOTE.replace("PORT", str(free_port())).replace("STEP", "").replace("FILE", "budget: {calls: 0}")
    number = opened(standin, config)
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number), ONLINE)
    assert step.status == 1, step.log
    assert "budget" in step.summary
