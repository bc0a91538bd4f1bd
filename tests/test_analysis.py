"""What models say, kept by one run and given by another: the same reports, and nothing that nobody asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hubpipe import pipeline, weighing
from hubpipe.analysis import ACTIVITIES, Analysis, KeptModel, folder
from hubpipe.analysis.recording import Recording
from hubpipe.analysis.replaying import Replaying
from hubpipe.config import TASKS, Flow, Step, parse
from hubpipe.errors import ArtifactError, EndpointError
from hubpipe.event import Attachment, Changes, KnownIssue, Label
from hubpipe.infer import Answer, ask
from hubpipe.models.base import (
    Alike,
    Limits,
    Model,
    ModelInfo,
    Past,
    Places,
    Prediction,
    Score,
    Scores,
    Terms,
    Text,
    Why,
)
from hubpipe.models.shelf import Shelf
from hubpipe.pipeline import Work
from hubpipe.report import StepReport
from hubpipe.similar import Tracker
from hubpipe.text import Document, Part

SHELF = Shelf(Places(offline=True))
LONG = " ".join(f"word{number % 700} crash." for number in range(1_500))
DOCUMENT = Document((Part("title", "It crashes at src/app.py"), Part("body", LONG)))
MEDIA = {kind: Attachment(kind, f"https://github.com/assets/{kind}", kind.encode()) for kind in ("images", "audio")}
ASKING = ("question-answering", "table-question-answering", "decision", "document-question-answering")
EXAMPLES = 300


def flow(steps: str, rest: str = "") -> Flow:
    media = [kind for kind in MEDIA if _reads(steps, kind)]
    head = f"version: 1\nflows:\n  one:\n    on: pull_request\n    input: [{', '.join(('title', 'body', *media))}]\n"
    found = parse(f"{head}{rest}    pipeline: {steps}\n    publish: summary\n").flows["one"]
    assert found is not None
    return found


def _reads(steps: str, kind: str) -> bool:
    """Tell whether a step of these reads images, or sounds."""
    return any(kind.startswith(facts.reads) and f"task: {task}," in steps for task, facts in TASKS.items())


def _labels(step: Step) -> tuple[Label, ...]:
    return tuple(map(Label, step.labels or (("bug", "question") if step.chooses else ())))


def reports(chosen: Flow, models: pipeline.Models) -> list[StepReport]:
    work = Work("one", models.resolve(chosen), DOCUMENT, tuple(MEDIA.values()), _labels, models, Terms())
    return [_without_text(report) for report in pipeline.steps(work)]


def _without_text(report: StepReport) -> StepReport:
    """Leave out which part of the text was read: that is told by counts."""
    info = replace(report.model, mask=None) if report.model else None
    fitted = replace(report.fitted, text="") if report.fitted else None
    return replace(report, model=info, fitted=fitted)


def kept(recording: Recording) -> Analysis:
    """Write an analysis and read it again, as two runs do."""
    made = Analysis(repository="o/r", number=1, head="a" * 40, activity="opened", models=recording.said())
    return Analysis.model_validate_json(made.model_dump_json())


@pytest.mark.parametrize("task", TASKS)
def test_each_task_says_in_two_stages_what_it_says_in_one(task: str) -> None:
    asked = ", questions: {one: 'What crashes?'}" if task in ASKING else ""
    chosen = flow(f'{{task: {task}, model: "fake:"{asked}}}')
    recording = Recording(SHELF)
    before = reports(chosen, recording)
    assert before == reports(chosen, SHELF)
    assert before[0].prediction is not None
    assert reports(chosen, Replaying(SHELF, kept(recording))) == before


def test_a_real_model_does_so_too_for_labels_answers_and_summaries() -> None:
    chosen = flow(
        "[{task: zero-shot-classification, model: embedded, labels: {bug: It is broken, docs: ''}}, "
        "{task: question-answering, model: embedded, questions: 'What crashes?'}, "
        "{task: summarization, model: embedded, max_words: 20}]"
    )
    shelf = Shelf(Places())
    recording = Recording(shelf)
    before = reports(chosen, recording)
    assert [bool(report.prediction) for report in before] == [True] * 3
    assert reports(chosen, Replaying(shelf, kept(recording))) == before


def test_a_model_asked_in_another_way_was_not_asked() -> None:
    recording = Recording(SHELF)
    reports(flow('{task: summarization, model: "fake:echo"}'), recording)
    replaying = Replaying(SHELF, kept(recording))
    with pytest.raises(ArtifactError, match="does not answer what fake:echo is asked"):
        reports(flow('{task: summarization, model: "fake:echo", max_words: 99}'), replaying)


def test_an_endpoint_that_was_away_is_replaced_in_both_stages_alike() -> None:
    class Away(Shelf):
        def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
            if step.endpoint is not None:
                raise EndpointError("it does not answer")
            return super().load(step, labels, terms)

    endpoint = "endpoint: 'https://models.octo.org', fallback: embedded"
    chosen = flow(f"{{task: summarization, model: octo-org/writer, {endpoint}}}")
    recording = Recording(Away(Places()))
    [first] = reports(chosen, recording)
    [second] = reports(chosen, Replaying(Shelf(Places()), kept(recording)))
    assert second.prediction == first.prediction
    assert second.notes[0].startswith("summarization ran on the embedded model instead: ")


def test_an_image_that_is_another_one_now_is_not_spoken_of() -> None:
    chosen = flow('{task: image-to-text, model: "fake:"}')
    recording = Recording(SHELF)
    reports(chosen, recording)
    other = (replace(MEDIA["images"], data=b"another"),)
    work = Work("one", chosen, DOCUMENT, other, lambda step: (), Replaying(SHELF, kept(recording)), Terms())
    [report] = pipeline.steps(work)
    assert report.prediction is None
    assert report.unread == ("images: it was not there when the analysis was made, or is another one now",)


class Sure:
    """A model that knows how often it is right, and why."""

    info = ModelInfo("fake", "fake:", None, "text-classification", None)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        return []

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Scores((Score("bug", 0.9), Score("question", 0.1))) for _ in texts]

    def limits(self, precision: float) -> Limits:
        return Limits(precision, {"bug": 0.8, "question": None}, {"question": "too few"}, exclusive=True)

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        nearest = (Past("It crashes, too", 1.0000002, 7, "https://evil.example/o/r/issues/7", open=True),)
        return tuple(Why(label, nearest, (("crash", 0.5),)) for label in labels)


class Knowing(Shelf):
    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        return Sure()


def _weighed(models: pipeline.Models, step: Step, chosen: Flow) -> Answer:
    model = models.load(step, {"bug": "", "question": ""}, Terms())
    return weighing.weighed(model, step, chosen, ask(model, step, DOCUMENT))


def test_cutoffs_and_reasons_are_kept_but_no_address_in_them() -> None:
    said = "{task: text-classification, model: learned, labels: [bug, question], explain: true}"
    chosen = flow(said, "    decide: {precision: 0.9}\n")
    [step] = chosen.pipeline
    recording = Recording(Knowing(Places()))
    first = _weighed(recording, step, chosen)
    second = _weighed(Replaying(SHELF, kept(recording)), step, chosen)
    assert second.prediction == first.prediction
    assert isinstance(first.prediction, Scores)
    assert first.prediction.limits == Sure().limits(0.9)
    assert [(why.label, why.words) for why in second.why] == [("bug", (("crash", 0.5),))]
    assert second.why[0].nearest == (Past("It crashes, too", 1.0, 7, "", open=True),)


@pytest.mark.threat("attack", "forks")
def test_a_model_of_hubpipes_own_may_give_the_labels_that_it_knows_and_no_other() -> None:
    chosen, shelf = flow("{model: zero-day}"), Shelf(Places())
    recording = Recording(shelf)
    before = reports(chosen, recording)
    assert reports(chosen, Replaying(shelf, kept(recording))) == before
    assert isinstance(before[0].prediction, Scores)
    best = json.dumps(before[0].prediction.scores[0].label)
    forged = Analysis.model_validate_json(kept(recording).model_dump_json().replace(best, '"approved"', 1))
    with pytest.raises(ArtifactError, match="the analysis names the label 'approved'"):
        reports(chosen, Replaying(shelf, forged))


class Finding(Shelf):
    """A shelf with a model that finds issues in an index, and what that was brought up to date with."""

    learned: ClassVar[list[int]] = []

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        class Finder(Sure):
            since = "2026-01-01T00:00:00Z"
            keeps = False

            def predict(self, texts: Sequence[str]) -> list[Prediction]:
                issues = (Past("A title", 0.9, 7, "https://evil.example/7"), Past("Closed", 0.95, 8), Past("None", 1.0))
                return [Alike(issues) for _ in texts]

            def learn(self, issues: Sequence[KnownIssue], texts: Sequence[str], until: str | None) -> None:
                Finding.learned += [issue.number for issue in issues]

        return Finder()


def known(number: int) -> KnownIssue:
    title, url = f"Issue {number} as it is now", f"https://github.com/o/r/issues/{number}"
    return KnownIssue(number, title, "", (), url, open=number == 7, updated_at="2026-01-02T00:00:00Z")


@pytest.mark.threat("attack", "forks")
def test_issues_that_are_alike_are_looked_at_again_and_only_their_numbers_are_kept() -> None:
    text = "version: 1\nflows: {one: {on: issues, pipeline: {against: issues}, publish: summary}}"
    chosen = parse(text).flows["one"]
    assert chosen is not None
    tracker = Tracker(lambda since, onward: Changes((known(9),)), known)
    recording = Recording(Finding(Places()))
    first, second = (
        next(pipeline.steps(Work("one", chosen, DOCUMENT, (), _labels, models(), Terms(), tracker=tracker)))
        for models in (lambda: recording, lambda: Replaying(SHELF, kept(recording)))
    )
    assert first.prediction == second.prediction
    assert isinstance(second.prediction, Alike)
    found = [(one.number, one.title, one.url) for one in second.prediction.issues]
    assert found == [(7, "Issue 7 as it is now", "https://github.com/o/r/issues/7")]
    assert Finding.learned == [9]
    assert "evil" not in kept(recording).model_dump_json()


def test_half_a_character_in_what_a_model_writes_is_replaced() -> None:
    class Odd(Shelf):
        def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
            class Writer(Sure):
                def predict(self, texts: Sequence[str]) -> list[Prediction]:
                    return [Text("a \ud800 b") for _ in texts]

            return Writer()

    chosen = flow('{task: summarization, model: "fake:"}')
    recording = Recording(Odd(Places()))
    reports(chosen, recording)
    [second] = reports(chosen, Replaying(SHELF, kept(recording)))
    assert second.prediction == Text("a ? b")


def test_what_no_analysis_may_hold_is_told_where_it_is_made() -> None:
    class Long(Shelf):
        def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
            class Writer(Sure):
                def predict(self, texts: Sequence[str]) -> list[Prediction]:
                    return [Text("x" * 70_000) for _ in texts]

            return Writer()

    with pytest.raises(ArtifactError, match=r"does not fit into an analysis \(String should have at most 65536"):
        reports(flow('{task: summarization, model: "fake:"}'), Recording(Long(Places())))


def test_an_analysis_that_nobody_would_read_is_not_written(tmp_path: Path) -> None:
    model = {"library": "", "repo": "", "revision": None, "limit": None, "base": None, "spoke": ""}
    text = {"prediction": {"kind": "text", "text": "x" * 65_000}}
    answers = {f"{number:064x}": text for number in range(100)}
    big = KeptModel.model_validate_json(json.dumps({**model, "answers": answers, "limits": None, "why": None}))
    analysis = Analysis(repository="o/r", number=1, head="a" * 40, activity="opened", models={"0" * 64: big})
    with pytest.raises(ArtifactError, match="at most 5,000,000 are read"):
        folder.write(tmp_path / "artifact", analysis)


PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
WHOLE: dict[str, Any] = {
    "version": 1,
    "repository": "o/r",
    "number": 1,
    "head": "a" * 40,
    "activity": ACTIVITIES[0],
    "models": {
        "0" * 64: {
            "library": "fake",
            "repo": "fake:",
            "revision": None,
            "limit": None,
            "base": None,
            "spoke": "",
            "answers": {"1" * 64: {"prediction": {"kind": "scores", "scores": [{"label": "bug", "score": 1.0}]}}},
            "limits": None,
            "why": None,
        }
    },
}


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Give the path of everything in some data."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


def put(data: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    copy = list(data) if isinstance(data, list) else dict(data)
    copy[path[0]] = put(data[path[0]], path[1:], value)
    return copy


@pytest.mark.threat("payload", "forks", cases=EXAMPLES)
@settings(max_examples=EXAMPLES)
@given(place=some.sampled_from(places(WHOLE)), value=PLAIN)
def test_whatever_stands_in_an_analysis_it_is_read_strictly_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str | int, ...], value: object
) -> None:
    here = tmp_path_factory.mktemp("artifact")
    changed = put(WHOLE, place, value)
    (here / folder.FILE).write_text(json.dumps(changed), encoding="utf-8")
    try:
        analysis = folder.read(here)
    except ArtifactError:
        return
    # What is read is what stood there, of the same types, with no key more.
    again = json.loads(analysis.model_dump_json(exclude_unset=True))
    assert again == changed


@pytest.mark.threat("payload", "forks", cases=EXAMPLES)
@settings(max_examples=EXAMPLES)
@given(data=some.binary(max_size=200) | PLAIN.map(lambda plain: json.dumps(plain).encode()))
def test_whatever_bytes_are_there_they_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    here = tmp_path_factory.mktemp("artifact")
    (here / folder.FILE).write_bytes(data)
    with pytest.raises(ArtifactError):
        folder.read(here)
