"""Turn the files of a pull request into a Change: what each file is, what was touched in it, what matters."""

from hubpipe.change.claims import Known, checked, known
from hubpipe.change.files import Change, FileChange, Hunk, Kind, Symbols
from hubpipe.change.line import line
from hubpipe.change.memory import Memory
from hubpipe.change.read import read
from hubpipe.change.sayings import sayings
from hubpipe.change.weight import changed_lines, ordered, weight

__all__ = [
    "Change",
    "FileChange",
    "Hunk",
    "Kind",
    "Known",
    "Memory",
    "Symbols",
    "changed_lines",
    "checked",
    "known",
    "line",
    "ordered",
    "read",
    "sayings",
    "weight",
]
