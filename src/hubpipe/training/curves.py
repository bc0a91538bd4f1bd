"""Turn scores into curves: how precise at which coverage, and how true the scores are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.intervals import Estimate, share
from hubpipe.training.scored import Cells, Scored

MOST_POINTS = 100
MOST_POINTS_OF_A_LABEL = 40
BINS = 15


@dataclass(frozen=True)
class Point:
    """What giving every label from `score` on would come to.

    `coverage` is the share of examples that get one; `precision` of those given are right (as far as people told);
    `recall` is the share of the people's labels that are found.
    """

    score: float
    coverage: float
    precision: Estimate
    recall: float | None


@dataclass(frozen=True)
class Bin:
    """The best labels whose score lies between two: how sure the model is of them, and how often they are right."""

    low: float
    high: float
    count: int
    score: float
    right: Estimate


@dataclass(frozen=True)
class Reliability:
    """How true the score of each example's best label is.

    `ece` is the expected calibration error over 15 bins of equal width: the mean gap between score and share of right
    ones, each bin by its size (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 2). Bins without any are
    left out. None where there is no example.
    """

    ece: float | None
    bins: tuple[Bin, ...]


def curve(scored: Scored) -> tuple[Point, ...]:
    """Give precision and coverage for one cutoff over all labels, from the highest cutoff to the lowest."""
    eligible, truth = scored.eligible, scored.truth
    top = np.where(eligible, scored.scores, 0).max(axis=1, initial=0)
    cells = _Cells(scored.scores[eligible], truth[eligible], int((truth == 1).sum()), len(truth))
    return _points(cells, top[top > 0], MOST_POINTS)


def curves(scored: Scored) -> list[tuple[Point, ...]]:
    """Give the same for each label alone."""
    eligible, found = scored.eligible, []
    for column in range(len(scored.labels)):
        rows, truth = eligible[:, column], scored.truth[:, column]
        cells = _Cells(scored.scores[rows, column], truth[rows], int((truth == 1).sum()), len(truth))
        found.append(_points(cells, cells.scores, MOST_POINTS_OF_A_LABEL))
    return found


def reliability(scored: Scored) -> Reliability:
    """Hold the score of each example's best label against how often it is right."""
    cells = np.arange(len(scored.examples)), scored.best
    if not scored.scores.size:
        return Reliability(None, ())
    truth, scores = scored.truth[cells], scored.scores[cells]
    known = truth >= 0
    right, scores = truth[known] == 1, scores[known].astype(float)
    if not right.size:
        return Reliability(None, ())
    places = np.clip(np.ceil(scores * BINS).astype(int) - 1, 0, BINS - 1)
    bins = tuple(_bin(place, scores[places == place], right[places == place]) for place in np.unique(places))
    gaps = [bin.count * abs(bin.score - (bin.right.value or 0)) for bin in bins]
    return Reliability(float(sum(gaps) / len(right)), bins)


def _bin(place: int, scores: NDArray[np.float64], right: Cells) -> Bin:
    return Bin(place / BINS, (place + 1) / BINS, len(scores), float(scores.mean()), share(int(right.sum()), len(right)))


@dataclass(frozen=True)
class _Cells:
    """What could be given: scores, truth, how many labels people gave, and to how many examples in all."""

    scores: NDArray[np.float32]
    truth: NDArray[np.int8]
    wanted: int
    rows: int


def _points(cells: _Cells, tops: NDArray[np.float32], most: int) -> tuple[Point, ...]:
    """Count what is given from each of at most `most` cutoffs on; equal scores stand or fall together.

    `tops` has the highest score of each example that can be covered.
    """
    if not len(tops):
        return ()
    tops = np.sort(tops)[::-1]
    steps = np.unique(np.linspace(1, len(tops), min(most, len(tops))).round().astype(int))
    levels = np.unique(tops[steps - 1])[::-1]
    covered = np.searchsorted(-tops, -levels, side="right")
    order = np.argsort(-cells.scores, kind="stable")
    counts = np.searchsorted(-cells.scores[order], -levels, side="right")
    right, known = np.cumsum(cells.truth[order] == 1), np.cumsum(cells.truth[order] >= 0)
    return tuple(
        Point(
            float(level),
            float(cover / cells.rows),
            share(int(right[count - 1]), int(known[count - 1])),
            float(right[count - 1] / cells.wanted) if cells.wanted else None,
        )
        for level, cover, count in zip(levels, covered, counts, strict=True)
    )
