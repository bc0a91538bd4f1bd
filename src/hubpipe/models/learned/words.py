"""Turn texts into logits by the words that they use, beside what they mean."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from hubpipe.models.learned.views import Array, Views

# Reading more of a body says no more, and a body may have any length.
MOST = 10_000
# A dotted or snake_case name is a word as a whole, and so is each of its parts.
NAME = re.compile(r"[^\W_]+(?:[._][^\W_]+)*")
PIECE = re.compile(r"[^\W\d_]{2,}|\d+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LONGEST = 40
BETWEEN = "\n"


@dataclass(frozen=True)
class Words:
    """A linear head over the words of title and body, each weighed by how rare it is (TF-IDF), and over their vectors.

    `vocabulary` gives each term's place; `rarity` are terms, `weights` labels × terms. `mean` (2d) is taken off the
    vectors of title and body, `meaning` (labels × 2d) weighs them. `bias` are labels.
    """

    vocabulary: Mapping[str, int]
    rarity: Array
    weights: NDArray[np.float16]
    mean: Array
    meaning: Array
    bias: Array

    def logits(self, views: Views) -> Array:
        """Weigh n texts (n × labels)."""
        found = weigh(views, self.vocabulary, self.rarity) @ self.weights.T.astype(np.float32)
        return np.asarray(found + (views.meaning - self.mean) @ self.meaning.T + self.bias, dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give its numbers by name."""
        own = {name: getattr(self, name) for name in ("rarity", "weights", "mean", "meaning", "bias")}
        ordered = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        return own | {"terms": np.frombuffer(BETWEEN.join(ordered).encode(), np.uint8)}


def words(arrays: Mapping[str, NDArray[Any]]) -> Words:
    """Make a head of what `Words.arrays` gave."""
    rarity, mean, meaning, bias = (
        np.asarray(arrays[name], np.float32) for name in ("rarity", "mean", "meaning", "bias")
    )
    ordered = np.asarray(arrays["terms"], np.uint8).tobytes().decode().split(BETWEEN)
    vocabulary = {term: place for place, term in enumerate(ordered)}
    return Words(vocabulary, rarity, np.asarray(arrays["weights"], np.float16), mean, meaning, bias)


def terms(title: str, body: str) -> Iterator[Counter[str]]:
    """Count the terms of a title, and those of a body: words, parts of names, and two words in a row."""
    for mark, text in (("t ", title), ("b ", body[:MOST])):
        yield Counter(mark + term for term in _terms(text))


def weigh(views: Views, vocabulary: Mapping[str, int], rarity: Array) -> csr_matrix:
    """Give each text's terms their weight (n × terms): title and body have length 1 each."""
    columns, values, ends = [], [], [0]
    for title, body in zip(views.titles, views.bodies, strict=True):
        for counts in terms(title, body):
            known = [(vocabulary[term], count) for term, count in counts.items() if term in vocabulary]
            places = [place for place, _ in known]
            weights = (1 + np.log([count for _, count in known])) * rarity[places] if known else np.zeros(0)
            columns += places
            values += list(weights / max(float(np.linalg.norm(weights)), 1e-9))
        ends.append(len(columns))
    return csr_matrix((np.asarray(values, np.float32), columns, ends), shape=(len(views.titles), len(vocabulary)))


def _terms(text: str) -> Iterator[str]:
    plain: list[str] = []
    for name in NAME.findall(text):
        pieces = [piece.casefold() for part in HUMP.split(name) for piece in PIECE.findall(part)]
        plain += pieces[:8]
        if len(pieces) > 1 and len(name) <= LONGEST:
            yield name.casefold()
    yield from plain
    yield from (f"{first} {second}" for first, second in pairwise(plain))
