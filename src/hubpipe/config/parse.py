"""Turn the text of a configuration file into a Config, or into every problem that it has."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hubpipe.config import commands, files, notify, steps, targets, values
from hubpipe.config.events import ANY
from hubpipe.config.rules import problems_of
from hubpipe.config.section import Found, Section
from hubpipe.config.source import Path, Source, read
from hubpipe.config.values import Config
from hubpipe.config.words import nearest
from hubpipe.errors import ConfigError, Problem

PATH = ".github/hubpipe.yml"
# The folder of the model that was learned of the repository, if there is one.
LEARNED = ".github/hubpipe"

EXTENDS_NOTHING = (
    "null switches off a flow of the file that this one extends, and it extends none: write the flow, or drop it"
)
NOTHING_TO_SWITCH_OFF = "{base} has no such flow to switch off"
# Where pydantic speaks of Python's types.
MESSAGES = {
    "too_short": "it must not be empty",
    "tuple_type": "write a list",
    "dict_type": "write a mapping",
    "model_type": "write a mapping",
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "string_type": "write text, in quotes if it looks like a number",
}
# Where each section of a file stands.
SECTIONS: dict[tuple[str, ...], type[Section]] = {
    (): values.Config,
    ("models",): steps.ModelRules,
    ("budget",): steps.Budget,
    ("commands",): commands.Commands,
    ("flows", ANY): values.Flow,
    ("flows", ANY, "pipeline"): steps.Step,
    ("flows", ANY, "pipeline", "when"): steps.When,
    ("flows", ANY, "pipeline", "questions", ANY): steps.Question,
    ("flows", ANY, "decide"): values.Decide,
    ("flows", ANY, "pipeline", "prompts"): steps.Prompts,
    ("flows", ANY, "at_least"): files.AtLeast,
    ("flows", ANY, "rules"): files.Rules,
    ("flows", ANY, "rules", "paths", ANY): files.PathRule,
    ("flows", ANY, "publish"): targets.Publish,
    ("flows", ANY, "publish", "labels"): targets.LabelsTarget,
    ("flows", ANY, "publish", "comment"): targets.CommentTarget,
    ("flows", ANY, "publish", "check"): targets.CheckTarget,
    ("flows", ANY, "publish", "notify"): notify.NotifyTarget,
}
# The configuration of a repository that has no configuration file.
DEFAULT = """\
version: 1
flows:
  issue-labels:
    on:
      issues: [opened, edited, reopened]
    input: [title, body]
    pipeline: {task: zero-shot-classification, model: auto}
    publish: labels
  pr-summary:
    on:
      pull_request: [opened, edited, reopened, synchronize, ready_for_review]
      pull_request_target: [opened, edited, reopened, synchronize, ready_for_review]
    input: [title, body, commits, linked, patch]
    pipeline: {task: summarization, model: embedded}
    publish: comment
"""


def parse(text: str, file: str = PATH) -> Config:
    """Read one configuration file; `extends` is kept, not followed.

    Raises ConfigError with all of the file's problems.
    """
    return validate(read(text, file))


def resolve(text: str, file: str, fetch: Callable[[str], str | None]) -> Config:
    """Read a configuration file and lay it over the one that it extends.

    `fetch` gives the text of `.github/hubpipe.yml` in a repository ("owner/name"), None where there is none.
    """
    source = read(text, file)
    config = validate(source)
    if config.extends is None:
        return config
    base_text = fetch(config.extends)
    if base_text is None:
        message = f"{config.extends} has no {PATH} on its default branch that this token can read"
        raise ConfigError((source.problem(("extends",), message),))
    base = parse(base_text, f"{config.extends}/{PATH}")
    if base.extends is not None:
        message = f"{config.extends} extends {base.extends}: extend that one directly, one step is allowed"
        raise ConfigError((source.problem(("extends",), message),))
    merged = config.over(base)
    problems = [
        source.problem(
            ("flows", name), NOTHING_TO_SWITCH_OFF.format(base=config.extends) + nearest(name, list(base.flows))
        )
        for name, flow in config.flows.items()
        if flow is None and name not in base.flows
    ]
    problems += [source.problem(path, message) for path, message in problems_of(merged)]
    if problems:
        raise ConfigError(tuple(problems))
    return merged


def default() -> Config:
    """Give the configuration of a repository that has none."""
    return parse(DEFAULT, "the default configuration")


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of the configuration file, for editors."""
    schema = Config.model_json_schema(mode="validation")
    schema["properties"]["flows"]["additionalProperties"] = False  # a name that the pattern does not match
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "hubpipe configuration"}


def validate(source: Source) -> Config:
    """Check read data against the format and its rules; see `parse`."""
    if not isinstance(source.data, dict):
        raise ConfigError((source.problem((), "the file must be a mapping with the keys version and flows"),))
    try:
        config = Config.model_validate(source.data)
    except ValidationError as error:
        raise ConfigError(tuple(_problems(source, error))) from error
    found = (*_nothing_to_switch_off(config), *problems_of(config))
    problems = tuple(source.problem(path, message) for path, message in found)
    if problems:
        raise ConfigError(problems)
    return config


def _nothing_to_switch_off(config: Config) -> Found:
    if config.extends is None:
        yield from ((("flows", name), EXTENDS_NOTHING) for name, flow in config.flows.items() if flow is None)


def _problems(source: Source, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False, include_context=True):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # the items were wrong, which is said already
        path = tuple(word for word in detail["loc"] if word != "[key]")
        yield source.problem(path, _message(detail, path))


def _message(detail: ErrorDetails, path: Path) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return "unknown key" + nearest(str(path[-1]), _keys_of(path[:-1]))
    if kind == "literal_error":
        expected = re.findall(r"'([^']+)'", detail["ctx"]["expected"]) or [detail["ctx"]["expected"]]
        return f"{value!r} is not allowed" + nearest(str(value), expected)
    if kind == "string_pattern_mismatch" and path == ("extends",):
        return "name a repository as OWNER/NAME"
    if kind == "tuple_type" and "on" in path:
        return "write a list of activity types; paths and branches belong into the workflow"
    if kind == "dict_type" and path[-1:] == ("labels",):
        return "write a list of names, or name: description lines"
    if kind == "missing":
        return "this key is needed"
    if path[:1] == ("flows",) and "[key]" in detail["loc"] and len(path) == 2:
        return "a flow's name has lower-case letters, digits, - and _, 64 at most"
    return MESSAGES.get(kind, detail["msg"][0].lower() + detail["msg"][1:]).removeprefix("value error, ")


def _keys_of(path: Path) -> list[str]:
    """Give the keys that may stand at a path."""
    words = tuple(word for word in path if isinstance(word, str))
    for place, section in SECTIONS.items():
        if len(place) == len(words) and all(key in (word, ANY) for key, word in zip(place, words, strict=True)):
            return [field.alias or key for key, field in section.model_fields.items()]
    return []
