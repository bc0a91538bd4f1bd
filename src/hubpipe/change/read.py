"""Turn the changed files that GitHub lists into a Change."""

from collections.abc import Sequence

from hubpipe.change.attributes import Rule, rules
from hubpipe.change.files import Change, FileChange, Symbols
from hubpipe.change.kinds import kind
from hubpipe.change.patch import hunks
from hubpipe.event import ChangedFile


def read(files: Sequence[ChangedFile], attributes: str = "") -> Change:
    """Read what each file's change is; `attributes` is the text of the base branch's `.gitattributes`."""
    said = rules(attributes)
    return Change(tuple(_file(file, said) for file in files))


def _file(file: ChangedFile, said: Sequence[Rule]) -> FileChange:
    parts = hunks(file.patch)
    return FileChange(file, kind(file, parts, said), parts, Symbols())
