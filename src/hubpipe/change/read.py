"""Turn the changed files that GitHub lists into a Change."""

from collections.abc import Sequence

from hubpipe.change.attributes import Rule, rules, unread
from hubpipe.change.files import Change, FileChange
from hubpipe.change.kinds import kind
from hubpipe.change.patch import hunks
from hubpipe.change.symbols import symbols
from hubpipe.change.syntax import Effort
from hubpipe.event import ChangedFile

# Of a file that changes more, the counts are said, and no symbols.
MOST_CHARACTERS = 100_000
NO_SYMBOLS = "symbols of {files}: too much, or no code that the parser knows"
NO_RULES = "{count} {lines} of .gitattributes: own macros, or patterns that are none"
NAMED_FILES = 3
WITH_SYMBOLS = frozenset({"source", "tests"})


def read(files: Sequence[ChangedFile], attributes: str = "") -> Change:
    """Read what each file's change is; `attributes` is the text of the base branch's `.gitattributes`.

    Symbols are looked for in code that people wrote, in patches of up to 100,000 characters, and in 500,000
    characters of all (those before and after the change both count).
    """
    said, effort = rules(attributes), Effort()
    read_files: list[FileChange] = []
    passed_over: list[str] = []
    for file in files:
        found, whole = _file(file, said, effort)
        read_files.append(found)
        passed_over += [] if whole else [file.path]
    return Change(tuple(read_files), (*_without_rules(attributes), *_without_symbols(passed_over)))


def _file(file: ChangedFile, said: Sequence[Rule], effort: Effort) -> tuple[FileChange, bool]:
    """Read one file; also tell whether all of it was looked through for symbols that should be."""
    parts = hunks(file.patch)
    what = kind(file, parts, said)
    if what not in WITH_SYMBOLS or not parts:
        return FileChange(file, what, parts), True
    if len(file.patch or "") > MOST_CHARACTERS:
        return FileChange(file, what, parts), False
    refused = effort.refused
    return FileChange(file, what, parts, symbols(file.path, parts, effort)), effort.refused == refused


def _without_rules(attributes: str) -> list[str]:
    count = unread(attributes)
    return [NO_RULES.format(count=count, lines="line" if count == 1 else "lines")] if count else []


def _without_symbols(paths: Sequence[str]) -> list[str]:
    """Name the first files of many; a name that is long is cut, as everywhere in a line."""
    if not paths:
        return []
    rest = len(paths) - NAMED_FILES
    more = f" and {rest} more" if rest > 0 else ""
    return [NO_SYMBOLS.format(files=f"{', '.join(paths[:NAMED_FILES])}{more}")]
