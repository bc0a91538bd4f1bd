"""Turn questions and passages, with their embeddings, into the passages that answer the questions."""

import re
from collections.abc import Sequence

import numpy as np

from hubpipe.models.similarity import Array

# How much nearness of embeddings and words in common count. With the embedded model, headings of issue forms that
# ask the same as a question come to .34 and more, those that ask something else to .28 and less; a sentence that
# holds an answer to .27 and more.
NEARNESS, WORDS = 0.6, 0.4
FLOOR = 0.3
# Beside the best sentence, one that is nearly as good.
NEARLY, MOST = 0.85, 2

WORD = re.compile(r"[^\W\d_]{3,}")
# Letters of a word that count: "reproduce" and "reproduction" are one.
STEM = 5
# Words of questions and headings that do not tell what is asked.
ASKING = frozenset(
    WORD.findall(
        "and are can could did does for had has have how should that the this was were what when where which who why "
        "with would you your"
    )
)


def likeness(questions: Sequence[str], passages: Sequence[str], cosines: Array) -> Array:
    """Tell how well each passage (columns) fits each question (rows), from 0 to 1.

    `cosines` (questions × passages) are those of their embeddings.
    """
    asked, said = [_stems(question) for question in questions], [_stems(passage) for passage in passages]
    common = np.array([[_shared(one, other) for other in said] for one in asked], dtype=np.float32)
    fit: Array = np.clip(NEARNESS * cosines + WORDS * common.reshape(cosines.shape), 0.0, 1.0)
    return fit


def assign(fit: Array) -> dict[int, int]:
    """Give each question the passage that fits it best, each passage to one question, the best pair first."""
    pairs = sorted(zip(*np.nonzero(fit >= FLOOR), strict=True), key=lambda pair: -float(fit[pair]))
    assigned: dict[int, int] = {}
    for question, passage in pairs:
        if int(question) not in assigned and int(passage) not in assigned.values():
            assigned[int(question)] = int(passage)
    return assigned


def best(fit: Array) -> list[int]:
    """Give the passages that fit one question best, as places; none where none fits."""
    if not fit.size:
        return []
    order = np.argsort(-fit, kind="stable")[:MOST]
    return [int(place) for place in order if fit[place] >= max(FLOOR, NEARLY * float(fit.max()))]


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 0.0


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in WORD.findall(text.casefold()) if word not in ASKING)
