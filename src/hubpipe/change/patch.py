"""Turn the patch that GitHub gives of a file into its Hunks."""

import re
from collections.abc import Iterator

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk as ParsedHunk
from unidiff.patch import PatchSet

from hubpipe.change.files import Hunk

# GitHub's patch begins at the first hunk; a parser wants the names before it, and they say nothing here.
NAMES = "--- a/file\n+++ b/file\n"
# Inside of a hunk every line begins with a space, a plus, a minus or a backslash.
HUNK_START = re.compile(r"^(?=@@ -)", re.MULTILINE)
# Any other line is no part of a hunk; unidiff would look for the names of more files in it, some in quadratic time.
FOREIGN = re.compile(r"^[^-+ \\@\r\n][^\n]*\n?", re.MULTILINE)


def hunks(patch: str | None) -> tuple[Hunk, ...]:
    """Read the hunks of a patch; of one that is damaged or cut off, those that are whole."""
    if not patch:
        return ()
    patch = FOREIGN.sub("", patch)
    whole = _parsed(patch)
    parsed = [hunk for part in HUNK_START.split(patch) for hunk in _parsed(part) or ()] if whole is None else whole
    return tuple(map(_hunk, parsed))


def _parsed(patch: str) -> list[ParsedHunk] | None:
    # unidiff splits a string at newlines only, as Git does: a form feed or a lone return stays in its line.
    # A number of 5,000 digits is a ValueError.
    try:
        files = PatchSet(NAMES + patch)
    except (UnidiffParseError, ValueError):
        return None
    return [hunk for file in files[:1] for hunk in file]


def _hunk(parsed: ParsedHunk) -> Hunk:
    added = tuple((line.target_line_no or 0, _bare(line.value)) for line in parsed if line.is_added)
    removed = tuple(_bare(line.value) for line in parsed if line.is_removed)
    last = parsed.target_start + parsed.target_length - 1
    return Hunk(parsed.target_start, last, parsed.section_header.strip(), added, removed, str(parsed).rstrip("\n"))


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def sides(hunk: Hunk) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Give the lines of a hunk before and after the change, each with whether it was removed or added."""
    lines = list(_body(hunk))
    before = [(text, sign == "-") for sign, text in lines if sign != "+"]
    after = [(text, sign == "+") for sign, text in lines if sign != "-"]
    return before, after


def _body(hunk: Hunk) -> Iterator[tuple[str, str]]:
    for line in hunk.text.split("\n")[1:]:
        if not line.startswith("\\"):
            yield line[:1], _bare(line[1:])
