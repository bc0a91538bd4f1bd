"""Several flows on one event: each stands for itself."""

import logging
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from hubpipe.config import Step, parse
from hubpipe.errors import EndpointError, NoAnswerError
from hubpipe.event import Comment, Event, Subject
from hubpipe.models.base import Model, Places, Terms
from hubpipe.models.shelf import Shelf
from hubpipe.render import marker
from hubpipe.run import handle
from hubpipe.sinks import dry_run

Kept = TypeVar("Kept")

CONFIG = """\
version: 1
flows:
  broken:
    on: issues
    pipeline: {task: summarization, model: octo-org/broken}
    publish: comment
  sound:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=bug"}
    publish: labels
"""
EVENT = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))


class Odd(Shelf):
    """A shelf with a model that breaks its library in a way that nobody foresaw."""

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        if step.model == "octo-org/broken":
            raise ZeroDivisionError("num_attention_heads")
        return super().load(step, labels, terms)


def test_a_flow_that_breaks_down_is_told_and_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "hubpipe"):
        report = handle(EVENT, parse(CONFIG), None, Odd(Places(offline=True)), dry_run.publish)
    broken, sound = report.flows
    assert str(broken.error).startswith("the flow broke down (ZeroDivisionError: num_attention_heads)")
    assert report.exit_code == 1
    assert [score.label for score in sound.plan.chosen] == ["bug"]
    assert "Traceback" in caplog.text


STEPS = """\
version: 1
flows:
  both:
    on: issues
    pipeline:
      - {task: text-classification, model: "fake:label=bug"}
      - {task: summarization, model: octo-org/away}
    publish: comment
"""


class Away(Shelf):
    """A shelf with a model that does not answer the first time."""

    asked = 0

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        if step.model != "octo-org/away":
            return super().load(step, labels, terms)
        Away.asked += 1
        if Away.asked == 1:
            raise EndpointError("it is away")
        return super().load(step.model_copy(update={"model": "fake:"}), labels, terms)


def patiently(stage: str, kind: Any, work: Callable[[], Kept]) -> Kept:
    """Do a stage once more where an endpoint was away."""
    try:
        return work()
    except EndpointError:
        return work()


def test_steps_that_are_asked_once_more_are_reported_once() -> None:
    report = handle(EVENT, parse(STEPS), None, Away(Places(offline=True)), dry_run.publish, keep=patiently)
    [flow] = report.flows
    assert [step.task for step in flow.steps] == ["text-classification", "summarization"]
    assert flow.findings.text is not None
    assert [effect.kind for effect in flow.plan.effects] == ["comment"]


class NobodyKnows:
    """GitHub that does not say who hubpipe is."""

    def login(self) -> str:
        raise NoAnswerError("away")


def test_whether_a_comment_is_hubpipes_own_is_a_stage_where_github_is_asked() -> None:
    stages: list[str] = []

    def keep(stage: str, kind: Any, work: Callable[[], Kept]) -> Kept:
        stages.append(stage)
        return kind("yes") if stage == "own comment" else work()

    for body, asked in ((f"{marker('kind')}\nbug", ["own comment"]), ("It is a bug", [])):
        stages.clear()
        event = replace(EVENT, kind="issue_comment", action="created", comment=Comment(1, "octocat", body))
        report = handle(event, parse(CONFIG), NobodyKnows(), Shelf(Places(offline=True)), dry_run.publish, keep=keep)  # type: ignore[arg-type]
        assert stages == asked
        assert bool(report.note) == bool(asked)


def test_a_start_imports_no_heavy_library() -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "huggingface_hub", "numpy", "PIL", "github")
    code = f"import sys, hubpipe.action; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
