"""Turn chosen scores and the history of the labels into labels to add and to remove: people win over the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hubpipe.config import Decide, Flow, LabelsTarget, Step
from hubpipe.decide.choose import renamed
from hubpipe.event import Label, LabelChange
from hubpipe.models import phrases
from hubpipe.models.base import Score, Scores

NO_SUCH_LABEL = "the repository has no label {label!r}: make it, or set publish.labels.create"
NOT_GIVEN = "{label!r} is not among the labels to choose from: it is not used, whatever the model says"
NONE_GIVEN = "none of pipeline.labels is a label of the model, which has: {has}"
PERSON_REMOVED = "{label} was removed by a person: it stays away"
UNDONE = "{label} was taken back (/hubpipe undo): it stays away until it is asked for (/hubpipe label)"
ENOUGH = "{label} is not added: {others} is there already (decide.max_labels is {most})"


@dataclass(frozen=True)
class LabelsEffect:
    """Labels to add, to remove, and to make first in the repository (a part of `add`)."""

    add: tuple[str, ...]
    remove: tuple[str, ...] = ()
    create: tuple[Label, ...] = ()
    kind: Literal["labels"] = "labels"


@dataclass(frozen=True)
class LabelState:
    """What GitHub knows of labels: on the subject now, in its history, in the repository.

    `history` is oldest first. `existing` is None where the repository could not be asked.
    `me` is the bot that hubpipe acts as; None where it acts as a person (a personal token), whose own
    doings nobody can tell from hubpipe's: then everything counts as a person's. `respects_undo` is whether a label that
    hubpipe took off stays away: nothing but a command takes one off without another one in its place.
    """

    present: tuple[str, ...] = ()
    history: tuple[LabelChange, ...] = ()
    existing: tuple[Label, ...] | None = None
    me: str | None = None
    respects_undo: bool = False

    def name_in_repository(self, label: str) -> str | None:
        """Give a label as the repository spells it (GitHub ignores case), None where it has none."""
        if self.existing is None:
            return label
        return next((known.name for known in self.existing if _same(known.name, label)), None)

    def is_present(self, label: str) -> bool:
        """Tell whether the subject has a label now."""
        return any(_same(name, label) for name in self.present)

    def removed_by_person(self, label: str) -> bool:
        """Tell whether anybody but hubpipe ever took a label off."""
        return any(not change.added and (self.me is None or change.actor != self.me) for change in self._changes(label))

    def undone(self, label: str) -> bool:
        """Tell whether hubpipe took a label off because a person told it to, and nobody has set it since."""
        changes = self._changes(label)
        last = changes[-1] if changes else None
        return self.respects_undo and last is not None and not last.added and last.actor == self.me

    def set_by_me(self, label: str) -> bool:
        """Tell whether hubpipe was the last to set a label."""
        return self.me is not None and self.setter(label) == self.me

    def setter(self, label: str) -> str | None:
        """Give who set a label last; None where GitHub does not tell."""
        added = [change.actor for change in self._changes(label) if change.added]
        return added[-1] if added else None

    def set_by_person(self, label: str) -> bool:
        """Tell whether anybody but hubpipe ever set a label."""
        return any(change.added and (self.me is None or change.actor != self.me) for change in self._changes(label))

    def _changes(self, label: str) -> list[LabelChange]:
        return [change for change in self.history if _same(change.label, label)]


def labels_effect(
    chosen: Sequence[Score], candidates: Sequence[Label], flow: Flow, step: Step, state: LabelState
) -> tuple[LabelsEffect, tuple[str, ...]]:
    """Turn the chosen scores into labels to add and to remove; people win over the model.

    A label that a person set is never removed; one that a person removed is never set again. Labels
    that hubpipe set are removed only with `remove_stale`, and only when another takes their place:
    abstaining takes nothing back.
    """
    notes: list[str] = []
    target = flow.publish.labels or LabelsTarget()
    stale = _stale(chosen, candidates, target, state)
    kept = _counted(candidates, stale, step, state)
    most = flow.decide.max_labels
    add: list[str] = []
    create: list[Label] = []
    for score in chosen:
        if state.is_present(score.label):
            continue
        existing = state.name_in_repository(score.label)
        if state.removed_by_person(score.label):
            notes.append(PERSON_REMOVED.format(label=score.label))
        elif state.undone(score.label):
            notes.append(UNDONE.format(label=score.label))
        elif len(kept) + len(add) >= most:
            notes.append(ENOUGH.format(label=score.label, others=", ".join((*kept, *add)), most=most))
        elif existing is None and not target.create:
            notes.append(NO_SUCH_LABEL.format(label=score.label))
        else:
            add.append(existing or score.label)
            if existing is None:
                create.append(_described(score.label, candidates))
    replaced = add or any(state.is_present(score.label) for score in chosen)
    return LabelsEffect(tuple(add), stale if replaced else (), tuple(create)), tuple(notes)


def allowed(
    prediction: Scores, step: Step, labels: Sequence[Label], state: LabelState
) -> tuple[Scores, tuple[str, ...]]:
    """Keep only what the model was given to choose from, where it was given anything that is known for sure."""
    if not prediction.scores:
        return prediction, ()
    asked_github = step.chooses and state.existing is not None
    if step.labels is None and not asked_github:
        return prediction, ()
    given = {known.name.casefold() for known in labels}
    kept = replace(prediction, scores=tuple(score for score in prediction.scores if score.label.casefold() in given))
    if step.chooses:
        strangers = (score.label for score in prediction.scores if score.label.casefold() not in given)
        return kept, tuple(NOT_GIVEN.format(label=name) for name in strangers)
    # A classifier always scores all of its own labels.
    has = ", ".join(score.label for score in prediction.scores[:10])
    return kept, () if kept.scores else (NONE_GIVEN.format(has=has),)


def _counted(candidates: Sequence[Label], stale: Sequence[str], step: Step, state: LabelState) -> list[str]:
    """Give the labels that stay and count towards `max_labels`: those of the flow, and other spellings of its kinds.

    Among all of a repository's labels, where neither the flow nor their names say what is a kind, only
    hubpipe's own count: a person's `priority: high` says nothing about the kind of an issue.
    """
    kinds = {phrases.entry(known.name) for known in candidates} - {None}
    named = step.labels is not None or not step.chooses or len(kinds) == len(candidates)

    def belongs(name: str) -> bool:
        return any(_same(name, known.name) for known in candidates) or (named and phrases.entry(name) in kinds)

    return [
        name
        for name in state.present
        if belongs(name) and (named or state.set_by_me(name)) and not any(_same(name, other) for other in stale)
    ]


def _stale(
    chosen: Sequence[Score], candidates: Sequence[Label], target: LabelsTarget, state: LabelState
) -> tuple[str, ...]:
    if not (target.remove_stale and chosen):
        return ()
    return tuple(
        name
        for name in state.present
        if any(_same(name, known.name) for known in candidates)
        and not any(_same(name, score.label) for score in chosen)
        and state.set_by_me(name)
    )


def candidates_of(prediction: Scores, rules: Decide, labels: Sequence[Label]) -> list[Label]:
    """Give every label that this flow could have set, with the description of the name that the model knows it by."""
    theirs = {(ours or "").casefold(): name for name, ours in rules.rename.items()}
    return [
        replace(_described(theirs.get(score.label.casefold(), score.label), labels), name=score.label)
        for score in renamed(prediction, rules)
    ]


def _described(name: str, labels: Sequence[Label]) -> Label:
    return next((known for known in labels if _same(known.name, name)), Label(name))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
