"""Turn the loading of weights into weights that a process may keep from one run to the next."""

from collections.abc import Callable, Hashable
from threading import RLock
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from hubpipe.models.embeddings import Encoder

Weights = TypeVar("Weights")

# While Transformers loads a model, it changes torch's usual type and its ways to begin a weight for all threads.
OPENING = RLock()


class Keeper(Protocol):
    """What keeps weights; a key names all that they are made of, a folder in it stands for what lies there."""

    def encoder(self, key: Hashable, make: Callable[[], "Encoder"]) -> "Encoder":
        """Give an encoder that many threads may ask at once; `make` loads it where it is not kept."""
        ...

    def weights(self, key: Hashable, make: Callable[[], Weights]) -> Weights:
        """Give what one model at a time may ask; `make` loads it where it is not kept."""
        ...


class Anew:
    """Keeps nothing: what a run loads is that run's own."""

    def encoder(self, key: Hashable, make: Callable[[], "Encoder"]) -> "Encoder":
        """Load an encoder."""
        return make()

    def weights(self, key: Hashable, make: Callable[[], Weights]) -> Weights:
        """Load weights."""
        return make()


ANEW = Anew()
