"""Turn a table into the columns that a server of table-question-answering is sent, in parts that it can read."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from hubpipe.models.tables import Table

UNNAMED = "column"


def columns(table: Table) -> dict[str, list[str]]:
    """Give each column's cells under its name; columns of one name or none get a name of their own."""
    found: dict[str, list[str]] = {}
    for place, name in enumerate(table.header):
        own = name if name and name not in found else f"{name or UNNAMED} {place + 1}"
        found[own] = [row[place] for row in table.rows]
    return found


def parts(table: Table, fits: Callable[[Table], bool]) -> Iterator[Table]:
    """Cut a table between rows into few tables that fit, each with the header; a row that never fits stands alone."""
    start = 0
    while start < len(table.rows):
        size = len(table.rows) - start
        while size > 1 and not fits(replace(table, rows=table.rows[start : start + size])):
            size //= 2
        yield replace(table, rows=table.rows[start : start + size])
        start += size
