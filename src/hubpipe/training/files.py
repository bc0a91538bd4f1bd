"""Turn a file of labelled texts into examples: CSV, TSV, JSON or JSON Lines."""

import csv
import io
import json
import re
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hubpipe.errors import UsageError
from hubpipe.redaction import FORMS
from hubpipe.training import naming
from hubpipe.training.examples import Example

# What a column is called, the usual name first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "title": ("title", "subject", "summary"),
    "body": ("body", "description", "text"),
    "labels": ("labels", "label"),
    "created_at": ("created_at", "createdAt", "created", "date"),
    "repo": ("repo", "repository"),
    "number": ("number", "id"),
    "url": ("html_url", "url"),
    "state": ("state",),
    "closed_at": ("closed_at", "closedAt", "closed"),
    "updated_at": ("updated_at", "updatedAt", "updated"),
    "repeats": ("duplicate_of", "repeats"),
}
# A number by itself, a table's 7.0 too: an address, or another repository's org/name#7, is none of this one's.
REPEATED = re.compile(r"(?<![^\s,;|\[])#?(0*[1-9]\d{0,14})(?:\.0)?(?![^\s,;|\]])")
# A table's column of numbers that misses some holds 7.0.
NUMBER = re.compile(r"(\d{1,20})(?:\.0)?")
ESCAPED = re.compile(r'\\[\\"]')
TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
LISTS = (".jsonl", ".ndjson")
# What a table writes where it has no date.
DATELESS = ("", "nan", "nat", "none", "null")

NOT_READABLE = "{path} cannot be read: {reason}"
NO_ROWS = "{path} holds no examples: it needs at least one row below its column names"
NO_COLUMN = "{path} has no column {wanted}: it has {found}. Name one so, or say which it is"
NOT_JSON = "{path}:{line}: no JSON object ({reason})"
NO_LIST = "{path} is no list of examples: write a list of objects, or an object that holds one list"
NO_DATE = "{where}: {value!r} is no date: write it like 2024-05-01T12:00:00Z"
NO_TITLE = "{place}: the row has no {wanted}"
NO_TEXT = "{where}: {kind} is no text: write a string"
BROKEN = "{path}:{line}: {reason}"
PLACE = "{path}:{line}"

Row = Mapping[str, Any]
# A row behind the place that a message names.
Placed = tuple[str, Row]


def read(path: Path, columns: Mapping[str, str] | None = None) -> tuple[Example, ...]:
    """Read examples from a file; `columns` says which of its columns is our title, body, labels and so on.

    A cell of labels holds one label, a list as JSON or Python writes it, or several between commas, semicolons or bars;
    an object's may be a list. Of several columns of labels, all are read. CSV may escape quotes by doubling them or by
    backslashes. Dates are ISO 8601, in UTC where they do not say. What cannot be encoded is replaced, and secrets of
    known forms are taken out of titles and bodies.
    Raises UsageError with the file, the line or the row, and the column.
    """
    text = _text(path)
    rows = list(_rows(path, text))
    if not rows:
        raise UsageError(NO_ROWS.format(path=path))
    wanted = {"labels" if ours == "label" else ours: theirs for ours, theirs in (columns or {}).items()}
    names = _names(path, [row for _, row in rows], wanted)
    single = {name for name in names["labels"] if name.casefold() == "label" or "labels" in wanted}
    return tuple(_example(place, row, names, single) for place, row in rows)


def _text(path: Path) -> str:
    try:
        # Not read_text, which makes one kind of line's end of all.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(NOT_READABLE.format(path=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise UsageError(NOT_READABLE.format(path=path, reason="it is not UTF-8 text")) from error


def _rows(path: Path, text: str) -> Iterator[Placed]:
    kind = path.suffix.lower()
    if kind in LISTS:
        yield from _lines(path, text)
    elif kind == ".json" or (kind not in TABLES and text.lstrip()[:1] in ("[", "{")):
        yield from _objects(path, text)
    else:
        yield from _table(path, text, TABLES.get(kind, ","))


