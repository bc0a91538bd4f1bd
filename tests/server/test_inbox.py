"""Deliveries that wait for one transaction go into the next one together."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from hubpipe.event import Event
from hubpipe.server.database import open_database
from hubpipe.server.delivery import Delivery
from hubpipe.server.inbox import MOST, Inbox
from hubpipe.server.ledger import AWAY, Ledger


def deliveries(count: int) -> list[Delivery]:
    return [Delivery(f"guid-{number}", Event("push", None, "octo-org/octo-repo", None)) for number in range(count)]


class Store:
    """Notes what is stored together; the first time it waits until it is let go."""

    def __init__(self, *faults: Exception | None, away: tuple[type[Exception], ...] = ()):
        self.away = away
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
    inbox, (first, *others) = Inbox(store, store.away), deliveries(count)
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


def test_a_fault_that_is_nobodys_reaches_each_of_many_at_once() -> None:
    fault = OSError("the database is away")
    store = Store(None, fault, away=(OSError,))
    assert asyncio.run(put_all(store, 3)) == [None, fault, fault]
    assert len(store.batches) == 2


@pytest.mark.threat("fault", "faults")
def test_one_that_cannot_be_stored_spoils_no_other() -> None:
    fault = ValueError("guid-2 cannot be stored")
    store = Store(None, fault, None, fault)
    assert asyncio.run(put_all(store, 5)) == [None, None, fault, None, None]
    assert store.batches[2:] == [["guid-1"], ["guid-2"], ["guid-3"], ["guid-4"]]


@pytest.mark.threat("fault", "faults")
def test_what_no_database_takes_leaves_its_neighbours_stored(database_url: str) -> None:
    ledger = Ledger(open_database(database_url))
    good, odd = deliveries(3), Delivery("\ud800", Event("push", None, "octo-org/octo-repo", None))

    async def all_at_once() -> list[BaseException | None]:
        inbox = Inbox(ledger.put, AWAY)
        return list(await asyncio.gather(*map(inbox.put, [*good, odd]), return_exceptions=True))

    *stored, refused = asyncio.run(all_at_once())
    assert stored == [None] * 3
    assert isinstance(refused, Exception)
    assert ledger.known([one.id for one in good]) == {one.id for one in good}
    ledger.close()


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
