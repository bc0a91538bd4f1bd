"""Turn a text into the offsets of its tokens, with any tokenizer."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

# What a tokenizer writes for the space ahead of a word (SentencePiece), and for the middle of one (WordPiece).
MARKS = "▁#"


def pieces(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Give the (start, end) of every token of a text, in characters, special tokens left out.

    A tokenizer without tokenizer.json (Marian, M2M100, TAPAS) tells no offsets: it is asked word by word.
    """
    if not tokenizer.is_fast:
        return list(_of_words(tokenizer, text))
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False)
    return list(encoding["offset_mapping"])


def _of_words(tokenizer: Any, text: str) -> Iterator[tuple[int, int]]:
    known: dict[str, list[str]] = {}
    for match in re.finditer(r"\S+", text):
        word = match.group()
        if word not in known:
            known[word] = tokenizer.tokenize(word)
        for start, end in _within(word, known[word]):
            yield match.start() + start, match.start() + end


def _within(word: str, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Lay tokens over a word: by their own lengths where these add up, else in equal parts."""
    lengths = [len(token.strip(MARKS)) for token in tokens]
    exact = sum(lengths) == len(word)
    end = 0
    for place, length in enumerate(lengths, start=1):
        start, end = end, (end + length if exact else place * len(word) // len(tokens))
        yield start, end
