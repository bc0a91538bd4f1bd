"""Turn Markdown into its sections and sentences, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import sentencex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hubpipe.models.base import encodable
from hubpipe.models.sentences import LONGEST_SENTENCE, split_title

# Below the headings of Markdown: a line in bold, and a short line that ends with a colon.
BOLD, COLON = 7, 8
LONGEST_HEADING = 120
MARKS = ("**", "__")
# What issue forms and people write where they have nothing to say.
NO_ANSWERS = frozenset({"no response", "n/a", "na", "none", "not applicable", "nothing", "tbd"})
EDGES = " \t\r\n*_`.()"

LINE_END = re.compile(r"\r\n?|\n")
# What opens a line inside lists and quotations.
MARKER = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)?[ \t]*")

PARSER = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").disable(["inline", "text_join"])


@dataclass(frozen=True)
class Passage:
    """A stretch of a text, from `start` to `end` in characters; `heading` is what stands over it, if anything."""

    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True)
class Block:
    """An outermost block, from line `first` to before `last`; `rank` is 1 to 8 for what heads a section, else 0."""

    first: int
    last: int
    rank: int = 0
    heading: str = ""


def sections(text: str) -> list[Passage]:
    """Give what stands under each heading, up to the next of the same rank; none where nobody filled it in.

    Headings are those of Markdown (of issue forms, too), lines in bold, and short lines that end with a colon,
    under which one block stands. White space around a section is not part of it.
    """
    lines = _line_starts(text)
    blocks = list(_blocks(PARSER.parse(text)))
    ends = _section_ends(blocks)
    found = []
    for place, block in enumerate(blocks):
        if block.rank:
            passage = _trimmed(text, lines[block.last], lines[ends[place]], block.heading)
            if _says_something(text, passage):
                found.append(passage)
    return found


def sentences(text: str) -> list[Passage]:
    """Give the sentences of paragraphs and lists, and the lines of code as they are.

    The title, where there is one, is the first; headings are none, and what has over LONGEST_SENTENCE characters
    is no answer to anything.
    """
    lines = _line_starts(text)
    pieces = [_trimmed(text, 0, lines[1])] if split_title(text)[0] else []
    for opening, token in pairwise(PARSER.parse(text)):
        if token.map is None:
            continue
        first, last = token.map
        if token.type == "inline" and opening.type == "paragraph_open":
            plain = (block for block in _of_paragraph(token.content, first) if not block.rank)
            pieces += (piece for block in plain for piece in _split(text, lines[block.first], lines[block.last]))
        elif token.type in ("fence", "code_block"):
            fenced = token.type == "fence"
            inside = range(first + fenced, last - (fenced and _is_closed(text, lines, last, token)))
            pieces += [_trimmed(text, lines[line], lines[line + 1]) for line in inside]
    short = (piece for piece in dict.fromkeys(pieces) if piece.end - piece.start <= LONGEST_SENTENCE)
    return [piece for piece in short if _says_something(text, piece)]


def _says_something(text: str, passage: Passage) -> bool:
    found = text[passage.start : passage.end]
    # No such word is longer than this, whatever stands around it.
    return len(found) > LONGEST_HEADING or (
        found.strip(EDGES).lower() not in NO_ANSWERS and any(map(str.isalnum, found))
    )


def _line_starts(text: str) -> list[int]:
    """Give where each line starts, as the parser counts lines, and the text's end for all that may follow."""
    return [0, *(found.end() for found in LINE_END.finditer(text)), len(text), len(text)]


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    for token, following in pairwise([*tokens, Token("end", "", 0)]):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        first, last = token.map
        content = following.content.strip() if following.type == "inline" else ""
        if token.type == "heading_open":
            yield Block(first, last, int(token.tag[1]), content)
        elif token.type == "paragraph_open":
            yield from _of_paragraph(content, first)
        else:
            yield Block(first, last)


def _of_paragraph(content: str, first: int) -> Iterator[Block]:
    """Split a paragraph at its lines that are headings: templates leave no empty line below them."""
    for rank, run in groupby(enumerate(content.split("\n"), first), key=lambda line: _rank(line[1])):
        if rank:
            yield from (Block(number, number + 1, rank, line.strip(EDGES + ":")) for number, line in run)
        else:
            numbers = [number for number, _ in run]
            yield Block(numbers[0], numbers[-1] + 1)


def _rank(line: str) -> int:
    bare = line.rstrip(": ")
    if len(line) > LONGEST_HEADING:
        return 0
    if any(bare.startswith(mark) and bare.endswith(mark) and bare.count(mark) == 2 for mark in MARKS):
        return BOLD
    return COLON if line.rstrip().endswith(":") else 0


def _section_ends(blocks: list[Block]) -> list[int]:
    """Give the line where the section of each block ends, were it a heading: at the next of its rank or above it."""
    ends = [0] * len(blocks)
    next_of = [blocks[-1].last if blocks else 0] * (COLON + 1)
    for place in range(len(blocks) - 1, -1, -1):
        block = blocks[place]
        ends[place] = next_of[block.rank]
        if block.rank == COLON and place + 1 < len(blocks):
            ends[place] = min(ends[place], blocks[place + 1].last)
        if block.rank:
            next_of[block.rank :] = [block.first] * (COLON + 1 - block.rank)
    return ends


def _split(text: str, start: int, end: int) -> list[Passage]:
    """Split a paragraph where its sentences end."""
    start = min(end, MARKER.match(text, start, end).end())  # type: ignore[union-attr]
    found = []
    for segment in sentencex.segment("en", encodable(text[start:end])):
        found.append(_trimmed(text, start, start + len(segment)))
        start += len(segment)
    return found


def _is_closed(text: str, lines: list[int], last: int, token: Token) -> bool:
    return text[lines[last - 1] : lines[last]].strip(" \t\r\n>").startswith(token.markup)


def _trimmed(text: str, start: int, end: int, heading: str = "") -> Passage:
    found = text[start:end]
    start += len(found) - len(found.lstrip())
    return Passage(start, start + len(found.strip()), heading)
