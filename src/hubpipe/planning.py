"""Turn what a flow's steps found into a Plan with its texts written."""

from collections.abc import Mapping
from dataclasses import replace

from hubpipe import decide, digest, render
from hubpipe.config import CommentTarget
from hubpipe.decide import Findings, Plan, Seen
from hubpipe.job import Job
from hubpipe.reading import Reading
from hubpipe.report import FlowReport
from hubpipe.text import Fitted

FILES_NOT_ASKED = "the changed files come from GitHub, which was not asked (no token)"
NOTHING_TO_SAY = "there is nothing to say about it that its title and description do not"


def ruled(job: Job, reading: Reading) -> Plan:
    """Decide by the flow's rules, which need no model."""
    if job.flow.rules is None or job.flow.publish.labels is None or reading.change is None:
        return Plan(notes=() if job.github else (FILES_NOT_ASKED,))
    state, target = job.label_state(), job.flow.publish.labels
    effect, chosen, notes = decide.ruled(
        job.flow.rules, target, reading.change, reading.subject, state, complete=reading.complete
    )
    plan = Plan((effect,) if effect.add or effect.remove else (), chosen, notes, chosen)
    event = replace(job.event, subject=reading.subject)
    plan = decide.notified(job.name, job.flow, plan, event) if chosen else plan
    return render.write(plan, Findings(), render.Context(job.name, event, (), Fitted("", 0, 0)))


def decided(job: Job, reading: Reading, report: FlowReport) -> Plan:
    """Turn what the models said into a plan with its texts written; no word of theirs is nothing to say."""
    plan, findings = report.plan, report.findings
    if any(step.prediction is not None for step in report.steps):
        labels = job.labels(findings.deciding) if findings.deciding else ()
        plan = decide.plan(job.name, job.flow, findings, labels, job.label_state(), _seen(job, reading))
    if reading.silent:
        plan = decide.silent(plan, reading.silent)
    elif not render.says_something(plan, findings, reading.subject):
        plan = _closing(job, reading, decide.silent(plan, NOTHING_TO_SAY))
    else:
        plan = _closing(job, reading, plan)
    if job.flow.publish.release is not None:
        plan = decide.released(job.name, plan, findings.groups, reading.subject.release_id)
    plan = _moved(job, reading, plan)
    event = replace(job.event, subject=reading.subject)
    if not reading.silent and (findings.groups or render.says_something(plan, findings, reading.subject)):
        plan = decide.notified(job.name, job.flow, plan, event)
    plan = replace(plan, notes=(*plan.notes, *reading.material.remarks))
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
    return render.write(plan, findings, context)


def _voices(reading: Reading, report: FlowReport) -> Mapping[str, str]:
    """Tell whose words the lines of a summary are that a model chose from a thread."""
    text = report.findings.text
    chose = any(step.task == "summarization" and step.model and step.model.limit is None for step in report.steps)
    return digest.voices(reading.document, text.text.splitlines()) if chose and text is not None else {}


def _closing(job: Job, reading: Reading, plan: Plan) -> Plan:
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


def _moved(job: Job, reading: Reading, plan: Plan) -> Plan:
    """Say in the comment of a flow that writes into the description now that it no longer holds."""
    number, writes = reading.subject.number, any(effect.kind == "comment" for effect in plan.effects)
    if job.name not in job.describing or not writes or job.github is None or number is None:
        return plan
    left = job.github.own_comment(job.event.repo, number, render.marker(job.name))
    seen = _seen(job, reading)
    return plan if left is None else decide.outdated(job.name, job.flow, plan, CommentTarget(), seen)


def _seen(job: Job, reading: Reading) -> Seen | None:
    """Tell which commit of a pull request was read; an order is carried out whatever becomes of it."""
    head = reading.subject.head_sha
    pull = reading.subject.kind == "pull_request" and job.flow.command is None
    return Seen(head, reading.read_at) if pull and head is not None and job.github is not None else None
