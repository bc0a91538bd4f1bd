"""How far similar issues can be trusted is found by searching for each as a run would have when it was opened."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.archiving import tries
from hubpipe.training.examples import Example

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def issue(number: int, *repeats: int, closed: int | None = None, repo: str = "octo-org/octo-repo") -> Example:
    """An issue that was opened on its number's day."""
    closed_at = DAY + timedelta(days=closed) if closed is not None else None
    return Example(
        f"Issue {number}",
        "",
        (),
        created_at=DAY + timedelta(days=number),
        repo=repo,
        number=number,
        closed_at=closed_at,
        repeats=repeats,
    )


def vectors(*groups: int) -> NDArray[np.float32]:
    """Issues of one group look the same, but for a little."""
    found = np.eye(16, dtype=np.float32)[list(groups)] + np.random.default_rng(0).normal(0, 0.01, (len(groups), 16))
    unit: NDArray[np.float32] = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


def right(examples: Sequence[Example], *groups: int, least: float = 0.8) -> list[int]:
    """Say of each that is found, near enough, whether it is the one that people meant."""
    found = tries(vectors(*groups), examples)
    return [int(truth) for score, truth in zip(found.scores[:, 0], found.truth[:, 0], strict=True) if score > least]


def test_a_repeated_issue_is_found_and_counts_as_right() -> None:
    assert right([issue(1), issue(2), issue(3, 1), issue(4)], 0, 1, 0, 2) == [1]


def test_what_nobody_marked_counts_as_wrong() -> None:
    assert right([issue(1), issue(2), issue(3, 1), issue(4)], 0, 1, 0, 1) == [1, 0]


def test_two_that_repeat_a_third_are_the_same() -> None:
    assert right([issue(1), issue(2, 1), issue(3, 1)], 0, 0, 0) == [1, 1, 1]
    assert right([issue(1), issue(2, 1), issue(3, 2)], 0, 0, 0) == [1, 1, 1]


def test_what_was_closed_by_then_is_not_searched() -> None:
    assert right([issue(1, closed=2), issue(2), issue(3, 1)], 0, 1, 0) == []
    assert right([issue(1, closed=4), issue(2), issue(3, 1)], 0, 1, 0) == [1]


def test_what_came_later_is_not_searched() -> None:
    assert right([issue(1, 3), issue(2), issue(3)], 0, 1, 0) == [1]
    assert right([issue(1, 2), issue(2)], 0, 0) == [1]


def test_issues_of_two_repositories_with_one_number_are_two() -> None:
    assert right([issue(1), issue(1, repo="octo-org/other"), issue(3, 1)], 0, 1, 1) == [0]


def test_no_more_than_three_are_looked_at_for_each() -> None:
    examples = [issue(number) for number in range(1, 8)]
    assert len(tries(vectors(*[0] * 8), [*examples, issue(8, 1)]).scores) == 0 + 1 + 2 + 3 * 5


def test_without_a_mark_there_is_nothing_to_go_by() -> None:
    assert tries(vectors(0, 0), [issue(1), issue(2)]).scores.shape == (0, 1)
