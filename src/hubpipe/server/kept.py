"""Turn what is slow to make into what is made once and kept while it is used."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """At most so many values by their keys, those that were asked for last; many threads may ask."""

    def __init__(self, most: int, dropped: Callable[[Hashable], None] = lambda key: None):
        """Keep at most `most`, and tell `dropped` which key's value is kept no more."""
        self._most = most
        self._dropped = dropped
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        # A key's lock lives as long as somebody holds it.
        self._making: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()
        self._gate = Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Give a key's value; it is made once, however many threads ask for it, and not kept where that fails."""
        with self._gate:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._gate:
                if key in self._values:
                    return self._values[key]
            made = make()
            self._keep(key, made)
        return made

    def touch(self, keys: Iterable[Hashable]) -> None:
        """Take keys for asked for."""
        with self._gate:
            for key in keys:
                if key in self._values:
                    self._values.move_to_end(key)

    def drop(self, among: Callable[[Value], bool]) -> None:
        """Keep some of the values no more."""
        with self._gate:
            for key in [key for key, value in self._values.items() if among(value)]:
                del self._values[key]

    def __len__(self) -> int:
        with self._gate:
            return len(self._values)

    def _keep(self, key: Hashable, made: Value) -> None:
        with self._gate:
            self._values[key] = made
            over = [self._values.popitem(last=False)[0] for _ in range(len(self._values) - self._most)]
        for old in over:
            self._dropped(old)
