"""Turn deliveries that come in at once into one transaction for all of them.

What makes storing slow is the disk's word that it is stored: whoever waits while one transaction is written goes into
the next one together.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from hubpipe.server.delivery import Delivery

MOST = 200


class Inbox:
    """Stores deliveries in a thread of its own; `store` stores many at once, or raises."""

    def __init__(self, store: Callable[[Sequence[Delivery]], None]):
        self._store = store
        self._waiting: SimpleQueue[tuple[Delivery, Future[None]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)

    def __enter__(self) -> "Inbox":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()

    async def put(self, delivery: Delivery) -> None:
        """Come back when a delivery is stored; raises what kept it from being."""
        stored: Future[None] = Future()
        self._waiting.put((delivery, stored))
        await asyncio.wrap_future(stored)

    def _work(self) -> None:
        going = True
        while going:
            first = self._waiting.get()
            batch = [first, *self._rest()]
            going = None not in batch
            self._write([one for one in batch if one is not None])

    def _rest(self) -> list[tuple[Delivery, Future[None]] | None]:
        found: list[tuple[Delivery, Future[None]] | None] = []
        while len(found) < MOST:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                break
        return found

    def _write(self, batch: Sequence[tuple[Delivery, "Future[None]"]]) -> None:
        try:
            self._store([delivery for delivery, _ in batch])
        except Exception as fault:  # whoever waits must hear of it, and the next ones be stored
            for _, stored in batch:
                stored.set_exception(fault)
        else:
            for _, stored in batch:
                stored.set_result(None)
