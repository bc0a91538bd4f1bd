"""Turn a confusion matrix into the rows and columns that a reader needs."""

from collections.abc import Sequence
from dataclasses import dataclass

NONE = "(none)"


@dataclass(frozen=True)
class Matrix:
    """Counts with names for rows (the people's labels) and columns (the model's)."""

    rows: list[str]
    columns: list[str]
    counts: list[list[int]]

    @classmethod
    def of(cls, names: Sequence[str], confusion: Sequence[Sequence[int]]) -> "Matrix":
        """Name a matrix whose last row and column have no label, and leave those out where they are empty."""
        counts = [list(row) for row in confusion]
        rows = columns = [*names, NONE]
        if not any(counts[-1]):
            rows, counts = rows[:-1], counts[:-1]
        if not any(row[-1] for row in counts):
            columns, counts = columns[:-1], [row[:-1] for row in counts]
        return cls(rows, columns, counts)
