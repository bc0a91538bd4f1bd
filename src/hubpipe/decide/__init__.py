"""Turn predictions, rules and the history of the labels into a Plan: what to do on GitHub, before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from hubpipe.config import CommentTarget, Flow, Step
from hubpipe.decide.alike import likely
from hubpipe.decide.check import check_effect
from hubpipe.decide.choose import best, choose, holds, named, renamed
from hubpipe.decide.effects import (
    CheckEffect,
    CommentEffect,
    News,
    Notice,
    NotifyEffect,
    ReactionEffect,
    ReleaseEffect,
    RemovalEffect,
    Seen,
)
from hubpipe.decide.labels import LabelsEffect, LabelState, allowed, candidates_of, labels_effect
from hubpipe.decide.notify import notify_effect
from hubpipe.decide.ruled import ruled
from hubpipe.digest import Digest, NoteGroup
from hubpipe.event import Event, Label
from hubpipe.models.base import Box, Past, Score, Scores, Span, Text, Why

__all__ = [
    "CheckEffect",
    "CommentEffect",
    "Effect",
    "Findings",
    "LabelState",
    "LabelsEffect",
    "News",
    "Notice",
    "NotifyEffect",
    "Plan",
    "ReactionEffect",
    "ReleaseEffect",
    "RemovalEffect",
    "Seen",
    "best",
    "choose",
    "comment_effect",
    "holds",
    "likely",
    "named",
    "notified",
    "outdated",
    "plan",
    "released",
    "ruled",
    "silent",
]

NOTHING_MERGED = "the release has no merged pull request to tell of"
NOT_THESE = "nobody is notified: none of {labels} is new here (publish.notify.labels)"
NO_RELEASE = "the event brings no release to write into: the notes stand in the job summary"

Effect: TypeAlias = (
    LabelsEffect | CommentEffect | CheckEffect | ReleaseEffect | NotifyEffect | RemovalEffect | ReactionEffect
)


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
class Findings:
    """What a flow's steps found that nothing later read: the scores that decide, texts, spans, boxes, a vector.

    `deciding` is the step that gave the scores, `writing` the one that wrote the text; None where no step did.
    `digest` is what was found in a pull request's files, one by one; None where the flow does not read them.
    `groups` are the notes of a release, `why` the reasons for labels, `similar` the issues that are alike.
    """

    deciding: Step | None = None
    scores: Scores | None = None
    text: Text | None = None
    writing: Step | None = None
    spans: tuple[Span, ...] = ()
    boxes: tuple[Box, ...] = ()
    digest: Digest | None = None
    groups: tuple[NoteGroup, ...] = ()
    why: tuple[Why, ...] = ()
    similar: tuple[Past, ...] = ()

    @property
    def says_something(self) -> bool:
        """Tell whether there is anything to show besides scores."""
        return bool(self.spans or self.boxes or self.similar or (self.text is not None and self.text.text.strip()))


def plan(
    name: str, flow: Flow, findings: Findings, labels: Sequence[Label], state: LabelState, seen: Seen | None = None
) -> Plan:
    """Decide what a flow does about what its steps found.

    `labels` are the candidates that the model chose from (name and description), `seen` is what was read
    of a pull request.
    A flow without anything useful to say gives a Plan without effects; a comment of an earlier run is
    then told to be out of date by `outdated`.
    """
    chosen: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    effects: list[Effect] = []
    if findings.scores is not None and findings.deciding is not None:
        step = findings.deciding
        prediction, strangers = allowed(findings.scores, step, labels, state)
        scores = tuple(renamed(prediction, flow.decide))
        chosen, notes = choose(prediction, flow.decide)
        notes = strangers + notes
        if flow.publish.labels is not None:
            candidates = candidates_of(prediction, flow.decide, labels)
            effect, more = labels_effect(chosen, candidates, flow, step, state)
            notes += more
            if effect.add or effect.remove:
                effects.append(effect)
    if flow.publish.check is not None and seen is not None:
        effects.append(check_effect(name, flow.publish.check, flow.decide, findings.digest, chosen, seen.head))
    if flow.publish.comment is not None and (chosen or findings.says_something):
        effects.append(comment_effect(name, flow, flow.publish.comment, seen))
    return Plan(tuple(effects), chosen, notes, scores)


def comment_effect(name: str, flow: Flow, target: CommentTarget, seen: Seen | None) -> CommentEffect:
    """Plan a comment; one on a pull request tells of which commit it is, and when that was read."""
    return CommentEffect(
        flow=name,
        template=target.template,
        mode=target.mode,
        seen=seen,
        again=flow.runs_on("pull_request", "synchronize") or flow.runs_on("pull_request_target", "synchronize"),
    )


def released(name: str, decided: Plan, groups: Sequence[NoteGroup], release_id: int | None) -> Plan:
    """Plan to write notes into a release's description; without a release, or without notes, say that it is not."""
    if not groups:
        return replace(decided, notes=(*decided.notes, NOTHING_MERGED))
    if release_id is None:
        return replace(decided, notes=(*decided.notes, NO_RELEASE))
    return replace(decided, effects=(*decided.effects, ReleaseEffect(name, release_id)))


def notified(name: str, flow: Flow, decided: Plan, event: Event) -> Plan:
    """Plan to notify of what was found, after everything else; where the flow does so of other labels, say it."""
    target = flow.publish.notify
    if target is None:
        return decided
    added = [label for effect in decided.effects if isinstance(effect, LabelsEffect) for label in effect.add]
    found = added if flow.publish.labels is not None else [score.label for score in decided.chosen]
    wanted = {label.casefold() for label in target.labels or ()}
    if wanted and not wanted & {label.casefold() for label in found}:
        return replace(decided, notes=(*decided.notes, NOT_THESE.format(labels=", ".join(target.labels or ()))))
    return replace(decided, effects=(*decided.effects, notify_effect(name, flow.publish, target, event)))


def silent(decided: Plan, reason: str) -> Plan:
    """Leave the comment out of a plan, and say why; a plan without one stays as it is."""
    effects = tuple(effect for effect in decided.effects if not isinstance(effect, CommentEffect))
    if len(effects) == len(decided.effects):
        return decided
    return replace(decided, effects=effects, notes=(*decided.notes, reason))


def outdated(name: str, flow: Flow, decided: Plan, target: CommentTarget, seen: Seen | None = None) -> Plan:
    """Plan to say in a flow's earlier comment that it no longer holds, or to take it off the description."""
    effect = replace(comment_effect(name, flow, target, seen), template=None, holds=False)
    return replace(decided, effects=(*decided.effects, effect))
