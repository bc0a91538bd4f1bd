"""Turn a Document into the text that fits a model's limit, and say what was left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hubpipe.text.document import Document

Tokens: TypeAlias = Callable[[str], Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Fitted:
    """The text that a model reads: `read` of `total` tokens, in so many windows; `cut` names the parts cut short."""

    text: str
    read: int
    total: int
    cut: tuple[str, ...] = ()
    windows: int = 1


def fit(document: Document, limit: int | None, tokens: Tokens) -> Fitted:
    """Keep the head of a document, at most `limit` tokens of it (None keeps everything).

    The title stands first, so it is whole if it fits. The head of a text tells more than the mean of its
    chunks does. `tokens` gives the character offsets of each token of a text.
    """
    text = document.text
    offsets = tokens(text)
    total = len(offsets)
    if limit is None or total <= limit:
        return Fitted(text, total, total)
    head = _head(text, offsets, limit, tokens)
    return Fitted(head, len(tokens(head)), total, tuple(cut_parts(document, len(head))))


def _head(text: str, offsets: Sequence[tuple[int, int]], limit: int, tokens: Tokens) -> str:
    # A head can have more tokens than the same characters had within the whole: a byte-level tokenizer shares
    # one emoji among several tokens, and merges change at the cut.
    for keep in range(limit, 0, -1):
        head = text[: offsets[keep - 1][1]].rstrip()
        if len(tokens(head)) <= limit:
            return head
    return ""


def cut_parts(document: Document, end: int) -> Iterator[str]:
    """Name the parts that end after a position of the document's text."""
    position = 0
    for part in document.parts:
        if position + len(part.text) > end:
            yield part.name
        position += len(part.text) + len("\n\n")
