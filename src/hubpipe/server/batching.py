"""Turn the calls of many threads into calls of one thread at a time, each with all that waited for it."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Event, Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

NOT_AS_MANY = "{answers} answers to {items} items"


@dataclass(eq=False)
class _Call(Generic[Item, Answer]):
    """What one thread asks; it is woken with an answer or a fault, or to ask for itself and for those behind it."""

    items: Sequence[Item]
    answers: list[Answer] | None = None
    fault: Exception | None = None
    woken: Event = field(default_factory=Event)

    @property
    def done(self) -> bool:
        return self.answers is not None or self.fault is not None


class Batcher(Generic[Item, Answer]):
    """Something that answers many items at a time, for threads that each have a few.

    Nobody waits for company: what is asked while nothing runs runs at once, and what comes meanwhile runs together as
    soon as that is answered, in the order in which it came. A batch runs in the thread of its first call. Where it
    fails, each of its calls is asked by itself, so that one cannot spoil the others.
    """

    def __init__(self, ask: Callable[[Sequence[Item]], Iterable[Answer]], most: int, busy: "Lock | None" = None):
        """Ask for at most `most` items at a time, while `busy` is held, which others may share."""
        self._ask = ask
        self._most = most
        self._busy = busy or Lock()
        self._gate = Lock()
        self._waiting: deque[_Call[Item, Answer]] = deque()
        self._led = False

    def __call__(self, items: Sequence[Item]) -> list[Answer]:
        """Give one answer for each item, in their order; raises what asking for these items raises."""
        parts = [items[start : start + self._most] for start in range(0, len(items), self._most)]
        return [answer for part in parts for answer in self._one(part)]

    def _one(self, items: Sequence[Item]) -> list[Answer]:
        call = _Call[Item, Answer](items)
        with self._gate:
            self._waiting.append(call)
            leads, self._led = not self._led, True
        if not leads:
            call.woken.wait()
        if not call.done:
            self._lead(call)
        if call.fault is not None:
            raise call.fault
        return call.answers or []

    def _lead(self, first: _Call[Item, Answer]) -> None:
        """Answer the first calls, then hand over to the first of those that came meanwhile."""
        batch: list[_Call[Item, Answer]] = []
        try:
            with self._busy:
                # Only now: what came while somebody else was busy goes in, too.
                batch = self._next()
                self._answer(batch)
        finally:
            others = batch[1:]
            with self._gate:
                if not batch:
                    self._waiting.remove(first)
                # An end of the process that reached this thread is not the others' end.
                self._waiting.extendleft(reversed([call for call in others if not call.done]))
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].woken.set()
            for call in others:
                if call.done:
                    call.woken.set()

    def _next(self) -> list[_Call[Item, Answer]]:
        with self._gate:
            batch = [self._waiting.popleft()]
            room = self._most - len(batch[0].items)
            while self._waiting and len(self._waiting[0].items) <= room:
                batch.append(self._waiting.popleft())
                room -= len(batch[-1].items)
            return batch

    def _answer(self, batch: Sequence[_Call[Item, Answer]]) -> None:
        try:
            answers = self._asked([item for call in batch for item in call.items])
        except Exception as fault:  # whatever it is, it is raised in the thread of the call
            if len(batch) == 1:
                batch[0].fault = fault
                return
            for call in batch:
                self._answer([call])
            return
        rows = iter(answers)
        for call in batch:
            call.answers = list(islice(rows, len(call.items)))

    def _asked(self, items: Sequence[Item]) -> list[Answer]:
        answers = list(self._ask(items))
        if len(answers) != len(items):
            raise ValueError(NOT_AS_MANY.format(answers=len(answers), items=len(items)))
        return answers
