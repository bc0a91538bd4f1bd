"""What is said of a change: of each of its files or hunks, and of the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hubpipe.change import Change, FileChange, Hunk, Memory
from hubpipe.models.base import Scores


@dataclass(frozen=True)
class Unit:
    """What a model is asked about by itself: a changed file, or one hunk of it."""

    file: FileChange
    hunk: Hunk | None = None

    @property
    def key(self) -> str:
        """Stand for all that can be said of it; see `FileChange.key`."""
        return self.file.key if self.hunk is None else f"{self.file.key}:{self.hunk.start}"

    @property
    def lines(self) -> int:
        """How many lines were added and removed in it."""
        return self.file.lines if self.hunk is None else len(self.hunk.added) + len(self.hunk.removed)


@dataclass(frozen=True)
class Judged:
    """A file or a hunk, with every score that the model gave it."""

    unit: Unit
    scores: Scores


@dataclass(frozen=True)
class Digest:
    """What a flow found in a change, file by file.

    `files` are those that the flow's path filters leave. `lines` says one line for some paths, in the model's
    words or by rule: untrusted text. `judged` are the scores of each file or hunk, where the flow asks for each.
    `inferred` files were read by the model in this run, `remembered` ones are as an earlier run found them.
    `dropped` are claims of the model's about what the change does not hold. `memory` is what the next run
    need not infer again.
    """

    files: Change
    lines: Mapping[str, str] = field(default_factory=dict)
    judged: tuple[Judged, ...] = ()
    inferred: int = 0
    remembered: int = 0
    dropped: tuple[str, ...] = ()
    memory: Memory | None = None
