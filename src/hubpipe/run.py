"""Turn an Event into a Report: the whole story, from what happened to what was published."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from hubpipe import decide, digest, pipeline, render
from hubpipe.choices import USUAL_LABELS, choices
from hubpipe.config import CommentTarget, Config, Flow, Step
from hubpipe.deadline import Deadline, Stop
from hubpipe.decide import LabelState, Plan, Seen
from hubpipe.errors import HubpipeError
from hubpipe.event import Event, KnownIssue, Label
from hubpipe.models.base import Terms
from hubpipe.models.meter import Meter
from hubpipe.pipeline import Models, Work
from hubpipe.reading import BOT, NOTHING_TO_READ, Reading, is_own, read, subject_of, with_change
from hubpipe.redaction import FORMS, Redaction
from hubpipe.report import FlowReport, Report
from hubpipe.report.cut import cut, not_begun
from hubpipe.report.found import findings
from hubpipe.similar import Tracker
from hubpipe.sinks import Outcome, Publish, Target, attempt
from hubpipe.text import Fitted

if TYPE_CHECKING:
    from hubpipe.github import GitHub  # PyGithub takes a third of a second to import: the doors do it when needed

log = logging.getLogger("hubpipe")

NO_MEMORY = "the machine has too little memory for it: choose a smaller model, a shorter input, or a larger runner"
BROKE_DOWN = "the flow broke down: please report it with the lines below"
UNFORESEEN = "the flow broke down ({kind}: {reason}): please report it with the lines of the log"
FILES_NOT_ASKED = "the changed files come from GitHub, which was not asked (no token)"
NOTHING_TO_SAY = "there is nothing to say about it that its title and description do not"
OWN_COMMENT = "the comment is hubpipe's own"


def handle(
    event: Event,
    config: Config,
    github: "GitHub | None",
    models: Models,
    publish: Publish,
    redaction: Redaction = FORMS,
    deadline: Deadline | None = None,
) -> Report:
    """Run every flow that handles an event.

    Without `github` nothing is read beyond the event. A flow that fails does not stop the others:
    its HubpipeError is in its report. The flows share one budget. What `redaction` knows for a secret reaches no
    model, no effect and no report. `deadline` ends the run between two flows, or before one writes: what a flow has
    begun to write it writes to its end.
    """
    deadline = deadline or Deadline()
    if event.comment is not None and is_own(event.comment, github):
        return Report(redaction.all(event), note=OWN_COMMENT)
    terms = Terms(config.models, Meter(config.budget))
    jobs = [
        _Job(name, flow, event, github, config.describing, redaction) for name, flow in config.matching(event).items()
    ]
    flows: tuple[FlowReport, ...] = ()
    with suppress(Stop):
        for job in jobs:
            flows = (*flows, _run(job, models, terms, publish, deadline))
    # What is left is to tell of it: an end here would say that nothing was published.
    deadline.over()
    flows += tuple(not_begun(FlowReport(job.name), deadline.struck) for job in jobs[len(flows) :])
    return Report(redaction.all(event), flows, spent=terms.meter.report() if terms.meter.calls else {})


@dataclass(frozen=True)
class _Job:
    """One flow on one event."""

    name: str
    flow: Flow
    event: Event
    github: "GitHub | None"
    describing: frozenset[str] = frozenset()
    """The flows that write into descriptions."""
    redaction: Redaction = FORMS

    @cached_property
    def repository_labels(self) -> tuple[Label, ...]:
        """The repository's labels, asked for once; GitHub's usual ones where there is nobody to ask."""
        return self.github.labels(self.event.repo) if self.github else USUAL_LABELS


def _run(job: _Job, models: Models, terms: Terms, publish: Publish, deadline: Deadline) -> FlowReport:
    started, begun, whole = time.monotonic(), False, False
    report = FlowReport(job.name)
    if deadline.struck:
        return not_begun(report, deadline.struck)
    try:
        job = replace(job, flow=models.resolve(job.flow))
        for grown in _work(job, models, terms):
            report = grown
        with deadline.whole():
            begun = True
            for outcome in _publish(job, report.plan, publish):
                report = replace(report, outcomes=(*report.outcomes, outcome))
            whole = True
    except Stop as stop:
        deadline.over()
        report = report if whole else cut(report, str(stop), writing=begun)
    except HubpipeError as error:
        report = replace(report, error=error)
    except MemoryError:
        log.exception("%s: %s", job.name, NO_MEMORY)
        report = replace(report, error=HubpipeError(NO_MEMORY))
    except Exception as fault:  # one flow must not take the others with it, nor what it has found itself
        log.exception("%s: %s", job.name, BROKE_DOWN)
        report = replace(report, error=HubpipeError(UNFORESEEN.format(kind=type(fault).__name__, reason=fault)))
    with deadline.telling():
        return job.redaction.all(replace(report, seconds=time.monotonic() - started))


def _work(job: _Job, models: Models, terms: Terms) -> Iterator[FlowReport]:
    """Read, ask and decide; give the report as it grows."""
    started = time.monotonic()
    report = FlowReport(job.name)
    subject = subject_of(job.flow, job.event)
    if subject is None:
        yield replace(report, plan=Plan(notes=(NOTHING_TO_READ,)))
        return
    reading = read(job.flow, job.event, subject, job.github, job.describing, job.redaction)
    job = replace(job, event=job.redaction.all(job.event))
    report = replace(report, unread=reading.material.unread)
    if reading.alone:
        report = replace(report, plan=Plan(notes=(reading.alone,)))
        yield _decide(job, reading, report) if reading.alone == NOTHING_TO_READ else report
    elif job.flow.rules is not None:
        yield replace(report, plan=_rule(job, reading))
    else:
        reading = with_change(reading, job.name, job.flow, job.event, job.github)
        report = replace(report, unread=reading.material.unread)
        for grown in _infer(job, reading, models, terms, report):
            report = grown
            yield report
        yield _decide(job, reading, replace(report, seconds=time.monotonic() - started))


def _infer(job: _Job, reading: Reading, models: Models, terms: Terms, report: FlowReport) -> Iterator[FlowReport]:
    """Run the steps on what was read; give the report as it grows."""
    labels, attachments = partial(_labels, job), reading.material.attachments
    pulls = reading.material.pulls
    number, tracker = reading.subject.number, _tracker(job)
    work = Work(
        job.name,
        job.flow,
        reading.document,
        attachments,
        labels,
        models,
        terms,
        reading.changed,
        pulls,
        number,
        tracker,
    )
    for step in pipeline.steps(work):
        # A model can know secrets by itself, and an earlier run's memory can hold one.
        reports = (*report.steps, job.redaction.all(step))
        report = replace(report, steps=reports, findings=findings(job.flow, reports))
        yield report


def _tracker(job: _Job) -> Tracker | None:
    """Give what knows the repository's issues, where there is somebody to ask."""
    github, repo = job.github, job.event.repo
    if github is None:
        return None

    def changed(since: str | None) -> tuple[Sequence[KnownIssue], bool]:
        # What a run learns of other issues stays in the index.
        return job.redaction.all(github.changed_issues(repo, since))

    return Tracker(changed, partial(github.issue, repo))


