"""Turn the evidence of a learned model and a precision that somebody wants into a cutoff for each label.

The bound is Clopper and Pearson's exact one (Biometrika 26, 1934), one-sided, label by label. Looking at many cutoffs
and taking the best would make any bound a lie, so they are tested in an order that is fixed beforehand, the highest
first, up to the first that fails: fixed-sequence testing, which keeps the whole error at one test's
(Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", https://arxiv.org/abs/2110.01052, section 3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from hubpipe.models.learned.parts import Evidence

# How sure the bound of one label is.
CONFIDENCE = 0.9
# The first cutoff tested keeps at least this share of what could be predicted, so that one wrong label does not decide.
FIRST_SHARE = 0.25
# Where what is looked for is rare, as duplicates are, that share would be wrong for the most part: there the first
# cutoff keeps so many times the decisions that show the precision, which bears one wrong one of forty.
FIRST_TIMES = 2
STEPS = 12
# More examples than this are no advice.
MOST_NEEDED = 5_000

HOLDS = "precision {precision:.2f} on {count} of {total} (at least {lower:.2f})"
TOO_FEW = "{right} of {total} predictions were right: about {more} more examples are needed to be sure of {target:g}"
TOO_WRONG = (
    "its surest {count} predictions are {precision:.3f} right, which is under {target:g}: more examples may not help"
)
NEVER = "it was never the best label of an issue: about {more} more examples are needed"


@dataclass(frozen=True)
class Cutoff:
    """The score from which on a label is predicted; None where it never is.

    `count` of `total` decisions in the evidence reach it, `precision` of them are right, and at least `lower` of such
    decisions are with CONFIDENCE. `coverage` is `count` as a share of all issues. `more` estimates how many more
    examples of the label it would take where it is never predicted, None where nobody can say. `words` tell all that.
    """

    label: str
    score: float | None
    precision: float
    lower: float
    count: int
    total: int
    coverage: float
    words: str
    more: int | None = None


def cutoffs(
    evidence: Evidence, precision: float, *, exclusive: bool, rare: bool = False, confidence: float = CONFIDENCE
) -> list[Cutoff]:
    """Find for each label the lowest cutoff whose precision is at least `precision` (0 to 1) with `confidence`.

    With `exclusive`, only an issue's best label would be predicted, and only those decisions count. `rare` says that
    most decisions are wrong, so that cutoffs are looked for from a few of the surest on.
    """
    first = FIRST_TIMES * needed(precision, confidence) if rare else None
    best = evidence.scores.argmax(axis=1) if evidence.scores.size else np.zeros(0, dtype=np.intp)
    found = []
    for column, label in enumerate(evidence.labels):
        known = evidence.truth[:, column] >= 0
        rows = known & (best == column) if exclusive else known
        scores, right = evidence.scores[rows, column], evidence.truth[rows, column] == 1
        # Under even odds nothing would be predicted at any precision worth asking for.
        kept = scores >= (0.0 if exclusive else min(0.5, precision))
        support = int((evidence.truth[:, column] == 1).sum())
        least = math.ceil(FIRST_SHARE * int(kept.sum())) if first is None else first
        decisions = _Decisions(label, scores[kept], right[kept], support, len(evidence.scores), least)
        found.append(_cutoff(decisions, precision, confidence))
    return found


def lower_bound(right: int, count: int, confidence: float = CONFIDENCE) -> float:
    """Give Clopper and Pearson's one-sided lower bound of a share."""
    return float(beta.ppf(1 - confidence, right, count - right + 1)) if right else 0.0


def needed(precision: float, confidence: float = CONFIDENCE) -> int:
    """Tell how many decisions without a mistake show a precision."""
    return math.ceil(math.log(1 - confidence) / math.log(precision)) if 0 < precision < 1 else MOST_NEEDED


@dataclass(frozen=True)
class _Decisions:
    """All decisions for a label that could be made: their scores, and which of them are right.

    `support` is how many issues have the label, `issues` how many there are, `least` how many decisions the first
    cutoff keeps.
    """

    label: str
    scores: NDArray[np.float32]
    right: NDArray[np.bool_]
    support: int
    issues: int
    least: int


def _cutoff(of: _Decisions, target: float, confidence: float) -> Cutoff:
    order = np.argsort(-of.scores, kind="stable")
    scores = of.scores[order]
    hits: NDArray[np.int64] = np.cumsum(of.right[order], dtype=np.int64)
    total, passed = len(scores), 0
    for count in _sequence(scores, max(of.least, needed(target, confidence))):
        if lower_bound(int(hits[count - 1]), count, confidence) < target:
            break
        passed = count
    if passed:
        precision, lower = hits[passed - 1] / passed, lower_bound(int(hits[passed - 1]), passed, confidence)
        words = HOLDS.format(precision=precision, count=passed, total=total, lower=lower)
        score, coverage = float(scores[passed - 1]), passed / of.issues
        return Cutoff(of.label, score, float(precision), lower, passed, total, coverage, words)
    more, words = _missing(hits, target, confidence, of.support, of.least)
    return Cutoff(of.label, None, 0.0, 0.0, 0, total, 0.0, words, more)


def _sequence(scores: NDArray[np.float32], first: int) -> list[int]:
    """Give the counts of decisions to test, in order, known before any of them is right or wrong.

    Equal scores stand or fall together.
    """
    total = len(scores)
    if first > total:
        return []
    steps = np.unique(np.geomspace(first, total, STEPS).round().astype(int))
    whole = {int(np.searchsorted(-scores, -scores[step - 1], side="right")) for step in steps}
    return sorted(whole)


def _missing(
    hits: NDArray[np.int64], target: float, confidence: float, support: int, least: int
) -> tuple[int | None, str]:
    """Estimate how many more examples a label needs, as if the next ones were like those that there are."""
    total = len(hits)
    if total == 0:
        more = needed(target, confidence)
        return more, NEVER.format(more=more)
    least = max(1, min(least, total))
    shares = hits[least - 1 :] / np.arange(least, total + 1)
    # Of equally right shares, the one with the most decisions.
    count = total - int(shares[::-1].argmax())
    precision = float(shares.max())
    if precision <= target:
        return None, TOO_WRONG.format(count=count, precision=precision, target=target)
    wanted = _enough(precision, target, confidence)
    if wanted is None:
        return None, TOO_WRONG.format(count=count, precision=precision, target=target)
    more = max(1, math.ceil(support * (wanted - count) / count))
    return more, TOO_FEW.format(total=total, right=int(hits[-1]), more=more, target=target)


def _enough(precision: float, target: float, confidence: float) -> int | None:
    """Tell how many decisions of a precision show that it is over a target."""
    counts: Sequence[int] = range(needed(target, confidence), MOST_NEEDED)
    return next((n for n in counts if lower_bound(math.floor(precision * n), n, confidence) >= target), None)
