"""Turn an Event into a Report: the whole story, from what happened to what was published."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from hubpipe import decide, pipeline, render
from hubpipe.config import CHOOSING, Config, Flow, Step
from hubpipe.decide import Effect, LabelState, Plan
from hubpipe.errors import GitHubError, HubpipeError
from hubpipe.event import Event, Label, Material, Subject
from hubpipe.models import phrases
from hubpipe.models.base import Terms
from hubpipe.models.meter import Meter
from hubpipe.pipeline import Models, Work
from hubpipe.report import FlowReport, Report
from hubpipe.sinks import Outcome, Publish, Target
from hubpipe.text import Fitted, compose

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

NOT_ASKED = "{inputs} come from GitHub, which was not asked (no token)"
MEDIA = ("images", "audio")
BOT = "[bot]"  # how the login of every GitHub App ends, that of Actions' own token included
BROKE_DOWN = "the flow broke down: please report it with the lines below"
UNFORESEEN = "the flow broke down ({kind}: {reason}): please report it with the lines of the log"
NOTHING_TO_READ = "nothing to read: the event brings no text"
OWN_COMMENT = "the comment is hubpipe's own"


def handle(event: Event, config: Config, github: "GitHub | None", models: Models, publish: Publish) -> Report:
    """Run every flow that handles an event.

    Without `github` nothing is read beyond the event. A flow that fails does not stop the others:
    its HubpipeError is in its report. The flows share one budget.
    """
    if _is_own_comment(event, github):
        return Report(event, note=OWN_COMMENT)
    terms = Terms(config.models, Meter(config.budget))
    jobs = (_Job(name, flow, event, github) for name, flow in config.matching(event).items())
    flows = tuple(_run(job, models, terms, publish) for job in jobs)
    return Report(event, flows, spent=terms.meter.report() if terms.meter.calls else {})


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

    @cached_property
    def repository_labels(self) -> tuple[Label, ...]:
        """The repository's labels, asked for once; GitHub's usual ones where there is nobody to ask."""
        return self.github.labels(self.event.repo) if self.github else USUAL_LABELS


def _run(job: _Job, models: Models, terms: Terms, publish: Publish) -> FlowReport:
    started = time.monotonic()
    report = FlowReport(job.name)
    try:
        job = replace(job, flow=models.resolve(job.flow))
        for grown in _infer(job, models, terms, report):
            report = grown
        report = _decide(job, report)
        report = replace(report, outcomes=_publish(job, report.plan, publish))
    except HubpipeError as error:
        report = replace(report, error=error)
    except Exception as fault:  # one flow must not take the others with it, nor what it has found itself
        log.exception("%s: %s", job.name, BROKE_DOWN)
        report = replace(report, error=HubpipeError(UNFORESEEN.format(kind=type(fault).__name__, reason=fault)))
    return replace(report, seconds=time.monotonic() - started)


def _infer(job: _Job, models: Models, terms: Terms, report: FlowReport) -> Iterator[FlowReport]:
    """Read the event's text and attachments and run the steps on them; give the report as it grows."""
    subject = job.event.subject
    if subject is None:
        yield replace(report, plan=Plan(notes=(NOTHING_TO_READ,)))
        return
    material = _material(job, subject)
    document = compose(subject, material, job.flow.input, job.event.comment)
    report = replace(report, unread=material.unread)
    if not (document.text.strip() or material.attachments):
        yield replace(report, plan=Plan(notes=(NOTHING_TO_READ,)))
        return
    work = Work(job.name, job.flow, document, material.attachments, partial(_labels, job), models, terms)
    for step in pipeline.steps(work):
        reports = (*report.steps, step)
        report = replace(report, steps=reports, findings=pipeline.findings(job.flow, reports))
        yield report


def _decide(job: _Job, report: FlowReport) -> FlowReport:
    """Turn what the models said into a plan with its texts written; no word of theirs is nothing to say."""
    plan, findings = report.plan, report.findings
    if any(step.prediction is not None for step in report.steps):
        labels = _labels(job, findings.deciding) if findings.deciding else ()
        plan = decide.plan(job.name, job.flow, findings, labels, _label_state(job))
    if _has_outdated_comment(job, plan):
        plan = decide.outdated(job.name, plan)
    context = render.Context(job.name, job.event, report.models, report.fitted or Fitted("", 0, 0), report.not_read)
    return replace(report, plan=render.write(plan, findings, context))


def _has_outdated_comment(job: _Job, plan: Plan) -> bool:
    """Look for a comment of an earlier run where there is nothing to say any more."""
    subject = job.event.subject
    if job.flow.publish.comment is None or job.github is None or subject is None or subject.number is None:
        return False
    if any(effect.kind == "comment" for effect in plan.effects):
        return False
    return job.github.own_comment(job.event.repo, subject.number, render.marker(job.name)) is not None


def _publish(job: _Job, plan: Plan, publish: Publish) -> tuple[Outcome, ...]:
    subject = job.event.subject
    if subject is None or subject.number is None:
        return ()
    target = Target(job.event.repo, subject.number)
    return tuple(_attempt(effect, target, publish) for effect in plan.effects)


def _attempt(effect: Effect, target: Target, publish: Publish) -> Outcome:
    try:
        return publish(effect, target)
    except GitHubError as error:
        return Outcome(effect.kind, done=False, detail=str(error), failed=True)


def _material(job: _Job, subject: Subject) -> Material:
    material = _texts(job, subject)
    kinds = [name for name in job.flow.input if name in MEDIA]
    if not kinds:
        return material
    if job.github is None:
        return replace(material, unread=(*material.unread, NOT_ASKED.format(inputs=", ".join(kinds))))
    said = [comment.body for comment in material.comments]
    if "comments" in job.flow.input and job.event.comment is not None:
        said.append(job.event.comment.body)
    attachments, unread = job.github.attachments([subject.body, *said], kinds)
    return replace(material, attachments=attachments, unread=(*material.unread, *unread))


def _texts(job: _Job, subject: Subject) -> Material:
    beyond = [name for name in job.flow.input if name not in ("title", "body", *MEDIA)]
    if subject.kind == "push":
        beyond = [name for name in beyond if name != "commits"]  # they come with the event
    if subject.kind == "issue":
        beyond = [name for name in beyond if name == "comments"]  # an issue has nothing else
    if not beyond:
        return Material(commits=subject.commits)
    if job.github is None:
        return Material(commits=subject.commits, unread=(NOT_ASKED.format(inputs=", ".join(beyond)),))
    material = job.github.material(job.event.repo, subject, beyond)
    return replace(
        material,
        comments=tuple(said for said in material.comments if not render.is_own(said.body)),
        commits=(*subject.commits, *material.commits),
    )


def _labels(job: _Job, step: Step) -> tuple[Label, ...]:
    """Give what a step chooses from: the labels that it names, or the repository's own where it needs some."""
    if step.labels is not None:
        return tuple(Label(name, description) for name, description in step.labels.items())
    if step.task not in CHOOSING:
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
