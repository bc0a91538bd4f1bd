"""Turn what was done for an order into the Plan of its answer: one comment a subject, and a reaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hubpipe import render
from hubpipe.commands.errands import Errand
from hubpipe.commands.order import Order
from hubpipe.config import Commands, Config
from hubpipe.decide import CommentEffect, LabelsEffect, LabelState, Plan, ReactionEffect
from hubpipe.event.commands import NAME, WORDS
from hubpipe.render import Answer, AnswerPart
from hubpipe.report import FlowReport
from hubpipe.sinks import Outcome

# By it the answers' one comment is found again; no flow can have such a name.
ANSWER = "hubpipe.commands"

DOES = {
    "label": "runs the flows that set labels, now; what people set or removed stays as it is",
    "summarize": "summarises this issue or pull request with its comments",
    "explain": "says why these labels, and changes nothing else",
    "similar": "looks for open issues that are likely the same",
    "undo": "takes back what hubpipe did here: labels that no person set, comments, its part of the description",
    "help": "says this",
}
OF_A_FLOW = "runs the flow {flow}"
WHO = (
    "Commands are for people with the role {least} or more in this repository, {per_person} an hour each and "
    "{per_repository} in all, as the first line of a new comment"
)
UNKNOWN = "hubpipe knows no such command; it knows: {known}"
NO_LABELS = "no flow of the configuration sets labels on such a subject"
NOTHING = "nothing to do"
NOTHING_FOUND = "nothing was found"
FAILED = "failed: {reason}"
WOULD_SET, WOULD_TAKE = "it would set {labels} now", "it would take {labels} off now"
SET_BY = "{label} is on it: {who} set it"
SET_LONG_AGO = "{label} is on it: GitHub does not tell who set it"
HUBPIPE = "hubpipe"
NOT_READ = "not read: {what}"


@dataclass(frozen=True)
class Done:
    """An errand, and what became of it."""

    errand: Errand
    report: FlowReport


def begun(order: Order) -> Plan:
    """Plan to show that an order is being carried out."""
    return Plan((ReactionEffect(order.comment.id, "eyes"),))


def refused(order: Order, reason: str, *, reacts: bool) -> Plan:
    """Plan what is done about an order that is not carried out: a reaction at most, never an answer."""
    return Plan((ReactionEffect(order.comment.id, "confused"),) if reacts else (), notes=(reason,))


def told(order: Order, config: Config, done: Sequence[Done]) -> Plan:
    """Plan the answer of an order that flows carried out, or that asked for help."""
    known = _known(config) if order.word == "help" else {}
    lines = [] if done else list(_alone(order, config))
    models = " → ".join(dict.fromkeys(info.reference for one in done for info in one.report.models))
    parts = [_part(one, named=len(done) > 1 or not one.errand.silent) for one in done]
    answer = Answer(order.name, order.who, order.subject, lines, parts, known, models)
    return _plan(order, answer, well=bool(order.word) and not any(one.report.failed for one in done))


def explained(order: Order, config: Config, done: Sequence[Done], state: LabelState) -> Plan:
    """Plan the answer of an order that asked why: what is there and who set it, then what each flow says."""
    lines = [_set_by(label, state) for label in state.present] or list(_alone(order, config) if not done else ())
    models = " → ".join(dict.fromkeys(info.reference for one in done for info in one.report.models))
    parts = [_reasons(one) for one in done]
    answer = Answer(order.name, order.who, order.subject, lines, parts, model=models)
    return _plan(order, answer, well=not any(one.report.failed for one in done))


def undone(order: Order, outcomes: Sequence[Outcome], notes: Sequence[str]) -> Plan:
    """Plan the answer of an order that took things back."""
    lines = [*(outcome.detail for outcome in outcomes), *notes]
    failed = any(outcome.failed for outcome in outcomes)
    return _plan(order, Answer(order.name, order.who, order.subject, lines), well=not failed)


def _plan(order: Order, answer: Answer, *, well: bool) -> Plan:
    body = f"{render.marker(ANSWER)}\n{render.answer(answer)}\n"
    return Plan((CommentEffect(ANSWER, body=body), ReactionEffect(order.comment.id, "+1" if well else "confused")))


def _alone(order: Order, config: Config) -> Iterator[str]:
    """Say what there is to say of an order that no flow carried out."""
    if order.word == "":
        yield UNKNOWN.format(known=", ".join(command.removeprefix(f"{NAME} ") for command in _known(config)))
    elif order.word == "help":
        rules = config.commands or Commands()
        yield WHO.format(least=rules.roles, per_person=rules.per_person, per_repository=rules.per_repository)
    else:
        yield NO_LABELS


def _known(config: Config) -> dict[str, str]:
    """Name the commands that somebody may give, a flow's own among them."""
    of_flows = {
        f"{NAME} {flow.command}": OF_A_FLOW.format(flow=name)
        for name, flow in config.flows.items()
        if flow is not None and flow.command is not None
    }
    return {f"{NAME} {word}": DOES[word] for word in WORDS} | of_flows


def _part(done: Done, *, named: bool) -> AnswerPart:
    report = done.report
    body = next((one.body for one in report.plan.effects if isinstance(one, CommentEffect) and one.holds), "")
    kept = next((outcome.url for outcome in report.outcomes if outcome.kind == "comment"), "")
    lines = [*_faults(report)]
    if not done.errand.silent:
        lines = [*(outcome.detail for outcome in report.outcomes), *lines]
    nothing = NOTHING_FOUND if done.errand.silent else NOTHING
    return AnswerPart(
        name=done.errand.name if named else "",
        lines=tuple(lines) or (() if body and done.errand.silent else (nothing,)),
        comment=body if done.errand.silent else "",
        url="" if done.errand.silent else kept,
    )


def _reasons(done: Done) -> AnswerPart:
    report = done.report
    effect = next((one for one in report.plan.effects if isinstance(one, LabelsEffect)), LabelsEffect(()))
    would = [WOULD_SET.format(labels=", ".join(effect.add))] if effect.add else []
    would += [WOULD_TAKE.format(labels=", ".join(effect.remove))] if effect.remove else []
    return AnswerPart(
        name=done.errand.about,
        lines=(*would, *_faults(report)),
        scores=report.plan.scores,
        chosen=tuple(score.label for score in report.plan.chosen),
        why=report.findings.why,
    )


def _faults(report: FlowReport) -> Iterator[str]:
    if report.error is not None:
        yield FAILED.format(reason=report.error)
    yield from report.notes
    yield from (NOT_READ.format(what=what) for what in report.not_read)


def _set_by(label: str, state: LabelState) -> str:
    setter = state.setter(label)
    if setter is None:
        return SET_LONG_AGO.format(label=label)
    return SET_BY.format(label=label, who=HUBPIPE if setter == state.me else setter)
