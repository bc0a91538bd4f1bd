"""Steps that build on each other: what each reads, when each runs, and what of it counts as found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from hubpipe import pipeline
from hubpipe.config import Flow, Step, parse
from hubpipe.errors import EndpointError, MediaError
from hubpipe.event import Attachment, Label
from hubpipe.models.base import Box, Boxes, Media, MediaModel, Model, ModelInfo, Places, Prediction, Scores, Terms, Text
from hubpipe.models.fake import Fake
from hubpipe.models.shelf import Shelf
from hubpipe.pipeline import Work
from hubpipe.report import StepReport
from hubpipe.report.found import findings
from hubpipe.text import Document, Part
from tests.models import tiny

BODY = "The app crashes at start.\n\nTraceback: ValueError in main.py"
LABELS = (Label("bug"), Label("question"))
SHELF = Shelf(Places(offline=True))


def flow(steps: str, rest: str = "") -> Flow:
    found = parse(f"version: 1\nflows:\n  kind:\n    on: issues\n    publish: comment\n    pipeline: [{steps}]\n{rest}")
    chosen = found.flows["kind"]
    assert chosen is not None
    return chosen


def work(chosen: Flow, models: pipeline.Models = SHELF, attachments: tuple[Attachment, ...] = ()) -> Work:
    document = Document((Part("body", BODY),))
    return Work("kind", chosen, document, attachments, partial(labels_of, LABELS), models, Terms())


def labels_of(usual: tuple[Label, ...], step: Step) -> tuple[Label, ...]:
    return tuple(map(Label, step.labels)) if step.labels else usual


def run(steps: str, rest: str = "") -> list[StepReport]:
    return list(pipeline.steps(work(flow(steps, rest))))


CLASSIFY = "{task: text-classification, model: 'fake:label=bug'}"
TRANSLATE = "{task: translation, model: 'fake:label=The app crashes', target_language: en}"
FIND = "{task: token-classification, model: 'fake:label=trace'"


def test_a_step_reads_what_the_step_before_wrote() -> None:
    translated, classified = run(f"{TRANSLATE}, {CLASSIFY}")
    assert translated.prediction == Text("The app crashes")
    assert classified.fitted is not None
    assert classified.fitted.text == "The app crashes"


def test_a_step_behind_scores_reads_the_text_again() -> None:
    _, found = run(f"{CLASSIFY}, {FIND}}}")
    assert found.fitted is not None
    assert found.fitted.text == BODY


def test_a_step_runs_when_its_label_was_found() -> None:
    _, found = run(f"{CLASSIFY}, {FIND}, when: BUG}}")
    assert found.prediction is not None
    assert found.skipped == ""


@pytest.mark.parametrize("when", ["question", "[question, docs]", "{labels: docs, threshold: 0}"])
def test_a_step_whose_label_was_not_found_is_passed_over_and_says_why(when: str) -> None:
    _, found = run(f"{CLASSIFY}, {FIND}, when: {when}}}")
    assert found.prediction is None
    assert found.skipped.startswith("token-classification did not run: it runs when ")


def test_a_condition_reads_labels_by_the_models_and_the_repositorys_name() -> None:
    rename = "    decide: {rename: {bug: 'type: bug'}}\n"
    for name in ("bug", "'type: bug'"):
        _, found = run(f"{CLASSIFY}, {FIND}, when: {name}}}", rename)
        assert found.skipped == ""


def test_a_condition_has_a_threshold_of_its_own() -> None:
    scoring = "{task: text-classification, model: 'fake:'}"
    [first] = run(scoring)
    assert isinstance(first.prediction, Scores)
    best = first.prediction.scores[0]
    for threshold, runs in ((best.score - 0.01, True), (best.score + 0.01, False)):
        _, found = run(f"{scoring}, {FIND}, when: {{labels: {best.label}, threshold: {threshold:.4f}}}}}")
        assert (found.skipped == "") is runs


def test_a_condition_reads_entities_too() -> None:
    _, found = run(f"{FIND}}}, {{task: summarization, model: 'fake:', when: trace}}")
    assert found.skipped == ""


def test_a_text_that_a_later_step_read_is_no_finding() -> None:
    chosen = flow(f"{TRANSLATE}, {CLASSIFY}")
    found = findings(chosen, list(pipeline.steps(work(chosen))))
    assert found.text is None
    assert found.deciding == chosen.pipeline[1]


def test_texts_that_no_later_step_read_are_found_together() -> None:
    image = Attachment("images", "https://github.com/user-attachments/assets/1", b"x")
    steps = "{task: summarization, model: 'fake:label=A summary'}, {task: image-to-text, model: 'fake:label=A dialog'}"
    chosen = flow(steps, "    input: [body, images]\n")
    found = findings(chosen, list(pipeline.steps(work(chosen, attachments=(image,)))))
    assert found.text == Text("A summary\nA dialog")


def test_what_a_later_step_did_not_read_is_told() -> None:
    chosen = flow(f"{CLASSIFY}, {{task: zero-shot-classification, model: 'fake:', labels: [bug, docs]}}")
    long = replace(work(chosen), document=Document((Part("body", "word " * 1_000),)))
    _, second = pipeline.steps(long)
    assert second.unread == ("488 of 1000 tokens by zero-shot-classification",)


def test_a_condition_and_a_label_agree_where_a_classifiers_labels_are_narrowed(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = tiny.classifier(tmp_path / "classifier")
    scoring = f"{{task: text-classification, model: {model}, labels: [bug, docs]}}"
    chosen = flow(f"{scoring}, {FIND}, when: bug}}", "    decide: {threshold: 0}\n")
    asked = replace(work(chosen), document=Document((Part("body", "please add support"),)))
    scores, found = pipeline.steps(asked)
    assert isinstance(scores.prediction, Scores)
    assert scores.prediction.scores[0].label == "enhancement"
    assert found.skipped == ""


def test_a_model_that_writes_nothing_is_told() -> None:
    [report] = run("{task: translation, model: 'fake:label='}")
    assert report.notes == ("translation: the model wrote nothing",)


def test_scores_entities_and_a_last_text_are_found_together() -> None:
    chosen = flow(f"{CLASSIFY}, {FIND}, when: bug}}, {{task: summarization, model: 'fake:echo'}}")
    found = findings(chosen, list(pipeline.steps(work(chosen))))
    assert found.scores is not None
    assert found.spans != ()
    assert found.text == Text(BODY)


def test_a_step_that_was_passed_over_leaves_the_labels_to_the_one_before() -> None:
    chosen = flow(f"{CLASSIFY}, {{task: text-classification, model: 'fake:label=crash', when: question}}")
    found = findings(chosen, list(pipeline.steps(work(chosen))))
    assert found.deciding == chosen.pipeline[0]


def test_an_image_step_without_an_image_is_passed_over() -> None:
    chosen = flow("{task: image-classification, model: 'fake:'}", "    input: [body, images]\n")
    [report] = pipeline.steps(work(chosen))
    assert report.skipped == "image-classification did not run: there are no images to read"


def test_boxes_under_the_threshold_are_no_finding() -> None:
    chosen = flow("{task: object-detection, model: 'fake:'}", "    input: [images]\n    decide: {threshold: 0.6}\n")
    boxes = Boxes((Box("dialog", 0.7, 0, 0, 1, 1), Box("button", 0.5, 0, 0, 1, 1)))
    found = findings(chosen, [StepReport("object-detection", prediction=boxes)])
    assert found.boxes == boxes.boxes[:1]


class Blind(MediaModel):
    """A model that can read no image."""

    def __init__(self, info: ModelInfo):
        self.info = info

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        raise MediaError("it is no image")


class Dark(Shelf):
    """A shelf whose models read no image."""

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        return Blind(super().load_media(step, labels, terms).info)


def test_an_attachment_that_cannot_be_read_is_named_without_the_key_in_its_address() -> None:
    image = Attachment("images", "https://github.com/user-attachments/assets/42?jwt=secret", b"no image")
    chosen = flow("{task: image-classification, model: 'fake:'}", "    input: [images]\n")
    [report] = pipeline.steps(work(chosen, Dark(Places()), (image,)))
    assert report.prediction is None
    [words] = report.unread
    assert words == "42: it is no image"


class Silent(Fake):
    """A model that writes nothing, as one for tables does about a text without a table."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Text("") for _ in texts]


