"""Turn a Report, or the error that ended a run, into the job summary's Markdown."""

from collections.abc import Iterable
from typing import Any

from hubpipe import render
from hubpipe.errors import HubpipeError
from hubpipe.event import Subject
from hubpipe.report import FlowReport, Report
from hubpipe.report.plain import not_published, reading, remarks, spent, words

# https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary: 1 MiB a step
SUMMARY_LIMIT = 1_000_000
MOST_ROWS = 20
SUMMARY_CUT = "\n_Shortened: a job summary holds 1 MiB. The output `plan` has all of it._\n"


def as_markdown(report: Report) -> str:
    """Write the job summary; every value in it is neutralised."""
    flows = [_values(flow, report.event.subject) for flow in report.flows]
    told = {"note": report.note, "unpublished": not_published(report), "spent": spent(report)}
    return _within(render.page("summary.md.j2", {"event": report.event.name, "flows": flows, **told}))


def failure_markdown(error: HubpipeError) -> str:
    """Write the job summary of a run that ended before any flow."""
    return render.page("failure.md.j2", {"lines": str(error).splitlines()})


def _within(markdown: str) -> str:
    """Keep a job summary within what a step may write."""
    if len(markdown.encode()) <= SUMMARY_LIMIT:
        return markdown
    head = markdown.encode()[:SUMMARY_LIMIT].decode(errors="ignore")
    return head[: head.rfind("\n") + 1] + SUMMARY_CUT


def _values(flow: FlowReport, subject: Subject | None) -> dict[str, Any]:
    return {
        "name": flow.flow,
        "model": " → ".join(info.reference for info in flow.models),
        "read": reading(flow),
        "scores": flow.plan.scores[:MOST_ROWS],
        "chosen": [score.label for score in flow.plan.chosen],
        "more_scores": max(0, len(flow.plan.scores) - MOST_ROWS),
        "lines": _most([piece for line in _words(flow) for piece in render.lines_of(line)]),
        "why": render.why_values(flow.findings.why, subject),
        "parts": render.note_parts(flow.findings.groups),
        "remarks": _most([line for effect in flow.plan.effects for line in remarks(effect)]),
        "notes": flow.notes,
        "outcomes": flow.outcomes,
        "error": str(flow.error).splitlines() if flow.error else [],
        "seconds": f"{flow.seconds:.1f}",
    }


def _words(flow: FlowReport) -> Iterable[str]:
    """Give the words of a flow's models; those of release notes stand in their own parts."""
    return () if flow.findings.groups else words(flow)


def _most(lines: list[str]) -> list[str]:
    rest = len(lines) - MOST_ROWS
    return [*lines[:MOST_ROWS], *([f"… and {rest} more"] if rest > 0 else [])]
