"""Turn what a model says and what people said into how good the model is, with the range that chance allows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.curves import Point, Reliability, curve, curves, reliability
from hubpipe.training.intervals import RESAMPLES, Estimate, between, resample, share
from hubpipe.training.mistakes import Mistake, mistakes
from hubpipe.training.scored import Cells, Scored, hits, outcomes

__all__ = ["LabelMeasures", "Measures", "Scored", "f1", "macro", "measure"]

Array = NDArray[np.floating]

TOP = 3


@dataclass(frozen=True)
class LabelMeasures:
    """How good a model is on one label.

    `precision`, `recall` and `f1` are of the decisions where nothing is held back: the best label, or each of even
    odds; `decided` counts them, and `right`, `wrong`, `missed` and `rest` are their 2 × 2 table. What the cutoff makes
    of them stands in `coverage` (of all examples), `predicted` (how many), and precision and recall at the cutoff.
    Without any support there is neither recall nor F1.
    """

    name: str
    support: int
    decided: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    cutoff: float | None
    predicted: int
    coverage: Estimate
    precision_at_cutoff: Estimate
    recall_at_cutoff: Estimate
    right: int
    wrong: int
    missed: int
    rest: int
    curve: tuple[Point, ...]


@dataclass(frozen=True)
class Measures:
    """How good a model is on `n` examples.

    `accuracy` is the share of examples whose best label is right (`exclusive`), or whose labels are all right; `top1`
    the share of labelled examples whose best label is right, `top3` those with a right one among the best three, where
    there are more than three. `macro_f1` is the mean over the labels that have support. At the cutoffs, `coverage` is
    the share of examples that get a label, and `precision_at_coverage` the share of right ones among those given;
    `precision` was asked for. `confusion` (exclusive only) has a row for each of the people's labels, a column for each
    decision, and last in both what has none.
    """

    n: int
    exclusive: bool
    precision: float | None
    held_back: bool
    accuracy: Estimate
    top1: Estimate
    top3: Estimate | None
    macro_f1: Estimate
    micro_f1: Estimate
    coverage: Estimate
    precision_at_coverage: Estimate
    labels: tuple[LabelMeasures, ...]
    confusion: tuple[tuple[int, ...], ...] | None
    curve: tuple[Point, ...]
    reliability: Reliability
    mistakes: tuple[Mistake, ...]


def measure(scored: Scored, cutoffs: Mapping[str, float | None], precision: float | None) -> Measures:
    """Measure a model's decisions, and those at the cutoffs that were chosen for a precision.

    A label without a cutoff (None, or missing) is never given; an empty mapping holds nothing back. What nobody
    knows counts nowhere.
    """
    given = scored.given(cutoffs)
    right, told = hits(scored, scored.decided)
    overall, micro, each = _f1(outcomes(scored.decided, scored.truth))
    known_given = given & (scored.truth >= 0)
    return Measures(
        n=len(scored.examples),
        exclusive=scored.exclusive,
        precision=precision,
        held_back=bool(cutoffs),
        accuracy=share(int(right.sum()), int(told.sum())),
        top1=_top(scored, 1),
        top3=_top(scored, TOP) if len(scored.labels) > TOP else None,
        macro_f1=overall,
        micro_f1=micro,
        coverage=share(int(given.any(axis=1).sum()), len(given)),
        precision_at_coverage=share(int((given & (scored.truth == 1)).sum()), int(known_given.sum())),
        labels=_labels(scored, given, scored.cutoffs(cutoffs), each),
        confusion=_confusion(scored) if scored.exclusive else None,
        curve=curve(scored),
        reliability=reliability(scored),
        mistakes=mistakes(scored, cutoffs),
    )


def f1(right: Array, wrong: Array, missed: Array) -> NDArray[np.float64]:
    """Give F1 of counts of any one shape; NaN where people gave no such label."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = 2 * right / (2 * right + wrong + missed)
    return np.where(right + missed > 0, found, np.nan)


def macro(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean over the last axis of those that are not NaN; NaN where there are none."""
    known = ~np.isnan(scores)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = np.where(known, scores, 0).sum(axis=-1) / known.sum(axis=-1)
    return mean


def _f1(came: NDArray[np.bool_]) -> tuple[Estimate, Estimate, list[Estimate]]:
    """Give macro-F1, micro-F1 and each label's F1, all from the same draws of examples."""
    labels = came.shape[2]
    counts = np.concatenate([came[0], came[1], came[2]], axis=1).astype(np.float32)
    drawn = resample(counts).reshape(RESAMPLES, 3, labels)
    whole = counts.sum(axis=0, dtype=float).reshape(3, labels)
    each, drawn_each = f1(*whole), f1(*drawn.transpose(1, 0, 2))
    micro, drawn_micro = f1(*whole.sum(axis=1)), f1(*drawn.sum(axis=2).T)
    return (
        between(float(macro(each)), macro(drawn_each)),
        between(float(micro), drawn_micro),
        [between(float(each[column]), drawn_each[:, column]) for column in range(labels)],
    )


def _top(scored: Scored, most: int) -> Estimate:
    """Give the share of labelled examples of whose best few labels one is right, where that is known."""
    if not scored.scores.size:
        return Estimate(right=0, total=0)
    order = np.argsort(-scored.scores, axis=1, kind="stable")[:, :most]
    truth = np.where(np.take_along_axis(scored.scores, order, 1) > 0, np.take_along_axis(scored.truth, order, 1), 0)
    right = (truth == 1).any(axis=1)
    told = (scored.truth == 1).any(axis=1) & (right | (truth >= 0).all(axis=1))
    return share(int((right & told).sum()), int(told.sum()))


def _labels(
    scored: Scored, given: Cells, cutoffs: list[float | None], scores: list[Estimate]
) -> tuple[LabelMeasures, ...]:
    decided = outcomes(scored.decided, scored.truth).sum(axis=1)
    at_cutoff = outcomes(given, scored.truth).sum(axis=1)
    lines, found = curves(scored), []
    for column, name in enumerate(scored.labels):
        right, wrong, missed, rest = (int(count) for count in decided[:, column])
        held_right, held_wrong, held_missed, _ = (int(count) for count in at_cutoff[:, column])
        predicted = int(given[:, column].sum())
        found.append(
            LabelMeasures(
                name=name,
                support=right + missed,
                decided=right + wrong,
                precision=share(right, right + wrong),
                recall=share(right, right + missed),
                f1=scores[column],
                cutoff=cutoffs[column],
                predicted=predicted,
                coverage=share(predicted, len(given)),
                precision_at_cutoff=share(held_right, held_right + held_wrong),
                recall_at_cutoff=share(held_right, held_right + held_missed),
                right=right,
                wrong=wrong,
                missed=missed,
                rest=rest,
                curve=lines[column],
            )
        )
    return tuple(found)


def _confusion(scored: Scored) -> tuple[tuple[int, ...], ...]:
    """Count which label people gave and which the model; an example whose decision nobody can judge is left out."""
    _, told = hits(scored, scored.decided)
    columns = _or_none(scored.decided[told])
    rows = _or_none(scored.truth[told] == 1)
    counts = rows.T.astype(np.float64) @ columns.astype(np.float64)
    return tuple(tuple(int(count) for count in row) for row in counts)


def _or_none(cells: Cells) -> Cells:
    """Add a last column for rows without any."""
    return np.concatenate([cells, ~cells.any(axis=1, keepdims=True)], axis=1)
