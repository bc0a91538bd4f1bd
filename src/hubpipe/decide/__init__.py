"""Turn predictions, rules and the history of the labels into a Plan: what to do on GitHub, before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hubpipe.config import Flow, Step
from hubpipe.decide.choose import choose, holds, named, renamed
from hubpipe.decide.labels import LabelsEffect, LabelState, allowed, candidates_of, labels_effect
from hubpipe.digest import Digest
from hubpipe.event import Annotation, Label
from hubpipe.models.base import Box, Score, Scores, Span, Text

__all__ = [
    "CheckEffect",
    "CommentEffect",
    "Effect",
    "Findings",
    "LabelState",
    "LabelsEffect",
    "Plan",
    "ReleaseEffect",
    "choose",
    "holds",
    "named",
    "outdated",
    "plan",
]


@dataclass(frozen=True)
class CommentEffect:
    """One comment of a flow, found again by its marker; `body` is written by render.py.

    `holds` is False where an earlier comment is there and nothing is to be said any more. With `mode`
    "description" the body is kept between markers inside the pull request's description instead.
    `head` is the commit of a pull request that was read, `read_at` when (seconds since 1970): newer results
    are not written over. `again` tells that a newer commit brings a run of its own.
    """

    flow: str
    template: str | None = None
    body: str = ""
    holds: bool = True
    mode: Literal["comment", "description"] = "comment"
    head: str | None = None
    read_at: float = 0.0
    again: bool = False
    kind: Literal["comment"] = "comment"


@dataclass(frozen=True)
class CheckEffect:
    """A check run of a flow on a pull request's head commit; its texts are written by render.py."""

    flow: str
    head: str
    name: str
    conclusion: Literal["success", "neutral", "failure"]
    title: str = ""
    summary: str = ""
    annotations: tuple[Annotation, ...] = ()
    kind: Literal["check"] = "check"


@dataclass(frozen=True)
class ReleaseEffect:
    """Notes that are kept between markers inside a release's own description; `body` is written by render.py."""

    flow: str
    release_id: int
    body: str = ""
    kind: Literal["release"] = "release"


Effect: TypeAlias = LabelsEffect | CommentEffect | CheckEffect | ReleaseEffect


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
    """

    deciding: Step | None = None
    scores: Scores | None = None
    text: Text | None = None
    writing: Step | None = None
    spans: tuple[Span, ...] = ()
    boxes: tuple[Box, ...] = ()
    digest: Digest | None = None

    @property
    def says_something(self) -> bool:
        """Tell whether there is anything to show besides scores."""
        return bool(self.spans or self.boxes or (self.text is not None and self.text.text.strip()))


def plan(name: str, flow: Flow, findings: Findings, labels: Sequence[Label], state: LabelState) -> Plan:
    """Decide what a flow does about what its steps found.

    `labels` are the candidates that the model chose from (name and description).
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
    if flow.publish.comment is not None and (chosen or findings.says_something):
        effects.append(CommentEffect(flow=name, template=flow.publish.comment.template))
    return Plan(tuple(effects), chosen, notes, scores)


def outdated(name: str, decided: Plan) -> Plan:
    """Plan to say in a flow's earlier comment that it no longer holds."""
    return replace(decided, effects=(*decided.effects, CommentEffect(flow=name, holds=False)))
