from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Span, Spans
from tests.models import readers, tiny

Specimen = Callable[[str, str], Path]
ASKED = {"version": readers.QUESTION, "what": readers.OTHER_QUESTION}


@pytest.fixture(scope="module")
def folder(specimen: Specimen) -> Path:
    return specimen("transformers", "question-answering")


def model(folder: Path, places: Places, asked: Any = ASKED) -> Model:
    step = Step.model_validate({"task": "question-answering", "model": str(folder), "questions": asked})
    return load(step, {}, places)


def spans(model: Model, text: str) -> tuple[Span, ...]:
    (prediction,) = model.predict([text])
    assert isinstance(prediction, Spans)
    return prediction.spans


def test_each_question_is_answered_by_a_stretch_of_the_text(folder: Path, places: Places) -> None:
    text = "since the  version 3.1.4 the page on start with error"
    version, what = spans(model(folder, places), text)
    assert (version.label, version.text, version.start, version.end) == ("version", "3.1.4", 19, 24)
    assert (what.label, what.text) == ("what", "error")
    assert text[what.start : what.end] == "error"
    assert version.score > 0.5
    assert what.score > 0.5


def test_a_question_that_the_text_does_not_answer_has_no_span(folder: Path, places: Places) -> None:
    asked = model(folder, places)
    assert spans(asked, "the app on the page") == ()
    assert [span.label for span in spans(asked, "the app on 2.0.0 the page")] == ["version"]


def test_the_score_is_the_probability_of_the_start_times_that_of_the_end(folder: Path, places: Places) -> None:
    text = "the app on 2.0.0 the page"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoding = tokenizer(readers.QUESTION, text, return_tensors="pt")
    with torch.inference_mode():
        output = AutoModelForQuestionAnswering.from_pretrained(folder)(**encoding)
    allowed = torch.tensor([place == 0 or segment == 1 for place, segment in enumerate(encoding.sequence_ids())])
    starts, ends = (logits[0][allowed].softmax(-1) for logits in (output.start_logits, output.end_logits))
    (span,) = spans(model(folder, places), text)
    first, last = (encoding.char_to_token(0, place, 1) for place in (span.start, span.end - 1))
    position = {int(token): place for place, token in enumerate(allowed.nonzero()[:, 0])}
    assert span.score == pytest.approx(float(starts[position[first]] * ends[position[last]]), abs=1e-5)


def test_many_questions_are_answered_as_each_alone(folder: Path, places: Places) -> None:
    text = "since version 3.1.4 on start with error"
    alone = {span.label: span for asked in ASKED for span in spans(model(folder, places, {asked: ASKED[asked]}), text)}
    many = {f"{name} {count}": question for count in range(6) for name, question in ASKED.items()}
    for span in spans(model(folder, places, many), text):
        other = alone[span.label.split()[0]]
        assert (span.start, span.end) == (other.start, other.end)
        assert span.score == pytest.approx(other.score, abs=1e-4)


def test_an_answer_is_never_longer_than_the_longest_allowed(folder: Path, places: Places) -> None:
    for span in spans(model(folder, places), " ".join(tiny.VERSIONS * 4)):
        assert len(span.text.replace(".", " . ").split()) <= 30


def test_a_separator_in_the_text_is_text(folder: Path, places: Places) -> None:
    text = "the app [SEP] 2.0.0 [CLS] the page"
    for span in spans(model(folder, places), text):
        assert span.text == text[span.start : span.end]
    assert len(model(folder, places).tokens("[SEP]")) > 1


def test_the_longest_question_takes_its_room_from_the_text(folder: Path, places: Places) -> None:
    room = tiny.CONTEXT - 3
    assert model(folder, places, "which version ?").info.limit == room - 3
    assert model(folder, places, ["which ?", "which version is the app on ?"]).info.limit == room - 7
    with pytest.raises(TaskError, match="shorten the longest question"):
        model(folder, places, "the " * tiny.CONTEXT)


def test_no_question_is_refused(folder: Path, places: Places) -> None:
    with pytest.raises(TaskError, match=r"set pipeline\.questions"):
        load(Step(task="question-answering", model=str(folder)), {}, places)
