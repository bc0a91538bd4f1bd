"""One pipeline, given by the Action's inputs alone."""

import pytest

from hubpipe.config import from_inputs
from hubpipe.errors import ConfigError


def test_without_a_task_there_is_no_flow() -> None:
    assert from_inputs({"task": "", "labels": " "}) is None


def test_a_task_and_labels_make_a_flow_for_every_event_with_a_subject() -> None:
    config = from_inputs(
        {"task": "zero-shot-classification", "labels": "bug, question", "threshold": "0.3", "max-labels": "2"}
    )
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert flow.pipeline[0].labels == {"bug": "", "question": ""}
    assert (flow.decide.threshold, flow.decide.max_labels) == (0.3, 2)
    assert flow.publish.labels is not None
    assert {"issues", "pull_request", "pull_request_target"} <= set(flow.on)


@pytest.mark.parametrize("written", ["no, 404", "no\n404", "- no\n- '404'", "[no, '404']", "no,\n404,\n"])
def test_every_way_to_write_a_list_of_labels_means_the_same(written: str) -> None:
    config = from_inputs({"task": "zero-shot-classification", "labels": written})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert flow.pipeline[0].labels == {"no": "", "404": ""}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("@foo, bar", ["@foo", "bar"]),
        ('"type: bug", "type: docs"', ["type: bug", "type: docs"]),
        ("'type: bug', 'type: docs'", ["type: bug", "type: docs"]),
        ('"type: bug"\n"type: docs"', ["type: bug", "type: docs"]),
        ('"type: bug"', ["type: bug"]),
        ('"one, two", three', ["one, two", "three"]),
        ("bug # crash\nC#", ["bug # crash", "C#"]),
        ("#1 priority, bug", ["#1 priority", "bug"]),
        ("*, !x\n%y", ["*", "!x", "%y"]),
        ("don't, won't", ["don't", "won't"]),
    ],
)
def test_what_is_no_yaml_is_still_names(written: str, names: list[str]) -> None:
    config = from_inputs({"task": "zero-shot-classification", "labels": written})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert list(flow.pipeline[0].labels or ()) == names


def test_labels_may_carry_descriptions() -> None:
    config = from_inputs({"task": "zero-shot-classification", "labels": "bug: It breaks\nquestion: Why?"})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert flow.pipeline[0].labels == {"bug": "It breaks", "question": "Why?"}


@pytest.mark.parametrize(("task", "target"), [("summarization", "comment"), ("feature-extraction", "summary")])
def test_a_task_publishes_what_suits_it(task: str, target: str) -> None:
    config = from_inputs({"task": task})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert getattr(flow.publish, target) is not None


def test_a_model_that_writes_publishes_the_labels_that_it_chooses_among() -> None:
    config = from_inputs({"task": "text-generation", "model": "a/b", "labels": "bug, docs"})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert flow.publish.labels is not None
    assert flow.publish.comment is None


def test_a_model_alone_leaves_its_task_to_the_hub() -> None:
    config = from_inputs({"model": "org/name", "publish": "labels"})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert (flow.pipeline[0].model, flow.pipeline[0].task) == ("org/name", None)


def test_questions_are_one_a_line() -> None:
    config = from_inputs({"task": "question-answering", "model": "a/b", "questions": "Which version, exactly?\nWhy?\n"})
    assert config is not None
    [flow] = config.flows.values()
    assert flow is not None
    assert list(flow.pipeline[0].questions or ()) == ["Which version, exactly?", "Why?"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "org/name"}, "the action's inputs: publish: only the Hub knows the task of org/name: say where"),
        ({"task": "question-answering", "model": "a/b"}, "the action's inputs: questions: question-answering answers"),
        ({"labels": "bug"}, "the action's inputs: task: this input is needed beside labels"),
        ({"task": "sumarization"}, "the action's inputs: task: 'sumarization' is not allowed: did you mean"),
        (
            {"task": "summarization", "threshold": "high"},
            "the action's inputs: threshold: write a number",
        ),
        (
            {"task": "zero-shot-classification", "threshold": "@"},
            "the action's inputs: threshold: write a number",
        ),
        ({"task": "zero-shot-classification", "max-labels": "0"}, "the action's inputs: max-labels: input should be"),
        ({"task": "zero-shot-classification", "labels": "a: b: c"}, "the action's inputs: labels: neither names"),
        ({"task": "zero-shot-classification", "labels": "type: bug"}, "the action's inputs: labels: 'type' would be"),
        (
            {"task": "zero-shot-classification", "labels": "a, b: c\nd: e"},
            "the action's inputs: labels: 'a, b' would be",
        ),
        ({"task": "summarization", "publish": "labels"}, "the action's inputs: publish: summarization gives text"),
    ],
)
def test_a_wrong_input_is_named_as_the_workflow_writes_it(given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_inputs(given)
    assert str(caught.value).startswith(message)
