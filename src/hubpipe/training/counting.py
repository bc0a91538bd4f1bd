"""Turn a repository's history into examples: which labels people meant, and which are a bot's own word.

A label counts when a person set it last and it is still there. A bot's label counts when a person kept it: changed
other labels of the same issue afterwards, or closed the issue afterwards without being its author. A bot's label that a
person took off is denied, and such a correction weighs twice; one that nobody looked at is unsure. What one person set
and another took off is denied, too. A user who was deleted since counts as a person, and so does one who left no trace.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hubpipe.github.history import Actor, Labelling, Past, Tag
from hubpipe.training.collect import History
from hubpipe.training.examples import Example

CORRECTED = 2.0
BOT_SUFFIX = "[bot]"


@dataclass(frozen=True)
class _Verdict:
    """What is to be made of an issue's labels; `triaged` says that a person other than its author looked at them."""

    counted: tuple[str, ...]
    denied: tuple[str, ...]
    unsure: tuple[str, ...]
    corrected: bool
    triaged: bool


def examples(history: History, machines: Collection[str] = (), *, pulls: bool = False) -> tuple[Example, ...]:
    """Give what can be learned from, oldest first: what has labels that count, and what people left without any.

    `machines` are logins that are no bots to GitHub and no people; pull requests are taken only with `pulls`.
    """
    return tuple(example for example, known in _judged(history, machines, pulls) if known)


def unlabelled(history: History, machines: Collection[str] = (), *, pulls: bool = False) -> tuple[Example, ...]:
    """Give the others, whose labels nobody knows: their texts are the repository's all the same."""
    return tuple(example for example, known in _judged(history, machines, pulls) if not known)


def _repeats(past: Past) -> tuple[int, ...]:
    """Give the numbers of the issues that people said it repeats, and did not take back."""
    found = {one.number: one.marked for one in sorted(past.duplicates, key=lambda one: one.at)}
    return tuple(number for number, marked in found.items() if marked)


def _judged(history: History, machines: Collection[str], pulls: bool) -> Iterator[tuple[Example, bool]]:
    logins = {_bare(login) for login in machines}
    for past in history.past:
        if past.kind == "issue" or pulls:
            verdict = _Trial(past, logins).verdict()
            yield _example(history.repo, past, verdict), bool(verdict.counted) or verdict.triaged


def _example(repo: str, past: Past, verdict: _Verdict) -> Example:
    return Example(
        title=past.title,
        body=past.body,
        labels=verdict.counted,
        denied=verdict.denied,
        unsure=verdict.unsure,
        created_at=past.created_at,
        repo=repo,
        number=past.number,
        url=past.url,
        weight=CORRECTED if verdict.corrected else 1.0,
        open=past.state == "open",
        closed_at=min((one.at for one in past.closings), default=None),
        updated_at=past.updated_at,
        repeats=_repeats(past),
    )


@dataclass(frozen=True)
class _Trial:
    """One issue, and who of those who changed it is a machine."""

    past: Past
    machines: Collection[str]

    def verdict(self) -> _Verdict:
        """Say of each label that was ever there what it is worth."""
        there = {_key(tag): tag.name for tag in self.past.labels}
        events = self._events()
        counted: list[str] = []
        unsure: list[str] = []
        for key, name in there.items():
            added = next((one for one in reversed(events.get(key, ())) if one.added), None)
            kept = added is None or not self._machine(added.actor) or self._confirmed(added.at)
            (counted if kept else unsure).append(name)
        gone = {key: of for key, of in events.items() if key not in there}
        denied = [of[-1].label.name for of in gone.values() if self._denied(of)]
        corrected = any(self._denied(of) and self._machine(of[-2].actor) for of in gone.values())
        return _Verdict(tuple(counted), tuple(denied), tuple(unsure), corrected, self._triaged())

    def _events(self) -> dict[str, list[Labelling]]:
        """Give what became of each label, oldest first; old names of one that is there are it."""
        there = {tag.id: _key(tag) for tag in self.past.labels if tag.id}
        found: dict[str, list[Labelling]] = {}
        for one in sorted(self.past.labellings, key=lambda one: one.at):
            found.setdefault(there.get(one.label.id, _key(one.label)), []).append(one)
        return found

    def _denied(self, events: Sequence[Labelling]) -> bool:
        """Tell whether a person took off what a bot or another person had set."""
        if len(events) < 2 or events[-1].added or not events[-2].added or self._machine(events[-1].actor):
            return False
        before, after = events[-2].actor, events[-1].actor
        return before is None or after is None or before.login != after.login

    def _confirmed(self, since: datetime) -> bool:
        """Tell whether a person has changed labels since then, or closed the issue."""
        changed = any(one.at > since and not self._machine(one.actor) for one in self.past.labellings)
        return changed or any(one.at > since and self._by_another(one.actor) for one in self.past.closings)

    def _triaged(self) -> bool:
        taken_off = any(not one.added and not self._machine(one.actor) for one in self.past.labellings)
        return taken_off or any(self._by_another(one.actor) for one in self.past.closings)

    def _by_another(self, actor: Actor | None) -> bool:
        """Tell whether it was a person, and not the author."""
        if actor is None or self._machine(actor):
            return False
        return self.past.author is None or actor.login != self.past.author.login

    def _machine(self, actor: Actor | None) -> bool:
        if actor is None:
            return False
        # GraphQL names an app without the ending that REST gives it.
        return actor.bot or _bare(actor.login) in self.machines


def _bare(login: str) -> str:
    return login.removesuffix(BOT_SUFFIX).casefold()


def _key(tag: Tag) -> str:
    return tag.name.casefold()
