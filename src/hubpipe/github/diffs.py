"""Turn the whole diff of a pull request into the patch of each file, as GitHub's list of files writes it."""

import re
from ast import literal_eval
from collections.abc import Iterator

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchedFile, PatchSet

# Inside a file's part each line begins with a blank, a sign or a word of Git's, so that this begins the next part.
PART = re.compile(r"^(?=diff --git )", re.MULTILINE)


def patches_of(diff: str) -> dict[str, str]:
    """Give the patch of each file that has one, by the file's path; a part that is no diff is left out."""
    return {_path(file): _patch(file) for part in PART.split(diff) for file in _parsed(part)}


def _parsed(part: str) -> Iterator[PatchedFile]:
    # The line `diff --git` is ambiguous for names with blanks; those that name the two sides are not.
    start = part.find("\n--- ")
    if start < 0:
        return
    try:
        yield from PatchSet(part[start + 1 :])
    except (UnidiffParseError, ValueError):
        return


def _patch(file: PatchedFile) -> str:
    return "".join(map(str, file)).removesuffix("\n")


def _path(file: PatchedFile) -> str:
    """Undo what Git does to a name with unusual characters.

    Source: https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath
    """
    path = file.path
    if not path.startswith('"'):
        return path
    try:
        return bytes(literal_eval(f"b{path}")).decode("utf-8", "replace")
    except (SyntaxError, TypeError, ValueError):
        return path
