"""Turn an Event into a Report: the whole story, from what happened to what was published."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from hubpipe import commands, pipeline, planning, render
from hubpipe.config import Config, Flow
from hubpipe.deadline import Deadline, Stop
from hubpipe.decide import Effect, NotifyEffect, Plan
from hubpipe.errors import HubpipeError
from hubpipe.event import Changes, Comment, Event, Subject
from hubpipe.job import Job
from hubpipe.models.base import Terms
from hubpipe.models.meter import Meter
from hubpipe.pipeline import Models, Work
from hubpipe.reading import NOTHING_TO_READ, Reading, is_own, read, subject_of, with_change
from hubpipe.redaction import FORMS, Redaction
from hubpipe.report import FlowReport, Report, StepReport
from hubpipe.report.cut import cut, not_begun
from hubpipe.report.found import findings
from hubpipe.report.growing import Growing
from hubpipe.similar import Tracker
from hubpipe.sinks import Outcome, Publish, Target, attempt, with_news

if TYPE_CHECKING:
    from hubpipe.github import GitHub  # PyGithub takes a third of a second to import: the doors do it when needed

log = logging.getLogger("hubpipe")

NO_MEMORY = "the machine has too little memory for it: choose a smaller model, a shorter input, or a larger runner"
BROKE_DOWN = "the flow broke down: please report it with the lines below"
UNFORESEEN = "the flow broke down ({kind}: {reason}): please report it with the lines of the log"
PERHAPS_SENT = (
    "the run ended while it was sent: perhaps it was, and it is not sent again, since a message is sent at most once"
)
OWN_COMMENT = "the comment is hubpipe's own"

Kept = TypeVar("Kept")


class Keep(Protocol):
    """Does a stage of a run, and gives its result; a door that runs again after a crash remembers it.

    `kind` is the result's type, such as `Reading` or `tuple[StepReport, ...]`. What `work` raises is raised.
    """

    def __call__(self, stage: str, kind: Any, work: Callable[[], Kept]) -> Kept:
        """Do the stage, or give what it gave before."""
        ...


def at_once(stage: str, kind: Any, work: Callable[[], Kept]) -> Kept:
    """Do a stage, and remember nothing."""
    return work()


@dataclass(frozen=True)
class Shared:
    """What the flows of a run work with; they share what they may spend."""

    models: Models
    terms: Terms
    publish: Publish
    deadline: Deadline
    keep: Keep


def handle(
    event: Event,
    config: Config,
    github: "GitHub | None",
    models: Models,
    publish: Publish,
    redaction: Redaction = FORMS,
    deadline: Deadline | None = None,
    keep: Keep = at_once,
) -> Report:
    """Run every flow that handles an event.

    Without `github` nothing is read beyond the event. A flow that fails does not stop the others:
    its HubpipeError is in its report. The flows share one budget. What `redaction` knows for a secret reaches no
    model, no effect and no report. `deadline` ends the run between two flows, or before one writes: what a flow has
    begun to write it writes to its end. Whatever asks GitHub or a model, or writes, is a stage that `keep` does: the
    stages of a run depend on nothing but what the stages before gave.
    """
    deadline = deadline or Deadline()
    if event.comment is not None and _is_own(event.comment, github, keep):
        return Report(redaction.all(event), note=OWN_COMMENT)
    shared = Shared(models, Terms(config.models, Meter(config.budget)), publish, deadline, keep)
    jobs = [
        Job(name, flow, event, github, config.describing, redaction) for name, flow in config.matching(event).items()
    ]
    flows: tuple[FlowReport, ...] = ()
    with suppress(Stop):
        flows = _ordered(event, config, github, redaction, shared)
        for job in _left(jobs, flows):
            flows = (*flows, _run(job, shared))
    # What is left is to tell of it: an end here would say that nothing was published.
    deadline.over()
    flows += tuple(not_begun(FlowReport(job.name), deadline.struck) for job in _left(jobs, flows))
    spent = shared.terms.meter
    return Report(redaction.all(event), flows, spent=spent.report() if spent.calls else {})


def _is_own(comment: Comment, github: "GitHub | None", keep: Keep) -> bool:
    """Tell hubpipe's own comment; GitHub is asked who hubpipe is where a comment looks like one, and only there."""
    return render.is_own(comment.body) and keep("own comment", bool, lambda: is_own(comment, github))


def _left(jobs: Sequence[Job], done: Sequence[FlowReport]) -> Sequence[Job]:
    """Give the jobs that were not done yet, by a command neither."""
    names = {report.flow for report in done}
    return [job for job in jobs if job.name not in names]


def _ordered(
    event: Event, config: Config, github: "GitHub | None", redaction: Redaction, shared: Shared
) -> tuple[FlowReport, ...]:
    """Carry out the command that a comment gives, if it gives one; its own report is the first."""
    order = commands.order_of(event, config)
    if order is None:
        return ()
    others: list[FlowReport] = []

    def run(job: Job, silent: bool) -> FlowReport:
        report = _run(job, replace(shared, publish=commands.unpublished) if silent else shared)
        others.append(commands.bare(report) if silent else report)
        return report

    hands = commands.Hands(github, redaction, shared.deadline, shared.publish, run, shared.keep)
    own = _guarded(order.name, redaction, shared.deadline, lambda own: commands.carry_out(order, config, hands, own))
    return (own, *others)


def _run(job: Job, shared: Shared) -> FlowReport:
    def work(growing: Growing) -> None:
        resolved = shared.keep(f"{job.name}: resolve", Flow, lambda: shared.models.resolve(job.flow))
        _work(replace(job, flow=resolved), shared, growing)
        with shared.deadline.whole():
            growing.begun = True
            for outcome in _publish(job, growing.report.plan, shared):
                growing.report = replace(growing.report, outcomes=(*growing.report.outcomes, outcome))
            growing.whole = True

    return _guarded(job.name, job.redaction, shared.deadline, work)


