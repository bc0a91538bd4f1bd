"""Turn the lines that a change adds to a file into the sentences that they say themselves."""

import re
from collections.abc import Iterator, Sequence

from hubpipe.change.files import FileChange, Hunk
from hubpipe.change.languages import language
from hubpipe.change.patch import sides
from hubpipe.change.syntax import Effort, found

MOST_SAYINGS = 20
FEWEST_WORDS = 4
MOST_WORDS = 40
# A line of a comment, or of a document, is not longer; and what a file adds beyond this is not looked through.
LONGEST_LINE = 1_000
MOST_CHARACTERS = 50_000
MOST_FAILURES = 2
PROSE = (".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt")
MARKER = re.compile(
    r"""^\s{0,200}(?:[rRbBuUfF]{0,2}(?:\"{3}|'{3}|["'])|/\*{1,2}!?|//[/!]?|\*(?!\*)|\#+!?|--+|;+|=begin\b)?\s*"""
)
MARKER_END = re.compile(r"""\s{0,200}(?:\*/|\"{3}|'{3}|["']|=end)?\s{0,200}$""")
PROSE_MARKER = re.compile(r"^\s{0,200}(?:#{1,6}\s|>\s?|[-*+]\s(?:\[[ xX]\]\s)?|\d{1,9}[.)]\s|\.\.\s|={1,6}\s)?\s*")
HEADING = re.compile(r"\s{0,3}(?:#|==)")
# No text has it: PROSE_MARKER takes blanks away.
HEADING_SIGN = "\t"
COMMENT_LINE = re.compile(r"\s{0,200}(?://|#|--\s|;;)")
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[^\sa-z])")
LICENCE = re.compile(r"copyright|licen[sc]e|spdx-|\bwarrant|all rights reserved", re.IGNORECASE)
PRAGMA = re.compile(
    r"\b(?:todo|fixme|xxx|hack)\b|noqa|type:\s?ignore|pylint|eslint|prettier|nolint|pragma|coding[:=]|@ts-|mypy:|ruff:"
    r"|[@\\:](?:param|returns?|raises?|throws|type|rtype)\b|clang-|istanbul|rubocop|phpcs|#region|shellcheck",
    re.IGNORECASE,
)
CODE = re.compile(
    r"[;{}]\s*$|^\s*[@<|$]|[^=<>!]=[^=]|==|=>|->|&&|\|\||\w\(\w*(?:, ?\w+)*\)\s*:?$|^(?:import|from|return)\b"
)
LETTERS = re.compile(r"[^\W\d_]{2,}")


def sayings(file: FileChange) -> tuple[str, ...]:
    """Give the sentences of the comments, docstrings and prose that a change adds, at most 20, each once.

    A document's headings say what it is about, and not what is new: they stand in where there is no sentence.
    """
    room, effort = MOST_CHARACTERS, Effort(MOST_CHARACTERS, MOST_FAILURES)
    said: dict[str, None] = {}
    headings: dict[str, None] = {}
    for hunk in file.hunks:
        room -= len(hunk.text)
        if room < 0 or len(said) >= MOST_SAYINGS:
            break
        for paragraph in _paragraphs(file.path, hunk, effort):
            is_heading = paragraph.startswith(HEADING_SIGN)
            found = dict.fromkeys(_sentences(paragraph.removeprefix(HEADING_SIGN)))
            (headings if is_heading else said).update(found)
    return tuple(said or headings)[:MOST_SAYINGS]


def _paragraphs(path: str, hunk: Hunk, effort: Effort) -> Iterator[str]:
    """Join the lines that follow each other; an empty one, or one that is no remark, parts paragraphs."""
    paragraph: list[str] = []
    last = -1
    for row, text in _remarks(path, hunk, effort):
        if paragraph and (row != last + 1 or not text):
            yield " ".join(paragraph)
            paragraph = []
        paragraph += [text] if text else []
        last = row
    yield " ".join(paragraph)


def _remarks(path: str, hunk: Hunk, effort: Effort) -> Iterator[tuple[int, str]]:
    known = language(path)
    _, after = sides(hunk)
    if known is not None:
        yield from _comments(known, hunk.section, after, effort)
    elif path.lower().endswith(PROSE):
        yield from _prose(after)
    else:
        for row, (text, added) in enumerate(after):
            if added and len(text) <= LONGEST_LINE and COMMENT_LINE.match(text):
                yield row, _bare(text)


def _comments(known: str, section: str, after: Sequence[tuple[str, bool]], effort: Effort) -> Iterator[tuple[int, str]]:
    lines = [text for text, _ in after]
    for one in found(known, section, lines, effort):
        if one.kind != "comment":
            continue
        for row in range(max(one.start, 0), min(one.end, len(lines) - 1) + 1):
            text = lines[row]
            # A comment behind code begins after it.
            start = one.column if row == one.start else 0
            if after[row][1] and len(text) <= LONGEST_LINE:
                yield row, _bare(text.encode("utf-8", "replace")[start:].decode("utf-8", "replace"))


def _prose(after: Sequence[tuple[str, bool]]) -> Iterator[tuple[int, str]]:
    fenced = False
    for row, (text, added) in enumerate(after):
        if text.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif added and not fenced and len(text) <= LONGEST_LINE:
            bare = PROSE_MARKER.sub("", text).strip()
            if bare != text.strip():
                yield row, ""
            is_heading = HEADING.match(text) is not None
            yield row, HEADING_SIGN + bare if is_heading else bare
            if is_heading:
                yield row, ""


def _bare(text: str) -> str:
    return MARKER_END.sub("", MARKER.sub("", text, count=1), count=1)


def _sentences(paragraph: str) -> Iterator[str]:
    if LICENCE.search(paragraph):
        return
    for sentence in SENTENCE_END.split(paragraph):
        words = sentence.split()
        said = " ".join(words)
        if FEWEST_WORDS <= len(words) <= MOST_WORDS and _is_prose(said):
            yield said


def _is_prose(said: str) -> bool:
    return not PRAGMA.search(said) and not CODE.search(said) and len(LETTERS.findall(said)) >= FEWEST_WORDS - 1
