"""Turn deliveries that come in at once into one transaction for all of them.

What makes storing slow is the disk's word that it is stored: whoever waits while one transaction is written goes into
the next one together.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from hubpipe.server.delivery import Delivery

MOST = 200


class Inbox:
    """Stores deliveries, one transaction at a time; `store` stores many at once, or raises.

    Where it fails for many each is stored by itself, so that one cannot spoil the others, unless the fault is one of
    `away`: then nothing can be stored.
    """

    def __init__(self, store: Callable[[Sequence[Delivery]], None], away: tuple[type[Exception], ...] = ()):
        self._store = store
        self._away = away
        self._waiting: deque[tuple[Delivery, asyncio.Future[None]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery) -> None:
        """Come back when a delivery is stored; raises what kept it from being."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, stored))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        """Write until nobody waits."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            faults = await asyncio.to_thread(self._faults, [delivery for delivery, _ in batch])
            for (_, stored), fault in zip(batch, faults, strict=True):
                if stored.done():  # whoever waited has gone
                    continue
                if fault is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(fault)
        self._writer = None

    def _faults(self, batch: Sequence[Delivery]) -> list[Exception | None]:
        """Store, and tell what went wrong with each: whoever waits must hear of it, and the next ones be stored."""
        fault = self._fault(batch)
        if fault is None or len(batch) == 1 or isinstance(fault, self._away):
            return [fault] * len(batch)
        return [one for delivery in batch for one in self._faults([delivery])]

    def _fault(self, batch: Sequence[Delivery]) -> Exception | None:
        try:
            self._store(batch)
        except Exception as fault:
            return fault
        return None