def _guarded(name: str, redaction: Redaction, deadline: Deadline, work: Callable[[Growing], None]) -> FlowReport:
    """Do one flow's work, or a command's; whatever ends it is told in its report."""
    started, growing = time.monotonic(), Growing(FlowReport(name))
    if deadline.struck:
        return not_begun(growing.report, deadline.struck)
    try:
        work(growing)
    except Stop as stop:
        deadline.over()
        growing.report = growing.report if growing.whole else cut(growing.report, str(stop), writing=growing.begun)
    except HubpipeError as error:
        growing.report = replace(growing.report, error=error)
    except MemoryError:
        log.exception("%s: %s", name, NO_MEMORY)
        growing.report = replace(growing.report, error=HubpipeError(NO_MEMORY))
    except Exception as fault:  # one flow must not take the others with it, nor what it has found itself
        log.exception("%s: %s", name, BROKE_DOWN)
        unforeseen = HubpipeError(UNFORESEEN.format(kind=type(fault).__name__, reason=fault))
        growing.report = replace(growing.report, error=unforeseen)
    with deadline.telling():
        return redaction.all(replace(growing.report, seconds=time.monotonic() - started))


def _work(job: Job, shared: Shared, growing: Growing) -> None:
    """Read, ask and decide; the report grows."""
    started, keep = time.monotonic(), shared.keep
    subject = subject_of(job.flow, job.event)
    if subject is None:
        growing.report = replace(growing.report, plan=Plan(notes=(NOTHING_TO_READ,)))
        return
    reading = keep(f"{job.name}: read", Reading, lambda: _read(job, subject))
    job = replace(job, event=job.redaction.all(job.event))
    growing.report = replace(growing.report, unread=reading.material.unread)
    if reading.alone:
        growing.report = replace(growing.report, plan=Plan(notes=(reading.alone,)))
        if reading.alone != NOTHING_TO_READ:
            return
    elif job.flow.rules is None:
        steps = keep(f"{job.name}: infer", tuple[StepReport, ...], lambda: _infer(job, reading, shared, growing))
        growing.report = _with(growing.report, job.flow, steps)
    growing.report = replace(growing.report, seconds=time.monotonic() - started)
    report = growing.report
    growing.report = replace(report, plan=keep(f"{job.name}: decide", Plan, lambda: _decide(job, reading, report)))


def _read(job: Job, subject: Subject) -> Reading:
    reading = read(job.flow, job.event, subject, job.github, job.describing, job.redaction)
    if reading.alone or job.flow.rules is not None:
        return reading
    return with_change(reading, job.name, job.flow, job.redaction.all(job.event), job.github)


def _decide(job: Job, reading: Reading, report: FlowReport) -> Plan:
    by_rules = job.flow.rules is not None and not reading.alone
    return planning.ruled(job, reading) if by_rules else planning.decided(job, reading, report)


def _infer(job: Job, reading: Reading, shared: Shared, growing: Growing) -> tuple[StepReport, ...]:
    """Run the steps on what was read; the report grows with each."""
    material = reading.material
    work = Work(
        job.name,
        job.flow,
        reading.document,
        material.attachments,
        job.labels,
        shared.models,
        shared.terms,
        reading.changed,
        material.pulls,
        reading.subject.number,
        reading.subject.kind == "pull_request" and job.flow.command is None,
        _tracker(job),
    )
    done: tuple[StepReport, ...] = ()  # nothing of an earlier try, which the report may hold
    for step in pipeline.steps(work):
        # A model can know secrets by itself, and an earlier run's memory can hold one.
        done = (*done, job.redaction.all(step))
        growing.report = _with(growing.report, job.flow, done)
    return done


def _with(report: FlowReport, flow: Flow, steps: tuple[StepReport, ...]) -> FlowReport:
    return replace(report, steps=steps, findings=findings(flow, steps))


def _tracker(job: Job) -> Tracker | None:
    """Give what knows the repository's issues, where there is somebody to ask."""
    github, repo = job.github, job.event.repo
    if github is None:
        return None

    def changed(since: str | None, onward: bool) -> Changes:
        # What a run learns of other issues stays in the index.
        return job.redaction.all(github.changed_issues(repo, since, onward=onward))

    return Tracker(changed, partial(github.issue, repo))


def _publish(job: Job, plan: Plan, shared: Shared) -> Iterator[Outcome]:
    subject = job.event.subject
    if subject is None or (subject.number is None and subject.release_id is None):
        return
    target = Target(job.event.repo, subject.number or 0)

    def publish(effect: Effect, target: Target) -> Outcome:
        if isinstance(effect, NotifyEffect):
            return _notified(job, effect, target, shared)
        return shared.keep(f"{job.name}: {effect.kind}", Outcome, lambda: shared.publish(effect, target))

    done: list[Outcome] = []
    for effect in plan.effects:
        done.append(attempt(with_news(effect, done), target, publish))
        yield done[-1]


def _notified(job: Job, effect: NotifyEffect, target: Target, shared: Shared) -> Outcome:
    """Send a notification at most once: a run that goes on behind the mark of another does not send it again."""
    own = uuid4().hex
    mark = shared.keep(f"{job.name}: notifying", str, lambda: own)

    def sent() -> Outcome:
        if mark != own:
            return Outcome(effect.kind, False, PERHAPS_SENT, failed=True)
        return shared.publish(effect, target)

    return shared.keep(f"{job.name}: {effect.kind}", Outcome, sent)
