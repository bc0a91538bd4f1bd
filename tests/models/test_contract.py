from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from hubpipe.config import TASKS, Step
from hubpipe.models import load
from hubpipe.models.abilities import Searching
from hubpipe.models.base import Alike, Boxes, Model, Places, Prediction, Scores, Spans, Text, Vector
from hubpipe.models.libraries import LIBRARIES
from tests.models.specimens import STEPS

LABELS = {"bug": "Something isn't working", "enhancement": "", "question": "Further information is requested"}
HARD = {
    "empty": "",
    "white space": " \n\t ",
    "one word": "crash",
    "emoji": "🎉🔥 👩‍👩‍👧‍👦",
    "right to left": "التطبيق يتعطل عند البدء. شكرا لكم على المساعدة.",
    "no spaces": "應用程式啟動時當機。請修正這個問題。",
    "lone surrogate": "crash \ud800 at start",
    "control characters": "crash\x00 at \x1b[31mstart",
    "100,000 characters": "The app fails on start. " * 4_167,
    "one long word": "a" * 100_000,
    "markdown": "Title\n\n# Heading\n\n- It fails with an error when it starts.\n\n```\ncode\n```\n",
}
SHAPES: dict[str, type[Prediction]] = {"scores": Scores, "spans": Spans, "text": Text, "vector": Vector}
# The fake and the embedded model need no specimen.
NAMES = {"fake": "fake:", "sentence-transformers": "embedded"}
CASES = [(library.name, task) for library in LIBRARIES for task in sorted(library.tasks) if TASKS[task].reads == "text"]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request: pytest.FixtureRequest, specimen: Callable[[str, str], Path], places: Places) -> Model:
    library, task = request.param
    name = NAMES.get(library) or str(specimen(library, task))
    keys = {"max_new_tokens": 8, "questions": {"kind": "What is it?"}} if TASKS[task].asks else {"max_new_tokens": 8}
    step = Step.model_validate(
        {"task": task, "model": name, "library": library, **keys, **STEPS.get((library, task), {})}
    )
    return load(step, LABELS, places)


def shape(model: Model) -> type[Prediction]:
    """Give the shape of a model's predictions; of texts that are compared with past issues it is those issues."""
    return Alike if isinstance(model, Searching) else SHAPES[TASKS[model.info.task].gives]


def test_every_text_gets_one_prediction_of_the_tasks_shape_in_order(model: Model) -> None:
    together = model.predict(list(HARD.values()))
    assert [type(prediction) for prediction in together] == [shape(model)] * len(HARD)
    alone = [model.predict([text])[0] for text in list(HARD.values())[:4]]
    for one, other in zip(alone, together, strict=False):
        assert numbers(one) == pytest.approx(numbers(other), abs=1e-4)
        assert words(one) == words(other)


def test_no_text_gets_no_prediction(model: Model) -> None:
    assert model.predict([]) == []


def test_the_same_texts_get_the_same_answer_twice(model: Model) -> None:
    texts = ["crash at start", "add support for tabs", ""]
    assert model.predict(texts) == model.predict(texts)


def test_scores_are_between_0_and_1_and_the_highest_is_first(model: Model) -> None:
    for prediction in model.predict(list(HARD.values())):
        scores = numbers(prediction) if isinstance(prediction, Scores | Spans) else []
        assert all(type(score) is float and 0 <= score <= 1 for score in scores)
        if isinstance(prediction, Scores):
            assert all(first >= second for first, second in pairwise(scores))


def test_spans_hold_the_text_that_they_point_to(model: Model) -> None:
    for text, prediction in zip(HARD.values(), model.predict(list(HARD.values())), strict=True):
        for span in prediction.spans if isinstance(prediction, Spans) else ():
            assert span.text == text[span.start : span.end] != ""


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_tokens_are_ordered_stretches_of_the_whole_text(model: Model, text: str) -> None:
    tokens = model.tokens(text)
    assert all(0 <= start <= end <= len(text) for start, end in tokens)
    assert all(first[0] <= second[0] for first, second in pairwise(tokens))
    last_word = len(text.rstrip())
    # The last stretch may be an unprintable character that the tokenizer drops.
    assert not tokens or tokens[-1][1] == last_word


def test_what_stands_behind_the_limit_changes_nothing(model: Model) -> None:
    if model.info.limit is None or model.info.task == "fill-mask":
        pytest.skip("reads everything, or its answer stands at the end")
    head = "the app fails on start " * 2_000
    cut = head[: model.tokens(head)[model.info.limit - 1][1]]
    one, other = (model.predict([text])[0] for text in (cut, f"{cut} please add support"))
    assert numbers(one) == pytest.approx(numbers(other), abs=1e-4)
    assert words(one) == words(other)


def test_the_reference_names_library_and_model(model: Model) -> None:
    assert model.info.reference.startswith(f"{model.info.library}:")
    assert model.info.repo in model.info.reference


def numbers(prediction: Prediction) -> list[float]:
    match prediction:
        case Scores(scores):
            return [item.score for item in scores]
        case Spans(spans):
            return [item.score for item in spans]
        case Boxes(boxes):
            return [item.score for item in boxes]
        case Vector(values):
            return list(values)
        case Alike(issues):
            return [item.score for item in issues]
        case Text():
            return []


def words(prediction: Prediction) -> list[str]:
    match prediction:
        case Scores(scores):
            return [item.label for item in scores]
        case Spans(spans):
            return [item.label for item in spans]
        case Boxes(boxes):
            return [item.label for item in boxes]
        case Alike(issues):
            return [item.title for item in issues]
        case Text(text):
            return [text]
        case Vector():
            return []
