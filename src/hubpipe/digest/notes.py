"""Turn merged pull requests into release notes: each under a heading, in one line, with what a model says of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubpipe.config import Step
from hubpipe.event import Material, MergedPull, Subject
from hubpipe.infer import Answer
from hubpipe.models import phrases
from hubpipe.models.base import Model, Prediction, Text
from hubpipe.text import compose, fit

# A model that chooses sentences needs milliseconds for each, one that writes seconds.
MOST_CHOSEN = 200
MOST_WRITTEN = 40
# What says less than this beyond the title says nothing.
NEW_WORDS = 3
OTHER = "Other changes"
# Where a flow names no groups: heading, and what its labels mean, however they are spelled.
USUAL = {
    "Features": "enhancement",
    "Fixes": "bug",
    "Documentation": "documentation",
    "Dependencies": "dependencies",
}
# The labels that keep a pull request out of the notes, as GitHub's own and Release Drafter's documentation name them:
# https://docs.github.com/en/repositories/releasing-projects-on-github/automatically-generated-release-notes
LEFT_OUT = frozenset({"ignore-for-release", "skip-changelog"})

# The type of a title after https://www.conventionalcommits.org; a breaking change (`feat!:`) keeps it.
TYPE = re.compile(r"(\w{1,20})(\([^()]{1,60}\))?:\s+(?=\S)")
WORD = re.compile(r"\w+")

NOT_SHOWN = "pull requests labelled {labels} are left out ({count})"
NOT_ASKED = "the descriptions of {rest} of {total} merged pull requests: the first {most} are read by the model"
READ_HEAD = "all but the beginning of descriptions that are longer than the model reads ({count})"
TOO_LONG = "what the model says of a pull request in over {max_words} words ({count})"


@dataclass(frozen=True)
class Note:
    """A merged pull request in one line: its title as shown, and what is said beyond it; both untrusted."""

    number: int
    title: str
    said: str = ""
    author: str | None = None

    @property
    def text(self) -> str:
        """The line as plain text."""
        said = f" — {self.said}" if self.said else ""
        by = f" by {self.author}" if self.author else ""
        return f"- {self.title}{said} (#{self.number}{by})"


@dataclass(frozen=True)
class NoteGroup:
    """What a release holds of one kind, under its heading, oldest first."""

    heading: str
    notes: tuple[Note, ...]

    @property
    def text(self) -> str:
        """The heading and its lines as plain text."""
        return "\n".join((self.heading, *(note.text for note in self.notes)))


@dataclass(frozen=True)
class Noted:
    """The notes of a release, the answer that they came with, and what there is to know of them, in words."""

    answer: Answer
    groups: tuple[NoteGroup, ...]
    remarks: tuple[str, ...] = ()


def chooses(step: Step, model: Model) -> bool:
    """Tell whether a summary is made of the text's own sentences: such a model reads any length."""
    return step.known_task == "summarization" and model.info.limit is None


@dataclass(frozen=True)
class _Said:
    """What the model says of pull requests by their numbers, and what is told of it."""

    lines: Mapping[int, str]
    unread: tuple[str, ...]


def note(model: Model, step: Step, pulls: Sequence[MergedPull], groups: Mapping[str, Sequence[str]] | None) -> Noted:
    """Put each merged pull request under the first heading that has one of its labels, and let the model say a line.

    `groups` are headings with labels; without them the usual ones. What the model says only stands there where it
    adds to the title, in at most the step's `max_words`.
    """
    kept = [pull for pull in pulls if LEFT_OUT.isdisjoint(map(str.casefold, pull.labels))]
    grouped = _grouped(kept, groups)
    said = _said(model, step, [pull for found in grouped.values() for pull in found])
    found = tuple(
        NoteGroup(heading, tuple(_note(pull, _kinds(heading, groups), said.lines) for pull in under))
        for heading, under in grouped.items()
        if under
    )
    hidden = NOT_SHOWN.format(count=len(pulls) - len(kept), labels=" or ".join(sorted(LEFT_OUT)))
    text = Text("\n".join(group.text for group in found)) if found else None
    return Noted(Answer(model.info, text, None, said.unread), found, (hidden,) if len(pulls) > len(kept) else ())