class Mute(Shelf):
    """A shelf whose models write nothing."""

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        return Silent(super().load(step, labels, terms).info, ())


def test_nothing_written_is_nothing_to_read() -> None:
    _, second = pipeline.steps(work(flow(f"{TRANSLATE}, {CLASSIFY}"), Mute(Places())))
    assert second.skipped == "text-classification did not run: the step before wrote nothing to read"


class Away(Shelf):
    """A shelf whose endpoints are all away."""

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        if step.endpoint is not None:
            raise EndpointError("https://models.example did not answer")
        return super().load(step, {"bug": "", "question": ""}, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        raise EndpointError("https://models.example did not answer")


REMOTE = "{task: summarization, model: octo-org/writer, endpoint: 'https://models.example/v1'"


def test_an_endpoint_that_is_away_is_replaced_by_the_embedded_model_where_the_step_says_so() -> None:
    [report] = pipeline.steps(work(flow(f"{REMOTE}, fallback: embedded}}"), Away(Places(offline=True))))
    assert report.model is not None
    assert report.model.library == "sentence-transformers"
    assert report.notes == ("summarization ran on the embedded model instead: https://models.example did not answer",)
    assert isinstance(report.prediction, Text)
    assert "crashes at start" in report.prediction.text


def test_without_a_fallback_the_flow_fails() -> None:
    with pytest.raises(EndpointError, match="did not answer"):
        list(pipeline.steps(work(flow(f"{REMOTE}}}"), Away(Places(offline=True)))))
