"""Deliveries that wait for one transaction go into the next one together."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from hubpipe.event import Event
from hubpipe.server.delivery import Delivery
from hubpipe.server.inbox import MOST, Inbox


def deliveries(count: int) -> list[Delivery]:
    return [Delivery(f"guid-{number}", Event("push", None, "octo-org/octo-repo", None)) for number in range(count)]


class Store:
    """Notes what is stored together; the first time it waits until it is let go."""

    def __init__(self, *faults: Exception | None):
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self._faults = list(faults)

    def __call__(self, batch: Sequence[Delivery]) -> None:
        self.batches.append([one.id for one in batch])
        self.go.wait(30)
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None:
            raise fault


async def put_all(store: Store, count: int) -> list[BaseException | None]:
    """Put one, and the others while that is stored; give what became of each."""
    inbox, (first, *others) = Inbox(store), deliveries(count)
    waiting = [asyncio.create_task(inbox.put(first))]
    while not store.batches:
        await asyncio.sleep(0.001)
    waiting += [asyncio.create_task(inbox.put(one)) for one in others]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    store.go.set()
    return list(await asyncio.gather(*waiting, return_exceptions=True))


def test_who_waits_while_one_is_stored_is_stored_together() -> None:
    store = Store()
    assert asyncio.run(put_all(store, 10)) == [None] * 10
    assert store.batches == [["guid-0"], [f"guid-{number}" for number in range(1, 10)]]


def test_no_transaction_holds_more_than_it_may() -> None:
    store = Store()
    assert asyncio.run(put_all(store, 2 * MOST)) == [None] * (2 * MOST)
    assert [len(batch) for batch in store.batches] == [1, MOST, MOST - 1]


def test_who_was_not_stored_hears_why_and_the_next_are_stored() -> None:
    fault = OSError("the disk is full")
    store = Store(fault)
    assert asyncio.run(put_all(store, 3)) == [fault, None, None]


def test_a_fault_of_many_reaches_each_of_them() -> None:
    fault = OSError("the disk is full")
    assert asyncio.run(put_all(Store(None, fault), 3)) == [None, fault, fault]


def test_who_has_gone_keeps_nobody_else_from_hearing() -> None:
    async def story() -> None:
        store = Store()
        inbox, (gone, stays) = Inbox(store), deliveries(2)
        leaving, staying = asyncio.create_task(inbox.put(gone)), asyncio.create_task(inbox.put(stays))
        while not store.batches:
            await asyncio.sleep(0.001)
        leaving.cancel()
        await asyncio.sleep(0)
        store.go.set()
        await asyncio.wait_for(staying, 30)
        await asyncio.wait_for(inbox.put(gone), 30)
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(story())
