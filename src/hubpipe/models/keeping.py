"""Turn the loading of weights into weights that a process may keep from one run to the next."""

from collections.abc import Callable, Hashable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from hubpipe.models.similarity import Array

Weights = TypeVar("Weights")

# While Transformers loads a model, it changes torch's usual type and its ways to begin a weight for all threads.
OPENING = RLock()


class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def limit(self) -> int | None:
        """How many tokens of text it reads, special ones not counted; None where it reads any length."""
        ...

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        ...

    def embed(self, texts: Sequence[str], quick: bool = False, /) -> "Array":
        """Embed texts (n) as unit vectors (n × d), less exactly with `quick`."""
        ...


class Keeper(Protocol):
    """What keeps weights; a key names all that they are made of, a folder in it stands for what lies there."""

    def encoder(self, key: Hashable, make: Callable[[], Encoder]) -> Encoder:
        """Give an encoder that many threads may ask at once; `make` loads it where it is not kept."""
        ...

    def weights(self, key: Hashable, make: Callable[[], Weights]) -> Weights:
        """Give what one model at a time may ask; `make` loads it where it is not kept."""
        ...


class Anew:
    """Keeps nothing: what a run loads is that run's own."""

    def encoder(self, key: Hashable, make: Callable[[], Encoder]) -> Encoder:
        """Load an encoder."""
        return make()

    def weights(self, key: Hashable, make: Callable[[], Weights]) -> Weights:
        """Load weights."""
        return make()


ANEW = Anew()
