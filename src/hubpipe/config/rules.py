"""Turn a well-formed Config into the problems that its parts have with each other."""

from difflib import get_close_matches

from hubpipe.config.change_rules import PULLS, problems_of_changes
from hubpipe.config.events import ACTIVITIES, ANY
from hubpipe.config.section import Found
from hubpipe.config.step_keys import is_own
from hubpipe.config.step_rules import problems_of_steps
from hubpipe.config.steps import AUTO, LEARNED
from hubpipe.config.targets import Publish
from hubpipe.config.values import Config, Flow
from hubpipe.config.words import nearest
from hubpipe.event import REPOSITORY

ISSUES = {"issues", "issue_comment"}
# What can be labelled and commented on.
NUMBERED = ISSUES | PULLS
# What has neither a number nor a release's.
WITHOUT_SUBJECT = {"push", "workflow_run", "workflow_dispatch", "schedule"}
# What a search over past issues is decided by.
SEARCHING = {"threshold", "precision"}
NO_COMMIT = "a check run stands on a pull request's commit, which this flow's events never bring"
NO_DESCRIPTION = "mode: description writes into a pull request's description, which this flow's events never bring"
NOTHING_TO_CHECK = "{gives}: a check run is made of scores"
NOT_CERTAIN = (
    "{model} does not know how often it is right: name a model that learned from this repository (learned, or auto), "
    "or write a threshold"
)
NOT_OF_FILES = "how right a label is was learned of issues, not of changed files: write a threshold"
NOT_OF_LABELS = "an issue is suggested from one cutoff on, three at most: this is for labels, leave it out"
ONE_OF_THEM = "precision finds each label's cutoff: leave threshold out"
NOTHING_TO_TELL_OF = "{event} brings no issue, pull request, discussion or release to tell of: notify in another flow"
NO_LABELS_TO_TELL_OF = "{gives}, not labels: leave this out, and every answer is told of"
NEVER_FOUND = "this flow never finds {label!r}"
NOTHING_TO_PUT_IT_ON = "{event} brings no issue or pull request to put it on: publish the summary in a flow of its own"


def problems_of(config: Config) -> Found:
    """Give every (path, message) of what cannot work as written."""
    for name, flow in config.flows.items():
        if flow is not None:
            for path, message in problems_of_flow(flow):
                yield ("flows", name, *path), message
    if config.extends is not None and not REPOSITORY.fullmatch(config.extends):
        yield ("extends",), "name a repository as OWNER/NAME"
    yield from _rivals(config)


def problems_of_flow(flow: Flow) -> Found:
    """Give every (path, message) of what cannot work as written in one flow."""
    for rule in (_events, problems_of_changes, problems_of_steps, _decision, _precision, _targets):
        yield from rule(flow)


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
    ours, theirs = labels_of(one), labels_of(other)
    return ours is None or theirs is None or bool(ours & theirs)


def labels_of(flow: Flow) -> set[str] | None:
    """Give the labels that a flow may set; None where only its model or the repository knows."""
    if flow.rules is not None:
        return {label.casefold() for label in (*flow.rules.paths, *(flow.rules.size or ()))}
    labels = flow.deciding.labels if flow.deciding else None
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


def _decision(flow: Flow) -> Found:
    # A step's condition holds by the same rules.
    conditions = any(step.when is not None for step in flow.pipeline)
    undecided = flow.deciding is None and not flow.searches and not conditions
    if "decide" in flow.model_fields_set and undecided and _is_known(flow):
        yield ("decide",), f"{_gives(flow)}: there are no scores to decide on"
    if flow.deciding is None and flow.searches and not conditions and _is_known(flow):
        for key in flow.decide.model_fields_set - SEARCHING:
            yield ("decide", key), NOT_OF_LABELS


def _precision(flow: Flow) -> Found:
    """Check who is to know how right a label is: a model that learned from labelled issues, and only of issues."""
    step, rules = flow.deciding, flow.decide
    if rules.precision is None or (step is None and not flow.searches):
        return
    if step is None:
        if "threshold" in rules.model_fields_set:
            yield ("decide", "threshold"), ONE_OF_THEM
        return
    if step.endpoint is not None or (is_own(step.model) and step.model not in (AUTO, LEARNED)):
        yield ("decide", "precision"), NOT_CERTAIN.format(model=step.model)
    elif flow.each is not None:
        yield ("decide", "precision"), NOT_OF_FILES
    elif "threshold" in rules.model_fields_set and step.model != AUTO:
        yield ("decide", "threshold"), ONE_OF_THEM


def _of_pulls(flow: Flow) -> Found:
    """Check the targets that only a pull request has."""
    target = flow.publish
    if target.check is not None and not PULLS & set(flow.on):
        yield ("publish", "check"), NO_COMMIT
    if target.check is not None and flow.deciding is None and _is_known(flow):
        yield ("publish", "check"), NOTHING_TO_CHECK.format(gives=_gives(flow))
    if target.comment is not None and target.comment.mode == "description" and not PULLS & set(flow.on):
        yield ("publish", "comment", "mode"), NO_DESCRIPTION


def _notices(flow: Flow) -> Found:
    target = flow.publish.notify
    if target is None:
        return
    for event in flow.on:
        if event in WITHOUT_SUBJECT:
            yield ("publish", "notify"), NOTHING_TO_TELL_OF.format(event=event)
    if target.labels is None:
        return
    if flow.deciding is None and flow.rules is None and _is_known(flow):
        yield ("publish", "notify", "labels"), NO_LABELS_TO_TELL_OF.format(gives=_gives(flow))
    known = labels_of(flow)
    for label in target.labels:
        if known is not None and label.casefold() not in known:
            yield ("publish", "notify", "labels"), NEVER_FOUND.format(label=label) + nearest(label, sorted(known))


def _is_known(flow: Flow) -> bool:
    """Tell whether the file says the task of every step; else the Hub's metadata will."""
    return all(step.task is not None for step in flow.pipeline)


def _gives(flow: Flow) -> str:
    step = flow.pipeline[-1]
    return f"{step.task} gives {step.gives}"


def _targets(flow: Flow) -> Found:
    if flow.publish == Publish():
        yield ("publish",), "name at least one of labels, comment, check, release, notify, summary"
    yield from _notices(flow)
    if not flow.pipeline:
        return
    yield from _of_pulls(flow)
    if flow.publish.labels and flow.deciding is None and _is_known(flow):
        yield ("publish", "labels"), f"{_gives(flow)}, not labels: publish a comment or the summary"
    if flow.publish.comment and flow.gives == {"vector"} and _is_known(flow):
        yield (
            ("publish", "comment"),
            "feature-extraction gives a vector, which is nothing to comment: publish the summary",
        )
    for event in flow.on:
        if event in ACTIVITIES and event not in NUMBERED:
            for target in ("labels", "comment", "check"):
                if getattr(flow.publish, target) is not None:
                    yield ("publish", target), NOTHING_TO_PUT_IT_ON.format(event=event)
