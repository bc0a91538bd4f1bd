"""Turn wrong decisions into a list for the people who label: often it is their label that is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.training.scored import Cells, Scored, outcomes

MOST = 20


@dataclass(frozen=True)
class Mistake:
    """A decision that people decided otherwise, with how sure the model was (from 0 to 1).

    `label` was given and people did not, or with `missed` people gave it and the model did not. `labels` are the
    people's. `given` tells whether the label would really be given, at its cutoff.
    """

    title: str
    label: str
    score: float
    labels: tuple[str, ...]
    missed: bool = False
    given: bool = False
    repo: str = ""
    number: int | None = None
    url: str = ""


def mistakes(scored: Scored, cutoffs: Mapping[str, float | None], most: int = MOST) -> tuple[Mistake, ...]:
    """Give the wrong decisions that the model was surest of, the surest first.

    Of labels that do not exclude each other, half are labels that people gave and the model finds least likely:
    they have a list of their own, since a rare label's absence is always surer than any presence.
    """
    _, wrong, missed, _ = outcomes(scored.decided, scored.truth)
    at_cutoff = scored.given(cutoffs)
    found = list(_cells(wrong, scored.scores, most))
    lost = [] if scored.exclusive else list(_cells(missed, 1 - scored.scores, most))
    half = max(most // 2, most - len(lost)) if lost else most
    chosen = [(cell, False) for cell in found[:half]]
    chosen += [(cell, True) for cell in lost[: most - len(chosen)]]
    return tuple(_mistake(scored, cell, missing, at_cutoff) for cell, missing in chosen)


def _cells(wrong: Cells, sureness: NDArray[np.float32], most: int) -> Iterator[tuple[int, int]]:
    rows, columns = np.nonzero(wrong)
    for place in np.argsort(-sureness[rows, columns], kind="stable")[:most]:
        yield int(rows[place]), int(columns[place])


def _mistake(scored: Scored, cell: tuple[int, int], missed: bool, at_cutoff: Cells) -> Mistake:
    row, column = cell
    example = scored.examples[row]
    return Mistake(
        title=example.title,
        label=scored.labels[column],
        score=float(scored.scores[cell]),
        labels=example.labels,
        missed=missed,
        given=bool(at_cutoff[cell]),
        repo=example.repo,
        number=example.number,
        url=example.url,
    )
