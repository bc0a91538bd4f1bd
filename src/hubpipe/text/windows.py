"""Turn a Document that is longer than a model's limit into windows that a model can read one by one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hubpipe.text.document import Document
from hubpipe.text.fitting import Fitted, Tokens, cut_parts

# A window repeats this share of the one before it, so that what stands at an edge is read whole once.
OVERLAP = 1 / 8
# More windows than this are not read, and the report says so: a model on two cores reads a few of them a second.
MOST_WINDOWS = 128
# Where a text is cut when the answers are put one after the other: behind a paragraph, a line, a sentence, a word.
ENDS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s+|(?<=[。！？])"), re.compile(r"\s+"))


@dataclass(frozen=True)
class Window:
    """A stretch of a text: where it starts, in characters, how many tokens it has, and what stood before it."""

    text: str
    start: int
    tokens: int
    gap: str = ""

    @property
    def end(self) -> int:
        """Where the stretch ends, in characters of the whole text."""
        return self.start + len(self.text)


def split(document: Document, limit: int, tokens: Tokens, *, overlapping: bool) -> tuple[Fitted, tuple[Window, ...]]:
    """Cut a document into windows of at most `limit` tokens, in order.

    Windows that do not overlap end where a paragraph, a line, a sentence or at least a word does. A text that
    fits is one window. `tokens` gives the character offsets of each token of a text.
    """
    text = document.text
    offsets = tokens(text)
    found = tuple(_windows(text, offsets, limit, tokens, overlapping=overlapping))
    end = found[-1].end if found else 0
    read = sum(1 for start, _ in offsets if start < end)
    cut = tuple(cut_parts(document, end)) if text[end:].strip() else ()
    return Fitted(text[:end], read, len(offsets), cut, len(found)), found


def _windows(
    text: str, offsets: Sequence[tuple[int, int]], limit: int, tokens: Tokens, *, overlapping: bool
) -> Iterator[Window]:
    if len(offsets) <= limit:
        yield Window(text, 0, len(offsets))
        return
    first, before, count = 0, 0, 0
    while first < len(offsets) and count < MOST_WINDOWS:
        start = offsets[first][0]
        window, last = _window(text, offsets, first, limit, tokens, whole=not overlapping)
        yield Window(window, start, last - first, text[before:start])
        if last >= len(offsets):
            return
        before, count = start + len(window), count + 1
        first = max(first + 1, last - int(limit * OVERLAP)) if overlapping else last


def _window(
    text: str, offsets: Sequence[tuple[int, int]], first: int, limit: int, tokens: Tokens, *, whole: bool
) -> tuple[str, int]:
    """Give the text of the window that begins at a token, and the token after its last."""
    start = offsets[first][0]
    last = min(first + limit, len(offsets))
    # By itself a stretch can have more tokens than within the whole: merges change at its edges.
    while last > first + 1 and len(tokens(text[start : offsets[last - 1][1]])) > limit:
        last -= 1
    end = offsets[last - 1][1]
    if whole and last < len(offsets):
        end = _good_end(text, start, end)
        last = next((place for place in range(first + 1, last) if offsets[place][0] >= end), last)
        # A token that holds a sentence's end and what follows it belongs to this window whole.
        end = max(end, offsets[last - 1][1])
    return text[start:end].rstrip(), last


def _good_end(text: str, start: int, end: int) -> int:
    """Find the last good place to cut in the second half of a stretch; its very end where there is none."""
    middle = (start + end) // 2
    for pattern in ENDS:
        places = [match.start() for match in pattern.finditer(text, middle, end + 1) if match.start() > middle]
        if places:
            return places[-1]
    return end
