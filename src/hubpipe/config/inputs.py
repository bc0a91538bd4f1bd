"""Turn the Action's inputs into a Config of one flow."""

import csv
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hubpipe.config.events import ANY
from hubpipe.config.parse import validate
from hubpipe.config.rules import NUMBERED
from hubpipe.config.source import Source, read
from hubpipe.config.tasks import TASKS, gives
from hubpipe.config.values import Config
from hubpipe.errors import ConfigError, Problem

FLOW = "inputs"
# The inputs that make up a flow, and where each stands in one.
PLACES: dict[str, tuple[str, ...]] = {
    "task": ("pipeline", "task"),
    "model": ("pipeline", "model"),
    "library": ("pipeline", "library"),
    "revision": ("pipeline", "revision"),
    "labels": ("pipeline", "labels"),
    "questions": ("pipeline", "questions"),
    "endpoint": ("pipeline", "endpoint"),
    "input": ("input",),
    "threshold": ("decide", "threshold"),
    "precision": ("decide", "precision"),
    "max-labels": ("decide", "max_labels"),
    "publish": ("publish",),
}
LISTS = {"labels", "questions", "input", "publish"}
NUMBERS = {"threshold", "precision", "max-labels"}
ORIGIN = "the action's inputs"
QUOTE = (
    "{name!r} would be a label with a description: to choose there must be two of them, each on a line;"
    ' a name that holds a colon is quoted: ["type: bug", "type: docs"]'
)
NEEDED = "this input is needed beside {names}"
NO_TARGET = "only the Hub knows the task of {model}: say where its results go - labels, comment or summary"
NO_LIST = (
    "neither names, each between commas or on a line, nor `name: description` lines: put what holds a colon,"
    " or begins with a sign, in quotes ({reason})"
)
QUOTED = re.compile(r""" "[^"]*" | '[^']*' """, re.VERBOSE)
COLON = re.compile(r":(?=\s|$)", re.MULTILINE)


def from_inputs(given: Mapping[str, str]) -> Config | None:
    """Read the one-pipeline form: `task`, `model`, `labels`, `threshold` and so on; None where neither is given.

    The workflow's own `on:` chooses the events. Raises ConfigError, each problem under the input's name.
    """
    used = {name: text.strip() for name, text in given.items() if name in PLACES and text.strip()}
    if not used:
        return None
    if not used.keys() & {"task", "model"}:
        raise ConfigError((Problem(ORIGIN, None, "task", NEEDED.format(names=", ".join(sorted(used)))),))
    if "task" not in used and "publish" not in used:
        raise ConfigError((Problem(ORIGIN, None, "publish", NO_TARGET.format(model=used["model"])),))
    flow: dict[str, Any] = {"on": {event: [ANY] for event in sorted(NUMBERED)}}
    flow["publish"] = _usual_target(used.get("task", ""), used.get("labels"))
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


def _usual_target(task: str, labels: str | None) -> str:
    given = gives(task, labels) if task in TASKS else "vector"
    return {"scores": "labels", "text": "comment", "spans": "comment", "boxes": "comment"}.get(given, "summary")


def _value(name: str, text: str) -> Any:
    """Read a number, a mapping or a list from an input: YAML, or words between commas or on lines of their own."""
    if name not in LISTS | NUMBERS:
        return text
    if name == "questions":
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        value = read(text, ORIGIN).data
    except ConfigError as error:
        # What YAML does not read may still be names: `@someone, C#`.
        if COLON.search(QUOTED.sub("", text)):
            reasons = (found.message for found in error.problems)
            problems = tuple(Problem(ORIGIN, None, name, NO_LIST.format(reason=reason)) for reason in reasons)
            raise ConfigError(problems) from error
        value = text
    if name == "labels" and isinstance(value, dict):
        _refuse_slips(value)
    if name in NUMBERS or (isinstance(value, dict | list) and (value or text[0] in "[{")):
        return value
    return list(_words(text))


def _words(text: str) -> Iterator[str]:
    """Give the words between commas or on lines of their own; what stands in quotes is one."""
    for line in map(str.strip, text.splitlines()):
        quote = "'" if line.startswith("'") else '"'
        for row in csv.reader([line], quotechar=quote, skipinitialspace=True):
            yield from (word.strip() for word in row if word.strip())


def _refuse_slips(labels: dict[str, Any]) -> None:
    """Refuse what YAML reads as descriptions and a person meant as names."""
    slips = list(labels) if len(labels) == 1 else [name for name in labels if "," in name]
    if slips:
        raise ConfigError((Problem(ORIGIN, None, "labels", QUOTE.format(name=slips[0])),))


def _named(problem: Problem) -> Problem:
    """Say an input's name where the problem names the place that the input fills."""
    words = [word for word in problem.key.split(".")[2:] if not word.isdigit()]
    for name, place in PLACES.items():
        if tuple(words[: len(place)]) == place:
            return Problem(problem.file, None, name, problem.message)
    return Problem(problem.file, None, ".".join(words), problem.message)
