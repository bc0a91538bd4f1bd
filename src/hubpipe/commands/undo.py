"""Turn what hubpipe did on a subject into a Plan that takes it back; what people did, or confirmed, stays."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from hubpipe import render
from hubpipe.config import Config, labels_of
from hubpipe.decide import CommentEffect, Effect, LabelsEffect, LabelState, Plan, RemovalEffect
from hubpipe.event import Comment

CONFIRMED = "{label} stays: a person set it, too"
NOT_OURS = "{label} stays: no flow of the configuration sets it, so that another workflow may have"
EDITED = "the part of {flow} in the description stays: a person edited it"
NOTHING = "there is nothing here that hubpipe did"
AS_A_PERSON = "the labels stay: hubpipe acts with a person's token, whose own labels nobody can tell from hubpipe's"


@dataclass(frozen=True)
class Traces:
    """What is to be seen on a subject of what hubpipe did; `answer` is the flow whose comment the answer goes into."""

    state: LabelState
    comments: Sequence[Comment]
    description: str
    answer: str


def undone(traces: Traces, config: Config) -> Plan:
    """Plan to take back labels, comments and parts of a description."""
    labels, notes = _labels(traces.state, config)
    parts, more = _parts(traces.description, config.describing)
    effects: list[Effect] = [LabelsEffect((), labels)] if labels else []
    effects += [*_comments(traces), *parts]
    told = [*notes, *more] if effects or notes or more else [NOTHING]
    return Plan(tuple(effects), notes=tuple(told))


def _labels(state: LabelState, config: Config) -> tuple[tuple[str, ...], list[str]]:
    """Find the labels that hubpipe was the last to set, and that no person ever set."""
    if state.me is None:
        return (), [AS_A_PERSON] if state.present else []
    ours = _settable(config)
    taken, notes = [], []
    for name in state.present:
        if not state.set_by_me(name):
            continue
        if ours is not None and name.casefold() not in ours:
            notes.append(NOT_OURS.format(label=name))
        elif state.set_by_person(name):
            notes.append(CONFIRMED.format(label=name))
        else:
            taken.append(name)
    return tuple(taken), notes


def _settable(config: Config) -> Collection[str] | None:
    """Give the labels that the configuration's flows set; None where only a model or the repository knows."""
    found: set[str] = set()
    for flow in config.flows.values():
        if flow is None or flow.publish.labels is None:
            continue
        labels = labels_of(flow)
        if labels is None:
            return None
        found |= labels
    return found


def _comments(traces: Traces) -> Iterator[Effect]:
    for comment in traces.comments:
        flow = render.flow_of(comment.body)
        if flow is not None and flow != traces.answer:
            yield RemovalEffect(flow, comment.id)


def _parts(description: str, describing: Collection[str]) -> tuple[list[Effect], list[str]]:
    effects: list[Effect] = []
    notes = []
    for flow in sorted(describing):
        if render.held(description, flow) is not None:
            effects.append(CommentEffect(flow, holds=False, mode="description"))
        elif isinstance(render.taken_off(description, flow), render.Refusal):
            notes.append(EDITED.format(flow=flow))
    return effects, notes
