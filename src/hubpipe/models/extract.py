"""Turn Markdown into its sentences, and sentences with their embeddings into the few that stand for all."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sentencex
from markdown_it import MarkdownIt
from markdown_it.token import Token
from numpy.typing import NDArray

Array = NDArray[np.float32]

# More sentences than this are thinned out evenly: embedding them is what takes time.
MAX_SENTENCES = 400
# A summary is a part of the text: at most a third of its sentences, where there are many.
SHARE = 3
FEW = 3
REPEATS_TITLE = 0.9
IS_BOILERPLATE = 0.6
# How much centrality, nearness to the title and an early place count. Of the words in the titles that
# people gave to 75 pull requests (PRTiger's development set, the linked issue's title as ours), 40 words
# of summary hold .47 by centrality alone, .49 by nearness, .48 by place, .52 by the three together.
CENTRALITY, TITLE, LEAD = 0.2, 0.4, 0.4
# Between what is worth saying and what is said already (Carbonell & Goldstein 1998 call it lambda).
WORTH = 0.7
BOILERPLATE = (
    "I have read the contributing guidelines and the code of conduct",
    "I have searched the existing issues for duplicates",
    "I have added tests and updated the documentation",
    "All checks and tests pass on my machine",
    "Please review and let me know what you think, thank you",
)

# In characters: GitHub's own limit, and more than any sentence that a summary is better for.
LONGEST_TITLE = 256
LONGEST_SENTENCE = 1_000

TRAILER = re.compile(r"[A-Z][\w-]*-by: ")
WORD = re.compile(r"[\W_]*[^\W\d_]+(?:['’-][^\W\d_]+)*[\W_]*")
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
class Reading:
    """The sentences to choose from; `first` stands for a text that has none, `left_out` says what is missing."""

    sentences: tuple[str, ...]
    first: str
    left_out: str


def split_title(text: str) -> tuple[str, str]:
    """Take the title off a text: a short first line that stands alone and is no full sentence."""
    first, _, rest = text.strip().partition("\n")
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
    short = [piece for piece in pieces if len(piece) <= LONGEST_SENTENCE]
    saying = [piece for piece in short if _says_something(piece)]
    fitting = [piece for piece in saying if _words(piece) <= max_words] or sorted(saying, key=_words)[:1]
    kept = thin(fitting)
    losses = (
        (len(pieces) - len(short), MANY_CHARACTERS),
        (len(saying) - len(fitting), MANY_WORDS.format(max_words=max_words)),
        (len(fitting) - len(kept), THINNED),
    )
    total = len(saying) + len(pieces) - len(short)
    left_out = ", ".join(LEFT_OUT.format(count=count, total=total, why=why) for count, why in losses if count)
    return Reading(tuple(kept), short[0] if short else "", left_out)


def _pieces(markdown: str) -> list[str]:
    """Split Markdown's paragraphs and list items where sentences end, each piece once and in order.

    Headings, code, tables, HTML and lines that are only a link hold none.
    """
    pieces = (
        " ".join(piece.split())
        for paragraph in _paragraphs(PARSER.parse(markdown))
        for piece in sentencex.segment("en", paragraph)
    )
    return list(dict.fromkeys(filter(None, pieces)))


def thin(items: Sequence[str]) -> list[str]:
    """Keep at most MAX_SENTENCES, evenly from the whole."""
    if len(items) <= MAX_SENTENCES:
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, MAX_SENTENCES).astype(int)]


def choose(items: Sequence[str], vectors: Array, title: Array | None, dull: Array, max_words: int) -> list[int]:
    """Choose the sentences that stand for all, as places in their own order.

    `vectors` (sentences × d), `title` (d) and `dull` (phrases × d) are unit embeddings. Sentences are
    taken by maximal marginal relevance while they fit into `max_words`; when none fits, the shortest alone.
    Sources: Erkan & Radev 2004 (LexRank: centrality by similarity), Carbonell & Goldstein 1998 (MMR).
    """
    if not items:
        return []
    words = [_words(item) for item in items]
    worth = _worth(vectors, title, dull)
    most = max(FEW, len(items) // SHARE)
    chosen: list[int] = []
    left = [place for place in np.argsort(-worth) if worth[place] > 0] or list(range(len(items)))
    while left and len(chosen) < most:
        room = max_words - sum(words[place] for place in chosen)
        left = [place for place in left if words[place] <= room and place not in chosen]
        if left:
            chosen.append(max(left, key=lambda place: _gain(place, worth, vectors, chosen)))
    return sorted(int(place) for place in chosen) or [int(np.argmin(words))]


def _words(sentence: str) -> int:
    return len(sentence.split())


def _gain(place: int, worth: Array, vectors: Array, chosen: Sequence[int]) -> float:
    said = max((float(vectors[place] @ vectors[other]) for other in chosen), default=0.0)
    return WORTH * float(worth[place]) - (1 - WORTH) * said


def _worth(vectors: Array, title: Array | None, dull: Array) -> Array:
    count = len(vectors)
    central = (vectors @ vectors.T).mean(axis=1)
    lead = 1 - np.arange(count) / count
    near = central if title is None else vectors @ title
    worth = (CENTRALITY * _spread(central) + TITLE * _spread(near) + LEAD * lead).astype(np.float32)
    worth[(vectors @ dull.T).max(axis=1, initial=0.0) > IS_BOILERPLATE] = 0.0
    if title is not None:
        worth[near > REPEATS_TITLE] = 0.0
    return worth


def _spread(values: Array) -> Array:
    low, high = values.min(), values.max()
    spread: Array = (values - low) / (high - low) if high > low else np.ones_like(values)
    return spread


def _paragraphs(tokens: Sequence[Token]) -> Iterator[str]:
    for opening, token in pairwise(tokens):
        if opening.type == "paragraph_open" and token.type == "inline":
            text = _prose(token.children or [])
            if text and not text.endswith(":"):
                yield text


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
