"""Turn predictions, rules and the history of the labels into a Plan: what to do on GitHub, before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hubpipe.config import CHOOSING, Decide, Flow, LabelsTarget
from hubpipe.event import Label, LabelChange
from hubpipe.models import phrases
from hubpipe.models.base import Prediction, Score, Scores, Spans, Text

UNDER_THRESHOLD = "no label reaches the threshold {threshold:g}: the best is {label} with {score:.2f}"
TOO_CLOSE = "{first} ({a:.2f}) and {second} ({b:.2f}) are closer than the margin {margin:g}: abstained"
NO_SUCH_LABEL = "the repository has no label {label!r}: make it, or set publish.labels.create"
NOT_GIVEN = "{label!r} is not among the labels to choose from: it is not used, whatever the model says"
NONE_GIVEN = "none of pipeline.labels is a label of the model, which has: {has}"
PERSON_REMOVED = "{label} was removed by a person: it stays away"
ENOUGH = "{label} is not added: {others} is there already (decide.max_labels is {most})"


@dataclass(frozen=True)
class LabelsEffect:
    """Labels to add, to remove, and to make first in the repository (a part of `add`)."""

    add: tuple[str, ...]
    remove: tuple[str, ...] = ()
    create: tuple[Label, ...] = ()
    kind: Literal["labels"] = "labels"


@dataclass(frozen=True)
class CommentEffect:
    """One comment of a flow, found again by its marker; `body` is written by render.py.

    `holds` is False where an earlier comment is there and nothing is to be said any more.
    """

    flow: str
    template: str | None = None
    body: str = ""
    holds: bool = True
    kind: Literal["comment"] = "comment"


Effect: TypeAlias = LabelsEffect | CommentEffect


@dataclass(frozen=True)
class Plan:
    """What to do, in order.

    `chosen` are the scores that count, `notes` say why something is not done, `scores` are all that
    could be chosen, under the repository's names.
    """

    effects: tuple[Effect, ...] = ()
    chosen: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True)
class LabelState:
    """What GitHub knows of labels: on the subject now, in its history, in the repository.

    `history` is oldest first. `existing` is None where the repository could not be asked.
    `me` is the bot that hubpipe acts as; None where it acts as a person (a personal token), whose own
    doings nobody can tell from hubpipe's: then everything counts as a person's.
    """

    present: tuple[str, ...] = ()
    history: tuple[LabelChange, ...] = ()
    existing: tuple[Label, ...] | None = None
    me: str | None = None

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

    def set_by_me(self, label: str) -> bool:
        """Tell whether hubpipe was the last to set a label."""
        added = [change for change in self._changes(label) if change.added]
        return bool(added) and self.me is not None and added[-1].actor == self.me

    def _changes(self, label: str) -> list[LabelChange]:
        return [change for change in self.history if _same(change.label, label)]


def plan(name: str, flow: Flow, prediction: Prediction, labels: Sequence[Label], state: LabelState) -> Plan:
    """Decide what a flow does about one prediction.

    `labels` are the candidates that the model chose from (name and description).
    A flow without anything useful to say gives a Plan without effects; a comment of an earlier run is
    then told to be out of date by `outdated`.
    """
    chosen: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    effects: list[Effect] = []
    if isinstance(prediction, Scores):
        prediction, strangers = _allowed(prediction, flow, labels, state)
        scores = tuple(_renamed(prediction, flow.decide))
        chosen, notes = choose(prediction, flow.decide)
        notes = strangers + notes
    if flow.publish.labels is not None and isinstance(prediction, Scores):
        candidates = _candidates(prediction, flow.decide, labels)
        effect, more = labels_effect(chosen, candidates, flow, state)
        notes += more
        if effect.add or effect.remove:
            effects.append(effect)
    if flow.publish.comment is not None and _says_something(prediction, chosen):
        effects.append(CommentEffect(flow=name, template=flow.publish.comment.template))
    return Plan(tuple(effects), chosen, notes, scores)


def outdated(name: str, decided: Plan) -> Plan:
    """Plan to say in a flow's earlier comment that it no longer holds."""
    return replace(decided, effects=(*decided.effects, CommentEffect(flow=name, holds=False)))


