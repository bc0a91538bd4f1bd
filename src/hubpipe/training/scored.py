"""Turn scores into decisions about labels, and hold them against what people decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.examples import Example

Cells = NDArray[np.bool_]

# From which score on a label is given where labels do not exclude each other and nobody chose a cutoff.
EVEN = 0.5
NOT_ALIGNED = "{labels} labels and {examples} examples, but {what} of {shape}"


@dataclass(frozen=True)
class Scored:
    """What a model says of examples, and what people said: all that measuring reads.

    `scores` (examples × labels) are from 0 to 1, 0 for a label that the model does not know; `truth` is 1 where
    people gave the label, 0 where not, -1 where nobody knows, and such a cell counts nowhere. With `exclusive` the
    scores of an example share 1: only its best label may be given. Raises ValueError where the shapes differ.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    truth: NDArray[np.int8]
    examples: tuple[Example, ...]
    exclusive: bool

    def __post_init__(self) -> None:
        for what, array in (("scores", self.scores), ("truth", self.truth)):
            if array.shape != (len(self.examples), len(self.labels)):
                words = {"what": what, "shape": array.shape}
                raise ValueError(NOT_ALIGNED.format(labels=len(self.labels), examples=len(self.examples), **words))

    @property
    def best(self) -> NDArray[np.intp]:
        """The column of each example's best label."""
        return self.scores.argmax(axis=1) if self.scores.size else np.zeros(len(self.scores), dtype=np.intp)

    @property
    def eligible(self) -> Cells:
        """Which labels could be given at all: each that has a score, of exclusive ones only the best."""
        scored: Cells = self.scores > 0
        if self.exclusive and self.scores.size:
            scored = scored & (np.arange(len(self.labels)) == self.best[:, None])
        return scored

    @property
    def decided(self) -> Cells:
        """Which labels are given where nothing is held back: the best one, or each of even odds."""
        return self.eligible if self.exclusive else self.eligible & (self.scores >= EVEN)

    def given(self, cutoffs: Mapping[str, float | None]) -> Cells:
        """Tell which labels are given at their cutoffs (by name, without case; None or missing: never given).

        Where there are no cutoffs at all, nothing is held back.
        """
        if not cutoffs:
            return self.decided
        # The scores are float32: a cutoff that is one of them must not lose it to a longer number.
        levels = np.array([np.inf if one is None else one for one in self.cutoffs(cutoffs)], dtype=np.float32)
        return self.eligible & (self.scores >= levels)

    def cutoffs(self, cutoffs: Mapping[str, float | None]) -> list[float | None]:
        """Give the cutoff of each label, in the order of the labels."""
        named = {name.casefold(): cutoff for name, cutoff in cutoffs.items()}
        return [named.get(label.casefold()) for label in self.labels]

    def over(self, labels: Sequence[str], truth: NDArray[np.int8]) -> "Scored":
        """Give the same of other labels, with their truth (examples × labels); one that has no score is never given."""
        columns = {name.casefold(): column for column, name in enumerate(self.labels)}
        scores = np.zeros((len(self.examples), len(labels)), dtype=np.float32)
        # A best label that is left out is still the best one: what remains must not take its place.
        kept = np.where(self.eligible, self.scores, 0) if self.exclusive else self.scores
        for place, name in enumerate(labels):
            if name.casefold() in columns:
                scores[:, place] = kept[:, columns[name.casefold()]]
        return Scored(tuple(labels), scores, truth, self.examples, self.exclusive)


def outcomes(given: Cells, truth: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Tell what came of each decision (4 × examples × labels): rightly given, wrongly given, missed, rightly not."""
    yes, no = truth == 1, truth == 0
    return np.stack([given & yes, given & no, ~given & yes, ~given & no])


def hits(scored: Scored, given: Cells, exclusive: bool | None = None) -> tuple[Cells, Cells]:
    """Tell which examples were decided right, and of which anybody can tell (both: examples).

    Of exclusive labels the one given must be a right one; of others the set must be the people's, where known.
    `exclusive` says which of the two is asked for; None: what the scores are.
    """
    came: Cells = np.any(outcomes(given, scored.truth), axis=2)
    right, wrong, missed = came[0], came[1], came[2]
    known: Cells = np.any(scored.truth >= 0, axis=1)
    if not (scored.exclusive if exclusive is None else exclusive):
        return known & ~wrong & ~missed, known
    unsaid: Cells = known & ~np.any(given, axis=1)
    return right, right | wrong | unsaid
