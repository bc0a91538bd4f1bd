"""Turn a Plan and its findings into the values that a template may show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from hubpipe.change import Change, FileChange
from hubpipe.config import PATH, Decide
from hubpipe.decide import Findings, Plan
from hubpipe.digest import Digest, Judged, Unit
from hubpipe.event import ChangedFile, Event, Subject
from hubpipe.models.base import Box, ModelInfo, Past, Score, Scores, Span, Text, Why
from hubpipe.render.changes import MOST_ROWS, file_values, group_values
from hubpipe.render.neutral import LINE_LIMIT
from hubpipe.render.notes import NoteGroup
from hubpipe.render.reasons import similar_values, why_values
from hubpipe.text import Fitted

MOST_LINES = 100
MOST_NAMES = 10
LISTED = ("summary", "labels", "spans", "boxes", "why", "similar", "cut", "unread")
MOST_SPAN_LINES = 12
MORE_LINES = "… and {rest} more lines"
# A line of prose may begin with inline code, or with words struck through.
FENCE = re.compile(r"\s*(?:`{3,}[^`]*|~{3,}[^~]*)")
USUAL_HEADING = "Summary"
HEADINGS = {
    "translation": "Translation",
    "text-generation": "Answer",
    "text2text-generation": "Answer",
    "table-question-answering": "Answers",
    "document-question-answering": "Answers",
    "image-to-text": "In the images",
    "image-text-to-text": "In the images",
    "automatic-speech-recognition": "Transcript",
}


@dataclass(frozen=True)
class Context:
    """What a template may show besides the prediction itself.

    `rules` tell which scores of a file count, `seconds` is how long the flow took, `notes` are a release's.
    `voices` tell whose words a line of the summary is.
    """

    flow: str
    event: Event
    models: tuple[ModelInfo, ...]
    fitted: Fitted
    unread: tuple[str, ...] = ()
    seconds: float = 0.0
    rules: Decide = field(default_factory=Decide)
    notes: tuple[NoteGroup, ...] = ()
    voices: Mapping[str, str] = field(default_factory=dict)


def lines_of(text: str) -> list[str]:
    """Part a text into the lines that a list can show, none longer than one may be: nothing of it is lost."""
    lines = (line for line in text.splitlines() if line.strip())
    return [piece for line in lines for piece in wrap(line, LINE_LIMIT, break_on_hyphens=False)]


def values(plan: Plan, findings: Findings, context: Context) -> dict[str, Any]:
    """Give what a template may show, as plain data."""
    lines = lines_of(findings.text.text) if findings.text else []
    files = file_values(findings.digest, context.rules)
    spans = _distinct(findings.spans)
    return {
        "heading": HEADINGS.get(findings.writing.known_task, USUAL_HEADING) if findings.writing else USUAL_HEADING,
        "summary": lines[:MOST_LINES],
        "voices": dict(context.voices),
        "labels": [{"label": score.label, "score": score.score} for score in plan.chosen],
        "spans": [_span_values(span) for span in spans[:MOST_LINES]],
        "boxes": [_box_values(box) for box in findings.boxes[:MOST_LINES]],
        "why": why_values(findings.why, context.event.subject),
        "similar": similar_values(findings.similar, context.event.subject),
        "shortened": any(len(found) > MOST_LINES for found in (lines, spans, findings.boxes)),
        "flow": context.flow,
        "model": " → ".join(info.reference for info in context.models),
        "seconds": _seconds(context.seconds),
        "read": context.fitted.read,
        "total": context.fitted.total,
        "cut": some(context.fitted.cut),
        "unread": some(context.unread),
        "files": files,
        "groups": group_values(files),
        "config_path": PATH,
        "event": {"name": context.event.name, "repo": context.event.repo, "actor": context.event.actor or ""},
        "subject": _subject_values(context.event.subject),
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else ""


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Keep one of the spans that say the same, the surest, where the first of them stands."""
    best: dict[tuple[str, str], Span] = {}
    for span in spans:
        known = best.setdefault((span.label, span.text), span)
        if span.score > known.score:
            best[span.label, span.text] = span
    return list(best.values())


def _span_values(span: Span) -> dict[str, Any]:
    """Give a span; one of several lines, such as a section that answers a question, is shown line by line."""
    lines = [line for line in lines_of(span.text) if not FENCE.fullmatch(line)]
    rest = len(lines) - MOST_SPAN_LINES
    shown = [*lines[:MOST_SPAN_LINES], *([MORE_LINES.format(rest=rest)] if rest > 0 else [])]
    return {"label": span.label, "text": span.text, "score": span.score, "lines": shown}


def _box_values(box: Box) -> dict[str, Any]:
    at = f"{box.xmin},{box.ymin} to {box.xmax},{box.ymax}"
    return {"label": box.label, "score": box.score, "at": at, "image": box.image}


def lists_something(values: Mapping[str, Any]) -> bool:
    """Tell whether there is anything that `halved` could leave out."""
    return any(values[name] for name in ("files", *LISTED))


def halved(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first half of what a comment lists; of many files those that matter least go before all else.

    The first of each list goes last: a template may name it.
    """
    names = ("files",) if len(values["files"]) > MOST_ROWS else ("files", *LISTED)
    longest = max(len(values[name]) for name in names)
    kept = {name: values[name][: (len(values[name]) + 1) // 2 if longest > 1 else 0] for name in names}
    shorter = {**values, **kept, "groups": group_values(kept["files"]), "shortened": True}
    voices = {line: voice for line, voice in values["voices"].items() if line in shorter["summary"]}
    return {**shorter, "voices": voices}


def some(items: Sequence[str]) -> list[str]:
    """Name the first of many."""
    rest = len(items) - MOST_NAMES
    return [*items[:MOST_NAMES], *([f"{rest} more"] if rest > 0 else [])]


def _subject_values(subject: Subject | None) -> dict[str, Any]:
    shown = subject or Subject("issue", None, "", "")
    return {
        "kind": shown.kind,
        "number": shown.number or "",
        "title": shown.title,
        "author": shown.author or "",
        "from_fork": shown.from_fork,
        "changed_files": shown.changed_files,
        "additions": shown.additions,
        "deletions": shown.deletions,
    }


def sample() -> dict[str, Any]:
    """Give the values of a comment that has everything."""
    subject = Subject("pull_request", 1, "Title", "Body", "octocat", changed_files=1, additions=1, deletions=1)
    event = Event("pull_request", "opened", "octo-org/octo-repo", subject, actor="octocat")
    info = ModelInfo("fake", "fake:", None, "summarization", None)
    context = Context("flow", event, (info,), Fitted("Title", 1, 2, ("body",)), ("files: too many",))
    plan = Plan(chosen=(Score("bug", 0.9),))
    spans = (Span("version", 0, 5, "1.2.3", 0.9),)
    boxes = (Box("button", 0.9, 0, 0, 10, 10),)
    file = FileChange(ChangedFile("src/new.py", "renamed", 1, 1, previous_path="src/old.py"), "source")
    digest = Digest(Change((file,)), judged=(Judged(Unit(file), Scores((Score("bug", 0.9),))),))
    why = (Why("bug", (Past("A title", 0.9, 1),), (("crash", 0.2),)),)
    found = Findings(text=Text("A sentence.\nAnother."), spans=spans, boxes=boxes, digest=digest, why=why)
    return values(plan, found, context)