def choose(prediction: Scores, rules: Decide) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Pick the scores that count, under the repository's names, or abstain and say why."""
    scores = _renamed(prediction, rules)
    if not scores:
        return (), ()
    best = scores[0]
    if best.score < rules.threshold:
        note = UNDER_THRESHOLD.format(threshold=rules.threshold, label=best.label, score=best.score)
        return (), (note,)
    if len(scores) > 1 and best.score - scores[1].score < rules.margin:
        second = scores[1]
        note = TOO_CLOSE.format(
            first=best.label, a=best.score, second=second.label, b=second.score, margin=rules.margin
        )
        return (), (note,)
    return tuple(score for score in scores if score.score >= rules.threshold)[: rules.max_labels], ()


def labels_effect(
    chosen: Sequence[Score], candidates: Sequence[Label], flow: Flow, state: LabelState
) -> tuple[LabelsEffect, tuple[str, ...]]:
    """Turn the chosen scores into labels to add and to remove; people win over the model.

    A label that a person set is never removed; one that a person removed is never set again. Labels
    that hubpipe set are removed only with `remove_stale`, and only when another takes their place:
    abstaining takes nothing back.
    """
    notes: list[str] = []
    target = flow.publish.labels or LabelsTarget()
    stale = _stale(chosen, candidates, target, state)
    kept = _counted(candidates, stale, flow, state)
    most = flow.decide.max_labels
    add: list[str] = []
    create: list[Label] = []
    for score in chosen:
        if state.is_present(score.label):
            continue
        existing = state.name_in_repository(score.label)
        if state.removed_by_person(score.label):
            notes.append(PERSON_REMOVED.format(label=score.label))
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


def _allowed(
    prediction: Scores, flow: Flow, labels: Sequence[Label], state: LabelState
) -> tuple[Scores, tuple[str, ...]]:
    """Keep only what the model was given to choose from, where it was given anything that is known for sure."""
    step = flow.pipeline[-1]
    asked_github = step.task in CHOOSING and state.existing is not None
    if step.labels is None and not asked_github:
        return prediction, ()
    given = {known.name.casefold() for known in labels}
    kept = Scores(tuple(score for score in prediction.scores if score.label.casefold() in given))
    if step.task in CHOOSING:
        strangers = (score.label for score in prediction.scores if score.label.casefold() not in given)
        return kept, tuple(NOT_GIVEN.format(label=name) for name in strangers)
    # A classifier always scores all of its own labels.
    has = ", ".join(score.label for score in prediction.scores[:10])
    return kept, () if kept.scores else (NONE_GIVEN.format(has=has),)


def _counted(candidates: Sequence[Label], stale: Sequence[str], flow: Flow, state: LabelState) -> list[str]:
    """Give the labels that stay and count towards `max_labels`: those of the flow, and other spellings of its kinds.

    Among all of a repository's labels, where neither the flow nor their names say what is a kind, only
    hubpipe's own count: a person's `priority: high` says nothing about the kind of an issue.
    """
    step = flow.pipeline[-1]
    kinds = {phrases.entry(known.name) for known in candidates} - {None}
    named = step.labels is not None or step.task not in CHOOSING or len(kinds) == len(candidates)

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


def _renamed(prediction: Scores, rules: Decide) -> list[Score]:
    """Give the scores under the repository's label names; several that get one name keep the highest."""
    best: dict[str, Score] = {}
    for score in prediction.scores:
        name = rules.renamed(score.label)
        if name is None:
            continue
        known = best.get(name.casefold())
        if known is None or score.score > known.score:
            best[name.casefold()] = Score(name, score.score)
    return sorted(best.values(), key=lambda score: -score.score)


def _candidates(prediction: Scores, rules: Decide, labels: Sequence[Label]) -> list[Label]:
    """Give every label that this flow could have set, with the description of the name that the model knows it by."""
    theirs = {(ours or "").casefold(): name for name, ours in rules.rename.items()}
    return [
        replace(_described(theirs.get(score.label.casefold(), score.label), labels), name=score.label)
        for score in _renamed(prediction, rules)
    ]


def _described(name: str, labels: Sequence[Label]) -> Label:
    return next((known for known in labels if _same(known.name, name)), Label(name))


def _says_something(prediction: Prediction, chosen: Sequence[Score]) -> bool:
    match prediction:
        case Scores():
            return bool(chosen)
        case Text(text):
            return bool(text.strip())
        case Spans(spans):
            return bool(spans)
        case _:
            return False


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