def _lines(path: Path, text: str) -> Iterator[Placed]:
    # Not splitlines: a JSON string may hold U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield PLACE.format(path=path, line=number), _object(path, number, line)


def _object(path: Path, number: int, line: str) -> Row:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(NOT_JSON.format(path=path, line=number, reason=error)) from error
    if not isinstance(found, dict):
        raise UsageError(NOT_JSON.format(path=path, line=number, reason=f"a {type(found).__name__}"))
    return found


def _objects(path: Path, text: str) -> Iterator[Placed]:
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
    yield from ((f"{path}: row {number}", row) for number, row in enumerate(found, start=1))


def _table(path: Path, text: str, delimiter: str) -> Iterator[Placed]:
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
        yield PLACE.format(path=path, line=line), _joined(head, cells)


def _joined(head: Sequence[str], cells: Sequence[str]) -> Row:
    """Name the cells of a row; those of several columns of one name are a tuple."""
    row: dict[str, Any] = {}
    for name, cell in zip(head, cells, strict=True):
        before = row.get(name, ())
        row[name] = (*(before if isinstance(before, tuple) else (before,)), cell) if name in row else cell
    return row


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


def _names(path: Path, rows: Sequence[Row], columns: Mapping[str, str]) -> dict[str, list[str]]:
    """Find which of a file's columns are which of ours, the usual first."""
    there: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        there.setdefault(name.strip().casefold(), []).append(name)
    names: dict[str, list[str]] = {}
    for ours, usual in COLUMNS.items():
        wanted = (columns[ours],) if ours in columns else usual
        known = [theirs for name in wanted for theirs in there.get(name.casefold(), ())]
        if known:
            names[ours] = known
        elif ours in columns or ours in ("title", "labels"):
            found = ", ".join(theirs for same in there.values() for theirs in same)
            raise UsageError(NO_COLUMN.format(path=path, wanted=" or ".join(wanted), found=found))
    return names


def _example(place: str, row: Row, names: Mapping[str, Sequence[str]], single: Container[str]) -> Example:
    used = {ours: there[0] for ours, known in names.items() if (there := [name for name in known if name in row])}
    if "title" not in used:
        raise UsageError(NO_TITLE.format(place=place, wanted=" or ".join(names["title"])))
    cells = {ours: _last(row.get(theirs)) for ours, theirs in used.items()}
    where = {ours: f"{place}: {theirs}" for ours, theirs in used.items()}
    digits = NUMBER.fullmatch(str(cells.get("number") or ""))
    dates = {ours: _date(where[ours], cells[ours]) for ours in cells if ours.endswith("_at")}
    return Example(
        title=_prose(where["title"], cells["title"]),
        body=_prose(where.get("body", ""), cells.get("body")),
        labels=tuple(dict.fromkeys(_labels(place, row, names["labels"], single))),
        created_at=dates.get("created_at"),
        repo=naming.string(cells.get("repo")),
        number=int(digits[1]) if digits else None,
        url=naming.string(cells.get("url")),
        open=_open(cells.get("state")),
        closed_at=dates.get("closed_at"),
        updated_at=dates.get("updated_at"),
        repeats=tuple(map(int, REPEATED.findall(naming.string(cells.get("repeats"))))),
    )


def _last(value: object) -> object:
    return value[-1] if isinstance(value, tuple) else value


def _prose(where: str, value: object) -> str:
    if isinstance(value, list | dict):
        raise UsageError(NO_TEXT.format(where=where, kind=naming.kind(value)))
    return FORMS.text(naming.string(value))


def _labels(place: str, row: Row, names: Sequence[str], single: Container[str]) -> Iterator[str]:
    for name in names:
        yield from naming.labels(f"{place}: {name}", row.get(name), name in single)


def _open(value: object) -> bool | None:
    return {"open": True, "closed": False, "merged": False}.get(naming.string(value).strip().casefold())


def _date(where: str, value: object) -> datetime | None:
    text = naming.string(value).strip()
    if text.casefold() in DATELESS:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(NO_DATE.format(where=where, value=text)) from error
