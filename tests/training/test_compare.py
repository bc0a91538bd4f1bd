"""Whether a new model is worse than the one in use, or only seems so."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.training.compare import verdict
from hubpipe.training.examples import Example, truth
from hubpipe.training.measure import Scored

LABELS = ("bug", "question")


def examples(count: int) -> tuple[Example, ...]:
    return tuple(Example(f"{row}", "", (LABELS[row % 2],)) for row in range(count))


def model(
    rows: tuple[Example, ...], wrong: float, labels: tuple[str, ...] = LABELS, *, exclusive: bool = True
) -> Scored:
    """A model that is wrong about a share of the rows, spread evenly."""
    random = np.random.default_rng(0)
    right = truth(rows, labels)
    missed = random.random(len(rows)) < wrong
    scores = np.where(missed[:, None], 1 - right, right) * 0.6 + 0.2
    return Scored(labels, scores.astype(np.float32), right, rows, exclusive)


def test_a_model_is_not_worse_than_itself() -> None:
    rows = examples(60)
    found = verdict(model(rows, 0.2), model(rows, 0.2))
    assert not found.worse
    assert (found.macro_f1.value, found.macro_f1.low, found.macro_f1.high, found.macro_f1.worse_chance) == (0, 0, 0, 0)
    assert "no worse" in found.words


def test_the_words_name_what_it_is_compared_with() -> None:
    rows = examples(200)
    assert verdict(model(rows, 0.5), model(rows, 0.1)).words.startswith("worse than the model in use, beyond chance")
    found = verdict(model(rows, 0.5), model(rows, 0.1), other="zero-shot")
    assert found.words.startswith("worse than zero-shot, beyond chance")


def test_a_model_that_is_wrong_far_more_often_is_worse_beyond_chance() -> None:
    rows = examples(200)
    found = verdict(model(rows, 0.5), model(rows, 0.1))
    assert found.worse
    assert found.macro_f1.high is not None
    assert found.macro_f1.high < 0
    assert found.macro_f1.worse_chance == 1.0
    assert found.words.startswith("worse than the model in use, beyond chance: macro-F1 0.895 → 0.560")
    assert not verdict(model(rows, 0.1), model(rows, 0.5)).worse
    assert "better" in verdict(model(rows, 0.1), model(rows, 0.5)).words


def test_one_mistake_more_in_few_examples_is_chance() -> None:
    rows = examples(20)
    good, scores = model(rows, 0), model(rows, 0).scores.copy()
    scores[0] = scores[0, ::-1]
    found = verdict(Scored(LABELS, scores, good.truth, rows, True), good)
    assert not found.worse
    assert found.accuracy.value == pytest.approx(-0.05)
    assert found.accuracy.worse_chance is not None
    assert 0.5 < found.accuracy.worse_chance < 0.8


def test_a_label_that_a_model_does_not_know_is_never_given_by_it() -> None:
    rows = examples(100)
    both, only = model(rows, 0), model(rows, 0, ("bug",), exclusive=False)
    found = verdict(only, both)
    assert found.labels == ("bug", "question")
    assert found.worse
    assert (found.macro_f1.new, found.macro_f1.old) == (0.5, 1.0)


def test_labels_that_the_examples_do_not_have_count_for_nobody() -> None:
    rows = examples(40)
    wider = _with_column(model(rows, 0.1), "never", np.zeros(40))
    found = verdict(wider, model(rows, 0.1))
    assert found.labels == LABELS
    assert found.macro_f1.value == 0


def test_a_best_label_that_nobody_has_is_no_reason_to_give_the_second_best() -> None:
    rows = examples(40)
    found = verdict(_with_column(model(rows, 0), "never", np.full(40, 0.9)), model(rows, 0))
    assert (found.accuracy.new, found.accuracy.old) == (0.0, 1.0)


def test_names_are_held_without_case() -> None:
    rows = examples(40)
    assert verdict(model(rows, 0.1, ("BUG", "Question")), model(rows, 0.1)).macro_f1.value == 0


def test_other_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 3 examples"):
        verdict(model(examples(2), 0), model(examples(3), 0))


@pytest.mark.parametrize("rows", [(), (Example("a", "", ()), Example("b", "", ()))])
def test_where_there_is_nothing_to_compare_nothing_is_worse(rows: tuple[Example, ...]) -> None:
    found = verdict(model(rows, 0), model(rows, 0))
    assert not found.worse
    assert found.macro_f1.value is None
    assert "nothing to compare" in found.words


def _with_column(one: Scored, name: str, scores: NDArray[np.float64]) -> Scored:
    wider = np.concatenate([one.scores, scores[:, None].astype(np.float32)], axis=1)
    known = np.concatenate([one.truth, np.zeros((len(one.truth), 1), np.int8)], axis=1)
    return Scored((*one.labels, name), wider, known, one.examples, one.exclusive)
