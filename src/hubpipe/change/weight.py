"""Turn a Change into what weighs in it: the order of its files, and its size in lines."""

from math import log2

from hubpipe.change.files import Change, FileChange, Kind

# How much of the reader's attention a line of each kind is worth; what is not listed, a tenth.
WORTH: dict[Kind, float] = {"source": 4.0, "configuration": 2.0, "tests": 1.5, "documentation": 1.5}
WORTH_OF_REST = 0.1
MOST_SYMBOLS = 10
NEW_OR_GONE = 1.0


def weight(file: FileChange) -> float:
    """Tell how much a file matters: its kind times its lines, with diminishing returns, and what is new in it."""
    symbols = 0.5 * min(len(file.symbols.added) + len(file.symbols.removed), MOST_SYMBOLS)
    new = NEW_OR_GONE if file.file.status in {"added", "removed"} else 0.0
    return WORTH.get(file.kind, WORTH_OF_REST) * (1 + log2(1 + max(file.lines, 0)) + symbols + new)


def ordered(change: Change) -> tuple[FileChange, ...]:
    """Give the files, those that matter most first; equal ones stay in GitHub's order."""
    return tuple(sorted(change.files, key=weight, reverse=True))


def changed_lines(change: Change) -> int:
    """Count the lines that people changed: generated, vendored, locked and binary files do not count."""
    return sum(file.lines for file in change.files if file.by_hand)
