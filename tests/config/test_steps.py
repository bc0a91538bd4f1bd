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
        (
            "{task: summarization, target_language: de}",
            "target_language: summarization does not read it; only translation does",
        ),
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
        (Step(task="text-generation", labels={"bug": ""}), "max"),
        (Step(task="text-generation", labels={"bug": ""}, merge="mean"), "mean"),
        (Step(task="table-question-answering"), None),
        (Step(), None),
    ],
)
def test_every_task_has_its_way_with_a_long_text(step: Step, how: str | None) -> None:
    assert step.merging == how


def test_every_task_has_its_facts() -> None:
    assert set(TASKS) == set(Task.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            "task: text-classification, model: 'fake:', max_words: 50",
            "max_words: text-classification does not read it; ",
        ),
        ("task: text-classification, model: a/b, max_words: 120", "it; only summarization does"),
        ("task: text-classification, model: a/b, instructions: Be brief", "instructions: text-classification does not"),
        ("task: question-answering, model: a/b, questions: x, max_new_tokens: 9", "do: summarization, translation, te"),
        ("task: text-classification, model: a/b, hypothesis_template: 'It is {}'", "do: zero-shot-classification, fil"),
        ("task: summarization, multi_label: true", "multi_label: summarization does not read it; these tasks do: t"),
        (
            "task: text-generation, model: a/b, multi_label: true",
            "multi_label: text-generation reads it only where the",
        ),
        (
            "task: fill-mask, model: a/b, hypothesis_template: 'It is {}'",
            "hypothesis_template: fill-mask reads it only",
        ),
        ("task: zero-shot-classification, hypothesis_template: 'It is {}'", "template: the embedded model does not re"),
        ("task: summarization, instructions: Be brief", "instructions: the embedded model does not read it: leave"),
        ("task: summarization, max_new_tokens: 9", "max_new_tokens: the embedded model does not read it"),
        ("task: summarization, revision: main", "revision: embedded has no revisions to choose from: leave it out"),
        ("task: summarization, model: 'fake:', base_revision: main", "base_revision: fake: has no revisions"),
        (
            "task: question-answering, model: a/b, questions: {kind: {instructions: What, type: score}}",
            "questions: kind: question-answering reads a question's instructions alone",
        ),
        ("task: decision, model: a/b, questions: x, labels: [a]", "labels: its questions say what a decision may"),
        *(
            (
                f"task: summarization, model: a/b, endpoint: hf-inference, {key}: x",
                f"{key}: the endpoint serves what it",
            )
            for key in ("library", "revision", "base_revision")
        ),
    ],
)
def test_a_key_that_would_do_nothing_is_refused(step: str, expected: str) -> None:
    assert expected in problem(f"{{{step}}}")


def test_several_images_have_no_mean() -> None:
    step = "{task: image-classification, model: a/b, merge: mean}"
    assert "merge: image-classification: of several images a label keeps its highest" in problem(
        step, "input: images\npublish: labels"
    )


@pytest.mark.parametrize(
    "step",
    [
        "task: summarization, multi_label: false, instructions: null",
        "task: text-classification, model: a/b, source_language: en, multi_label: true, labels: [bug]",
        "task: text-generation, model: a/b, multi_label: true, labels: [bug, docs], instructions: x, max_new_tokens: 9",
        "task: fill-mask, model: a/b, labels: [bug, docs], hypothesis_template: 'It is {}'",
        "task: translation, model: a/b, instructions: x, max_new_tokens: 9, source_language: de, target_language: en",
        "task: summarization, model: a/b, library: peft, base_revision: main, max_words: 50, max_new_tokens: 90",
        "task: feature-extraction, library: transformers",
        "task: zero-shot-classification, endpoint: hf-inference, model: a/b, hypothesis_template: 'It is {}'",
        "task: summarization, endpoint: hf-inference, model: a/b, max_words: 50, fallback: embedded",
        "task: summarization, endpoint: together, model: a/b, max_words: 50, instructions: x, max_new_tokens: 9",
        "model: embedded-labs/b",
        "model: a/b, max_words: 50, questions: x",
    ],
)
def test_a_key_that_something_reads_is_taken(step: str) -> None:
    assert flow(f"{{{step}}}").pipeline


DECISION = """[{task: decision, model: a/b, questions: {is_bug: 'Is it one?',
      kind: {instructions: What, type: choice, criteria: {crash: it stops, slow: it waits}},
      harm: {instructions: How bad, type: score, criteria: [none, some]}}}, {task: summarization, when: WHEN}]"""


@pytest.mark.parametrize("found", ["is_bug", "Crash", "some"])
def test_a_condition_may_name_what_a_decision_answers(found: str) -> None:
    assert flow(DECISION.replace("WHEN", found)).pipeline[1].when == When(labels=(found,))


def test_a_condition_that_no_answer_of_a_decision_meets_is_refused() -> None:
    assert "no step before can find 'is_bgu': did you mean 'is_bug'?" in problem(DECISION.replace("WHEN", "is_bgu"))
    assert "no step before can find 'kind'" in problem(DECISION.replace("WHEN", "kind"))


@pytest.mark.parametrize("found", ["bug", "'type: bug'", "sure"])
def test_a_condition_may_name_a_label_as_the_model_or_the_repository_does(found: str) -> None:
    steps = f"[{{task: zero-shot-classification, model: 'fake:label=sure', labels: [bug, docs]}}, {SUMMARY % found}]"
    assert flow(steps, "publish: labels\ndecide: {rename: {Bug: 'type: bug'}}").pipeline[1].when