def _grouped(
    pulls: Sequence[MergedPull], groups: Mapping[str, Sequence[str]] | None
) -> Mapping[str, Sequence[MergedPull]]:
    found: dict[str, list[MergedPull]] = {heading: [] for heading in (*(groups or USUAL), OTHER)}
    for pull in pulls:
        found[_heading(pull, groups)].append(pull)
    return found


def _heading(pull: MergedPull, groups: Mapping[str, Sequence[str]] | None) -> str:
    if groups is None:
        kinds = set(map(phrases.entry, pull.labels))
        return next((heading for heading, kind in USUAL.items() if kind in kinds), OTHER)
    labels = set(map(str.casefold, pull.labels))
    fitting = (heading for heading, names in groups.items() if not labels.isdisjoint(map(str.casefold, names)))
    return next(fitting, OTHER)


def _kinds(heading: str, groups: Mapping[str, Sequence[str]] | None) -> set[str | None]:
    """Tell what a heading says of every pull request under it."""
    if groups is None:
        return {USUAL.get(heading)} - {None}
    return {phrases.entry(name) for name in groups.get(heading, ())} - {None}


def _note(pull: MergedPull, kinds: set[str | None], said: Mapping[int, str]) -> Note:
    title = " ".join(pull.title.split())
    begin = TYPE.match(title)
    if begin is not None and phrases.entry(begin.group(1)) in kinds:
        scope = f"{begin.group(2)[1:-1]}: " if begin.group(2) else ""
        title = scope + title[begin.end() :]
    return Note(pull.number, title, said.get(pull.number, ""), pull.author)


def _said(model: Model, step: Step, pulls: Sequence[MergedPull]) -> _Said:
    """Ask the model about each of the first pull requests that have a description."""
    most = MOST_CHOSEN if chooses(step, model) else MOST_WRITTEN
    asked = [pull for pull in pulls[:most] if pull.body.strip()]
    texts, cut = _texts(model, step, asked)
    answers = model.predict(texts)
    lines = {pull.number: _addition(answer, pull.title) for pull, answer in zip(asked, answers, strict=True)}
    kept = {number: line for number, line in lines.items() if len(line.split()) <= step.max_words}
    unread = (
        (NOT_ASKED.format(rest=len(pulls) - most, total=len(pulls), most=most), len(pulls) > most),
        (READ_HEAD.format(count=cut), cut > 0),
        (TOO_LONG.format(count=len(lines) - len(kept), max_words=step.max_words), len(lines) > len(kept)),
    )
    return _Said(kept, tuple(words for words, holds in unread if holds))


def _texts(model: Model, step: Step, pulls: Sequence[MergedPull]) -> tuple[list[str], int]:
    """Give what the model reads of each pull request, and how many of these texts are cut."""
    subjects = (Subject("pull_request", pull.number, pull.title, pull.body) for pull in pulls)
    documents = [compose(subject, Material(), ("title", "body")) for subject in subjects]
    if chooses(step, model):
        return [document.text for document in documents], 0
    fitted = [fit(document, model.info.limit, model.tokens) for document in documents]
    return [one.text for one in fitted], sum(bool(one.cut) for one in fitted)


def _addition(prediction: Prediction, title: str) -> str:
    """Take the first line that a model says; nothing where it hardly adds to the title."""
    lines = prediction.text.splitlines() if isinstance(prediction, Text) else []
    line = next((line.strip().strip("-*# ") for line in lines if line.strip()), "")
    new = set(WORD.findall(line.casefold())) - set(WORD.findall(title.casefold()))
    return line if len(new) >= NEW_WORDS else ""
