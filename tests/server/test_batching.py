"""Calls of many threads become calls of one thread at a time, and nobody gets another's answer."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock

import pytest

from hubpipe.server.batching import Batcher

LONG = 30  # seconds: where a test would wait for ever, it fails instead


@dataclass
class Slow:
    """Answers with lengths; the first call waits until the test lets it go on. `BAD` fails what it comes with."""

    begun: Event = field(default_factory=Event)
    may_end: Event = field(default_factory=Event)
    calls: list[list[str]] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0
    gate: Lock = field(default_factory=Lock)

    def ask(self, items: Sequence[str]) -> list[int]:
        with self.gate:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self.calls.append(list(items))
            first = len(self.calls) == 1
        if first:
            self.begun.set()
            assert self.may_end.wait(LONG)
        with self.gate:
            self.inside -= 1
        if "BAD" in items:
            raise ValueError("a bad text")
        return [len(item) for item in items]


def behind_the_first(slow: Slow, batcher: Batcher[str, int], asked: Sequence[Sequence[str]]) -> list[Future[list[int]]]:
    """Ask each in a thread of its own while a first call is busy; let that go when all others wait."""
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        first = pool.submit(batcher, ["first"])
        assert slow.begun.wait(LONG)
        futures = []
        for count, items in enumerate(asked, start=1):
            futures.append(pool.submit(batcher, items))
            until(lambda count=count: len(batcher._waiting) == count)  # type: ignore[misc]
        slow.may_end.set()
        assert first.result(LONG) == [5]
    return futures


def until(holds: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if holds():
            return
        Event().wait(0.001)
    raise AssertionError("it never came to that")


def test_what_waits_for_a_busy_model_is_asked_together_and_each_gets_its_own() -> None:
    slow = Slow()
    asked = [["a" * count, "b" * (2 * count)] for count in range(1, 9)]
    futures = behind_the_first(slow, Batcher(slow.ask, 64), asked)
    assert [future.result() for future in futures] == [[count, 2 * count] for count in range(1, 9)]
    assert slow.calls == [["first"], [item for items in asked for item in items]]


def test_no_more_than_the_most_goes_into_one_call_and_the_order_stays() -> None:
    slow = Slow()
    futures = behind_the_first(slow, Batcher(slow.ask, 3), [["a", "b"], ["c", "d"], ["e"], ["f"]])
    assert [future.result() for future in futures] == [[1, 1], [1, 1], [1], [1]]
    assert slow.calls[1:] == [["a", "b"], ["c", "d", "e"], ["f"]]


def test_a_call_of_more_than_the_most_is_asked_in_parts() -> None:
    slow = Slow()
    slow.may_end.set()
    assert Batcher(slow.ask, 2)(["a", "bb", "ccc", "dd", "e"]) == [1, 2, 3, 2, 1]
    assert slow.calls == [["a", "bb"], ["ccc", "dd"], ["e"]]


def test_a_text_that_fails_does_not_fail_its_neighbours() -> None:
    slow = Slow()
    good, bad, other = behind_the_first(slow, Batcher(slow.ask, 64), [["good"], ["BAD"], ["other"]])
    assert good.result() == [4]
    assert other.result() == [5]
    with pytest.raises(ValueError, match="a bad text"):
        bad.result()
    assert slow.calls[1:] == [["good", "BAD", "other"], ["good"], ["BAD"], ["other"]]


def test_two_that_share_a_lock_are_never_asked_at_once() -> None:
    slow, busy = Slow(), Lock()
    slow.may_end.set()
    both = [Batcher(slow.ask, 4, busy), Batcher(slow.ask, 4, busy)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: both[number % 2]([str(number)] * 3), range(200)))
    assert answers == [[len(str(number))] * 3 for number in range(200)]
    assert slow.most_inside == 1


def test_an_end_that_reaches_one_thread_is_not_the_others_end() -> None:
    slow = Slow()

    def ask(items: Sequence[str]) -> list[int]:
        found = slow.ask(items)
        if items[0] == "ended":
            raise KeyboardInterrupt
        return found

    ended, other, last = behind_the_first(slow, Batcher(ask, 2), [["ended"], ["other"], ["last"]])
    with pytest.raises(KeyboardInterrupt):
        ended.result()
    assert (other.result(LONG), last.result(LONG)) == ([5], [4])


def test_too_few_answers_are_a_fault_and_no_mixup() -> None:
    with pytest.raises(ValueError, match="1 answers to 2 items"):
        Batcher[str, int](lambda items: [1], 8)(["a", "b"])
