"""Turn a file of labelled texts into examples: CSV, TSV, JSON or JSON Lines."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hubpipe.errors import UsageError
from hubpipe.redaction import FORMS
from hubpipe.training.examples import Example

# What a column is called, the usual name first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "title": ("title", "subject", "summary"),
    "body": ("body", "description", "text"),
    "labels": ("labels", "label"),
    "created_at": ("created_at", "created", "date"),
    "repo": ("repo", "repository"),
    "number": ("number", "id"),
    "url": ("url", "html_url"),
    "state": ("state",),
    "closed_at": ("closed_at", "closed"),
    "updated_at": ("updated_at", "updated"),
    "repeats": ("duplicate_of", "repeats"),
}
SEPARATORS = re.compile(r"[,;|]")
# A number by itself, a table's 7.0 too: an address, or another repository's org/name#7, is none of this one's.
REPEATED = re.compile(r"(?<![^\s,;|\[])#?(0*[1-9]\d{0,14})(?:\.0)?(?![^\s,;|\]])")
# A table's column of numbers that misses some holds 7.0.
NUMBER = re.compile(r"(\d{1,20})(?:\.0)?")
ESCAPED = re.compile(r'\\[\\"]')
TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
LISTS = (".jsonl", ".ndjson")

NOT_READABLE = "{path} cannot be read: {reason}"
NO_ROWS = "{path} holds no examples: it needs at least one row below its column names"
NO_COLUMN = "{path} has no column {wanted}: it has {found}. Name one so, or say which it is"
NOT_JSON = "{path}:{line}: no JSON object ({reason})"
NO_LIST = "{path} is no list of examples: write a list of objects, or an object that holds one list"
NO_DATE = "{path}: row {row}: {value!r} is no date: write it like 2024-05-01T12:00:00Z"
BROKEN = "{path}:{line}: {reason}"

Row = Mapping[str, Any]


def read(path: Path, columns: Mapping[str, str] | None = None) -> tuple[Example, ...]:
    """Read examples from a file; `columns` says which of its columns is our title, body, labels and so on.

    A cell of labels holds one label, a JSON list, or several between commas, semicolons or bars; an object's may be a
    list. CSV may escape quotes by doubling them or by backslashes. Dates are ISO 8601, in UTC where they do not say.
    Secrets of known forms are taken out of titles and bodies.
    Raises UsageError with the file, and the line or the row.
    """
    text = _text(path)
    rows = list(_rows(path, text))
    if not rows:
        raise UsageError(NO_ROWS.format(path=path))
    wanted = {"labels" if ours == "label" else ours: theirs for ours, theirs in (columns or {}).items()}
    names = _names(path, rows, wanted)
    single = names["labels"].casefold() == "label" or "labels" in wanted
    return tuple(_example(path, number, row, names, single) for number, row in enumerate(rows, start=1))


def _text(path: Path) -> str:
    try:
        # Not read_text, which makes one kind of line's end of all.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(NOT_READABLE.format(path=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise UsageError(NOT_READABLE.format(path=path, reason="it is not UTF-8 text")) from error


def _rows(path: Path, text: str) -> Iterator[Row]:
    kind = path.suffix.lower()
    if kind in LISTS:
        yield from _lines(path, text)
    elif kind == ".json" or (kind not in TABLES and text.lstrip()[:1] in ("[", "{")):
        yield from _objects(path, text)
    else:
        yield from _table(path, text, TABLES.get(kind, ","))


def _lines(path: Path, text: str) -> Iterator[Row]:
    # Not splitlines: a JSON string may hold U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _object(path, number, line)


def _object(path: Path, number: int, line: str) -> Row:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(NOT_JSON.format(path=path, line=number, reason=error)) from error
    if not isinstance(found, dict):
        raise UsageError(NOT_JSON.format(path=path, line=number, reason=f"a {type(found).__name__}"))
    return found


def _objects(path: Path, text: str) -> Iterator[Row]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise UsageError(NOT_JSON.format(path=path, line=line, reason=error)) from error
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise UsageError(NO_LIST.format(path=path))
    yield from found


def _table(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    doubled, escaped = (_read_table(path, text, delimiter, escape) for escape in (None, "\\"))
    head = doubled[0][1] if doubled else []
    # Read in the wrong way, a quote ends a cell too early, and rows come out with more or fewer cells. Where both ways
    # fit, a writer that escapes leaves no backslash alone.
    worse, better = _ragged(doubled, len(head)), _ragged(escaped, len(head))
    rows = escaped if better < worse or (better == worse and _escapes(text)) else doubled
    for line, cells in rows[1:]:
        if len(cells) != len(head):
            raise UsageError(BROKEN.format(path=path, line=line, reason=f"{len(cells)} cells, {len(head)} columns"))
        yield dict(zip(head, cells, strict=True))


def _read_table(path: Path, text: str, delimiter: str, escapechar: str | None) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar=escapechar)
    try:
        return [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise UsageError(BROKEN.format(path=path, line=reader.line_num, reason=error)) from error


def _escapes(text: str) -> bool:
    """Tell whether every backslash of a text is one that escapes, or is escaped."""
    return "\\" in text and "\\" not in ESCAPED.sub("", text)


def _ragged(rows: Sequence[tuple[int, list[str]]], width: int) -> int:
    return sum(len(cells) != width for _, cells in rows)


def _names(path: Path, rows: Sequence[Row], columns: Mapping[str, str]) -> dict[str, str]:
    """Find which of a file's columns is which of ours."""
    found = list(dict.fromkeys(name for row in rows for name in row))
    there = {str(name).strip().casefold(): str(name) for name in found}
    names: dict[str, str] = {}
    for ours, usual in COLUMNS.items():
        wanted = (columns[ours],) if ours in columns else usual
        known = next((there[name.casefold()] for name in wanted if name.casefold() in there), None)
        if known is not None:
            names[ours] = known
        elif ours in columns or ours in ("title", "labels"):
            raise UsageError(NO_COLUMN.format(path=path, wanted=" or ".join(wanted), found=", ".join(map(str, found))))
    return names


