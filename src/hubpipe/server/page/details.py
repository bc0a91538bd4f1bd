"""Turn the stages of a delivery into what each of its flows read, found, planned and did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from hubpipe.change.memory import without_memory
from hubpipe.config import Flow
from hubpipe.decide import (
    CheckEffect,
    CommentEffect,
    Effect,
    LabelsEffect,
    NotifyEffect,
    Plan,
    ReactionEffect,
    ReleaseEffect,
    RemovalEffect,
)
from hubpipe.digest import Digest
from hubpipe.models.base import Score, Scores
from hubpipe.reading import Reading
from hubpipe.report import FlowReport, StepReport
from hubpipe.report.found import findings
from hubpipe.report.plain import reading as amount_read
from hubpipe.report.plain import remarks, words
from hubpipe.server.journal import PAUSE, read
from hubpipe.server.ledger import Entry
from hubpipe.server.page.rows import Row, row
from hubpipe.server.stages import Stage, again_at
from hubpipe.sinks.outcome import Outcome
from hubpipe.sinks.webhooks import text_of
from hubpipe.text import Part

KINDS: Mapping[str, Any] = {
    "resolve": Flow,
    "read": Reading,
    "infer": tuple[StepReport, ...],
    "decide": Plan,
    "labels": Outcome,
    "comment": Outcome,
    "check": Outcome,
    "release": Outcome,
    "notify": Outcome,
    "reaction": Outcome,
    "removal": Outcome,
}
WAITED = "waited for the next try"
FROM_A_FILE = "{path}: {line}"
UNREADABLE = "written by another version of hubpipe, and not readable to this one"


@dataclass(frozen=True)
class StageRow:
    """A stage that was tried: when, how long, and why it failed; `words` is empty where it did not."""

    name: str
    began: datetime | None
    seconds: float
    words: str


@dataclass(frozen=True)
class StepRow:
    """A step of a flow: its task, its model, why it did not run, and its scores by the model's own labels."""

    task: str
    model: str
    skipped: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class EffectRow:
    """What a flow plans to do: its kind, a line, the text that it writes, and what became of it so far."""

    kind: str
    line: str
    text: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class FlowRow:
    """A flow on a delivery.

    `parts` are the texts that it read, `amount` says how much of them the model could, `alone` why it left the event
    alone. `scores` are by the repository's labels, `chosen` those that count. `found` are lines about what was found
    besides.
    """

    name: str
    alone: str
    parts: tuple[Part, ...]
    amount: str
    steps: tuple[StepRow, ...]
    scores: tuple[Score, ...]
    chosen: frozenset[str]
    found: tuple[str, ...]
    notes: tuple[str, ...]
    effects: tuple[EffectRow, ...]
    words: str


@dataclass(frozen=True)
class Details:
    """A delivery with all that is kept of it.

    `seconds` are those from its first stage to its last, `again` names the stage that a retry begins with.
    """

    row: Row
    seconds: float | None
    actor: str
    installation: int
    worker: str
    error: str
    flows: tuple[FlowRow, ...]
    stages: tuple[StageRow, ...]
    again: str


def details(entry: Entry, stages: Sequence[Stage]) -> Details:
    """Put together what is kept of a delivery."""
    told = tuple(_stage(stage) for stage in stages)
    names = dict.fromkeys(name for stage in stages if (name := stage.name.rpartition(": ")[0]))
    return Details(
        row=row(entry),
        seconds=_seconds(told),
        actor=entry.event.actor or "",
        installation=entry.installation,
        worker=entry.worker,
        error=entry.error.strip(),
        flows=tuple(_flow(name, [one for one in stages if one.name.startswith(f"{name}: ")]) for name in names),
        stages=told,
        again=told[again_at(stages)].name if told else "",
    )


def _stage(stage: Stage) -> StageRow:
    name = WAITED if stage.name == PAUSE else stage.name
    return StageRow(name, stage.began, max(0.0, stage.seconds), _fault(stage))


