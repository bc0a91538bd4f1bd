"""Turn Markdown into the sentences that a summary of it can be chosen from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import sentencex
from markdown_it import MarkdownIt
from markdown_it.token import Token

Item = TypeVar("Item")

# More sentences than this are thinned out evenly: embedding them is what takes time.
MAX_SENTENCES = 400
# In characters: GitHub's own limit, and more than any sentence that a summary is better for.
LONGEST_TITLE = 256
LONGEST_SENTENCE = 1_000

TRAILER = re.compile(r"[A-Z][\w-]*-by: ")
WORD = re.compile(r"[\W_]*[^\W\d_]+(?:['’-][^\W\d_]+)*[\W_]*")
PLAIN_WORD = re.compile(r"\w+")
# Letters of a word: "Bumps" and "Bump", "fixed" and "fixes" say the same.
STEM = 4
LEFT_OUT = "{count} of {total} sentences ({why})"
MANY_CHARACTERS = f"over {LONGEST_SENTENCE:,} characters"
MANY_WORDS = "over {max_words} words"
THINNED = "evenly spaced"

MIN_WORDS = 3
MIN_LETTERS = 6
END_OF_SENTENCE = (".", "!", "。", "！")

WRAPPERS = ("link_open", "link_close", "strong_open", "strong_close")

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(frozen=True)
class Sentence:
    """A sentence; `alone` tells that it is a paragraph of one line, as subjects of commits and titles of issues are."""

    text: str
    alone: bool = False

    @property
    def words(self) -> int:
        """How many words it has, as `max_words` counts them."""
        return len(self.text.split())


@dataclass(frozen=True)
class Reading:
    """The sentences to choose from; `first` stands for a text that has none, `left_out` says what is missing."""

    sentences: tuple[Sentence, ...]
    first: str
    left_out: str


def split_title(text: str) -> tuple[str, str]:
    """Take the title off a text: a short first line that stands alone and is no full sentence.

    A text that begins with an empty line has no title.
    """
    first, _, rest = text.partition("\n")
    first = first.strip()
    alone = not rest.partition("\n")[0].strip()
    titled = alone and len(first) <= LONGEST_TITLE and not first.endswith(END_OF_SENTENCE)
    return (first, rest.strip()) if titled else ("", text.strip())


def read(markdown: str, max_words: int) -> Reading:
    """Take the sentences that a summary of `max_words` can be chosen from, at most MAX_SENTENCES.

    Sign-offs, references, paths and single words say nothing and are no sentences. When every sentence has
    over `max_words`, the shortest is taken alone.
    """
    pieces = _pieces(markdown)
    short = [piece for piece in pieces if len(piece.text) <= LONGEST_SENTENCE]
    saying = [piece for piece in short if _says_something(piece.text)]
    fitting = [piece for piece in saying if piece.words <= max_words]
    fitting = fitting or sorted(saying, key=lambda piece: piece.words)[:1]
    kept = thin(fitting)
    losses = (
        (len(pieces) - len(short), MANY_CHARACTERS),
        (len(saying) - len(fitting), MANY_WORDS.format(max_words=max_words)),
        (len(fitting) - len(kept), THINNED),
    )
    total = len(saying) + len(pieces) - len(short)
    left_out = ", ".join(LEFT_OUT.format(count=count, total=total, why=why) for count, why in losses if count)
    return Reading(tuple(kept), short[0].text if short else "", left_out)


def thin(items: Sequence[Item]) -> list[Item]:
    """Keep at most MAX_SENTENCES, evenly from the whole."""
    if len(items) <= MAX_SENTENCES:
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, MAX_SENTENCES).astype(int)]


def split(paragraph: str) -> list[str]:
    """Split a paragraph where its sentences end, white space as single blanks."""
    pieces: list[str] = []
    for segment in sentencex.segment("en", paragraph):
        piece = " ".join(segment.split())
        # `feat!: drop ...` is one sentence.
        if piece.startswith(":") and pieces:
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return pieces


def repeats(sentence: str, title: str) -> bool:
    """Tell whether a sentence has no word that a title does not have; endings do not count in words of ASCII."""
    said = set(_stems(title))
    return bool(said) and all(stem in said for stem in _stems(sentence))


def _stems(text: str) -> Iterator[str]:
    for word in PLAIN_WORD.findall(text.casefold()):
        yield word[:STEM] if word.isascii() else word


def _pieces(markdown: str) -> list[Sentence]:
    """Split Markdown's paragraphs and list items where sentences end, each piece once and in order.

    Headings, code, tables, HTML and lines that are only a link hold none.
    """
    found: dict[str, bool] = {}
    for paragraph, outermost in _paragraphs(PARSER.parse(markdown)):
        pieces = split(paragraph)
        alone = outermost and len(pieces) == 1 and "\n" not in paragraph
        for piece in pieces:
            found[piece] = found.get(piece, False) or alone
    return [Sentence(text, alone) for text, alone in found.items()]


def _paragraphs(tokens: Sequence[Token]) -> Iterator[tuple[str, bool]]:
    """Give each paragraph's text, and whether it stands in no list and no quotation."""
    for opening, token in pairwise(tokens):
        if opening.type == "paragraph_open" and token.type == "inline":
            text = _prose(token.children or [])
            if text and not text.endswith(":"):
                yield text, opening.level == 0


def _prose(children: Sequence[Token]) -> str:
    """Give an inline's text; nothing when all of it is links or bold, as headings are, and no full sentence."""
    text, depth, plain = "", 0, False
    for child in children:
        if child.type in WRAPPERS:
            depth += child.nesting
        elif child.type in ("softbreak", "hardbreak"):
            text += "\n"
        elif child.type == "code_inline":
            text += f"`{child.content}`"
        elif child.type == "text":
            text += child.content
            plain = plain or (depth == 0 and any("://" not in word for word in child.content.split()))
    text = text.strip()
    return text if plain or text.endswith(END_OF_SENTENCE) else ""


def _says_something(sentence: str) -> bool:
    tokens = sentence.split()
    words = [token for token in tokens if WORD.fullmatch(token)]
    letters = sum(character.isalpha() for character in sentence)
    enough = len(words) >= MIN_WORDS if sentence.isascii() else letters >= MIN_LETTERS
    return enough and 2 * len(words) >= len(tokens) and TRAILER.match(sentence) is None
