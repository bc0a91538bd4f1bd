"""Turn Markdown into the tables that stand in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Table:
    """A table's text, cell by cell; every row is as long as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(markdown: str) -> list[Table]:
    """Find the tables of a text, in order; their cells without mark-up.

    https://github.github.com/gfm/#tables-extension-
    """
    found: list[list[list[str]]] = []
    tokens = iter(PARSER.parse(markdown))
    for token in tokens:
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append(list(_cells(tokens)))
    return [Table(tuple(header), tuple(map(tuple, rows))) for header, *rows in found]


def _cells(tokens: Iterator[Token]) -> Iterator[str]:
    """Read the cells of one row, up to its end."""
    for token in tokens:
        if token.type == "tr_close":
            return
        if token.type == "inline":
            yield " ".join("".join(child.content for child in token.children or ()).split())
