"""Turn the Action's inputs into a Config of one flow."""

from collections.abc import Mapping
from typing import Any

import yaml

from hubpipe.config.parse import validate
from hubpipe.config.source import Source
from hubpipe.config.values import ANY, GIVES, Config
from hubpipe.errors import ConfigError, Problem

FLOW = "inputs"
# The inputs that make up a flow, and where each stands in one.
PLACES: dict[str, tuple[str, ...]] = {
    "task": ("pipeline", "task"),
    "model": ("pipeline", "model"),
    "library": ("pipeline", "library"),
    "revision": ("pipeline", "revision"),
    "labels": ("pipeline", "labels"),
    "input": ("input",),
    "threshold": ("decide", "threshold"),
    "max-labels": ("decide", "max_labels"),
    "publish": ("publish",),
}
EVENTS = ("issues", "issue_comment", "pull_request", "pull_request_target", "pull_request_review_comment")
ORIGIN = "the action's inputs"


def from_inputs(given: Mapping[str, str]) -> Config | None:
    """Read the one-pipeline form: `task`, `model`, `labels`, `threshold` and so on; None where no task is given.

    The workflow's own `on:` chooses the events. Raises ConfigError, each problem under the input's name.
    """
    used = {name: text.strip() for name, text in given.items() if name in PLACES and text.strip()}
    if "task" not in used:
        if used:
            names = ", ".join(sorted(used))
            raise ConfigError((Problem(ORIGIN, None, "task", f"this input is needed beside {names}"),))
        return None
    flow: dict[str, Any] = {"on": {event: [ANY] for event in EVENTS}, "publish": _usual_target(used["task"])}
    for name, text in used.items():
        *sections, key = PLACES[name]
        place = flow
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = _value(name, text)
    try:
        return validate(Source(ORIGIN, {"version": 1, "flows": {FLOW: flow}}, {}))
    except ConfigError as error:
        raise ConfigError(tuple(_named(problem) for problem in error.problems)) from error


def _usual_target(task: str) -> str:
    return {"scores": "labels", "text": "comment", "spans": "comment"}.get(GIVES.get(task, ""), "summary")


def _value(name: str, text: str) -> Any:
    """Read a list or a mapping from an input: YAML, or words between commas or on lines."""
    if name not in ("labels", "input", "publish", "threshold", "max-labels"):
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"neither a list nor `name: description` lines: {error}"
        raise ConfigError((Problem(ORIGIN, None, name, message),)) from error
    if isinstance(value, str):
        return [word.strip() for line in value.splitlines() for word in line.split(",") if word.strip()]
    return value


def _named(problem: Problem) -> Problem:
    """Say an input's name where the problem names the place that the input fills."""
    words = [word for word in problem.key.split(".")[2:] if not word.isdigit()]
    for name, place in PLACES.items():
        if tuple(words[: len(place)]) == place:
            return Problem(problem.file, None, name, problem.message)
    return Problem(problem.file, None, ".".join(words), problem.message)