def _rule(job: _Job, reading: Reading) -> Plan:
    """Decide by the flow's rules, which need no model."""
    if job.flow.rules is None or job.flow.publish.labels is None or reading.change is None:
        return Plan(notes=() if job.github else (FILES_NOT_ASKED,))
    state, target = _label_state(job), job.flow.publish.labels
    effect, chosen, notes = decide.ruled(
        job.flow.rules, target, reading.change, reading.subject, state, complete=reading.complete
    )
    return Plan((effect,) if effect.add or effect.remove else (), chosen, notes, chosen)


def _decide(job: _Job, reading: Reading, report: FlowReport) -> FlowReport:
    """Turn what the models said into a plan with its texts written; no word of theirs is nothing to say."""
    plan, findings = report.plan, report.findings
    if any(step.prediction is not None for step in report.steps):
        labels = _labels(job, findings.deciding) if findings.deciding else ()
        plan = decide.plan(job.name, job.flow, findings, labels, _label_state(job), _seen(job, reading))
    if reading.silent:
        plan = decide.silent(plan, reading.silent)
    elif not render.says_something(plan, findings, reading.subject):
        plan = _closing(job, reading, decide.silent(plan, NOTHING_TO_SAY))
    else:
        plan = _closing(job, reading, plan)
    if job.flow.publish.release is not None:
        plan = decide.released(job.name, plan, findings.groups, reading.subject.release_id)
    plan = _moved(job, reading, plan)
    plan = replace(plan, notes=(*plan.notes, *reading.material.remarks))
    event = replace(job.event, subject=reading.subject)
    fitted = report.fitted or Fitted("", 0, 0)
    context = render.Context(
        flow=job.name,
        event=event,
        models=report.models,
        fitted=fitted,
        unread=report.not_read,
        seconds=report.seconds,
        rules=job.flow.decide,
        notes=findings.groups,
        voices=_voices(reading, report),
    )
    return replace(report, plan=render.write(plan, findings, context))


