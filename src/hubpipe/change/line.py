"""Turn a file's change into one line that is right by construction: no model writes it."""

import re
from collections.abc import Iterator, Sequence

from hubpipe.change.files import FileChange
from hubpipe.text import visible

SUBMODULE_MOVED = "submodule moved from {old} to {new}"
SUBMODULE_ADDED = "submodule added at {new}"
SUBMODULE_REMOVED = "submodule removed, it was at {old}"
BINARY = {"added": "binary file added", "removed": "binary file deleted"}
BINARY_CHANGED = "binary file changed"
DELETED = "deleted"
NEW = "new file, {lines} {unit}"
NEW_EMPTY = "new empty file"
MOVED = "moved from `{old}`, no other change"
RENAMED = "renamed from `{old}`"
COPIED = "copied from `{old}`"
LINES = "+{added} −{removed} lines"
NO_LINES = "no line changed"
MORE = "{names} and {count} more"
VERBS = ("adds", "changes", "removes")
MOST_NAMES = 4
SHA = re.compile(r"Subproject commit ([0-9a-f]{7})[0-9a-f]*")


def line(file: FileChange) -> str:
    """Say in a few words what happens to a file; names stand in backticks."""
    if file.kind == "submodule":
        return _submodule(file)
    if file.kind == "binary":
        return "; ".join(_moved(file)) or BINARY.get(file.file.status, BINARY_CHANGED)
    if file.file.status == "removed":
        return DELETED
    if file.file.previous_path is not None and not file.lines:
        said = COPIED if file.file.status == "copied" else MOVED
        return said.format(old=_name(file.file.previous_path))
    what = [*_new(file), *_touched(file)]
    return "; ".join([*_moved(file), *(what or [_counts(file)])])


def _submodule(file: FileChange) -> str:
    hunk = file.hunks[0] if file.hunks else None
    old = _sha(hunk.removed if hunk else ())
    new = _sha([text for _, text in hunk.added] if hunk else ())
    if old and new:
        return SUBMODULE_MOVED.format(old=old, new=new)
    return SUBMODULE_ADDED.format(new=new) if new else SUBMODULE_REMOVED.format(old=old)


def _sha(lines: Sequence[str]) -> str:
    return next((match[1] for match in map(SHA.match, lines) if match), "")


def _moved(file: FileChange) -> Iterator[str]:
    if file.file.previous_path is not None:
        said = COPIED if file.file.status == "copied" else RENAMED
        yield said.format(old=_name(file.file.previous_path))


def _new(file: FileChange) -> Iterator[str]:
    if file.file.status == "added":
        lines = file.file.additions
        yield NEW.format(lines=lines, unit="line" if lines == 1 else "lines") if lines else NEW_EMPTY


def _touched(file: FileChange) -> Iterator[str]:
    groups = (file.symbols.added, file.symbols.changed, file.symbols.removed)
    for verb, names in zip(VERBS, groups, strict=True):
        outer = _outer(names)
        if outer:
            yield f"{verb} {_listed(outer)}"


def _outer(names: Sequence[str]) -> list[str]:
    """Leave out the members of what is named itself."""
    every = set(names)
    return [name for name in names if name.rpartition(".")[0] not in every]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{_name(name)}`" for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else MORE.format(names=shown, count=len(names) - MOST_NAMES)


def _counts(file: FileChange) -> str:
    if not file.lines:
        return NO_LINES
    return LINES.format(added=file.file.additions, removed=file.file.deletions)


def _name(text: str) -> str:
    return " ".join(visible(text).replace("`", "'").split())
