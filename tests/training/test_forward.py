"""Folds in time: what is measured is later than all that was learned before, unless a file was drawn label by label."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.training.examples import Example
from hubpipe.training.forward import folds, forward, halves, steady

START = datetime(2024, 1, 1, tzinfo=UTC)


def truth_of(labels: list[int]) -> NDArray[np.int8]:
    return np.eye(max(labels) + 1, dtype=np.int8)[labels]


def dated(count: int) -> list[Example]:
    return [Example(f"Issue {row}", "", ("x",), created_at=START + timedelta(hours=row)) for row in range(count)]


def drifting(count: int = 300) -> list[int]:
    """Label issues in the order of time: the share of label 0 falls from six in ten to three in ten."""
    chance = np.random.default_rng(0)
    return [int(chance.random() > 0.6 - 0.3 * row / count) for row in range(count)]


def one_after_another(count: int = 300) -> list[int]:
    """Label issues as of a file that was drawn label by label: each label has months of its own."""
    return [row * 3 // count for row in range(count)]


def test_a_history_is_cut_in_time_even_where_labels_become_rarer() -> None:
    examples, truth = dated(300), truth_of(drifting())

    assert steady(examples, truth)
    for old, new in folds(examples, truth, 0):
        assert old.max() < new.min()
    old, new = halves(examples, truth)
    assert old.max() < new.min()
    assert len(new) == 100


def test_the_later_blocks_have_the_shares_of_their_time() -> None:
    truth = truth_of(drifting())
    shares = [truth[new, 0].mean() for _, new in folds(dated(300), truth, 0)]

    assert shares[0] > truth[:, 0].mean() > shares[-1]


def test_where_labels_have_months_of_their_own_each_is_in_every_block() -> None:
    examples, truth = dated(300), truth_of(one_after_another())

    assert not steady(examples, truth)
    for old, new in [*folds(examples, truth, 0), halves(examples, truth)]:
        assert truth[old].any(axis=0).all()
        assert truth[new].any(axis=0).all()
        for label in range(3):
            assert old[truth[old, label] == 1].max() < new[truth[new, label] == 1].min()


def test_what_nobody_knows_is_no_change_of_a_share() -> None:
    truth = truth_of(drifting())
    truth[200:, 1] = -1

    assert steady(dated(300), truth)


def test_a_few_without_a_date_are_the_oldest() -> None:
    examples, truth = dated(300), truth_of(drifting())
    examples[290] = Example("No date", "", ("x",))
    split = folds(examples, truth, 0)

    assert all(290 in old and 290 not in new for old, new in split)
    assert all(max(set(old) - {290}) < min(new) for old, new in split)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_a_few_rows_are_each_measured_at_most_once(count: int) -> None:
    split = forward(np.arange(count, dtype=float), truth_of([row % 2 for row in range(count)]))
    measured = np.concatenate([new for _, new in split]) if split else np.zeros(0)

    assert len(np.unique(measured)) == len(measured) < count or count == 1
    assert all(not set(old) & set(new) for old, new in split)


def test_rows_of_one_moment_stay_in_their_order() -> None:
    split = forward(np.zeros(90), truth_of([row % 3 for row in range(90)]))

    assert [list(new) for _, new in split] == [list(range(start, start + 15)) for start in (30, 45, 60, 75)]
