"""Turn issues of the past into what a model learns from and is measured on."""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from hubpipe.text import Document, of_issue

# So large a share without a date does not hide the order of the others.
FEW = 0.05


@dataclass(frozen=True)
class Example:
    """One issue or pull request with the labels that people gave it.

    `denied` are labels that a person took off (the surest counterexamples), `unsure` those that a bot set and no
    person confirmed or corrected: they count neither for nor against the label. `weight` is how much it counts in
    learning. `created_at` is in UTC; None where nobody knows. `open` says whether it is open still, `closed_at` when it
    was closed first, `updated_at` when anything of it changed last, and `repeats` which issues people said it repeats.
    """

    title: str
    body: str
    labels: tuple[str, ...]
    denied: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    created_at: datetime | None = None
    repo: str = ""
    number: int | None = None
    url: str = ""
    weight: float = 1.0
    open: bool | None = None
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    repeats: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """What a model reads of it: title and body, cleaned as a run cleans an event's."""
        return self.document.text

    @property
    def document(self) -> Document:
        """What a run would read of an issue with this title and body."""
        return of_issue(self.title, self.body)

    @property
    def fingerprint(self) -> str:
        """Tell the same text again, whatever its labels and however its lines end: 16 hexadecimal digits."""
        told = f"{self.title.strip()}\0{self.body.strip()}".replace("\r\n", "\n").replace("\r", "\n")
        return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:16]

    @property
    def place(self) -> str:
        """Tell the same issue again, however it was edited: 16 hexadecimal digits, empty where it has no number."""
        named = f"{self.repo.casefold()}#{self.number}"
        return hashlib.sha256(named.encode(errors="replace")).hexdigest()[:16] if self.repo and self.number else ""


def dated(examples: Sequence[Example]) -> bool:
    """Tell whether examples have an order in time: all but a few have a date, and those count as the oldest."""
    return sum(example.created_at is None for example in examples) <= FEW * len(examples)


def marks(examples: Sequence[Example]) -> set[str]:
    """Give all that tells one of some examples again: by its text, and by its repository and number."""
    return {mark for example in examples for mark in (example.fingerprint, example.place) if mark}


def known_by(example: Example, marks: Container[str]) -> bool:
    """Tell whether an example is one of those that some marks are of."""
    return example.fingerprint in marks or (bool(example.place) and example.place in marks)


def exclusive(known: NDArray[np.int8]) -> bool:
    """Tell whether every example has exactly one of the labels (`known` as `truth` gives it)."""
    return bool(((known == 1).sum(axis=1) == 1).all() and (known >= 0).all())


def truth(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int8]:
    """Tell which labels are right (examples × labels): 1 yes, 0 no, -1 nobody knows. Names are held without case."""
    found = np.zeros((len(examples), len(labels)), dtype=np.int8)
    columns = {name.casefold(): column for column, name in enumerate(labels)}
    for row, example in enumerate(examples):
        for value, names in ((-1, example.unsure), (1, example.labels), (0, example.denied)):
            for name in names:
                if name.casefold() in columns:
                    found[row, columns[name.casefold()]] = value
    return found
