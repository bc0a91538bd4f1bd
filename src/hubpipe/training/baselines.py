"""Turn examples into what one could say of them without learning: the yardsticks of a learned model."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.phrases import DECORATION, ENTRIES, FILLERS, PHRASES, WORD, WORDS, entry
from hubpipe.training.examples import Example, truth
from hubpipe.training.scored import Scored

# A word in the title says what an issue is about; in the body it may be about anything.
TITLE_WEIGHT = 3
# Further hits of a body say little more.
MOST_HITS = 3
LEAST_LETTERS = 3
# No stop words here: they are how questions are told.
ASKING = frozenset({"how", "what", "where", "which", "why"})
# What English adds to the end of a word: enough for a yardstick (crash, crashes, crashed, crashing).
_ENDINGS = re.compile(r"(?:ing|ed|es|s|e)$")


def majority(learned: Sequence[Example], test: Sequence[Example], labels: Sequence[str], *, exclusive: bool) -> Scored:
    """Score every example alike: by how often each label was given in those that were learned from."""
    shares = _shares(learned, labels)
    if exclusive and shares.sum():
        shares = shares / shares.sum()
    scores = np.tile(shares, (len(test), 1)).astype(np.float32)
    return Scored(tuple(labels), scores, truth(test, labels), tuple(test), exclusive)


def keyword(learned: Sequence[Example], test: Sequence[Example], labels: Sequence[str], *, exclusive: bool) -> Scored:
    """Score examples by the words of a label's name in title and body, as many bots do.

    A label that people have usual words for (`hubpipe.models.phrases`) is also meant by the other names it goes by, and
    by the words that only its phrases have, scikit-learn's stop words left out. Words are held against each other by
    their stems. Of exclusive labels with equally many, the one that was learned from more often is the best.
    """
    wanted = [_stems_of(label) for label in labels]
    hits = np.zeros((len(test), len(labels)))
    for row, example in enumerate(test):
        title, body = Counter(_stems(example.title)), Counter(_stems(example.body))
        for column, stems in enumerate(wanted):
            hits[row, column] = sum(
                TITLE_WEIGHT * bool(title[stem]) + min(body[stem], MOST_HITS) / MOST_HITS for stem in stems
            )
    return Scored(
        tuple(labels), _scores(hits, _shares(learned, labels), exclusive), truth(test, labels), tuple(test), exclusive
    )


def _scores(hits: NDArray[np.float64], shares: NDArray[np.float64], exclusive: bool) -> NDArray[np.float32]:
    """Make counts of words scores; without exclusion a word in the title, or three in the body, make even odds."""
    if not exclusive:
        return (hits / (hits + 1)).astype(np.float32)
    # Under a third of a hit, so that it only decides between equals.
    strength = hits + 0.3 * shares
    whole = strength.sum(axis=1, keepdims=True)
    shares_of: NDArray[np.float64] = np.divide(strength, whole, out=np.zeros_like(strength), where=whole > 0)
    return shares_of.astype(np.float32)


def _shares(learned: Sequence[Example], labels: Sequence[str]) -> NDArray[np.float64]:
    """Tell how large a share of those examples whose label is known has it."""
    known = truth(learned, labels)
    found: NDArray[np.float64] = (known == 1).sum(axis=0) / np.maximum((known >= 0).sum(axis=0), 1)
    return found


def _stems_of(label: str) -> frozenset[str]:
    """Give the stems by which a label is found."""
    name = label.casefold()
    words = WORD.findall(DECORATION.sub(" ", name)) or WORD.findall(name)
    said = [word for word in words if word not in FILLERS]
    # `ui` and `c` are names, and the `of` of `out of scope` is in every text.
    own = {_stem(word) for word in said if len(word) >= LEAST_LETTERS or word not in _empty()}
    own = own or {_stem(word) for word in said}
    key = entry(label)
    return frozenset(own | _usual()[key] if key else own)


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in WORD.findall(text.casefold())]


def _stem(word: str) -> str:
    short = _ENDINGS.sub("", word)
    return short if len(short) >= LEAST_LETTERS else word


@cache
def _empty() -> frozenset[str]:
    """Give scikit-learn's stop words but those that ask."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS - ASKING)


@cache
def _usual() -> dict[str, frozenset[str]]:
    """Give for each entry of the phrases its other names, and the words that no other entry's phrases have."""
    empty = {_stem(word) for word in _empty()}
    spoken = {
        key: {stem for text in texts for stem in _stems(text) if len(stem) >= LEAST_LETTERS} - empty
        for key, texts in PHRASES.items()
    }
    entries = Counter(stem for stems in spoken.values() for stem in stems)
    names = {key: {_stem(word) for word in words} for key, words in WORDS.items()}
    taken = {_stem(word): key for word, key in ENTRIES.items()}
    return {
        key: frozenset(names[key] | {stem for stem in stems if entries[stem] == 1 and taken.get(stem, key) == key})
        for key, stems in spoken.items()
    }
