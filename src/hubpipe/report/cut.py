"""Turn a flow that was ended before it was done into words that say what was done and what was not."""

from collections.abc import Iterator
from dataclasses import replace

from hubpipe.errors import StoppedError
from hubpipe.report import FlowReport

NOT_BEGUN = "{reason}: the flow was not begun; run this again"
NOTHING_PUBLISHED = "{reason}: nothing was published; run this again"
HALF_PUBLISHED = "{reason}: {done}; run this again"
PERHAPS = "{kind}: perhaps done"
NOT_DONE = "{kind}: not done"


def not_begun(report: FlowReport, reason: str) -> FlowReport:
    """Say of a flow that another one's end left no time for it."""
    return replace(report, error=StoppedError(NOT_BEGUN.format(reason=reason)))


def cut(report: FlowReport, reason: str, *, writing: bool) -> FlowReport:
    """Say how far a flow came; `writing` tells that it had begun to write."""
    if not writing:
        return replace(report, error=StoppedError(NOTHING_PUBLISHED.format(reason=reason)))
    return replace(report, error=StoppedError(HALF_PUBLISHED.format(reason=reason, done="; ".join(_told(report)))))


def _told(report: FlowReport) -> Iterator[str]:
    yield from (f"{outcome.kind}: {outcome.detail}" for outcome in report.outcomes)
    left = [effect.kind for effect in report.plan.effects][len(report.outcomes) :]
    yield from (PERHAPS.format(kind=kind) for kind in left[:1])
    yield from (NOT_DONE.format(kind=kind) for kind in left[1:])
