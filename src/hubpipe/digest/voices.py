"""Turn the lines of a summary into whose words they are, where they stand in a comment."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

from hubpipe.text import Document

COMMENT_BY = "comment by "  # how text.document names the part of a comment
# Fewer letters than this are anybody's: "Yes, please."
LEAST_LETTERS = 12
# A summary is written without the addresses of links, signs and line ends.
UNSPOKEN = re.compile(r"\]\([^()\s]*\)|[\W_]+")


def voices(document: Document, lines: Iterable[str]) -> Mapping[str, str]:
    """Give the login of whose comment each line stands in; lines of the title, of the body or of nobody have none.

    Reads the document once, and once more for each line.
    """
    said = [_spoken(part.text) for part in document.parts]
    starts = list(accumulate((len(text) + 1 for text in said), initial=0))
    whole = "\n".join(said)
    found: dict[str, str] = {}
    for line in dict.fromkeys(lines):
        spoken = _spoken(line)
        place = whole.find(spoken) if len(spoken) >= LEAST_LETTERS else -1
        name = document.parts[bisect_right(starts, place) - 1].name if place >= 0 else ""
        if name.startswith(COMMENT_BY):
            found[line] = name.removeprefix(COMMENT_BY)
    return found


def _spoken(text: str) -> str:
    return UNSPOKEN.sub("", text)
