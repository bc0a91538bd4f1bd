"""Turn an order into the flows that carry it out: the configuration's that fit, else one of hubpipe's own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hubpipe.commands.order import Order, order_of
from hubpipe.config import CommentTarget, Config, Flow, Publish, Step
from hubpipe.config.steps import AUTO, LEARNED, ZERO_DAY
from hubpipe.event import Event

# The events whose flows fit a subject.
FITTING = {
    "issue": ("issues", "issue_comment"),
    "pull_request": ("pull_request", "pull_request_target", "issue_comment"),
}
ON_COMMAND: dict[str, tuple[str, ...]] = {"issue_comment": ("created",)}
# The models that can say why.
EXPLAINING = (AUTO, LEARNED, ZERO_DAY)
OWN = "hubpipe's own {word}"
# A flow that is run as its own is not run again; this one is none.
SILENT = "{flow} ({word})"
SUMMARY: Mapping[str, Any] = {"task": "summarization", "model": "embedded", "max_words": 100}
INPUTS = {"issue": ("title", "body", "comments"), "pull_request": ("title", "body", "commits", "linked", "comments")}


@dataclass(frozen=True)
class Errand:
    """A flow that is run for an order; where it is `silent`, all that it finds goes into the answer alone.

    `about` is the configuration's flow that a silent one tells of.
    """

    name: str
    flow: Flow
    silent: bool = False
    about: str = ""


def errands(order: Order, config: Config) -> tuple[Errand, ...]:
    """Give the flows that carry an order out, in the configuration's order; none for an order that needs no model."""
    making = MAKING.get(order.word)
    return tuple(making(order, config)) if making is not None else ()


def flows_for(event: Event, config: Config) -> tuple[Flow, ...]:
    """Give every flow that an event may run, by a command or by itself, for whoever looks for models beforehand."""
    order = order_of(event, config)
    ordered = () if order is None else tuple(errand.flow for errand in errands(order, config))
    return (*config.matching(event).values(), *ordered)


def _label(order: Order, config: Config) -> Iterator[Errand]:
    for name, flow in _fitting(order, config):
        if flow.publish.labels is not None:
            yield Errand(name, _on_command(order, flow, labels=flow.publish.labels))


def _explain(order: Order, config: Config) -> Iterator[Errand]:
    for name, flow in _fitting(order, config):
        if flow.publish.labels is not None:
            steps = tuple(_explaining(step, flow) for step in flow.pipeline)
            explaining = flow.model_copy(update={"pipeline": steps})
            quiet = _on_command(order, explaining, labels=flow.publish.labels)
            yield Errand(SILENT.format(flow=name, word=order.word), quiet, silent=True, about=name)


def _explaining(step: Step, flow: Flow) -> Step:
    able = step is flow.deciding and step.model in EXPLAINING and step.endpoint is None and flow.each is None
    return step.model_copy(update={"explain": True}) if able else step


def _summarize(order: Order, config: Config) -> Iterator[Errand]:
    found = [
        Errand(name, _on_command(order, flow, comment=flow.publish.comment))
        for name, flow in _fitting(order, config)
        if flow.publish.comment is not None and any(step.task == "summarization" for step in flow.pipeline)
    ]
    yield from found or [_own(order, input=INPUTS[order.subject.kind], pipeline=[SUMMARY])]


def _similar(order: Order, config: Config) -> Iterator[Errand]:
    found = [
        Errand(name, _on_command(order, flow, comment=flow.publish.comment))
        for name, flow in _fitting(order, config)
        if flow.publish.comment is not None and flow.searches
    ]
    yield from found or [_own(order, pipeline=[{"against": "issues", "model": AUTO}])]


MAKING: Mapping[str, Callable[[Order, Config], Iterator[Errand]]] = {
    "label": _label,
    "explain": _explain,
    "summarize": _summarize,
    "similar": _similar,
}


def _fitting(order: Order, config: Config) -> Iterator[tuple[str, Flow]]:
    """Give the flows that are for such a subject, and wait for no command of their own."""
    for name, flow in config.flows.items():
        if flow is not None and flow.command is None and set(FITTING[order.subject.kind]) & set(flow.on):
            yield name, flow


def _on_command(order: Order, flow: Flow, **targets: Any) -> Flow:
    """Give a flow as one that waits for this very command, be it on a draft, a closed one, or a short text."""
    changed = {"on": ON_COMMAND, "command": order.word, "at_least": None, "publish": Publish(**targets)}
    return flow.model_copy(update=changed)


def _own(order: Order, **keys: Any) -> Errand:
    flow = Flow(on=ON_COMMAND, command=order.word, publish=Publish(comment=CommentTarget()), **keys)
    return Errand(OWN.format(word=order.word), flow, silent=True)
