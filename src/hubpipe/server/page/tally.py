"""Turn deliveries into how often each repository's flows choose labels, and how often people correct them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hubpipe.server.ledger import Entry
from hubpipe.server.page.rows import address, flows_of, objects, texts

# What people do about the labels of an issue, a pull request or a discussion. What bots do is never stored.
SET, TAKEN_OFF = "labeled", "unlabeled"


@dataclass(frozen=True)
class Correction:
    """A person took off a label that hubpipe had set, or set one that it could have chosen and had not."""

    number: int
    url: str
    label: str
    kind: Literal["taken off", "set instead"]
    who: str
    when: datetime


@dataclass(frozen=True)
class Repository:
    """What is kept of a repository: `asked` deliveries had labels to choose from, `covered` got at least one.

    `corrections` are in the order in which people made them.
    """

    repo: str
    deliveries: int
    failed: int
    asked: int
    covered: int
    corrections: tuple[Correction, ...]

    @property
    def coverage(self) -> float | None:
        """The share of those that were asked about; None where none was."""
        return self.covered / self.asked if self.asked else None


@dataclass
class _Subject:
    """What hubpipe did about one issue so far; fills up on the way. Labels without case, as GitHub compares them."""

    ours: set[str] = field(default_factory=set)
    choices: set[str] = field(default_factory=set)

    def learn(self, flow: Mapping[str, Any]) -> None:
        """Take in what a flow chose from, and what it has set and taken off."""
        self.choices |= _folded(flow.get("choices"))
        done = any(one.get("kind") == "labels" and one.get("done") is True for one in objects(flow.get("outcomes")))
        for effect in objects(flow.get("effects")):
            if done and effect.get("kind") == "labels":
                self.ours = (self.ours | _folded(effect.get("add"))) - _folded(effect.get("remove"))

    def corrected(self, label: str, action: str) -> Literal["taken off", "set instead"] | None:
        """Tell whether what a person did to a label corrects hubpipe; it counts once."""
        if action == TAKEN_OFF and label in self.ours:
            self.ours.discard(label)
            return "taken off"
        if action == SET and label in self.choices and label not in self.ours:
            self.choices.discard(label)
            return "set instead"
        return None


def repositories(entries: Iterable[Entry]) -> tuple[Repository, ...]:
    """Count, for each repository that has deliveries among these, the busiest first."""
    of: dict[str, list[Entry]] = {}
    for entry in entries:
        of.setdefault(entry.event.repo, []).append(entry)
    return tuple(sorted((_repository(repo, own) for repo, own in of.items()), key=lambda one: -one.deliveries))


def _repository(repo: str, entries: list[Entry]) -> Repository:
    asked = [entry for entry in entries if any(flow.get("choices") for flow in flows_of(entry))]
    covered = [entry for entry in asked if any(flow.get("chosen") for flow in flows_of(entry))]
    return Repository(
        repo=repo,
        deliveries=len(entries),
        failed=sum(entry.state == "failed" for entry in entries),
        asked=len(asked),
        covered=len(covered),
        corrections=tuple(_corrections(entries)),
    )


def _corrections(entries: Iterable[Entry]) -> Iterator[Correction]:
    """Go through what happened in its order: a flow acts when it ends, a person when GitHub tells of it."""
    subjects: dict[int, _Subject] = {}
    for entry in sorted(entries, key=_moment):
        event = entry.event
        if event.subject is None or event.subject.number is None:
            continue
        subject = subjects.setdefault(event.subject.number, _Subject())
        for flow in flows_of(entry):
            subject.learn(flow)
        if event.label is not None and event.action in (SET, TAKEN_OFF):
            kind = subject.corrected(event.label.casefold(), event.action)
            if kind is not None:
                url = address(event.subject.url)
                yield Correction(event.subject.number, url, event.label, kind, event.actor or "ghost", entry.received)


def _moment(entry: Entry) -> datetime:
    return entry.received if entry.event.label is not None else entry.ended or entry.received


def _folded(labels: object) -> set[str]:
    return {label.casefold() for label in texts(labels)}
