"""What a model is worth on examples that people have labelled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from hubpipe.training.examples import Example
from hubpipe.training.intervals import share
from hubpipe.training.measure import Scored, measure

LABELS = ("bug", "question", "docs")


def scored(scores: list[list[float]], truth: list[list[int]], *, exclusive: bool = True) -> Scored:
    labels = (*LABELS, "d", "e")[: len(scores[0])]
    examples = tuple(
        Example(
            f"title {row}", "", tuple(name for name, cell in zip(labels, cells, strict=True) if cell == 1), number=row
        )
        for row, cells in enumerate(truth)
    )
    return Scored(labels, np.array(scores, np.float32), np.array(truth, np.int8), examples, exclusive)


ONE = scored(
    [[0.9, 0.05, 0.05], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7]],
    [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0]],
)


def test_the_numbers_of_exclusive_labels_are_those_counted_by_hand() -> None:
    found = measure(ONE, {}, None)
    bug, question, docs = found.labels
    assert (found.n, found.accuracy.right, found.accuracy.total) == (5, 3, 5)
    assert (bug.precision.value, bug.recall.value, bug.f1.value) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (question.precision.value, question.recall.value) == (1.0, 0.5)
    assert (docs.support, docs.precision.value, docs.recall.value, docs.f1.value) == (0, 0.0, None, None)
    assert found.macro_f1.value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found.micro_f1.value == pytest.approx(0.6)
    assert found.top3 is None
    assert found.confusion == ((2, 0, 1, 0), (1, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0))


def test_at_the_cutoffs_only_the_best_label_is_given_and_only_from_its_cutoff_on() -> None:
    found = measure(ONE, {"Bug": 0.6, "question": None}, 0.9)
    assert (found.coverage.right, found.coverage.total) == (2, 5)
    assert (found.precision_at_coverage.right, found.precision_at_coverage.total) == (2, 2)
    bug, question, docs = found.labels
    assert (bug.cutoff, bug.predicted, bug.coverage.value, bug.recall_at_cutoff.right) == (0.6, 2, 0.4, 2)
    assert (question.cutoff, question.predicted, docs.predicted) == (None, 0, 0)
    assert (bug.decided, bug.precision.right, bug.precision.total) == (3, 2, 3)


def test_a_cutoff_that_is_a_score_lets_that_score_through() -> None:
    third = scored([[1 / 3, 0.2, 0.1]], [[1, 0, 0]])
    assert measure(third, {"bug": float(third.scores[0, 0])}, 0.9).coverage.right == 1


def test_what_holds_all_back_gives_no_precision() -> None:
    found = measure(ONE, dict.fromkeys(LABELS), 0.9)
    assert found.coverage.value == 0.0
    assert found.precision_at_coverage.value is None
    assert found.accuracy.right == 3


MANY = scored(
    [[0.9, 0.6, 0.1], [0.4, 0.7, 0.1], [0.2, 0.1, 0.1], [0.8, 0.2, 0.1]],
    [[1, 1, 0], [1, 1, 0], [0, 0, 0], [0, -1, 1]],
    exclusive=False,
)


def test_the_numbers_of_labels_side_by_side_are_those_counted_by_hand() -> None:
    found = measure(MANY, {"bug": 0.85, "question": 0.5, "docs": None}, 0.9)
    bug, question, docs = found.labels
    assert (found.accuracy.right, found.accuracy.total) == (2, 4)
    assert (found.top1.right, found.top1.total) == (2, 3)
    assert (bug.right, bug.wrong, bug.missed, bug.rest) == (1, 1, 1, 1)
    assert (question.right, question.wrong, question.missed, question.rest) == (2, 0, 0, 1)
    assert (docs.right, docs.missed, docs.f1.value) == (0, 1, 0.0)
    assert found.macro_f1.value == pytest.approx((0.5 + 1 + 0) / 3)
    assert (found.coverage.right, found.precision_at_coverage.right, found.precision_at_coverage.total) == (2, 3, 3)
    assert found.confusion is None


def test_what_nobody_knows_counts_nowhere() -> None:
    whole = measure(MANY, {}, None).labels[1]
    assert whole.right + whole.wrong + whole.missed + whole.rest == 3
    unknown = measure(scored([[0.9, 0.1]], [[-1, -1]]), {}, None)
    assert (unknown.accuracy.total, unknown.reliability.ece, unknown.mistakes) == (0, None, ())
    assert unknown.coverage.right == 1


def test_no_examples_are_no_numbers() -> None:
    empty = Scored(LABELS, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int8), (), exclusive=True)
    found = measure(empty, {"bug": 0.5}, 0.9)
    rates = (found.accuracy, found.macro_f1, found.coverage, found.precision_at_coverage, found.labels[0].f1)
    assert [rate.value for rate in rates] == [None] * 5
    assert (found.curve, found.reliability.bins, found.mistakes) == ((), (), ())


def test_no_labels_are_no_numbers() -> None:
    none = Scored((), np.zeros((2, 0), np.float32), np.zeros((2, 0), np.int8), (Example("a", "", ()),) * 2, False)
    assert measure(none, {}, None).macro_f1.value is None


def test_one_label_can_be_measured() -> None:
    for exclusive in (True, False):
        found = measure(scored([[0.9], [0.8], [0.1]], [[1], [0], [0]], exclusive=exclusive), {"bug": 0.5}, 0.9)
        assert found.labels[0].predicted == 2
        assert found.precision_at_coverage.value == 0.5


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="truth"):
        Scored(LABELS, np.zeros((1, 3), np.float32), np.zeros((1, 2), np.int8), (Example("a", "", ()),), True)


def test_the_curve_runs_from_the_surest_to_all_and_equal_scores_stand_together() -> None:
    found = measure(ONE, {}, None).curve
    assert [(round(point.score, 2), point.coverage, point.precision.value) for point in found] == [
        (0.9, 0.2, 1.0),
        (0.7, 0.6, pytest.approx(2 / 3)),
        (0.6, 0.8, 0.75),
        (0.5, 1.0, 0.6),
    ]
    assert found[-1].recall == pytest.approx(3 / 5)


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    rows = scored([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2, [[1, 0]] * 3 + [[0, 1]] + [[1, 0], [0, 1]])
    found = measure(rows, {}, None).reliability
    assert [bin.count for bin in found.bins] == [2, 4]
    assert found.ece == pytest.approx((2 * abs(0.6 - 0.5) + 4 * abs(0.9 - 0.75)) / 6, abs=1e-6)


def test_the_surest_mistake_comes_first_with_what_people_said() -> None:
    found = measure(ONE, {"docs": 0.6}, 0.9).mistakes
    assert [(one.number, one.label, round(one.score, 2), one.labels, one.given) for one in found] == [
        (4, "docs", 0.7, ("bug",), True),
        (3, "bug", 0.5, ("question",), False),
    ]


def test_labels_side_by_side_have_missed_ones_among_the_mistakes() -> None:
    found = measure(MANY, {}, None).mistakes
    assert [(one.number, one.label, one.missed) for one in found] == [
        (3, "bug", False),
        (3, "docs", True),
        (1, "bug", True),
    ]


def test_of_many_mistakes_twenty_are_told() -> None:
    rows = scored([[0.9, 0.1]] * 50, [[0, 1]] * 50, exclusive=False)
    found = measure(rows, {}, None).mistakes
    assert (len(found), sum(one.missed for one in found)) == (20, 10)
    assert len(measure(scored([[0.9, 0.1]] * 50, [[0, 1]] * 50), {}, None).mistakes) == 20


def test_a_label_without_a_score_is_never_given() -> None:
    found = measure(scored([[0.0, 0.0]], [[1, 0]]), {}, None)
    assert (found.accuracy.right, found.accuracy.total, found.labels[0].decided) == (0, 1, 0)
    assert found.confusion is not None
    assert found.confusion[0] == (0, 0, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 2**31))
def test_exclusive_numbers_are_scikit_learns(rows: int, labels: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    strength = random.random((rows, labels)) + 0.01
    scores = strength / strength.sum(axis=1, keepdims=True)
    right = random.integers(labels, size=rows)
    one = scored(scores.tolist(), np.eye(labels, dtype=int)[right].tolist())
    found, said = measure(one, {}, None), one.scores.argmax(axis=1)
    kept = sorted(set(right.tolist()))
    assert found.accuracy.value == pytest.approx(accuracy_score(right, said))
    assert found.macro_f1.value == pytest.approx(f1_score(right, said, labels=kept, average="macro", zero_division=0))
    assert found.micro_f1.value == pytest.approx(f1_score(right, said, average="micro", zero_division=0))
    assert found.confusion is not None
    matrix = confusion_matrix(right, said, labels=range(labels))
    assert (np.array(found.confusion)[:-1, :-1] == matrix).all()
    _holds_its_intervals(one)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**31))
def test_the_numbers_of_labels_side_by_side_are_scikit_learns(rows: int, labels: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=(rows, labels))
    one = scored(random.random((rows, labels)).tolist(), truth.tolist(), exclusive=False)
    found, said = measure(one, {}, None), one.scores >= 0.5
    kept = np.flatnonzero(truth.any(axis=0)).tolist()
    if kept:
        expected = np.mean(f1_score(truth[:, kept], said[:, kept], average=None, zero_division=0))
        if len(kept) == 1:
            expected = f1_score(truth[:, kept[0]], said[:, kept[0]], zero_division=0)
        assert found.macro_f1.value == pytest.approx(expected)
    assert found.accuracy.value == pytest.approx((said == truth).all(axis=1).mean())
    _holds_its_intervals(one)


def _holds_its_intervals(one: Scored) -> None:
    found = measure(one, {one.labels[0]: 0.4}, 0.9)
    rates = [found.accuracy, found.top1, found.macro_f1, found.micro_f1, found.coverage, found.precision_at_coverage]
    for label in found.labels:
        rates += [label.precision, label.recall, label.f1, label.coverage, label.precision_at_cutoff]
    for rate in rates:
        if rate.value is not None:
            assert rate.low is not None
            assert rate.high is not None
            assert 0 <= rate.low <= rate.value <= rate.high <= 1
    coverages = [point.coverage for point in found.curve]
    assert coverages == sorted(coverages)


@pytest.mark.parametrize(("right", "total"), [(0, 7), (7, 7), (3, 20), (180, 200)])
def test_the_interval_of_a_share_is_scipys_exact_one(right: int, total: int) -> None:
    exact = binomtest(right, total).proportion_ci(0.95, "exact")
    found = share(right, total)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_the_same_examples_have_the_same_intervals_every_time() -> None:
    assert measure(ONE, {}, None) == measure(ONE, {}, None)
