"""Turn examples into folds that are learned on the past and measured on what came later."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.examples import Example

Rows: TypeAlias = NDArray[np.intp]
Fold: TypeAlias = tuple[Rows, Rows]
"""The rows to learn on, and those to measure on."""

# The oldest share that is learned on from the start, and the number of blocks that the rest is measured in.
FIRST_SHARE = 1 / 3
BLOCKS = 4
FOLDS = 5
NEWEST = 1 / 3


def folds(examples: Sequence[Example], truth: NDArray[np.int8], seed: int) -> list[Fold]:
    """Split examples forward in time where every one has a date, else by lot."""
    return forward(_times(examples), truth) if in_time(examples) else by_lot(truth, FOLDS, seed)


def forward(times: NDArray[np.float64], truth: NDArray[np.int8]) -> list[Fold]:
    """Split rows in the order of time: each block is measured on by what is learned on all before it.

    A row's place in time is its rank among the rows of its own labels, so that labels of different ages are in every
    block. The oldest third is never measured on.
    """
    place = _ranks(times, _strata(truth))
    edges = np.linspace(FIRST_SHARE, 1, BLOCKS + 1)
    ends = [*edges[1:-1], 2.0]
    split = [
        (np.flatnonzero(place < start), np.flatnonzero((place >= start) & (place < end)))
        for start, end in zip(edges, ends, strict=False)
    ]
    return [(old, new) for old, new in split if len(old) and len(new)]


def halves(examples: Sequence[Example], truth: NDArray[np.int8]) -> Fold:
    """Split dated rows into the older and the newest, NEWEST of each label's."""
    place = _ranks(_times(examples), _strata(truth))
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
    """Give when each example was written (seconds); all the same where not every one has a date."""
    return _times(examples) if in_time(examples) else np.zeros(len(examples))


def in_time(examples: Sequence[Example]) -> bool:
    """Tell whether folds follow time."""
    return all(example.created_at is not None for example in examples)


def _times(examples: Sequence[Example]) -> NDArray[np.float64]:
    return np.array([example.created_at.timestamp() for example in examples if example.created_at is not None])


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
