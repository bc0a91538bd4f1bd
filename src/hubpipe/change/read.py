"""Turn the changed files that GitHub lists into a Change."""

from collections.abc import Iterator, Sequence

from hubpipe.change.attributes import Rule, rules
from hubpipe.change.files import Change, FileChange, Hunk, Symbols
from hubpipe.change.kinds import kind
from hubpipe.change.patch import hunks
from hubpipe.change.symbols import symbols
from hubpipe.event import ChangedFile

# A parser reads some megabytes a second: of more, a file has its counts and its place, and no symbols.
MOST_CHARACTERS = 200_000
MOST_CHARACTERS_IN_ALL = 2_000_000
WITH_SYMBOLS = frozenset({"source", "tests"})


def read(files: Sequence[ChangedFile], attributes: str = "") -> Change:
    """Read what each file's change is; `attributes` is the text of the base branch's `.gitattributes`.

    Symbols are looked for in code that people wrote, in patches of up to 200,000 characters and in 2,000,000
    characters of all.
    """
    return Change(tuple(_files(files, rules(attributes))))


def _files(files: Sequence[ChangedFile], said: Sequence[Rule]) -> Iterator[FileChange]:
    room = MOST_CHARACTERS_IN_ALL
    for file in files:
        parts = hunks(file.patch)
        what = kind(file, parts, said)
        length = len(file.patch or "")
        parsed = what in WITH_SYMBOLS and length <= min(room, MOST_CHARACTERS)
        room -= length if parsed else 0
        yield FileChange(file, what, parts, _symbols(file.path, parts) if parsed else Symbols())


def _symbols(path: str, parts: Sequence[Hunk]) -> Symbols:
    return symbols(path, parts) if parts else Symbols()