def _voices(reading: Reading, report: FlowReport) -> Mapping[str, str]:
    """Tell whose words the lines of a summary are that a model chose from a thread."""
    text = report.findings.text
    chose = any(step.task == "summarization" and step.model and step.model.limit is None for step in report.steps)
    return digest.voices(reading.document, text.text.splitlines()) if chose and text is not None else {}


def _closing(job: _Job, reading: Reading, plan: Plan) -> Plan:
    """Say in a comment of an earlier run that it no longer holds, where there is nothing to say any more."""
    subject, target = job.event.subject, job.flow.publish.comment
    if target is None or job.github is None or subject is None or subject.number is None:
        return plan
    if any(effect.kind == "comment" for effect in plan.effects):
        return plan
    there = target.mode == "description" or job.github.own_comment(
        job.event.repo, subject.number, render.marker(job.name)
    )
    return decide.outdated(job.name, job.flow, plan, target, _seen(job, reading)) if there else plan


def _moved(job: _Job, reading: Reading, plan: Plan) -> Plan:
    """Say in the comment of a flow that writes into the description now that it no longer holds."""
    number, writes = reading.subject.number, any(effect.kind == "comment" for effect in plan.effects)
    if job.name not in job.describing or not writes or job.github is None or number is None:
        return plan
    left = job.github.own_comment(job.event.repo, number, render.marker(job.name))
    seen = _seen(job, reading)
    return plan if left is None else decide.outdated(job.name, job.flow, plan, CommentTarget(), seen)


def _seen(job: _Job, reading: Reading) -> Seen | None:
    """Tell which commit of a pull request was read; an order is carried out whatever becomes of it."""
    head = reading.subject.head_sha
    pull = reading.subject.kind == "pull_request" and job.flow.command is None
    return Seen(head, reading.read_at) if pull and head is not None and job.github is not None else None


def _publish(job: _Job, plan: Plan, publish: Publish) -> Iterator[Outcome]:
    subject = job.event.subject
    if subject is not None and not (subject.number is None and subject.release_id is None):
        target = Target(job.event.repo, subject.number or 0)
        yield from (attempt(effect, target, publish) for effect in plan.effects)


def _labels(job: _Job, step: Step) -> tuple[Label, ...]:
    return choices(step, lambda: job.repository_labels)


def _label_state(job: _Job) -> LabelState:
    """Ask GitHub what is on the subject and who put it there; the event's own word without a token."""
    subject = job.event.subject
    if subject is None or subject.number is None or job.flow.publish.labels is None:
        return LabelState()
    if job.github is None:
        return LabelState(present=subject.labels)
    repo, number = job.event.repo, subject.number
    return LabelState(
        present=job.github.labels_of(repo, number),
        history=job.github.label_changes(repo, number),
        existing=job.repository_labels,
        me=_bot(job.github.login()),
    )


def _bot(login: str) -> str | None:
    return login if login.endswith(BOT) else None
