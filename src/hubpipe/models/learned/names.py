"""Turn texts into logits by the names of labels: whether a text says them, and whether it is about them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.views import Array, Views
from hubpipe.models.learned.words import HUMP, MOST
from hubpipe.models.phrases import DECORATION, KINDS

WORD = re.compile(r"[^\W_]+")
# What it counts that a title says the whole name, that it says its last part, and how often a body says them
# (logarithms). How much all of it counts beside the other heads is learned.
TITLE_WHOLE, TITLE_LAST, BODY_WHOLE, BODY_LAST = 2.0, 1.0, 1.0, 0.3
# What stands for a name without words: `_spaced` leaves no such sign in a text.
UNSAID = "_"
# How much nearness to a name counts, in standard deviations, and a body's beside a title's.
ABOUT, BODY_ABOUT = 0.3, 0.5


@dataclass(frozen=True)
class Names:
    """What knows labels by their names alone: `area-System.Net` by "System.Net" and by "Net".

    `vectors` (labels × d) are those of the names; how near texts are to them usually is `mean`, and `spread` its
    deviation (labels).
    """

    labels: tuple[str, ...]
    vectors: Array
    mean: Array
    spread: Array

    def logits(self, views: Views) -> Array:
        """Look for each label's name in n texts (n × labels)."""
        names = [_names(label) for label in self.labels]
        found = np.zeros((len(views.titles), len(names)), np.float32)
        for row, (title, body) in enumerate(zip(views.titles, views.bodies, strict=True)):
            head, rest = _spaced(title), _spaced(body[:MOST])
            found[row] = [_said(head, rest, whole, last) for whole, last in names]
        return found + ABOUT * (near(views, self.vectors) - self.mean) / self.spread

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give its numbers by name."""
        return {"vectors": self.vectors, "mean": self.mean, "spread": self.spread}


def names(labels: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Names:
    """Make what `Names.arrays` gave, of these labels."""
    vectors, mean, spread = (np.asarray(arrays[name], np.float32) for name in ("vectors", "mean", "spread"))
    return Names(tuple(map(str, labels)), vectors, mean, spread)


def near(views: Views, vectors: Array) -> Array:
    """Tell how near titles and, half as much, bodies are to the vectors of names (n × labels)."""
    found: Array = views.title @ vectors.T + BODY_ABOUT * (views.body @ vectors.T)
    return found


def spoken(label: str) -> str:
    """Write a label's name in words, without its kind."""
    return " ".join(_words(label)) or label


def _names(label: str) -> tuple[str, str]:
    """Give a label's name without its kind, and the last part of it, as they stand in a text of `_spaced`."""
    words = _words(label)
    last = _spaced(re.split(r"[./:]", label)[-1]).split()
    return _sought(words), _sought(last if len(last) < len(words) else words)


def _words(label: str) -> list[str]:
    words = _spaced(DECORATION.sub(" ", label)).split()
    while len(words) > 1 and words[0] in KINDS:
        words = words[1:]
    return words


def _sought(words: Sequence[str]) -> str:
    return f" {' '.join(words)} " if words else UNSAID


def _said(title: str, body: str, whole: str, last: str) -> float:
    in_title = TITLE_WHOLE * (whole in title) + TITLE_LAST * (last in title)
    return float(in_title + BODY_WHOLE * np.log1p(body.count(whole)) + BODY_LAST * np.log1p(body.count(last)))


def _spaced(text: str) -> str:
    """Write a text's words, parts of names apart, in lower case with a blank around each."""
    return f" {' '.join(WORD.findall(HUMP.sub(' ', text).casefold()))} "
