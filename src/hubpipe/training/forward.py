"""Turn examples into folds that are learned on the past and measured on what came later."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.examples import Example, dated

Rows: TypeAlias = NDArray[np.intp]
Fold: TypeAlias = tuple[Rows, Rows]
"""The rows to learn on, and those to measure on."""

# The oldest share that is learned on from the start, and the number of blocks that the rest is measured in.
FIRST_SHARE = 1 / 3
BLOCKS = 4
FOLDS = 5
NEWEST = 1 / 3
# The most that one label's share changes in a history, from what was before to the next block: .18 in corefx's areas,
# at least .5 in each repository of NLBSE'24, whose issues were drawn label by label, out of different months.
STEADY = 0.3


def folds(examples: Sequence[Example], truth: NDArray[np.int8], seed: int) -> list[Fold]:
    """Split examples forward in time where they are `dated`, else by lot."""
    return forward(_times(examples), truth) if in_time(examples) else by_lot(truth, FOLDS, seed)


def forward(times: NDArray[np.float64], truth: NDArray[np.int8]) -> list[Fold]:
    """Split rows in the order of time: each block is measured on by what is learned on all before it.

    The oldest third is never measured on. Where the rows are not `steady`, a row's place in time is its rank among the
    rows of its own labels, so that every label is in every block; some rows are then measured by what is newer.
    """
    return _blocks(_places(times, truth))


def steady(examples: Sequence[Example], truth: NDArray[np.int8]) -> bool:
    """Tell whether dated examples are a history: no label's share in a block is far from that before it.

    Else they were drawn label by label, and the date alone would tell the label.
    """
    return _steady(_times(examples), truth)


def halves(examples: Sequence[Example], truth: NDArray[np.int8]) -> Fold:
    """Split dated rows into the older and the newest, NEWEST of all (of each label's where they are not `steady`)."""
    place = _places(_times(examples), truth)
    return np.flatnonzero(place < 1 - NEWEST), np.flatnonzero(place >= 1 - NEWEST)


def by_lot(truth: NDArray[np.int8], count: int, seed: int) -> list[Fold]:
    """Split rows into `count` folds at random, every label's evenly among them."""
    place = _ranks(np.random.default_rng(seed).random(len(truth)), _strata(truth))
    fold = np.minimum((place * count).astype(int), count - 1)
    split = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(count)]
    return [(old, new) for old, new in split if len(old) and len(new)]


def by_group(groups: Sequence[int]) -> list[Fold]:
    """Split rows so that each group is measured on by what is learned on the others."""
    group = np.asarray(groups)
    return [(np.flatnonzero(group != number), np.flatnonzero(group == number)) for number in np.unique(group)]


def oldest_first(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Give when each example was written (seconds); all the same where that is not known."""
    return _times(examples) if in_time(examples) else np.zeros(len(examples))


def in_time(examples: Sequence[Example]) -> bool:
    """Tell whether folds follow time."""
    return dated(examples)


def _times(examples: Sequence[Example]) -> NDArray[np.float64]:
    return np.array([0.0 if one.created_at is None else one.created_at.timestamp() for one in examples])


def _places(times: NDArray[np.float64], truth: NDArray[np.int8]) -> NDArray[np.float64]:
    """Give each row's place in time, from 0 up to 1."""
    return _ranks(times, _alike(times) if _steady(times, truth) else _strata(truth))


def _steady(times: NDArray[np.float64], truth: NDArray[np.int8]) -> bool:
    shares = [(_shares(truth[old]), _shares(truth[new])) for old, new in _blocks(_ranks(times, _alike(times)))]
    return not any((np.abs(before - now) > STEADY).any() for before, now in shares)


def _shares(truth: NDArray[np.int8]) -> NDArray[np.float64]:
    """Give the share of rows that have each label, of those where that is known; NaN where it is of none."""
    known = (truth >= 0).sum(axis=0)
    return np.where(known, (truth == 1).sum(axis=0) / np.maximum(known, 1), np.nan)


def _blocks(place: NDArray[np.float64]) -> list[Fold]:
    edges = np.linspace(FIRST_SHARE, 1, BLOCKS + 1)
    ends = [*edges[1:-1], 2.0]
    split = [
        (np.flatnonzero(place < start), np.flatnonzero((place >= start) & (place < end)))
        for start, end in zip(edges, ends, strict=False)
    ]
    return [(old, new) for old, new in split if len(old) and len(new)]


def _alike(times: NDArray[np.float64]) -> NDArray[np.intp]:
    """Put all rows into one stratum."""
    return np.zeros(len(times), dtype=np.intp)


def _strata(truth: NDArray[np.int8]) -> NDArray[np.intp]:
    """Give each row the number of the rarest label that it has; one more than there are where it has none."""
    has = truth == 1
    counts = np.where(has, has.sum(axis=0), len(truth) + 1)
    strata: NDArray[np.intp] = np.where(has.any(axis=1), counts.argmin(axis=1), truth.shape[1]).astype(np.intp)
    return strata


def _ranks(keys: NDArray[np.float64], strata: NDArray[np.intp]) -> NDArray[np.float64]:
    """Rank keys within each stratum, from 0 up to 1."""
    ranks = np.zeros(len(keys))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        order = rows[np.argsort(keys[rows], kind="stable")]
        ranks[order] = (np.arange(len(rows)) + 0.5) / len(rows)
    return ranks
