"""From a document of any length to one answer: windows where it is long, answers about answers where it is written."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from hubpipe.config import Step
from hubpipe.infer import ask
from hubpipe.models import load
from hubpipe.models.base import Places, Scores, Spans, Text, Vector
from hubpipe.models.fake import LIMIT, Fake
from hubpipe.text import Document, Part
from tests.models import tiny

LONG = " ".join(f"word{place}" for place in range(4 * LIMIT))


@pytest.fixture(scope="module")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return tiny.classifier(tmp_path_factory.mktemp("classifier"))


def fake(**keys: object) -> tuple[Fake, Step]:
    step = Step.model_validate({"model": "fake:", **keys})
    model = load(step, {"bug": "", "question": ""}, Places())
    assert isinstance(model, Fake)
    return model, step


def document(text: str) -> Document:
    return Document((Part("title", "A title"), Part("body", text)))


def test_a_classifier_reads_all_of_a_long_text() -> None:
    model, step = fake(task="text-classification")
    answer = ask(model, step, document(LONG))
    assert answer.fitted is not None
    assert (answer.fitted.read, answer.fitted.cut) == (answer.fitted.total, ())
    assert answer.fitted.windows == 5
    assert isinstance(answer.prediction, Scores)
    assert sum(score.score for score in answer.prediction.scores) == pytest.approx(1.0)


def test_only_the_head_is_read_where_the_step_says_so_and_what_is_cut_is_named() -> None:
    model, step = fake(task="text-classification", long_text="head")
    answer = ask(model, step, document(LONG))
    assert answer.fitted is not None
    assert (answer.fitted.read, answer.fitted.cut) == (LIMIT, ("body",))
    assert answer.prediction == model.predict([document(LONG).text])[0]


@pytest.mark.parametrize("task", ["zero-shot-classification", "sentence-similarity"])
def test_a_choosing_task_reads_the_head_unless_it_is_told_to_read_windows(task: str) -> None:
    for keys, windows in (({}, 1), ({"long_text": "windows"}, 5), ({"merge": "max"}, 5)):
        model, step = fake(task=task, **keys)
        fitted = ask(model, step, document(LONG)).fitted
        assert fitted is not None
        assert fitted.windows == windows


def test_spans_point_into_the_whole_text() -> None:
    model, step = fake(task="token-classification", model="fake:label=word")
    text = document(LONG).text
    answer = ask(model, step, document(LONG))
    assert isinstance(answer.prediction, Spans)
    assert [span.text for span in answer.prediction.spans] == text.split()
    assert all(text[span.start : span.end] == span.text for span in answer.prediction.spans)


def test_a_translation_is_put_together_in_order_without_a_word_twice() -> None:
    model, step = fake(task="translation", model="fake:echo")
    answer = ask(model, step, document(LONG))
    assert isinstance(answer.prediction, Text)
    assert answer.prediction.text.split() == document(LONG).text.split()


def test_a_long_text_is_summed_up_from_the_summaries_of_its_windows() -> None:
    model, step = fake(task="summarization")
    answer = ask(model, step, document(LONG))
    # The fake says how many words it read: the last time the five answers about the windows.
    assert isinstance(answer.prediction, Text)
    assert answer.prediction.text.startswith("60 words, beginning with: 512 words, beginning with:")


def test_answers_that_get_no_shorter_are_given_as_they_are_and_that_is_told() -> None:
    model, step = fake(task="text2text-generation", model="fake:echo")
    answer = ask(model, step, document(LONG))
    assert isinstance(answer.prediction, Text)
    assert len(answer.prediction.text.split()) >= len(document(LONG).text.split())
    assert answer.prediction.left_out.startswith("the answers about its 5 parts are not made into one")


def test_a_vector_of_a_long_text_is_a_unit_vector() -> None:
    model, step = fake(task="feature-extraction")
    answer = ask(model, step, document(LONG))
    assert isinstance(answer.prediction, Vector)
    assert sum(value * value for value in answer.prediction.values) == pytest.approx(1.0)


def test_the_bug_at_the_end_of_a_long_text_is_found_by_a_real_model(tiny_classifier: Path) -> None:
    step = Step(task="text-classification", model=str(tiny_classifier), merge="max")
    text = "please add support " * 30 + "crash error broken fails " * 30
    model = load(step, {}, Places(offline=True))

    def bug(long_text: str, merge: str | None) -> float:
        asked = step.model_copy(update={"long_text": long_text, "merge": merge})
        prediction = ask(model, asked, Document((Part("body", text),))).prediction
        assert isinstance(prediction, Scores)
        return {score.label: score.score for score in prediction.scores}["bug"]

    assert bug("windows", "max") > 0.9 > bug("head", None)


def test_of_a_long_text_only_the_window_that_holds_the_mask_is_asked_for_the_missing_word(tmp_path: Path) -> None:
    torch.manual_seed(0)
    step = Step(task="fill-mask", model=str(tiny.filler(tmp_path / "filler")))
    model = load(step, {}, Places(offline=True))
    short = "please add a [MASK]"
    answer = ask(model, step, Document((Part("body", f"{short}. " + "the app on page since version. " * 40),)))
    assert isinstance(answer.prediction, Scores)
    assert answer.prediction.scores[0].label == "button"
    assert answer.fitted is not None
    assert answer.fitted.windows == 1
    assert answer.fitted.read < answer.fitted.total
    assert answer.fitted.cut == ("body",)


@pytest.mark.parametrize("texts", [("",), (" \n ",), ("🎉" * 3_000,), ("التطبيق " * 2_000,)])
def test_no_text_makes_it_fail(texts: Sequence[str]) -> None:
    for task in ("text-classification", "summarization", "translation", "token-classification"):
        model, step = fake(task=task)
        assert all(ask(model, step, Document((Part("body", text),))).prediction is not None for text in texts)
