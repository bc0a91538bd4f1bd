"""Turn the files of a pull request into a Change: what each file is, what was touched in it, what matters."""

from hubpipe.change.files import Change, FileChange, Hunk, Kind, Symbols
from hubpipe.change.memory import Memory
from hubpipe.change.read import read

__all__ = ["Change", "FileChange", "Hunk", "Kind", "Memory", "Symbols", "read"]
