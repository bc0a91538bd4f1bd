"""Turn what the flows did into JSON, a job summary and lines for a terminal."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from hubpipe import render
from hubpipe.decide import CommentEffect, Effect, LabelsEffect, Plan
from hubpipe.errors import HubpipeError
from hubpipe.event import Event
from hubpipe.models.base import Boxes, ModelInfo, Prediction, Scores, Spans, Text, Vector
from hubpipe.sinks import Outcome
from hubpipe.text import Fitted

# https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary: 1 MiB a step
SUMMARY_LIMIT = 1_000_000
MOST_ROWS = 20
SUMMARY_CUT = "\n_Shortened: a job summary holds 1 MiB. The output `plan` has all of it._\n"


@dataclass(frozen=True)
class FlowReport:
    """What one flow read, found, decided and published; `error` says why it did not get to the end."""

    flow: str
    models: tuple[ModelInfo, ...] = ()
    fitted: Fitted | None = None
    unread: tuple[str, ...] = ()
    prediction: Prediction | None = None
    plan: Plan = field(default_factory=Plan)
    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0
    error: HubpipeError | None = None

    @property
    def failed(self) -> bool:
        """Tell whether anything that should have happened did not."""
        return self.error is not None or any(outcome.failed for outcome in self.outcomes)

    @property
    def published(self) -> bool:
        """Tell whether GitHub is as the plan wants it."""
        return self.error is None and all(outcome.done for outcome in self.outcomes)


@dataclass(frozen=True)
class Report:
    """What became of an event; no flows where none handles it, and `note` where there is more to say about that."""

    event: Event
    flows: tuple[FlowReport, ...] = ()
    note: str = ""

    @property
    def published(self) -> bool:
        """Tell whether every flow's plan is on GitHub; False where no flow ran."""
        return bool(self.flows) and all(flow.published for flow in self.flows)

    @property
    def exit_code(self) -> int:
        """0 when every flow got to its end, 2 when somebody must change the configuration, else 1."""
        codes = [flow.error.exit_code if flow.error else 1 for flow in self.flows if flow.failed]
        return max(codes, default=0)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the flows found, each once."""
        return tuple(dict.fromkeys(score.label for flow in self.flows for score in flow.plan.chosen))

    @property
    def scores(self) -> dict[str, float]:
        """Every label that could be chosen, under the repository's name, with its highest score."""
        found: dict[str, float] = {}
        for flow in self.flows:
            for score in flow.plan.scores:
                found[score.label] = max(score.score, found.get(score.label, 0.0))
        return found

    @property
    def summary(self) -> str:
        """The text that the flows' models wrote."""
        return "\n\n".join(flow.prediction.text for flow in self.flows if isinstance(flow.prediction, Text))

    @property
    def comment_url(self) -> str:
        """The address of the first comment that was kept, empty where there is none."""
        kept = (outcome for flow in self.flows for outcome in flow.outcomes if outcome.kind == "comment")
        return next((outcome.url for outcome in kept), "")


def as_json(report: Report) -> dict[str, Any]:
    """Give the plan of every flow as plain data, for `--format json` and the output `plan`."""
    return {"flows": [_flow_json(flow) for flow in report.flows]}


def as_text(report: Report) -> str:
    """Write a report for a terminal; a person's or a model's text stands in it as it is."""
    return "\n".join(line for flow in report.flows for line in _lines(flow))


def as_markdown(report: Report) -> str:
    """Write the job summary; every value in it is neutralised."""
    flows = [_flow_values(flow) for flow in report.flows]
    values = {"event": report.event.name, "note": report.note, "flows": flows}
    return _within(render.page("summary.md.j2", values))


def failure_markdown(error: HubpipeError) -> str:
    """Write the job summary of a run that ended before any flow."""
    return render.page("failure.md.j2", {"lines": str(error).splitlines()})


def _within(markdown: str) -> str:
    """Keep a job summary within what a step may write."""
    if len(markdown.encode()) <= SUMMARY_LIMIT:
        return markdown
    head = markdown.encode()[:SUMMARY_LIMIT].decode(errors="ignore")
    return head[: head.rfind("\n") + 1] + SUMMARY_CUT


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


