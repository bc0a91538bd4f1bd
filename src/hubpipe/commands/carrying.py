"""Turn an order into what is done for it: the flows that it runs, the effects, the reactions, the answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hubpipe import render
from hubpipe.commands import answers, undo
from hubpipe.commands.answers import ANSWER, Done
from hubpipe.commands.errands import errands
from hubpipe.commands.order import Order, Refusal, refusal_of
from hubpipe.config import Commands, Config
from hubpipe.deadline import Deadline, Stop
from hubpipe.decide import Effect, LabelState, Plan
from hubpipe.event import Event, Subject
from hubpipe.job import Job, bot
from hubpipe.redaction import Redaction
from hubpipe.report import FlowReport
from hubpipe.report.growing import Growing
from hubpipe.sinks import Outcome, Publish, Target, attempt

if TYPE_CHECKING:
    from hubpipe.github import GitHub

LEFT = "it stands in the answer"


@dataclass(frozen=True)
class Hands:
    """What carries out an order.

    `run` runs a flow, `silent` for the answer alone, `publish` does an effect, `keep` a stage of the run.
    """

    github: "GitHub | None"
    redaction: Redaction
    deadline: Deadline
    publish: Publish
    run: Callable[[Job, bool], FlowReport]
    keep: Callable[[str, Any, Callable[[], Any]], Any]


def carry_out(order: Order, config: Config, hands: Hands, growing: Growing) -> None:
    """Carry an order out where its author may give it; the command's own report grows."""
    rules, github = config.commands or Commands(), hands.github
    refusal: Refusal | None = hands.keep(f"{order.name}: may", Refusal | None, lambda: refusal_of(order, rules, github))
    if refusal is not None or github is None:
        reason, reacts = (refusal.reason, refusal.reacts) if refusal is not None else ("", False)
        _do(order, answers.refused(order, reason, reacts=reacts), hands, growing, last=True)
        return
    _do(order, answers.begun(order), hands, growing)
    subject: Subject = hands.keep(f"{order.name}: subject", Subject, lambda: _as_it_is(order, github))
    order = replace(order, subject=subject)
    if order.word == "undo":
        answer = _undo(order, config, github, hands, growing)
    else:
        answer = _run(order, config, github, hands)
    _do(order, answer, hands, growing, last=True)


def unpublished(effect: Effect, target: Target) -> Outcome:
    """Publish nothing: the answer tells of it."""
    return Outcome(effect.kind, True, LEFT)


def bare(report: FlowReport) -> FlowReport:
    """Give the report of a flow that was run for the answer alone, whose effects are none."""
    return replace(report, plan=replace(report.plan, effects=()), outcomes=())


def _run(order: Order, config: Config, github: "GitHub", hands: Hands) -> Plan:
    # The comment that gave the command starts none of these flows: they are about the subject.
    event = Event(order.subject.kind, None, order.repo, order.subject, actor=order.comment.author)
    done = [
        Done(
            errand,
            hands.run(Job(errand.name, errand.flow, event, github, config.describing, hands.redaction), errand.silent),
        )
        for errand in errands(order, config)
    ]
    if order.word != "explain":
        return answers.told(order, config, done)
    state: LabelState = hands.keep(f"{order.name}: labels", LabelState, lambda: _state(order, github))
    return answers.explained(order, config, done, state)


def _undo(order: Order, config: Config, github: "GitHub", hands: Hands, growing: Growing) -> Plan:
    plan: Plan = hands.keep(f"{order.name}: plan", Plan, lambda: _taken_back(order, config, github))
    before = len(growing.report.outcomes)
    _do(order, plan, hands, growing)
    return answers.undone(order, growing.report.outcomes[before:], plan.notes)


def _taken_back(order: Order, config: Config, github: "GitHub") -> Plan:
    comments = github.own_comments(order.repo, order.number, render.any_marker())
    traces = undo.Traces(_state(order, github), comments, order.subject.body, ANSWER)
    return undo.undone(traces, config)


def _state(order: Order, github: "GitHub") -> LabelState:
    return LabelState(
        present=github.labels_of(order.repo, order.number),
        history=github.label_changes(order.repo, order.number),
        me=bot(github.login()),
    )


def _as_it_is(order: Order, github: "GitHub") -> Subject:
    """Read a pull request, of which the event tells next to nothing."""
    return github.pull(order.repo, order.number) if order.subject.kind == "pull_request" else order.subject


def _do(order: Order, plan: Plan, hands: Hands, growing: Growing, *, last: bool = False) -> None:
    """Add a plan to the command's report, and do it to its end."""
    if hands.deadline.struck:
        raise Stop(hands.deadline.struck)
    plan = hands.redaction.all(plan)
    before, target = growing.report.plan, Target(order.repo, order.number)
    place = len(before.effects)
    whole = replace(before, effects=(*before.effects, *plan.effects), notes=(*before.notes, *plan.notes))
    growing.report = replace(growing.report, plan=whole)
    with hands.deadline.whole():
        for index, effect in enumerate(plan.effects, place):
            growing.begun = True
            outcome = _done(f"{order.name}: {effect.kind} {index}", effect, target, hands)
            growing.report = replace(growing.report, outcomes=(*growing.report.outcomes, outcome))
        growing.whole = last


def _done(stage: str, effect: Effect, target: Target, hands: Hands) -> Outcome:
    def publish(effect: Effect, target: Target) -> Outcome:
        outcome: Outcome = hands.keep(stage, Outcome, lambda: hands.publish(effect, target))
        return outcome

    return attempt(effect, target, publish)
