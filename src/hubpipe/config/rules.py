"""Turn a well-formed Config into the problems that its parts have with each other."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from hubpipe.config.source import Path
from hubpipe.config.values import ACTIVITIES, ANY, GIVES, Config, Flow, Publish
from hubpipe.event import REPOSITORY

ISSUES = {"issues", "issue_comment"}
PULLS = {"pull_request", "pull_request_target", "pull_request_review_comment", "issue_comment"}
# What can be labelled and commented on.
NUMBERED = ISSUES | PULLS
NOTHING_TO_PUT_IT_ON = "{event} brings no issue or pull request to put it on: publish the summary in a flow of its own"

Found = Iterator[tuple[Path, str]]


def problems_of(config: Config) -> Found:
    """Give every (path, message) of what cannot work as written."""
    for name, flow in config.flows.items():
        if flow is not None:
            for rule in (_events, _inputs, _steps, _decision, _targets):
                for path, message in rule(flow):
                    yield ("flows", name, *path), message
    if config.extends is not None and not REPOSITORY.fullmatch(config.extends):
        yield ("extends",), "name a repository as OWNER/NAME"
    yield from _rivals(config)


def _rivals(config: Config) -> Found:
    """Find flows that would take each other's labels off, on every event again."""
    labelling = {
        name: flow for name, flow in config.flows.items() if flow is not None and flow.publish.labels is not None
    }
    for name, flow in labelling.items():
        if flow.publish.labels is None or not flow.publish.labels.remove_stale:
            continue
        for other, rival in labelling.items():
            if other != name and _may_meet(flow, rival) and _may_share_labels(flow, rival):
                message = f"it would take off what the flow {other} sets: give the two flows different labels"
                yield ("flows", name, "publish", "labels", "remove_stale"), message


def _may_meet(one: Flow, other: Flow) -> bool:
    """Tell whether two flows can work on the same issue or pull request."""
    return any(set(one.on) & events and set(other.on) & events for events in (ISSUES, PULLS))


def _may_share_labels(one: Flow, other: Flow) -> bool:
    ours, theirs = _labels_of(one), _labels_of(other)
    return ours is None or theirs is None or bool(ours & theirs)


def _labels_of(flow: Flow) -> set[str] | None:
    """Give the labels that a flow may set; None where only its model or the repository knows."""
    labels = flow.pipeline[-1].labels
    if labels is None:
        return None
    renamed = map(flow.decide.renamed, labels)
    return {label.casefold() for label in renamed if label is not None}


def _events(flow: Flow) -> Found:
    for event, activities in flow.on.items():
        if event not in ACTIVITIES:
            yield ("on", event), "hubpipe does not handle this event" + nearest(event, list(ACTIVITIES))
            continue
        known = ACTIVITIES[event]
        if not activities:
            yield ("on", event), "no activity type would ever start this: name some, or leave the list out"
        for index, activity in enumerate(activities):
            if activity == ANY or activity in known:
                continue
            if not known:
                yield ("on", event, index), f"{event} has no activity types: write `{event}:` alone"
            elif get_close_matches(activity, known, n=1, cutoff=0.7):
                yield ("on", event, index), f"{activity!r} is no activity type of {event}" + nearest(activity, known)


def _inputs(flow: Flow) -> Found:
    for index, name in enumerate(flow.input):
        if name in ("files", "patch", "contents") and not PULLS & set(flow.on):
            yield ("input", index), f"{name}: comes with pull requests, which this flow's events never bring"
        if name == "commits" and not (PULLS | {"push"}) & set(flow.on):
            yield ("input", index), "commits: come with pull requests and pushes, which this flow's events never bring"


def _steps(flow: Flow) -> Found:
    for index, step in enumerate(flow.pipeline):
        last = index == len(flow.pipeline) - 1
        if not last and GIVES[step.task] != "text":
            yield (
                ("pipeline", index, "task"),
                f"{step.task} gives {GIVES[step.task]}, and the next step reads text: make it the last step",
            )
        if step.labels is not None and GIVES[step.task] != "scores":
            yield (
                ("pipeline", index, "labels"),
                f"{step.task} gives {GIVES[step.task]}: there are no labels to choose from",
            )
        if not _has_one_place(step.hypothesis_template):
            yield (
                ("pipeline", index, "hypothesis_template"),
                "it must hold {} once, where the label goes, and no other brace",
            )
        if step.model.strip() == "":
            yield ("pipeline", index, "model"), "name a model: embedded, fake:, or a Hub id such as org/name"


def _decision(flow: Flow) -> Found:
    if flow.gives != "scores" and "decide" in flow.model_fields_set:
        yield ("decide",), f"{flow.pipeline[-1].task} gives {flow.gives}: there are no scores to decide on"


def _has_one_place(template: str) -> bool:
    before, place, after = template.partition("{}")
    return bool(place) and not set("{}") & set(before + after)


def _targets(flow: Flow) -> Found:
    if flow.publish == Publish():
        yield ("publish",), "name at least one of labels, comment, summary"
    if flow.publish.labels and flow.gives != "scores":
        yield (
            ("publish", "labels"),
            f"{flow.pipeline[-1].task} gives {flow.gives}, not labels: publish a comment or the summary",
        )
    if flow.publish.comment and flow.gives == "vector":
        yield (
            ("publish", "comment"),
            "feature-extraction gives a vector, which is nothing to comment: publish the summary",
        )
    for event in flow.on:
        if event in ACTIVITIES and event not in NUMBERED:
            for target in ("labels", "comment"):
                if getattr(flow.publish, target) is not None:
                    yield ("publish", target), NOTHING_TO_PUT_IT_ON.format(event=event)


def nearest(word: str, known: Sequence[str]) -> str:
    """End a message with the known word that was perhaps meant, or with all of them."""
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"
