"""Turn weights that runs load into weights that a process keeps, as many as may stay in memory."""

from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from hubpipe.config import Flow
from hubpipe.models.base import MediaModel, Model
from hubpipe.models.keeping import Encoder, Weights
from hubpipe.server.kept import Kept
from hubpipe.server.shared import MOST_PREDICTIONS, MOST_TEXTS, SharedEncoder, SharedMedia, SharedModel

Loaded = TypeVar("Loaded", Model, MediaModel)

# Weights are what takes memory: 90 MB for the embedded model, which the zero-day head and learned ones read with, too.
MOST_WEIGHTS = 4
# A model over kept weights is its labels' vectors and little more: a few kilobytes.
MOST_MODELS = 1_024
MOST_FLOWS = 1_024


@dataclass(frozen=True)
class Held:
    """Something loaded that one thread at a time may ask, or an encoder that puts the calls of all together."""

    loaded: Any
    busy: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Ready:
    """A model for all threads, and the keys of the weights that it reads with."""

    model: Any
    weights: frozenset[Hashable]


class Warmth:
    """What a process keeps of its models, for all of its runs and threads.

    At most `weights` models' weights stay in memory, and those that were used last. `texts` and `predictions` are how
    many go into one call: 1 asks one text at a time.
    """

    def __init__(
        self,
        weights: int = MOST_WEIGHTS,
        models: int = MOST_MODELS,
        texts: int = MOST_TEXTS,
        predictions: int = MOST_PREDICTIONS,
    ):
        self._texts = texts
        self._predictions = predictions
        self._weights: Kept[Held] = Kept(weights, self._forget)
        self._models: Kept[Ready] = Kept(models)
        self._flows: Kept[Flow] = Kept(MOST_FLOWS)

    def flow(self, key: Hashable, make: Callable[[], Flow]) -> Flow:
        """Give a flow whose tasks are known."""
        return self._flows.get(key, make)

    def model(self, key: Hashable, make: Callable[["Leaning"], Loaded], *, alone: bool = False) -> Any:
        """Give a model for all threads, which `make` loads where it is not kept; `alone`: a text at a time."""
        ready = self._models.get(key, lambda: self._ready(key, make, alone))
        self._weights.touch(ready.weights)
        return ready.model

    def anew(self, make: Callable[["Leaning"], Loaded]) -> Loaded:
        """Load a model for one run, over weights that are kept."""
        with Leaning(self) as leaning:
            return make(leaning)

    def encoder(self, key: Hashable, make: Callable[[], Encoder]) -> Held:
        """Give an encoder for all threads."""
        return self._weights.get(key, lambda: Held(self._shared(make())))

    def weights(self, key: Hashable, make: Callable[[], Any]) -> Held:
        """Give what one thread at a time may ask."""
        return self._weights.get(key, lambda: Held(make()))

    def _shared(self, encoder: Encoder) -> SharedEncoder:
        apart = getattr(encoder, "tell_tokens_apart", None)
        if apart is not None:
            apart()
        return SharedEncoder(encoder, self._texts)

    def _ready(self, key: Hashable, make: Callable[["Leaning"], Loaded], alone: bool) -> Ready:
        with Leaning(self) as leaning:
            model = make(leaning)
        if leaning.keys and not leaning.busy:
            return Ready(model, frozenset(leaning.keys))
        # Weights that no other model shares are the model itself.
        keys = frozenset(leaning.keys or [key])
        busy = leaning.busy[0] if leaning.busy else self.weights(key, lambda: model).busy
        if isinstance(model, MediaModel):
            return Ready(SharedMedia(model, busy), keys)
        return Ready(SharedModel(model, busy, 1 if alone else self._predictions), keys)

    def _forget(self, key: Hashable) -> None:
        self._models.drop(lambda ready: key in ready.weights)


class Leaning:
    """The keeper of one loading: it notes which weights are used, and holds those that one at a time may ask."""

    def __init__(self, warmth: Warmth):
        self._warmth = warmth
        self._stack = ExitStack()
        self.keys: list[Hashable] = []
        self.busy: list[Lock] = []

    def __enter__(self) -> "Leaning":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def encoder(self, key: Hashable, make: Callable[[], Encoder]) -> Encoder:
        """Give an encoder for all threads."""
        key = stamped(key)
        self.keys.append(key)
        encoder: Encoder = self._warmth.encoder(key, make).loaded
        return encoder

    def weights(self, key: Hashable, make: Callable[[], Weights]) -> Weights:
        """Give weights that nobody else asks until the loading is done: it asks the tokenizer how much fits."""
        key = stamped(key)
        held = self._warmth.weights(key, make)
        if key not in self.keys:
            self._stack.enter_context(held.busy)
            self.busy.append(held.busy)
            self.keys.append(key)
        loaded: Weights = held.loaded
        return loaded


def stamped(key: Any) -> Any:
    """Put into a key when the files of its folders were last written."""
    if isinstance(key, tuple):
        return tuple(map(stamped, key))
    return (key, written(key)) if isinstance(key, Path) else key


def written(folder: Path) -> int:
    """Tell when the newest file of a folder was written (nanoseconds); 0 where there is none."""
    return max((path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()), default=0)
