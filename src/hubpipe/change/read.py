"""Turn the changed files that GitHub lists into a Change."""

from collections.abc import Iterator, Sequence

from hubpipe.change.attributes import Rule, rules
from hubpipe.change.files import Change, FileChange, Symbols
from hubpipe.change.kinds import kind
from hubpipe.change.patch import hunks
from hubpipe.change.symbols import symbols
from hubpipe.change.syntax import Effort
from hubpipe.event import ChangedFile

# Of a file that changes more, the counts are said, and no symbols.
MOST_CHARACTERS = 100_000
WITH_SYMBOLS = frozenset({"source", "tests"})


def read(files: Sequence[ChangedFile], attributes: str = "") -> Change:
    """Read what each file's change is; `attributes` is the text of the base branch's `.gitattributes`.

    Symbols are looked for in code that people wrote, in patches of up to 100,000 characters, and in 500,000
    characters of all (those before and after the change both count).
    """
    return Change(tuple(_files(files, rules(attributes))))


def _files(files: Sequence[ChangedFile], said: Sequence[Rule]) -> Iterator[FileChange]:
    effort = Effort()
    for file in files:
        parts = hunks(file.patch)
        what = kind(file, parts, said)
        parsed = what in WITH_SYMBOLS and parts and len(file.patch or "") <= MOST_CHARACTERS
        yield FileChange(file, what, parts, symbols(file.path, parts, effort) if parsed else Symbols())
