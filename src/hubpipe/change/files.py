"""What a pull request changes, file by file."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hubpipe.event import ChangedFile

Kind: TypeAlias = Literal[
    "source",
    "tests",
    "documentation",
    "configuration",
    "dependencies",
    "generated",
    "vendored",
    "binary",
    "submodule",
]
# What people did not write by hand: such a file is counted and not read.
NOT_BY_HAND = frozenset({"dependencies", "generated", "vendored", "binary", "submodule"})
KEY_LENGTH = 16  # hexadecimal digits: 64 bits


@dataclass(frozen=True)
class Hunk:
    """One hunk of a patch.

    `start` and `end` are its first and last line in the new file, from 1; `end` is below `start` where it only
    removes. `section` is what stands behind the second `@@`: the function or class around it. `added` are the
    new lines with their numbers, `removed` the old ones. `text` is the whole hunk as Git writes it.
    """

    start: int
    end: int
    section: str
    added: tuple[tuple[int, str], ...]
    removed: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Symbols:
    """The functions, classes and the like that a file's change defines anew, changes inside, or removes."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileChange:
    """A changed file: what it is, its hunks, and the symbols touched."""

    file: ChangedFile
    kind: Kind
    hunks: tuple[Hunk, ...] = ()
    symbols: Symbols = field(default_factory=Symbols)

    @property
    def path(self) -> str:
        """Where the file is after the change."""
        return self.file.path

    @property
    def lines(self) -> int:
        """How many lines were added and removed."""
        return self.file.additions + self.file.deletions

    @property
    def by_hand(self) -> bool:
        """Tell whether people wrote this: what is generated, vendored, locked or binary is not read."""
        return self.kind not in NOT_BY_HAND

    @property
    def key(self) -> str:
        """Stand for all that can be said of this file's change: equal keys, equal path, contents and patch."""
        parts = (self.file.path, self.file.previous_path or "", self.file.sha or "", self.file.patch or "")
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True)
class Change:
    """All files that a pull request changes, in GitHub's order; `unread` says in words what was not looked into."""

    files: tuple[FileChange, ...] = ()
    unread: tuple[str, ...] = ()
