"""Turn a word that is not known into the word that was perhaps meant."""

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(word: str, known: Sequence[str]) -> str:
    """End a message with the known word that was perhaps meant, or with all of them."""
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"
