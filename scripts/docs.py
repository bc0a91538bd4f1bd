"""Write what the docs take from the code: the schema, and the marked parts of the README and docs/."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from hubpipe.config import TASKS, commands, files, json_schema, notify, steps, targets, values
from hubpipe.config.events import ACTIVITIES, DEFAULT_ACTIVITIES
from hubpipe.config.section import Section
from hubpipe.config.step_keys import READ_BY
from hubpipe.models.libraries import FAKE, LIBRARIES

ROOT = Path(__file__).parents[1]
SCHEMA = Path("schema/hubpipe.schema.json")
PAGES = (Path("README.md"), Path("docs/configuration.md"), Path("docs/tasks.md"), Path("docs/libraries.md"))
SECTIONS: dict[str, type[Section]] = {
    "file": values.Config,
    "flow": values.Flow,
    "step": steps.Step,
    "question": steps.Question,
    "when": steps.When,
    "models": steps.ModelRules,
    "budget": steps.Budget,
    "commands": commands.Commands,
    "prompts": steps.Prompts,
    "rules": files.Rules,
    "rules-paths": files.PathRule,
    "at-least": files.AtLeast,
    "decide": values.Decide,
    "publish": targets.Publish,
    "publish-labels": targets.LabelsTarget,
    "publish-comment": targets.CommentTarget,
    "publish-check": targets.CheckTarget,
    "publish-notify": notify.NotifyTarget,
}


def _yaml(path: str) -> str:
    return f"```yaml\n{(ROOT / path).read_text(encoding='utf-8').strip()}\n```"


def _inputs() -> str:
    rows = ["| input | what it is | default |", "| --- | --- | --- |"]
    for name, given in _action()["inputs"].items():
        default = f"`{given['default']}`" if given["default"] else ""
        rows.append(f"| `{name}` | {given['description']} | {default} |")
    return "\n".join(rows)


def _outputs() -> str:
    rows = ["| output | what it is |", "| --- | --- |"]
    rows += [f"| `{name}` | {given['description']} |" for name, given in _action()["outputs"].items()]
    return "\n".join(rows)


def _action() -> dict[str, dict[str, dict[str, str]]]:
    action: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return action


def _libraries() -> str:
    rows = ["| library | tasks |", "| --- | --- |"]
    rows += [f"| {row.name} | {', '.join(sorted(row.tasks))} |" for row in LIBRARIES if row.module and row.name != FAKE]
    return "\n".join(rows)


def _every_library() -> str:
    rows = ["| library | name on the Hub | tasks, or why not and what to use instead |", "| --- | --- | --- |"]
    for row in LIBRARIES:
        if row.name != FAKE:
            names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
            extra = f" (install `hubpipe[{row.extra}]`, or the image tag `full`)" if row.extra else ""
            does = f"{', '.join(sorted(row.tasks))}{extra}"
            rows.append(f"| {row.title} | {names} | {row.declined or does} |")
    return "\n".join(rows)


def _tasks() -> str:
    rows = ["| task | reads | gives | asks for | a long text |", "| --- | --- | --- | --- | --- |"]
    for name, facts in TASKS.items():
        asks = "`labels`" if facts.chooses else "`questions`" if facts.asks else ""
        long = (facts.merge or "whole") if facts.reads == "text" else ""
        rows.append(f"| `{name}` | {facts.reads} | {facts.gives} | {asks} | {long} |")
    return "\n".join(rows)


def _read_by() -> str:
    rows = ["| key | the tasks that read it |", "| --- | --- |"]
    rows += [f"| `{key}` | {', '.join(tasks)} |" for key, tasks in READ_BY.items()]
    return "\n".join(rows)


def _events() -> str:
    rows = ["| event | activity types where a flow names none |", "| --- | --- |"]
    usual = {event: DEFAULT_ACTIVITIES.get(event, ("it has none",)) for event in ACTIVITIES}
    rows += [f"| `{event}` | {', '.join(activities)} |" for event, activities in usual.items()]
    return "\n".join(rows)


def _keys(section: str) -> str:
    return "\n".join(_key_rows(SECTIONS[section]))


def _key_rows(section: type[Section]) -> Iterator[str]:
    yield "| key | default | what it means |"
    yield "| --- | --- | --- |"
    for key, field in section.model_fields.items():
        default = "needed" if field.is_required() else _default(field.get_default())
        yield f"| `{field.alias or key}` | {default} | {field.description} |"


def _default(value: object) -> str:
    match value:
        case None | {} | ():
            return ""
        case tuple():
            return f"`[{', '.join(str(item) for item in value)}]`"
        case bool():
            return f"`{str(value).lower()}`"
        case Section():
            return ""
        case _:
            return f"`{value}`"


PARTS: dict[str, Callable[[], str]] = {
    "workflow": lambda: _yaml("examples/workflows/hubpipe.yml"),
    "configuration": lambda: _yaml("examples/hubpipe.yml"),
    "inputs": _inputs,
    "outputs": _outputs,
    "libraries": _libraries,
    "every library": _every_library,
    "tasks": _tasks,
    "read by": _read_by,
    "events": _events,
    **{f"keys {name}": lambda name=name: _keys(name) for name in SECTIONS},  # type: ignore[misc]
}


def current(text: str) -> str:
    """Give a page with each of its marked parts as the code has it now."""
    for name, write in PARTS.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}\n{write()}\n{end}{rest.partition(end)[2]}"
    return text


def schema() -> str:
    """Give the schema's file as it stands in the repository."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def stale() -> Iterator[tuple[Path, str]]:
    """Give each file that is not as the code has it now, with the text that it should hold."""
    pages = ((page, current((ROOT / page).read_text(encoding="utf-8"))) for page in PAGES)
    for path, text in ((SCHEMA, schema()), *pages):
        if (ROOT / path).read_text(encoding="utf-8") != text:
            yield path, text


if __name__ == "__main__":
    for path, text in stale():
        (ROOT / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")