def _seconds(stages: Sequence[StageRow]) -> float | None:
    ends = [(one.began, one.began + timedelta(seconds=one.seconds)) for one in stages if one.began is not None]
    return (max(end for _, end in ends) - min(began for began, _ in ends)).total_seconds() if ends else None


def _fault(stage: Stage) -> str:
    error = stage.told.get("error") if isinstance(stage.told, Mapping) else None
    if error is None:
        return ""
    return str(error.get("words") or error.get("kind")) if isinstance(error, Mapping) else str(error)


def _flow(name: str, stages: Sequence[Stage]) -> FlowRow:
    found = {stage.name.rpartition(": ")[2]: stage for stage in stages}
    read_of = {kind: _value(kind, stage) for kind, stage in found.items()}
    reading, plan = read_of.get("read"), read_of.get("decide") or Plan()
    flow, steps = read_of.get("resolve"), read_of.get("infer") or ()
    unread = reading.material.unread if reading is not None else ()
    report = FlowReport(name, steps, unread, plan=plan)
    if flow is not None:
        report = FlowReport(name, steps, unread, findings(flow, steps), plan)
    return FlowRow(
        name=name,
        alone=reading.alone if reading is not None else "",
        parts=reading.document.parts if reading is not None else (),
        amount=amount_read(report),
        steps=tuple(map(_step, steps)),
        scores=plan.scores,
        chosen=frozenset(score.label for score in plan.chosen),
        found=(*words(report), *_of_files(report.findings.digest)),
        notes=tuple(note for note in report.notes if reading is None or note != reading.alone),
        effects=(
            *(replace(_effect(effect), outcome=read_of.get(effect.kind)) for effect in plan.effects),
            # A command's effects are numbered, and no plan of theirs is kept.
            *(EffectRow(one.kind, "", outcome=one) for kind, one in read_of.items() if kind != _plain(kind) and one),
        ),
        words=next(filter(None, map(_fault, reversed(found.values()))), "")
        or (UNREADABLE if any(_is_unreadable(kind, stage, read_of[kind]) for kind, stage in found.items()) else ""),
    )


def _value(kind: str, stage: Stage) -> Any:
    """Read what a stage gave; None where it failed, or where another version wrote it in another way."""
    if _plain(kind) not in KINDS or _fault(stage):
        return None
    try:
        return read(KINDS[_plain(kind)], stage.told["value"])
    except (ValidationError, ValueError, KeyError, TypeError):
        return None


def _is_unreadable(kind: str, stage: Stage, value: object) -> bool:
    return _plain(kind) in KINDS and value is None and not _fault(stage)


def _plain(kind: str) -> str:
    """Give a kind of stage without the number of a command's effect."""
    return kind.partition(" ")[0]


def _step(step: StepReport) -> StepRow:
    scores = step.prediction.scores if isinstance(step.prediction, Scores) else ()
    return StepRow(step.task, step.model.reference if step.model else "", step.skipped, scores)


def _of_files(digest: Digest | None) -> Iterator[str]:
    if digest is not None:
        yield from (FROM_A_FILE.format(path=path, line=line) for path, line in digest.lines.items())


def _effect(effect: Effect) -> EffectRow:
    match effect:
        case LabelsEffect():
            signs = [f"+ {name}" for name in effect.add] + [f"− {name}" for name in effect.remove]
            return EffectRow(effect.kind, ", ".join(signs))
        case CommentEffect():
            return EffectRow(effect.mode, "" if effect.holds else "out of date", without_memory(effect.body))
        case CheckEffect():
            text = "\n".join(filter(None, (effect.summary, *remarks(effect))))
            return EffectRow(effect.kind, f"{effect.name}: {effect.conclusion}, {effect.title}", text)
        case ReleaseEffect():
            return EffectRow(effect.kind, "", without_memory(effect.body))
        case NotifyEffect():
            return EffectRow(effect.kind, ", ".join(effect.variables), text_of(effect))
        case ReactionEffect():
            return EffectRow(effect.kind, effect.content)
        case RemovalEffect():
            return EffectRow(effect.kind, effect.flow)
