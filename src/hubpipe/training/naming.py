"""Read the labels that a cell of a file names: one, a list, or several between separators."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from hubpipe.errors import UsageError
from hubpipe.models.base import encodable

SEPARATORS = re.compile(r"[,;|]")
# A hundred labels as GitHub's API gives them are half of it; Python's own parser gets nothing longer.
LONGEST = 65_536
KINDS: dict[type, str] = {type(None): "null", bool: "true or false", list: "a list", dict: "an object"}

NO_LABEL = "{where}: {kind} is no label: write a name, a list of names or of objects with a `name`, or null for none"


def labels(where: str, value: object, single: bool) -> Iterator[str]:
    """Give the labels of a cell; one in a column `label` may hold a comma.

    A tuple is what several columns of one name hold. Raises UsageError with `where` for what can name no label.
    """
    if isinstance(value, tuple):
        for cell in value:
            yield from labels(where, cell, single)
    elif isinstance(value, list):
        for one in value:
            yield from filter(None, [_name(where, one)])
    elif isinstance(value, dict) and isinstance(value.get("nodes"), list):
        yield from labels(where, value["nodes"], single)
    elif isinstance(value, str):
        yield from _written(where, value.strip(), single)
    elif value is not None:
        yield from filter(None, [_name(where, value)])


def string(value: object) -> str:
    """Write a value as a text that can be encoded; nothing, and a table's NaN, are empty."""
    return "" if value is None or value != value else encodable(str(value))


def kind(value: object) -> str:
    """Say in a file's words what a value is."""
    return KINDS.get(type(value), type(value).__name__)


def _written(where: str, text: str, single: bool) -> Iterator[str]:
    found = _listed(text) if text.startswith("[") else None
    if found is not None:
        yield from labels(where, found, single)
    else:
        yield from filter(None, map(str.strip, [string(text)] if single else SEPARATORS.split(string(text))))


def _listed(text: str) -> list[Any] | None:
    """Read a list as JSON writes it, or as Python does; None where it is neither."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _python(text) if len(text) <= LONGEST else None
    return found if isinstance(found, list) else None


def _python(text: str) -> object:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    # An array's ['bug' 'ui'] would read as one name.
    return found if _dense(repr(found)) == _dense(text) else None


def _dense(text: str) -> str:
    return "".join(text.split())


def _name(where: str, value: object) -> str:
    named = value.get("name") if isinstance(value, dict) else value
    if isinstance(named, bool) or not isinstance(named, str | int | float):
        raise UsageError(NO_LABEL.format(where=where, kind=kind(value) + _lacking(value)))
    return string(named).strip()


def _lacking(value: object) -> str:
    return " without a name" if isinstance(value, dict) else ""
