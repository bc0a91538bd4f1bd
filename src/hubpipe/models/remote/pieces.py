"""Turn a text into pieces about as long as tokens, for a model whose tokenizer is somewhere else."""

import re
from collections.abc import Iterator
from itertools import islice

# A token of English is about four letters long; of other scripts often one. Rather too many than too few.
PIECE = re.compile(r"[!-~]{1,4}|[^\s!-~]")


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Give the (start, end) offsets of each piece of a text, in order."""
    return (match.span() for match in PIECE.finditer(text))


def cut(text: str, limit: int | None) -> str:
    """Give the first `limit` pieces of a text, all of it without a limit."""
    if limit is None:
        return text
    return text[: max((end for _, end in islice(pieces(text), limit)), default=0)]
