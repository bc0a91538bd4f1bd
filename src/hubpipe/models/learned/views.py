"""Turn texts into what the heads of a learned model see of them: vectors of title and body, traits, a prior's word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.traits import traits
from hubpipe.models.sentences import LONGEST_TITLE, split_title

Array = NDArray[np.float32]


class Encodes(Protocol):
    """What turns texts into vectors."""

    def embed(self, texts: Sequence[str], quick: bool = False) -> Array:
        """Embed texts (n) as unit vectors (n × d), less exactly with `quick`."""
        ...


@runtime_checkable
class Reads(Encodes, Protocol):
    """What tells, besides a text's vector, what it saw of the text on the way there."""

    def read(self, texts: Sequence[str], quick: bool = False) -> tuple[Array, Array]:
        """Embed texts (n) as `embed` does (n × d), and give the means of an inner layer's tokens (n × m)."""
        ...


@dataclass(frozen=True)
class Views:
    """What is seen of n texts: unit vectors of `title` and `body` (n × d each), `traits` (n × NAMES), and the texts.

    `inner` are those of an inner layer of title and body side by side (n × 2m; n × 0 where there is none), of any
    length: they tell how a text speaks, where the last layer's tell what it speaks of. `tuned` are unit vectors of
    title and body side by side by a tuned encoder (n × 2d; n × 0 where there is none).
    """

    title: Array
    body: Array
    traits: Array
    titles: Sequence[str]
    bodies: Sequence[str]
    inner: Array
    tuned: Array

    @property
    def meaning(self) -> Array:
        """The vectors of title and body side by side (n × 2d)."""
        return np.hstack([self.title, self.body])

    @property
    def deep(self) -> Array:
        """The same, and the inner ones beside them (n × (2d + 2m))."""
        return np.hstack([self.title, self.body, self.inner])

    def __getitem__(self, rows: NDArray[np.intp]) -> "Views":
        """Take some of the rows."""
        titles, bodies = [self.titles[row] for row in rows], [self.bodies[row] for row in rows]
        return Views(
            self.title[rows], self.body[rows], self.traits[rows], titles, bodies, self.inner[rows], self.tuned[rows]
        )


def look(
    encoder: Encodes, texts: Sequence[str], quick: bool = False, tuned: Encodes | None = None, deep: bool = True
) -> Views:
    """Look at texts: "title, blank line, body"; many of them `quick`, and only where it is `deep` at an inner layer.

    A `tuned` encoder reads them beside the other.
    """
    pairs = [split(text) for text in texts]
    titles, bodies = [title for title, _ in pairs], [body for _, body in pairs]
    vectors, inner = read(encoder, [*titles, *bodies], quick, deep)
    blank = np.zeros((len(texts), 0), np.float32)
    plain = Views(*_halves(vectors), traits(titles, bodies), titles, bodies, np.hstack(_halves(inner)), blank)
    return also(plain, tuned, quick)


def also(views: Views, tuned: Encodes | None, quick: bool = False) -> Views:
    """Let a tuned encoder read what is seen already, or none, in the place of any other that did."""
    count = len(views.titles)
    if tuned is None:
        return replace(views, tuned=np.zeros((count, 0), np.float32))
    vectors = tuned.embed([*views.titles, *views.bodies], quick)
    return replace(views, tuned=np.hstack(_halves(vectors)))


def read(encoder: Encodes, texts: Sequence[str], quick: bool = False, deep: bool = True) -> tuple[Array, Array]:
    """Embed texts (n) as vectors (n × d), and by an inner layer (n × m) where the encoder tells of one (else n × 0)."""
    if deep and isinstance(encoder, Reads):
        return encoder.read(texts, quick)
    return encoder.embed(texts, quick), np.zeros((len(texts), 0), np.float32)


def split(text: str) -> tuple[str, str]:
    """Take the title off an issue's text: unlike that of any text, it may be a full sentence."""
    first, _, rest = text.partition("\n")
    alone = not rest.partition("\n")[0].strip()
    return (first.strip(), rest.strip()) if alone and len(first) <= LONGEST_TITLE else split_title(text)


def _halves(vectors: Array) -> tuple[Array, Array]:
    """Part the vectors of titles from those of bodies."""
    middle = len(vectors) // 2
    return vectors[:middle], vectors[middle:]
