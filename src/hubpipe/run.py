"""Turn an Event into a Report: the whole story, from what happened to what was published."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from hubpipe import decide, render
from hubpipe.config import CHOOSING, Config, Flow, Step
from hubpipe.decide import Effect, LabelState, Plan
from hubpipe.errors import GitHubError, HubpipeError
from hubpipe.event import Event, Label, Material, Subject
from hubpipe.models import phrases
from hubpipe.models.base import Model, Prediction, Text
from hubpipe.report import FlowReport, Report
from hubpipe.sinks import Outcome, Publish, Target
from hubpipe.text import Document, Fitted, Part, compose, fit

if TYPE_CHECKING:
    from hubpipe.github import GitHub  # PyGithub takes a third of a second to import: the doors do it when needed

log = logging.getLogger("hubpipe")

Load: TypeAlias = Callable[[Step, Mapping[str, str]], Model]

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
READ_PART = "{task}: read {read} of the {total} tokens that the step before wrote"
BOT = "[bot]"  # how the login of every GitHub App ends, that of Actions' own token included
NOTHING_TO_READ = "nothing to read: the event brings no text"
NO_LABELS = "the repository has no labels to choose from: make some, or name them under pipeline.labels"
OWN_COMMENT = "the comment is hubpipe's own"


def handle(event: Event, config: Config, github: "GitHub | None", load: Load, publish: Publish) -> Report:
    """Run every flow that handles an event.

    Without `github` nothing is read beyond the event. A flow that fails does not stop the others:
    its HubpipeError is in its report.
    """
    if _is_own_comment(event, github):
        return Report(event, note=OWN_COMMENT)
    flows = config.matching(event)
    return Report(event, tuple(_run(_Job(name, flow, event, github), load, publish) for name, flow in flows.items()))


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


def _run(job: _Job, load: Load, publish: Publish) -> FlowReport:
    started = time.monotonic()
    report = FlowReport(job.name)
    try:
        report = _infer(job, load)
        report = _decide(job, report)
        report = replace(report, outcomes=_publish(job, report.plan, publish))
    except HubpipeError as error:
        report = replace(report, error=error)
    return replace(report, seconds=time.monotonic() - started)


def _infer(job: _Job, load: Load) -> FlowReport:
    """Read the event's text and ask the pipeline's models, one after the other."""
    subject = job.event.subject
    if subject is None:
        return FlowReport(job.name, plan=Plan(notes=(NOTHING_TO_READ,)))
    material = _material(job, subject)
    document = compose(subject, material, job.flow.input, job.event.comment)
    report = FlowReport(job.name, unread=material.unread)
    if not document.text.strip():
        return replace(report, plan=Plan(notes=(NOTHING_TO_READ,)))
    for step in job.flow.pipeline:
        labels = {label.name: label.description for label in _labels(job, step)}
        if step.task in CHOOSING and not labels:
            return replace(report, plan=Plan(notes=(NO_LABELS,)))
        log.info("%s: loading %s for %s", job.name, step.model, step.task)
        model = load(step, labels)
        fitted = fit(document, model.info.limit, model.tokens)
        log.info("%s: reading %d of %d tokens with %s", job.name, fitted.read, fitted.total, model.info.reference)
        [prediction] = model.predict([fitted.text])
        report = replace(
            report,
            models=(*report.models, model.info),
            fitted=report.fitted or fitted,
            unread=(*report.unread, *_left_out(step, fitted, prediction, first=report.fitted is None)),
            prediction=prediction,
        )
        document = Document((Part("text", prediction.text),)) if isinstance(prediction, Text) else Document(())
    return report


def _left_out(step: Step, fitted: Fitted, prediction: Prediction, first: bool) -> Iterator[str]:
    """Say what a step did not read, beyond what the first reading says by itself."""
    if fitted.cut and not first:
        yield READ_PART.format(task=step.task, read=fitted.read, total=fitted.total)
    if isinstance(prediction, Text) and prediction.left_out:
        yield f"{step.task}: {prediction.left_out}"


def _decide(job: _Job, report: FlowReport) -> FlowReport:
    """Turn what the models said into a plan with its texts written; no word of theirs is nothing to say."""
    plan, prediction = report.plan, report.prediction or Text("")
    if report.prediction is not None:
        labels = _labels(job, job.flow.pipeline[-1])
        plan = decide.plan(job.name, job.flow, prediction, labels, _label_state(job))
    if _has_outdated_comment(job, plan):
        plan = decide.outdated(job.name, plan)
    context = render.Context(job.name, job.event, report.models, report.fitted or Fitted("", 0, 0), report.unread)
    return replace(report, plan=render.write(plan, prediction, context))


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
    beyond = [name for name in job.flow.input if name not in ("title", "body")]
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