SUMMARY = "{task: summarization, when: %s}"


def test_a_condition_is_decided_by_the_flows_rules() -> None:
    steps = f"[{{task: token-classification, model: a/b}}, {SUMMARY % 'PER'}]"
    assert flow(steps, "publish: comment\ndecide: {threshold: 0.9}").decide.threshold == 0.9


LONG = "Is this a report of something that does not work as it should?"


def test_an_answer_that_is_too_long_for_a_label_is_refused_where_labels_are_published() -> None:
    asked = f"{{task: decision, model: a/b, questions: '{LONG}'}}"
    assert "has 1 to 50 characters: give the question a short name (is_bug: Is" in problem(asked, "publish: labels")
    assert flow(asked, "publish: comment")
    assert flow(asked, f"publish: labels\ndecide: {{rename: {{'{LONG}': bug}}}}")
    choice = f"{{instructions: What, type: choice, criteria: {{'{LONG}': x, docs: y}}}}"
    chosen = f"{{task: decision, model: a/b, questions: {{k: {choice}}}}}"
    assert "give the option a short name" in problem(chosen, "publish: labels")


def test_two_questions_with_one_answer_are_refused() -> None:
    choice = "{instructions: What, type: choice, criteria: {bug: x, docs: y}}"
    told = problem(f"{{task: decision, model: a/b, questions: {{bug: 'Is it one?', kind: {choice}}}}}")
    assert "several questions have the answer 'bug'" in told


def test_rules_and_budget_are_laid_over_those_of_the_file_that_is_extended_key_by_key() -> None:
    base = parse("version: 1\nmodels: {require_pinned: true, licenses: [mit]}\nbudget: {calls: 3, tokens: 5}\n")
    kept = parse("version: 1\nextends: o/r\nmodels:\n").over(base)
    assert (kept.models, kept.budget) == (base.models, base.budget)
    own = parse("version: 1\nextends: o/r\nmodels: {max_memory: 9, licenses: null}\nbudget: {tokens: 9}\n").over(base)
    assert own.models == ModelRules(require_pinned=True, max_memory=9)
    assert own.budget == Budget(calls=3, tokens=9)
    assert not parse("version: 1\nextends: o/r\nmodels: {require_pinned: false}\n").over(base).models.require_pinned


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


def test_a_search_over_past_issues_is_a_step_of_the_learned_model() -> None:
    found = flow("{against: issues}", "publish: comment\ndecide: {precision: 0.9}")
    [step] = found.pipeline
    assert (step.task, step.model, step.gives, step.chooses) == ("sentence-similarity", "learned", "issues", False)
    assert flow("{task: sentence-similarity, against: issues, model: org/name}").pipeline[0].model == "org/name"
    assert found.searches
    assert found.deciding is None


@pytest.mark.parametrize(
    ("pipeline", "rest", "expected"),
    [
        ("{against: issues, model: embedded}", "publish: comment", "embedded keeps no index of past issues"),
        ("{against: issues, model: 'fake:'}", "publish: comment", "fake: keeps no index of past issues"),
        ("{against: issues, labels: [bug]}", "publish: comment", "there are no labels to choose from"),
        ("{against: pulls}", "publish: comment", "known here: issues"),
        (
            "{against: issues, long_text: windows}",
            "publish: comment",
            "flows.kind.pipeline.long_text: against: issues reads title and body, each up to the encoder's limit",
        ),
        ("{against: issues, explain: true}", "publish: comment", "sentence-similarity does not read it"),
        ("{task: summarization, against: issues}", "publish: comment", "only sentence-similarity does"),
        ("{task: sentence-similarity, model: learned}", "publish: comment", "learned does not do sentence-similarity"),
        ("{against: issues}", "publish: labels", "sentence-similarity gives issues, not labels"),
        ("{against: issues}", "publish: comment\ndecide: {precision: 0.9, threshold: 0.8}", "leave threshold out"),
        ("{against: issues, model: org/name, endpoint: hf-inference}", "publish: comment", "leave endpoint out"),
        (
            "{against: issues}",
            "publish: comment\ndecide: {max_labels: 2}",
            "decide.max_labels: an issue is suggested from",
        ),
        ("{against: issues}", "publish: comment\ndecide: {margin: 0.1}", "decide.margin: an issue is suggested from"),
    ],
)
def test_a_search_that_cannot_work_is_refused_with_what_to_write(pipeline: str, rest: str, expected: str) -> None:
    assert expected in problem(pipeline, rest)


@pytest.mark.parametrize(
    ("events", "bring"),
    [
        ("pull_request_target", "pull_request_target bring none"),
        ("[pull_request, discussion]", "pull_request and discussion bring none"),
        ("release", "release bring none"),
    ],
)
def test_a_search_that_no_issue_comes_to_is_refused(events: str, bring: str) -> None:
    step = "pipeline: {against: issues}, publish: comment"
    with pytest.raises(ConfigError) as raised:
        parse(f"version: 1\nflows:\n  a: {{on: {events}, {step}}}\n")
    assert f":3: flows.a.pipeline.against: issues are compared with issues, and {bring}" in str(raised.value)
    assert parse(f"version: 1\nflows:\n  a: {{on: [issues, pull_request_target], {step}}}\n").flows["a"] is not None
