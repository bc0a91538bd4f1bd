"""Turn a Report into plain data, and into lines for a terminal."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from hubpipe.change.memory import without_memory
from hubpipe.decide import (
    CheckEffect,
    CommentEffect,
    Effect,
    LabelsEffect,
    NotifyEffect,
    ReactionEffect,
    ReleaseEffect,
    RemovalEffect,
)
from hubpipe.digest import Digest, Judged
from hubpipe.models.base import Alike, Boxes, Prediction, Scores, Spans, Text, Vector, Why
from hubpipe.report import FlowReport, Report, StepReport
from hubpipe.report.inert import inert
from hubpipe.sinks.webhooks import text_of
from hubpipe.text import Fitted

NOT_PUBLISHED = (
    "the token may not write, so that {missing} of {all} changes are not on GitHub: give the job the permissions that "
    "hubpipe check prints"
)
# Nothing in the workflow changes what the token of such an event may do.
FROM_FORK = (
    "the token may not write, so that {missing} of {all} changes are not on GitHub: the workflow runs on pull_request "
    "for a pull request from a fork, where every token is read-only. Run it on pull_request_target, or in two stages "
    "(docs/forks.md)"
)
NOTIFY = "notify"
NO_REASON = "nothing alike was kept, and no word by itself weighs"
HOW = {
    "mean": "the mean of {windows} windows",
    "max": "the maximum of {windows} windows",
    "best": "the surest of {windows} windows",
    "all": "{windows} windows",
    "join": "{windows} windows, one after the other",
    "reduce": "{windows} windows, and the answers about them",
}


def as_json(report: Report) -> dict[str, Any]:
    """Give the plan of every flow as plain data, for `--format json` and the output `plan`."""
    return {"flows": [_flow(flow) for flow in report.flows], **({"spent": dict(report.spent)} if report.spent else {})}


def as_text(report: Report) -> str:
    """Write a report for a terminal; a person's or a model's text in it is no command to one."""
    lines = [line for flow in report.flows for line in _lines(flow)]
    if report.spent:
        lines.append(f"spent at endpoints: {spent(report)}")
    return inert("\n".join(lines))


def not_published(report: Report) -> str:
    """Say that the token may not write, and what to change; empty where it may."""
    if not report.forbidden:
        return ""
    subject = report.event.subject
    forked = report.event.kind == "pull_request" and subject is not None and subject.from_fork
    from_fork = forked and not report.applied
    # A notification says itself what is missing.
    missing = sum(outcome.kind != NOTIFY for outcome in report.forbidden)
    count = sum(outcome.kind != NOTIFY for flow in report.flows for outcome in flow.outcomes)
    return (FROM_FORK if from_fork else NOT_PUBLISHED).format(missing=missing, all=count) if missing else ""


def spent(report: Report) -> str:
    """Say what a run cost at endpoints; empty where it asked none."""
    return ", ".join(f"{amount:g} {unit}" for unit, amount in report.spent.items())


def predictions_json(prediction: Prediction | None) -> list[dict[str, Any]]:
    """Give a prediction as a list of plain objects."""
    match prediction:
        case None:
            return []
        case Scores(scores):
            return [asdict(score) for score in scores]
        case Spans(spans):
            return [asdict(span) for span in spans]
        case Boxes(boxes):
            return [asdict(box) for box in boxes]
        case Text(text):
            return [{"text": text}]
        case Vector(values):
            return [{"vector": list(values)}]
        case Alike(issues):
            return [{"number": one.number, "title": one.title, "url": one.url, "score": one.score} for one in issues]


def effect_json(effect: Effect) -> dict[str, Any]:
    """Give an effect as a plain object."""
    match effect:
        case LabelsEffect():
            created = [label.name for label in effect.create]
            return {"kind": effect.kind, "add": list(effect.add), "remove": list(effect.remove), "create": created}
        case CommentEffect():
            return {"kind": effect.kind, "mode": effect.mode, "body": effect.body}
        case CheckEffect():
            shown = ("kind", "name", "head", "conclusion", "title", "summary")
            plain = {name: getattr(effect, name) for name in shown}
            return {**plain, "annotations": [asdict(one) for one in effect.annotations]}
        case ReleaseEffect():
            return {"kind": effect.kind, "release": effect.release_id, "body": effect.body}
        case NotifyEffect():
            return {"kind": effect.kind, "to": list(effect.variables), "text": text_of(effect)}
        case RemovalEffect() | ReactionEffect():
            return asdict(effect)


def reading(flow: FlowReport) -> str:
    """Say how much of the text a flow's first step read, and what was not read at all."""
    first = next((step for step in flow.steps if step.fitted is not None), None)
    unread = "; ".join(flow.not_read)
    if first is None or first.fitted is None:
        return unread
    fitted = first.fitted
    cut = f", not all of: {', '.join(fitted.cut)}" if fitted.cut else ""
    how = f" in {HOW[first.how].format(windows=fitted.windows)}" if fitted.windows > 1 and first.how in HOW else ""
    return f"{fitted.read} of {fitted.total} tokens{how}{cut}" + (f"; {unread}" if unread else "")


