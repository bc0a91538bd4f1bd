"""Turn a text and its labels into reasons: past issues that are alike, and the words that weigh most."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.base import Past, Why
from hubpipe.models.learned.archive import Archive, digest
from hubpipe.models.learned.views import Array, split

NEAREST = 3
MOST_WORDS = 5
# Each candidate costs one more reading of the text.
MOST_CANDIDATES = 40
MOST_OF_BODY = 200
LONGEST = 60
WORD = re.compile(r"[^\W_]+(?:[._'’-][^\W_]+)*")


class Scores(Protocol):
    """What scores and embeds texts: a scorer, a classifier."""

    def score(self, texts: Sequence[str]) -> Array:
        """Score texts (n) for every label (n × labels)."""
        ...

    def embed(self, texts: Sequence[str]) -> Array:
        """Embed texts (n) as unit vectors (n × d)."""
        ...


def explain(scorer: Scores, archive: Archive | None, text: str, columns: Sequence[tuple[int, str]]) -> tuple[Why, ...]:
    """Say of each of some labels (their columns among the scores, and their names) why a text may have it.

    A word weighs what the label's score loses without it (0 to 1). Raises ModelError where the archive is of another
    encoder than the scorer's.
    """
    if not columns:
        return ()
    candidates = list(_candidates(text))
    scores = scorer.score([text, *(_without(text, word) for word in candidates)])
    near = _nearest(scorer, archive, text, [name for _, name in columns])
    return tuple(
        Why(name, tuple(issues), _heaviest(candidates, scores[0, column] - scores[1:, column]))
        for (column, name), issues in zip(columns, near, strict=True)
    )


def _nearest(scorer: Scores, archive: Archive | None, text: str, labels: Sequence[str]) -> Iterator[list[Past]]:
    """Find for each label the nearest past issues that carry it, the text's own left out."""
    if archive is None or not archive.issues:
        yield from ([] for _ in labels)
        return
    vector, own = scorer.embed([text])[0], digest(text)
    for label in labels:
        wanted = label.casefold()
        carries = [
            issue.digest != own and any(name.casefold() == wanted for name in issue.labels) for issue in archive.issues
        ]
        yield archive.nearest(vector, NEAREST, np.asarray(carries, bool))


def _candidates(text: str) -> Iterator[str]:
    """Give each word of the title once, then those of the body's beginning."""
    title, body = split(text)
    words = [*WORD.findall(title), *WORD.findall(body[: MOST_OF_BODY * LONGEST])[:MOST_OF_BODY]]
    distinct: dict[str, str] = {}
    for word in words:
        if 1 < len(word) <= LONGEST:
            distinct.setdefault(word.casefold(), word)
    yield from list(distinct.values())[:MOST_CANDIDATES]


def _without(text: str, word: str) -> str:
    """Take every occurrence of a word out of a text, in any case."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "", text, flags=re.IGNORECASE)


def _heaviest(words: Sequence[str], drops: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    heavy = sorted(zip(words, map(float, drops), strict=True), key=lambda item: -item[1])
    return tuple((word, drop) for word, drop in heavy[:MOST_WORDS] if drop > 0)
