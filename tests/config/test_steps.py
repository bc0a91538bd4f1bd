"""The keys of a step: their short forms, and what cannot work together."""

import pytest

from hubpipe.config import Budget, Flow, ModelRules, Question, Step, When, parse
from hubpipe.config.tasks import TASKS, Task
from hubpipe.errors import ConfigError


def flow(pipeline: str, rest: str = "publish: summary") -> Flow:
    lines = "".join(f"    {line}\n" for line in rest.splitlines())
    found = parse(f"version: 1\nflows:\n  kind:\n    on: issues\n    pipeline: {pipeline}\n{lines}").flows["kind"]
    assert found is not None
    return found


def problem(pipeline: str, rest: str = "publish: summary") -> str:
    with pytest.raises(ConfigError) as caught:
        flow(pipeline, rest)
    [found] = caught.value.problems
    return str(found)


def test_a_hub_id_alone_is_a_step() -> None:
    assert flow("org/name").pipeline == (Step(model="org/name"),)
    assert flow("[org/name, {task: summarization}]").pipeline == (Step(model="org/name"), Step(task="summarization"))


@pytest.mark.parametrize("model", ["embedded", "'fake:'"])
def test_a_model_that_the_hub_does_not_know_needs_its_task(model: str) -> None:
    assert "does several tasks: name one" in problem(f"{{model: {model}}}")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("bug", When(labels=("bug",))),
        ("[bug, crash]", When(labels=("bug", "crash"))),
        ("{labels: bug, threshold: 0.7}", When(labels=("bug",), threshold=0.7)),
    ],
)
def test_a_condition_is_a_label_several_or_a_mapping(written: str, read: When) -> None:
    steps = f"[{{task: text-classification, model: 'fake:'}}, {{task: summarization, when: {written}}}]"
    assert flow(steps).pipeline[1].when == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'Which version?'", {"Which version?": Question(instructions="Which version?")}),
        ("['Which?', 'Why?']", {"Which?": Question(instructions="Which?"), "Why?": Question(instructions="Why?")}),
        ("{version: 'Which version?'}", {"version": Question(instructions="Which version?")}),
    ],
)
def test_questions_are_one_several_or_named(written: str, read: dict[str, Question]) -> None:
    assert flow(f"{{task: question-answering, model: org/name, questions: {written}}}").pipeline[0].questions == read


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ("{task: question-answering, model: a/b}", "questions: question-answering answers questions: ask at least one"),
        ("{task: summarization, questions: why}", "summarization answers no questions; these do: question-answering"),
        ("{task: summarization, target_language: de}", "does not translate: only translation has it"),
        ("{task: decision, model: a/b, questions: {kind: {instructions: a, type: choice}}}", "a choice needs criteria"),
        ("{task: decision, model: a/b, questions: {kind: {instructions: a, type: score}}}", "a score needs criteria"),
        ("{task: decision, model: a/b, questions: {k: {instructions: a, criteria: {no: b}}}}", "describe true and fal"),
        ("{task: decision, model: a/b, questions: {k: {instructions: a, typ: noul}}}", "did you mean 'type'?"),
        ("{task: summarization, when: bug}", "pipeline.when: no step before gives labels"),
        (
            "[{task: zero-shot-classification, labels: [bug, docs]}, {task: summarization, when: bgu}]",
            "pipeline.1.when: no step before can find 'bgu': did you mean 'bug'?",
        ),
        ("{task: summarization, merge: mean}", "summarization gives text: only scores have a mean or a maximum"),
        ("{task: fill-mask, model: a/b, long_text: head, merge: max}", "there is nothing to merge"),
        ("{task: table-question-answering, model: a/b, questions: x, long_text: head}", "does not read a text in wind"),
        ("{task: fill-mask, model: a/b, long_text: tail}", "long_text: 'tail' is not allowed"),
        ("{task: image-classification, model: a/b}", "image-classification reads images: add images to the flow's inp"),
        ("{task: automatic-speech-recognition, model: a/b}", "reads audio: add audio to the flow's input"),
        ("{task: summarization, fallback: embedded}", "there is no endpoint that could be away"),
        ("{task: summarization, timeout: 5}", "there is no endpoint to wait for"),
        ("{task: summarization, endpoint: 'https://a.example'}", "embedded runs on the runner"),
        ("{model: a/b, endpoint: 'https://a.example'}", "an endpoint does not tell the task: name it"),
        (
            "{task: translation, model: a/b, endpoint: hf-inference, fallback: embedded}",
            "embedded does not do translation; it does feature-extraction",
        ),
        ("{task: summarization, model: a/b, endpoint: 'ftp://a.example'}", "pipeline.endpoint: name a provider"),
        ("{task: fill-mask, model: a/b, max_new_tokens: 0}", "max_new_tokens"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(pipeline: str, expected: str) -> None:
    assert expected in problem(pipeline)


def test_images_that_no_step_reads_are_refused() -> None:
    told = problem("{task: summarization}", "input: [body, images]\npublish: comment")
    assert "input.1: no step reads images; these tasks do: image-classification" in told


def test_what_only_the_hub_can_tell_is_left_to_it() -> None:
    for rest in ("publish: labels", "publish: comment\ndecide: {threshold: 0.4}", "input: [images]\npublish: comment"):
        assert flow("org/name", rest).pipeline[0].task is None


def test_labels_make_a_model_that_writes_choose() -> None:
    chat = "{task: text-generation, model: a/b, labels: [bug, docs]}"
    assert flow(chat, "publish: labels").gives == {"scores"}
    assert "text-generation gives text, not labels" in problem(
        chat.replace(", labels: [bug, docs]", ""), "publish: labels"
    )


@pytest.mark.parametrize(
    ("step", "how"),
    [
        (Step(task="text-classification"), "mean"),
        (Step(task="text-classification", multi_label=True), "max"),
        (Step(task="text-classification", merge="max"), "max"),
        (Step(task="text-classification", long_text="head"), "head"),
        (Step(task="zero-shot-classification"), "head"),
        (Step(task="zero-shot-classification", long_text="windows"), "mean"),
        (Step(task="zero-shot-classification", merge="max"), "max"),
        (Step(task="summarization"), "reduce"),
        (Step(task="text-generation"), "reduce"),
        (Step(task="text-generation", labels={"bug": ""}), "mean"),
        (Step(task="table-question-answering"), None),
        (Step(), None),
    ],
)
def test_every_task_has_its_way_with_a_long_text(step: Step, how: str | None) -> None:
    assert step.merging == how


def test_every_task_has_its_facts() -> None:
    assert set(TASKS) == set(Task.__args__)  # type: ignore[attr-defined]


def test_rules_and_budget_come_from_the_file_that_is_extended_unless_this_one_has_its_own() -> None:
    base = parse("version: 1\nmodels: {require_pinned: true, licenses: [mit]}\nbudget: {calls: 3}\n")
    kept = parse("version: 1\nextends: o/r\n").over(base)
    assert (kept.models, kept.budget) == (ModelRules(require_pinned=True, licenses=("mit",)), Budget(calls=3))
    own = parse("version: 1\nextends: o/r\nbudget: {tokens: 9}\n").over(base)
    assert (own.models, own.budget) == (base.models, Budget(tokens=9))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("models: {require_pinne: true}", "did you mean 'require_pinned'?"),
        ("models: {licenses: []}", "models.licenses: it must not be empty"),
        ("budget: {call: 1}", "did you mean 'calls'?"),
        ("budget: {calls: -1}", "budget.calls: "),
    ],
)
def test_slips_in_rules_and_budget_are_named(line: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected.replace("?", r"\?")):
        parse(f"version: 1\n{line}\n")