def words(flow: FlowReport) -> Iterator[str]:
    """Write what the steps found that is no list of labels, in lines."""
    findings = flow.findings
    if findings.text is not None:
        yield from findings.text.text.splitlines()
    yield from (f"{span.score:.2f}  {span.label}: {span.text}" for span in findings.spans)
    for box in findings.boxes:
        of = f" of {box.image}" if box.image else ""
        yield f"{box.score:.2f}  {box.label} at {box.xmin},{box.ymin} to {box.xmax},{box.ymax}{of}"
    yield from (f"{past.score:.2f}  like #{past.number}: {past.title}" for past in findings.similar)
    for step in flow.steps:
        if isinstance(step.prediction, Vector):
            yield f"a vector of {len(step.prediction.values)} numbers (--format json shows them)"


def remarks(effect: Effect) -> list[str]:
    """Write a check's annotations, each in a line."""
    found = effect.annotations if isinstance(effect, CheckEffect) else ()
    return [f"{one.path}:{one.start}: {one.level}: {one.title}" for one in found]


def _flow(flow: FlowReport) -> dict[str, Any]:
    last = next((step.prediction for step in reversed(flow.steps) if step.prediction is not None), None)
    return {
        "flow": flow.flow,
        "models": [asdict(info) for info in flow.models],
        "read": _reading_json(flow.fitted, flow.not_read),
        "predictions": predictions_json(last),
        "chosen": [score.label for score in flow.plan.chosen],
        "choices": [score.label for score in flow.plan.scores],
        "files": _files_json(flow.findings.digest),
        "steps": [_step(step) for step in flow.steps],
        "effects": [effect_json(effect) for effect in flow.plan.effects],
        "notes": list(flow.notes),
        "outcomes": [asdict(outcome) for outcome in flow.outcomes],
        "error": str(flow.error) if flow.error else None,
        "seconds": round(flow.seconds, 3),
    }


def _step(step: StepReport) -> dict[str, Any]:
    return {
        "task": step.task,
        "model": step.model.reference if step.model else None,
        "read": _reading_json(step.fitted, step.unread),
        "merged": step.how or None,
        "predictions": predictions_json(step.prediction),
        "why": [asdict(why) for why in step.why],
        "skipped": step.skipped or None,
    }


def _files_json(digest: Digest | None) -> dict[str, Any] | None:
    """Give what was found in a change's files, one by one: lines, scores, and how many the model had to read."""
    if digest is None:
        return None
    return {
        "changed": len(digest.files.files),
        "inferred": digest.inferred,
        "remembered": digest.remembered,
        "dropped": list(digest.dropped),
        "lines": dict(digest.lines),
        "scores": [_judged_json(judged) for judged in digest.judged],
    }


def _judged_json(judged: Judged) -> dict[str, Any]:
    unit = judged.unit
    lines = {} if unit.hunk is None else {"start": unit.hunk.start, "end": unit.hunk.end}
    return {"path": unit.file.path, **lines, "scores": [asdict(score) for score in judged.scores.scores]}


def _reading_json(fitted: Fitted | None, unread: tuple[str, ...]) -> dict[str, Any]:
    read = fitted or Fitted("", 0, 0, windows=0)
    return {
        "tokens": read.read,
        "of": read.total,
        "windows": read.windows,
        "cut": list(read.cut),
        "unread": list(unread),
    }


def _lines(flow: FlowReport) -> Iterator[str]:
    names = " → ".join(info.reference for info in flow.models)
    yield f"{flow.flow} · {names} · {flow.seconds:.1f} s" if names else flow.flow
    read = reading(flow)
    if read:
        yield f"  read {read}"
    if flow.plan.scores:
        chosen = {score.label for score in flow.plan.chosen}
        for score in flow.plan.scores:
            yield f"  {'✓' if score.label in chosen else ' '} {score.score:.2f}  {score.label}"
    yield from (f"  why {reason.label}: {_reason(reason)}" for reason in flow.findings.why)
    for effect in flow.plan.effects:
        yield f"  {_name(effect)}:"
        yield from (f"    {line}" for line in _effect_lines(effect))
    if not any(effect.kind == "comment" for effect in flow.plan.effects):
        yield from (f"  {line}" for line in words(flow))
    yield from (f"  note: {note}" for note in flow.notes)
    yield from (f"  {'failed' if outcome.failed else 'result'}: {outcome.detail}" for outcome in flow.outcomes)
    if flow.error is not None:
        yield f"  failed: {flow.error}"


def _reason(why: Why) -> str:
    """Say why a label: the past issues that are alike, and the words that weighed most."""
    issues = [f"{f'#{past.number} ' if past.number else ''}{past.title} ({past.score:.2f})" for past in why.nearest]
    like = f"like {'; '.join(issues)}" if issues else ""
    words = f"for the words {', '.join(word for word, _ in why.words)}" if why.words else ""
    return "; ".join(filter(None, (like, words))) or NO_REASON


def _name(effect: Effect) -> str:
    return effect.mode if isinstance(effect, CommentEffect) else effect.kind


def _effect_lines(effect: Effect) -> list[str]:
    match effect:
        case LabelsEffect():
            return [f"add {', '.join(effect.add) or '-'}; remove {', '.join(effect.remove) or '-'}"]
        case CheckEffect():
            return [f"{effect.name}, {effect.conclusion}: {effect.title}", *remarks(effect)]
        case CommentEffect() | ReleaseEffect():
            return _seen(effect.body)
        case NotifyEffect():
            return [f"to {', '.join(effect.variables)}", *text_of(effect).splitlines()]
        case RemovalEffect():
            return [effect.flow]
        case ReactionEffect():
            return [effect.content]


def _seen(body: str) -> list[str]:
    """Give a text's lines without the hidden last one."""
    return without_memory(body).splitlines()
