"""Turn what two models say of the same examples into whether the new one is worse, beyond chance.

By the paired bootstrap: both are measured on the same draws of examples (Koehn 2004,
https://aclanthology.org/W04-3250; Berg-Kirkpatrick, Burkett and Klein 2012, https://aclanthology.org/D12-1091).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.intervals import Estimate, between, resample
from hubpipe.training.measure import Measures, f1, macro
from hubpipe.training.scored import Scored, hits, outcomes

RESAMPLES = 2_000
# Fewer examples than this say nothing about which of two models is better.
LEAST = 30
IN_USE = "the model in use"
# Which share of the labels given has to be of labels that both reports know, to hold one against the other.
ALIKE = 0.8

NOT_THE_SAME = "the models are compared on {new} and {old} examples: they must be the same ones"
NOTHING = "there is nothing to compare on: none of {count} examples has a label that a model knows"
WORSE = "worse than {other}, beyond chance: {what}"
BETTER = "better than {other}, beyond chance: {what}"
EQUAL = "no worse than {other}, as far as {count} examples can tell: {what}"
CHANGE = (
    "{name} {old:.3f} → {new:.3f} ({value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, "
    "worse in {chance:.0%} of the draws)"
)
MACRO, ACCURACY = "macro-F1", "accuracy"
FALLEN = (
    "worse than the model in use was on other examples, beyond chance: its best label was right {old[0]:.3f} to "
    "{old[1]:.3f} of the times, and now is {new[0]:.3f} to {new[1]:.3f}"
)


@dataclass(frozen=True)
class Difference:
    """How much better the new model is (below 0: worse), with its 95 % interval; all None where nothing tells it.

    `worse_chance` is the share of draws of the examples in which the new model is worse.
    """

    name: str
    new: float | None = None
    old: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    worse_chance: float | None = None

    @property
    def words(self) -> str:
        """The difference in words; empty where nothing tells it."""
        if self.value is None:
            return ""
        numbers = {"old": self.old, "new": self.new, "value": self.value, "low": self.low, "high": self.high}
        return CHANGE.format(name=self.name, chance=self.worse_chance, **numbers)


@dataclass(frozen=True)
class Verdict:
    """Whether the new model is worse: an interval of a difference lies below 0, of macro-F1's or accuracy's."""

    worse: bool
    words: str
    macro_f1: Difference
    accuracy: Difference
    labels: tuple[str, ...]
    n: int


def verdict(new: Scored, old: Scored, *, other: str = IN_USE, resamples: int = RESAMPLES, seed: int = 0) -> Verdict:
    """Compare two models on the same examples, over the labels that a model knows and the examples have.

    `other` is what the words call the old one. A label that a model does not know is never given by it. Each decides
    by its own rule, the best label or each of even odds; what is right is the same for both.
    Raises ValueError where the examples are not the same.
    """
    if new.examples != old.examples:
        raise ValueError(NOT_THE_SAME.format(new=len(new.examples), old=len(old.examples)))
    labels, truth = _union(new, old)
    count = len(new.examples)
    if not labels:
        nothing = NOTHING.format(count=count)
        return Verdict(False, nothing, Difference(MACRO), Difference(ACCURACY), (), count)
    alone = new.exclusive and old.exclusive
    drawn = [_drawn(one.over(labels, truth), alone, resamples, seed) for one in (new, old)]
    (new_f1, new_share), (old_f1, old_share) = drawn
    differences = (_difference(MACRO, new_f1, old_f1), _difference(ACCURACY, new_share, old_share))
    worse, words = _judged(differences, other, count)
    return Verdict(worse, words, *differences, labels, count)


def fallen(new: Measures, kept: object) -> str:
    """Say how far the best label's rightness fell since the report (`as_json`) of the model in use.

    It is for want of examples to compare on, and the same measure whether labels exclude each other or not.
    Empty where the two 95 % intervals meet, where too many labels are in one of the two reports alone (ALIKE), or where
    the old report is none.
    """
    try:
        report = dict(kept)  # type: ignore[call-overload]
        low, high = map(float, report["intervals"]["top1"])
        then = {name.casefold(): int(label["support"]) for name, label in report["labels"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""
    now = {label.name.casefold(): label.support for label in new.labels}
    alike, top = all(_shared(one, then.keys() & now.keys()) >= ALIKE for one in (then, now)), new.top1
    if not alike or top.low is None or top.high is None or top.high >= low:
        return ""
    return FALLEN.format(old=(low, high), new=(top.low, top.high))


def _shared(support: Mapping[str, int], labels: Collection[str]) -> float:
    """Tell which share of the labels that people gave is of some."""
    return sum(support[name] for name in labels) / max(1, sum(support.values()))


def _judged(differences: Sequence[Difference], other: str, count: int) -> tuple[bool, str]:
    """Tell whether a difference lies below 0, beyond chance, and say what was found."""
    worse = [one for one in differences if one.high is not None and one.high < 0]
    better = [one for one in differences if one.low is not None and one.low > 0]
    form, told = (WORSE, worse) if worse else (BETTER, better) if better else (EQUAL, differences)
    what = "; ".join(filter(None, (one.words for one in told)))
    return bool(worse), form.format(what=what, count=count, other=other)


def _union(new: Scored, old: Scored) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Give the labels that either knows and people gave, and their truth; a model scores what it knows over 0."""
    columns: dict[str, tuple[str, NDArray[np.int8]]] = {}
    for one in (new, old):
        for place in np.flatnonzero((one.scores > 0).any(axis=0)):
            columns.setdefault(one.labels[place].casefold(), (one.labels[place], one.truth[:, place]))
    kept = [(name, column) for name, column in columns.values() if (column == 1).any()]
    truth = np.stack([column for _, column in kept], axis=1) if kept else np.zeros((len(new.examples), 0), np.int8)
    return tuple(name for name, _ in kept), truth


Drawn = tuple[float, NDArray[np.float64]]


def _drawn(scored: Scored, exclusive: bool, resamples: int, seed: int) -> tuple[Drawn, Drawn]:
    """Give macro-F1 and accuracy on the examples and on each draw of them."""
    came, labels = outcomes(scored.decided, scored.truth), len(scored.labels)
    right, told = hits(scored, scored.decided, exclusive)
    counts = np.concatenate([came[0], came[1], came[2], right[:, None], told[:, None]], axis=1).astype(np.float32)
    sums = np.concatenate([counts.sum(axis=0, keepdims=True), resample(counts, resamples, seed)]).astype(float)
    scores = macro(f1(*sums[:, : 3 * labels].reshape(len(sums), 3, labels).transpose(1, 0, 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = sums[:, -2] / sums[:, -1]
    return (float(scores[0]), scores[1:]), (float(shares[0]), shares[1:])


def _difference(name: str, new: Drawn, old: Drawn) -> Difference:
    gaps = new[1] - old[1]
    known = gaps[~np.isnan(gaps)]
    span: Estimate = between(new[0] - old[0], gaps)
    if span.value is None:
        return Difference(name)
    chance = float((known < 0).mean()) if known.size else 0.0
    return Difference(name, new[0], old[0], span.value, span.low, span.high, chance)