def _example(path: Path, number: int, row: Row, names: Mapping[str, str], single: bool) -> Example:
    cells = {ours: row.get(theirs) for ours, theirs in names.items()}
    digits = NUMBER.fullmatch(str(cells.get("number") or ""))
    return Example(
        title=FORMS.text(_string(cells.get("title"))),
        body=FORMS.text(_string(cells.get("body"))),
        labels=tuple(dict.fromkeys(_labels(cells.get("labels"), single))),
        created_at=_date(path, number, cells.get("created_at")),
        repo=_string(cells.get("repo")),
        number=int(digits[1]) if digits else None,
        url=_string(cells.get("url")),
        open=_open(cells.get("state")),
        closed_at=_date(path, number, cells.get("closed_at")),
        updated_at=_date(path, number, cells.get("updated_at")),
        repeats=tuple(map(int, REPEATED.findall(_string(cells.get("repeats"))))),
    )


def _open(value: object) -> bool | None:
    return {"open": True, "closed": False, "merged": False}.get(_string(value).strip().casefold())


def _string(value: object) -> str:
    return "" if value is None else str(value)


def _labels(value: object, single: bool) -> Iterator[str]:
    """Give the labels of a cell; one in a column `label` may hold a comma."""
    if isinstance(value, list):
        for one in value:
            yield from filter(None, [str(one["name"] if isinstance(one, dict) and "name" in one else one).strip()])
        return
    text = _string(value).strip()
    if text.startswith("["):
        try:
            yield from _labels(json.loads(text), single)
        except ValueError:
            yield text
        return
    yield from filter(None, [text] if single else map(str.strip, SEPARATORS.split(text)))


def _date(path: Path, number: int, value: object) -> datetime | None:
    text = _string(value).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(NO_DATE.format(path=path, row=number, value=text)) from error
