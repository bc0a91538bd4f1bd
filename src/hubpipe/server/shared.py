"""Turn a loaded model of one thread into the same model for all threads of a process."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from threading import Lock
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from hubpipe.config import Step
from hubpipe.models.abilities import Tellable
from hubpipe.models.base import Media, MediaModel, Model, Prediction
from hubpipe.models.keeping import Encoder
from hubpipe.models.learned.views import read
from hubpipe.models.similarity import Array
from hubpipe.server.batching import Batcher

Pair: TypeAlias = tuple[Array, Array]
Read = TypeVar("Read")

# Texts in one call of an encoder, so many that among them some are of a length.
MOST_TEXTS = 64
# What goes through an encoder at once, in characters with those that fill up the shorter texts: eight issues or so.
# Measured on one x86-64 core (CPU seconds for 32 issues, title and text): each alone 1.55, by 8 0.97, by 32 1.90, for
# padding is read like text, and what does not fit the processor's cache is slow.
MOST_CHARACTERS, MOST_AT_ONCE = 6_000, 32
# The embedded model reads 256 tokens.
LONGEST_READ = 1_200
# As many as Transformers' adapters read at once.
MOST_PREDICTIONS = 8
# What models are told of labels is short and comes again and again; so do titles when an issue is edited.
# 4,096 vectors of the embedded model take 7 MB, with an inner layer's beside them 13 MB more.
MOST_REMEMBERED, LONGEST_REMEMBERED = 4_096, 256


class SharedEncoder:
    """An encoder whose calls of all threads are put together; it remembers the vectors of short texts."""

    def __init__(self, encoder: Encoder, most: int = MOST_TEXTS):
        """Take an encoder whose `tokens` any thread may ask at any time."""
        busy = Lock()
        self._encoder = encoder
        self._exact: Batcher[str, Array] = Batcher(partial(_by_length, encoder.embed), most, busy)
        self._quick: Batcher[str, Array] = Batcher(lambda texts: encoder.embed(texts, True), most, busy)
        self._deep = {
            quick: Batcher[str, Pair](partial(_by_length, partial(_pairs, encoder, quick)), most, busy)
            for quick in (False, True)
        }
        self._vectors: _Remembered[Array] = _Remembered(MOST_REMEMBERED, np.copy)
        self._pairs: _Remembered[Pair] = _Remembered(MOST_REMEMBERED, _copied)

    @property
    def limit(self) -> int | None:
        """How many tokens of text it reads."""
        return self._encoder.limit

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def embed(self, texts: Sequence[str], quick: bool = False, /) -> Array:
        """Embed texts (n) as unit vectors (n × d)."""
        return _rows(self._quick(texts) if quick else self._vectors.of(texts, self._exact))

    def read(self, texts: Sequence[str], quick: bool = False, /) -> tuple[Array, Array]:
        """Embed texts (n × d), and by an inner layer (n × m), which is n × 0 where the encoder tells of none."""
        found = self._deep[True](texts) if quick else self._pairs.of(texts, self._deep[False])
        return _rows([vector for vector, _ in found]), _rows([inner for _, inner in found])


class SharedModel:
    """A model that reads text, asked by one thread at a time; what waits is asked together.

    It has nothing but what every model has: those that know more (how often they are right, what is alike) read with a
    shared encoder, and need no wrapper.
    """

    def __init__(self, model: Model, busy: Lock, most: int = MOST_PREDICTIONS):
        """Hold `busy` while the model is asked: other models over the same weights may share it."""
        self.info = model.info
        self._model = model
        self._busy = busy
        self._most = most
        self._predict: Batcher[str, Prediction] = Batcher(model.predict, most, busy)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        with self._busy:
            return self._model.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        return self._predict(texts)

    def told(self, step: Step) -> "SharedModel | None":
        """Give the same weights, asked as another step asks; None where the model cannot be told."""
        if not isinstance(self._model, Tellable):
            return None
        with self._busy:
            return SharedModel(self._model.told(step), self._busy, self._most)


class SharedMedia(MediaModel):
    """A model that looks at images or listens to sounds, asked by one thread at a time."""

    def __init__(self, model: MediaModel, busy: Lock):
        self.info = model.info
        self._model = model
        self._busy = busy

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Give one prediction for each image or sound."""
        with self._busy:
            return self._model.predict(media)


class _Remembered(Generic[Read]):
    """What was read of short texts, those that were asked for last."""

    def __init__(self, most: int, copied: Callable[[Read], Read]):
        self._most = most
        self._copied = copied
        self._rows: OrderedDict[str, Read] = OrderedDict()
        self._gate = Lock()

    def of(self, texts: Sequence[str], ask: Callable[[Sequence[str]], Iterable[Read]]) -> list[Read]:
        """Give what is known of texts, and ask for the others, each distinct one once."""
        known = self._known(texts)
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        found = dict(zip(fresh, ask(fresh), strict=True))
        self._take({text: row for text, row in found.items() if len(text) <= LONGEST_REMEMBERED})
        return [known[text] if text in known else found[text] for text in texts]

    def _known(self, texts: Sequence[str]) -> dict[str, Read]:
        with self._gate:
            known = {text: self._rows[text] for text in texts if text in self._rows}
            for text in known:
                self._rows.move_to_end(text)
            return known

    def _take(self, rows: dict[str, Read]) -> None:
        with self._gate:
            # A copy: a row of a batch would keep the whole batch.
            self._rows.update({text: self._copied(row) for text, row in rows.items()})
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)


def _copied(pair: Pair) -> Pair:
    vector, inner = pair
    return vector.copy(), inner.copy()


def _pairs(encoder: Encoder, quick: bool, texts: Sequence[str]) -> list[Pair]:
    return list(zip(*read(encoder, texts, quick), strict=True))


def _by_length(ask: Callable[[Sequence[str]], Iterable[Read]], texts: Sequence[str]) -> list[Read]:
    """Have texts read, those of a length together."""
    rows: dict[int, Read] = {}
    for group in _alike(texts):
        rows.update(zip(group, ask([texts[place] for place in group]), strict=True))
    return [rows[place] for place in range(len(texts))]


def _alike(texts: Sequence[str]) -> Iterator[list[int]]:
    """Give the places of texts in groups of about a length, none too large to go through an encoder at once."""
    group: list[int] = []
    for place in sorted(range(len(texts)), key=lambda place: len(texts[place])):
        longest = min(len(texts[place]), LONGEST_READ)
        if group and (len(group) == MOST_AT_ONCE or longest * (len(group) + 1) > MOST_CHARACTERS):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _rows(rows: Sequence[Array]) -> Array:
    return np.asarray(rows, dtype=np.float32)
