"""Cutoffs: a label is predicted only from where it is right as often as somebody wants, beyond chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hubpipe.models.learned.cutoffs import CONFIDENCE, cutoffs, lower_bound, needed
from hubpipe.models.learned.parts import Evidence


def evidence(scores: list[float], right: list[int]) -> Evidence:
    """Evidence of one label."""
    column = np.array(scores, dtype=np.float32)[:, None]
    return Evidence(("bug",), column, np.array(right, dtype=np.int8)[:, None])


def test_the_bound_is_clopper_and_pearsons() -> None:
    # binomtest's two-sided interval of 80 % leaves 10 % below: the one-sided bound of 90 %.
    known = binomtest(45, 50).proportion_ci(1 - 2 * (1 - CONFIDENCE), method="exact").low
    assert lower_bound(45, 50) == pytest.approx(known)
    assert lower_bound(0, 10) == 0.0


def test_22_decisions_without_a_mistake_show_a_precision_of_90_percent() -> None:
    assert needed(0.9) == 22
    assert lower_bound(22, 22) >= 0.9 > lower_bound(21, 21)


def test_a_label_that_is_always_right_is_predicted_from_its_lowest_score_on() -> None:
    [cutoff] = cutoffs(evidence([0.99 - place / 200 for place in range(40)], [1] * 40), 0.9, exclusive=False)
    assert cutoff.score == pytest.approx(0.99 - 39 / 200)
    assert (cutoff.count, cutoff.coverage) == (40, 1.0)


def test_the_cutoff_lies_above_the_mistakes() -> None:
    scores = [0.99] * 40 + [0.7] * 40
    [cutoff] = cutoffs(evidence(scores, [1] * 40 + [0, 1] * 20), 0.9, exclusive=False)
    assert cutoff.score == pytest.approx(0.99)
    assert cutoff.precision == 1.0
    assert cutoff.coverage == 0.5


def test_too_few_examples_never_predict_and_say_how_many_more_it_takes() -> None:
    [cutoff] = cutoffs(evidence([0.9] * 10, [1] * 10), 0.9, exclusive=False)
    assert cutoff.score is None
    assert cutoff.more == 12  # 22 in all
    assert "about 12 more examples" in cutoff.words


def test_a_label_that_is_often_wrong_is_told_so() -> None:
    [cutoff] = cutoffs(evidence([0.9] * 100, [0, 1] * 50), 0.9, exclusive=False)
    assert cutoff.score is None
    assert cutoff.more is None
    assert "more examples may not help" in cutoff.words


def test_what_nobody_knows_is_no_evidence() -> None:
    [cutoff] = cutoffs(evidence([0.9] * 30 + [0.95] * 30, [1] * 30 + [-1] * 30), 0.9, exclusive=False)
    assert cutoff.total == 30


def test_of_exclusive_labels_only_the_best_of_an_issue_is_evidence() -> None:
    scores = np.array([[0.6, 0.4]] * 30 + [[0.4, 0.6]] * 5, dtype=np.float32)
    truth = np.array([[1, 0]] * 30 + [[0, 1]] * 5, dtype=np.int8)
    bug, question = cutoffs(Evidence(("bug", "question"), scores, truth), 0.9, exclusive=True)
    assert bug.score == pytest.approx(0.6)
    assert question.score is None


def test_no_evidence_is_no_fault() -> None:
    empty = Evidence(("bug",), np.zeros((0, 1), dtype=np.float32), np.zeros((0, 1), dtype=np.int8))
    [cutoff] = cutoffs(empty, 0.9, exclusive=True)
    assert cutoff.score is None


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.7, 0.8, 0.9]))
def test_whatever_is_predicted_has_the_precision_in_the_evidence(seed: int, wanted: float) -> None:
    random = np.random.default_rng(seed)
    scores = random.random(200).astype(np.float32)
    right = (random.random(200) < scores).astype(np.int8)
    [cutoff] = cutoffs(Evidence(("bug",), scores[:, None], right[:, None]), wanted, exclusive=False)
    if cutoff.score is not None:
        kept = scores >= cutoff.score
        assert right[kept].mean() >= wanted
        assert lower_bound(int(right[kept].sum()), int(kept.sum())) >= wanted


def test_the_bound_fails_no_more_often_than_it_says() -> None:
    """Of labels that are right just 90 times of 100, whatever their score, about one in ten gets a cutoff for that."""
    random = np.random.default_rng(7)
    passed = 0
    for _ in range(400):
        scores = np.sort(random.random(150) / 2 + 0.5)[::-1].astype(np.float32)
        right = (random.random(150) < 0.9).astype(np.int8)
        [cutoff] = cutoffs(Evidence(("bug",), scores[:, None], right[:, None]), 0.9, exclusive=False)
        passed += cutoff.score is not None
    assert passed / 400 <= 1 - CONFIDENCE + 0.03


@pytest.mark.parametrize("same", [50, 100, 200])
def test_what_is_rare_has_a_cutoff_too(same: int) -> None:
    scores = [0.99 - place / 2_100 for place in range(1_000)]
    right = [1] * same + [0] * (1_000 - same)
    [usual] = cutoffs(evidence(scores, right), 0.9, exclusive=False)
    [rare] = cutoffs(evidence(scores, right), 0.9, exclusive=False, rare=True)
    assert usual.score is None
    assert rare.score is not None
    assert rare.lower >= 0.9
    # The bound's steps are coarse where there are few.
    assert 44 <= rare.count <= same * 1.1


def test_of_what_is_rare_the_surest_must_be_right() -> None:
    [cutoff] = cutoffs(
        evidence([0.99 - place / 2_100 for place in range(1_000)], [0, 1] * 500), 0.9, exclusive=False, rare=True
    )
    assert cutoff.score is None
