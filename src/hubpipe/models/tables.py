"""Turn a text with Markdown tables into columns of cells, for models that answer questions about tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from markdown_it import MarkdownIt

Table: TypeAlias = Mapping[str, Sequence[str]]
"""Each column's name with its cells, all of one length."""

MARKDOWN = MarkdownIt("commonmark").enable("table")
NO_TABLE = "there is no table in the text"


def tables(text: str) -> list[Table]:
    """Read every table with at least one row (GitHub's Markdown), in order; columns get names of their own."""
    found: list[list[list[str]]] = []
    for token, inside in pairwise(MARKDOWN.parse(text)):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            found[-1][-1].append(inside.content)
    return [_columns(rows[0], rows[1:]) for rows in found if len(rows) > 1]


def parts(table: Table, fits: Callable[[Table], bool]) -> Iterator[Table]:
    """Cut a table's rows into as few tables as fit, each with every column; a row that never fits stands alone."""
    count = len(next(iter(table.values())))
    start = 0
    while start < count:
        size = count - start
        while size > 1 and not fits(_rows(table, start, start + size)):
            size //= 2
        yield _rows(table, start, start + size)
        start += size


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    columns: dict[str, Sequence[str]] = {}
    for place, name in enumerate(names):
        own = name if name and name not in columns else f"{name or 'column'} {place + 1}"
        columns[own] = [row[place] for row in rows]
    return columns


def _rows(table: Table, start: int, end: int) -> Table:
    return {name: cells[start:end] for name, cells in table.items()}