def effect_json(effect: Effect) -> dict[str, Any]:
    """Give an effect as a plain object."""
    match effect:
        case LabelsEffect():
            created = [label.name for label in effect.create]
            return {"kind": effect.kind, "add": list(effect.add), "remove": list(effect.remove), "create": created}
        case CommentEffect():
            return {"kind": effect.kind, "body": effect.body}


def _flow_json(flow: FlowReport) -> dict[str, Any]:
    return {
        "flow": flow.flow,
        "models": [asdict(info) for info in flow.models],
        "read": _reading_json(flow),
        "predictions": predictions_json(flow.prediction),
        "effects": [effect_json(effect) for effect in flow.plan.effects],
        "notes": list(flow.plan.notes),
        "outcomes": [asdict(outcome) for outcome in flow.outcomes],
        "error": str(flow.error) if flow.error else None,
        "seconds": round(flow.seconds, 3),
    }


def _reading_json(flow: FlowReport) -> dict[str, Any]:
    fitted = flow.fitted or Fitted("", 0, 0)
    return {"tokens": fitted.read, "of": fitted.total, "cut": list(fitted.cut), "unread": list(flow.unread)}


def _lines(flow: FlowReport) -> Iterator[str]:
    names = " → ".join(info.reference for info in flow.models)
    yield f"{flow.flow} · {names} · {flow.seconds:.1f} s" if names else flow.flow
    if flow.fitted is not None:
        yield f"  read {_reading(flow)}"
    if flow.plan.scores:
        chosen = {score.label for score in flow.plan.chosen}
        for score in flow.plan.scores:
            yield f"  {'✓' if score.label in chosen else ' '} {score.score:.2f}  {score.label}"
    for effect in flow.plan.effects:
        yield f"  {effect.kind}:"
        yield from (f"    {line}" for line in _effect_lines(effect))
    if not any(effect.kind == "comment" for effect in flow.plan.effects):
        yield from (f"  {line}" for line in _words(flow.prediction))
    yield from (f"  note: {note}" for note in flow.plan.notes)
    yield from (f"  {'failed' if outcome.failed else 'result'}: {outcome.detail}" for outcome in flow.outcomes)
    if flow.error is not None:
        yield f"  failed: {flow.error}"


def _words(prediction: Prediction | None) -> list[str]:
    """Write what is no list of labels in lines."""
    match prediction:
        case Text(text):
            return text.splitlines()
        case Spans(spans):
            return [f"{span.score:.2f}  {span.label}: {span.text}" for span in spans]
        case Boxes(boxes):
            return [f"{box.score:.2f}  {box.label} at {box.xmin},{box.ymin} to {box.xmax},{box.ymax}" for box in boxes]
        case Vector(values):
            return [f"a vector of {len(values)} numbers (--format json shows them)"]
        case _:
            return []


def _effect_lines(effect: Effect) -> list[str]:
    match effect:
        case LabelsEffect():
            return [f"add {', '.join(effect.add) or '-'}; remove {', '.join(effect.remove) or '-'}"]
        case CommentEffect():
            return effect.body.splitlines()


def _reading(flow: FlowReport) -> str:
    if flow.fitted is None:
        return ""
    cut = f", not all of: {', '.join(flow.fitted.cut)}" if flow.fitted.cut else ""
    unread = "".join(f"; {reason}" for reason in flow.unread)
    return f"{flow.fitted.read} of {flow.fitted.total} tokens{cut}{unread}"


def _most(lines: list[str]) -> list[str]:
    rest = len(lines) - MOST_ROWS
    return [*lines[:MOST_ROWS], *([f"… and {rest} more"] if rest > 0 else [])]


def _flow_values(flow: FlowReport) -> dict[str, Any]:
    return {
        "name": flow.flow,
        "model": " → ".join(info.reference for info in flow.models),
        "read": _reading(flow),
        "scores": flow.plan.scores[:MOST_ROWS],
        "chosen": [score.label for score in flow.plan.chosen],
        "lines": _most([line for line in _words(flow.prediction) if line.strip()]),
        "notes": flow.plan.notes,
        "outcomes": flow.outcomes,
        "error": str(flow.error) if flow.error else "",
        "seconds": f"{flow.seconds:.1f}",
    }
