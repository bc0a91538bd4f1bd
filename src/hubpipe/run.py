"""Turn an Event into a Report: the whole story, from what happened to what was published."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from hubpipe import decide, digest, pipeline, render
from hubpipe.config import CommentTarget, Config, Flow, Step
from hubpipe.decide import Effect, LabelState, Plan, Seen
from hubpipe.errors import GitHubError, HubpipeError, LockedError
from hubpipe.event import Event, Label
from hubpipe.models import phrases
from hubpipe.models.base import Terms
from hubpipe.models.meter import Meter
from hubpipe.pipeline import Models, Work
from hubpipe.reading import BOT, NOTHING_TO_READ, Reading, read, subject_of, with_change
from hubpipe.redaction import FORMS, Redaction
from hubpipe.report import FlowReport, Report
from hubpipe.report.found import findings
from hubpipe.sinks import Outcome, Publish, Target
from hubpipe.text import Fitted

if TYPE_CHECKING:
    from hubpipe.github import GitHub  # PyGithub takes a third of a second to import: the doors do it when needed

log = logging.getLogger("hubpipe")

# GitHub's labels of a new repository that tell what an issue is about, with GitHub's descriptions:
# https://docs.github.com/issues/using-labels-and-milestones-to-track-work/managing-labels#about-default-labels
USUAL_LABELS = (
    Label("bug", "Something isn't working"),
    Label("documentation", "Improvements or additions to documentation"),
    Label("enhancement", "New feature or request"),
    Label("question", "Further information is requested"),
)
# Labels that say what people decided; no text tells it.
PROCESS_LABELS = {"duplicate", "good first issue", "help wanted", "invalid", "wontfix"}

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
) -> Report:
    """Run every flow that handles an event.

    Without `github` nothing is read beyond the event. A flow that fails does not stop the others:
    its HubpipeError is in its report. The flows share one budget. What `redaction` knows for a secret reaches no
    model, no effect and no report.
    """
    if _is_own_comment(event, github):
        return Report(redaction.all(event), note=OWN_COMMENT)
    terms = Terms(config.models, Meter(config.budget))
    jobs = (
        _Job(name, flow, event, github, config.describing, redaction) for name, flow in config.matching(event).items()
    )
    flows = tuple(_run(job, models, terms, publish) for job in jobs)
    return Report(redaction.all(event), flows, spent=terms.meter.report() if terms.meter.calls else {})


def _is_own_comment(event: Event, github: "GitHub | None") -> bool:
    """Tell hubpipe's own comment, by its marker and its author where GitHub can say who hubpipe is."""
    if event.comment is None or not render.is_own(event.comment.body):
        return False
    return github is None or event.comment.author == github.login()


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


def _run(job: _Job, models: Models, terms: Terms, publish: Publish) -> FlowReport:
    started = time.monotonic()
    report = FlowReport(job.name)
    try:
        job = replace(job, flow=models.resolve(job.flow))
        for grown in _work(job, models, terms):
            report = grown
        report = replace(report, outcomes=_publish(job, report.plan, publish))
    except HubpipeError as error:
        report = replace(report, error=error)
    except Exception as fault:  # one flow must not take the others with it, nor what it has found itself
        log.exception("%s: %s", job.name, BROKE_DOWN)
        report = replace(report, error=HubpipeError(UNFORESEEN.format(kind=type(fault).__name__, reason=fault)))
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
    work = Work(job.name, job.flow, reading.document, attachments, labels, models, terms, reading.changed, pulls)
    for step in pipeline.steps(work):
        # A model can know secrets by itself, and an earlier run's memory can hold one.
        reports = (*report.steps, job.redaction.all(step))
        report = replace(report, steps=reports, findings=findings(job.flow, reports))
        yield report


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


def _publish(job: _Job, plan: Plan, publish: Publish) -> tuple[Outcome, ...]:
    subject = job.event.subject
    if subject is None or (subject.number is None and subject.release_id is None):
        return ()
    target = Target(job.event.repo, subject.number or 0)
    return tuple(_attempt(effect, target, publish) for effect in plan.effects)


def _attempt(effect: Effect, target: Target, publish: Publish) -> Outcome:
    try:
        return publish(effect, target)
    except LockedError as error:  # what maintainers decided, not what somebody must mend
        return Outcome(effect.kind, done=False, detail=str(error))
    except GitHubError as error:
        return Outcome(effect.kind, done=False, detail=str(error), failed=True)


def _labels(job: _Job, step: Step) -> tuple[Label, ...]:
    """Give what a step chooses from: the labels that it names, or the repository's own where it needs some."""
    if step.labels is not None:
        return tuple(Label(name, description) for name, description in step.labels.items())
    if not step.chooses:
        return ()
    open_to_text = [label for label in job.repository_labels if label.name.casefold() not in PROCESS_LABELS]
    return _telling(open_to_text)


def _telling(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Keep the labels that tell what kind of thing an issue is (bug, question, ...), where there are at least two.

    Among `priority: high`, `area/parser` and twenty more no model finds the kind without an example of each.
    """
    kinds: dict[str, Label] = {}
    for label in labels:
        kind = phrases.entry(label.name)
        if kind is not None:
            kinds.setdefault(kind, label)
    return tuple(kinds.values()) if len(kinds) > 1 else tuple(labels)


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
