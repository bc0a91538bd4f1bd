"""Turn a model's text about a change into the part of it that names nothing unknown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hubpipe.change.files import Change
from hubpipe.change.names import EXTENSIONS, NO_CLAIMS

# What names are made of; all texts are read in these pieces, so that no text is slow.
WORD = re.compile(r"\w+")
TOKEN = re.compile(r"[\w.@+/~-]+")
CLAIM = re.compile(r"`([^`\n]+)`|([^\s`]+)")
AROUND = "()[]{}<>,;:!?\"'*“”‘’«»…—–."
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!cf\.)(?<!vs\.)\s+(?=[^\sa-z])")
ITEM = re.compile(r"\s{0,32}(?:[-*+]|\d{1,9}[.)])?\s{0,32}")

SNAKE = re.compile(r"_*[^\W_]+(?:_+[^\W_]+)+_*")
CAMEL = re.compile(r"[a-z0-9]+[A-Z]\w*")
HUMPS = re.compile(r"[A-Z]+[a-z0-9]+[A-Z][a-z0-9]\w*")
SCOPED = re.compile(r"\w+(?:(?:::|->)\w+)+")
DOTTED = re.compile(r"[^\W\d]\w+(?:\.[^\W\d]\w+)+")
CALL = re.compile(r"[\w.:$]+\(\)")
EXTENSION = re.compile(r"[A-Za-z]\w{0,11}")
DROPPED_LENGTH = 80


@dataclass(frozen=True)
class Known:
    """The names that a change holds or that people wrote: words, and parts of paths with what stands before them."""

    words: frozenset[str]
    parts: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def known(change: Change, said: str) -> Known:
    """Gather once what may be named: paths, symbols, all names in the patches, and in what people said."""
    words: set[str] = set()
    parts: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for text in _texts(change, said):
        words.update(WORD.findall(text))
        for token in TOKEN.findall(text):
            found = _parts(token)
            parts.update(found)
            pairs.update(pairwise(found))
    return Known(frozenset(words), frozenset(parts), frozenset(pairs))


def _texts(change: Change, said: str) -> Iterator[str]:
    yield said.casefold()
    for file in change.files:
        symbols = file.symbols
        yield file.path.casefold()
        yield (file.file.previous_path or "").casefold()
        yield (file.file.patch or "").casefold()
        yield "\n".join((*symbols.added, *symbols.changed, *symbols.removed)).casefold()


def _parts(token: str) -> list[str]:
    return [part for part in token.strip(AROUND).split("/") if part not in {"", ".", ".."}]


def checked(text: str, known: Known) -> tuple[str, tuple[str, ...]]:
    """Drop the sentences that name a file or symbol that is not known; the lines stay as they are otherwise.

    The second part tells what was dropped, each sentence shortened.
    """
    lines, dropped = [], []
    for line in text.split("\n"):
        sign, *sentences = _sentences(line)
        kept = [sentence for sentence in sentences if _holds(sentence, known)]
        dropped += [_short(sentence) for sentence in sentences if not _holds(sentence, known)]
        if kept == sentences:
            lines.append(line)
        elif kept:
            lines.append(sign + " ".join(kept))
    return "\n".join(lines), tuple(dropped)


def _sentences(line: str) -> list[str]:
    """Give the sign of a list that a line begins with, and its sentences."""
    match = ITEM.match(line)
    sign = match.group() if match is not None else ""
    return [sign, *SENTENCE_END.split(line[len(sign) :])]


def _short(sentence: str) -> str:
    line = " ".join(sentence.split())
    return line if len(line) <= DROPPED_LENGTH else line[: DROPPED_LENGTH - 1].rstrip() + "…"


def _holds(sentence: str, known: Known) -> bool:
    return all(_is_known(claim, known) for claim in _claims(sentence))


def _claims(sentence: str) -> Iterator[str]:
    for match in CLAIM.finditer(sentence):
        quoted, word = match.groups()
        if quoted is not None:
            yield from quoted.split()
        else:
            bare = word.strip(AROUND) + ("()" if "()" in word else "")
            if _is_claim(bare):
                yield bare


def _is_claim(word: str) -> bool:
    if word.casefold() in NO_CLAIMS:
        return False
    if "/" in word:
        return _is_file(word.rpartition("/")[2], known_only=False)
    forms = (SNAKE, CAMEL, HUMPS, SCOPED, DOTTED, CALL)
    return _is_file(word, known_only=True) or any(form.fullmatch(word) for form in forms)


def _is_file(name: str, *, known_only: bool) -> bool:
    stem, dot, extension = name.rpartition(".")
    if not (stem and dot and EXTENSION.fullmatch(extension)):
        return False
    return extension.casefold() in EXTENSIONS or not known_only


def _is_known(claim: str, known: Known) -> bool:
    folded = claim.casefold().strip(AROUND)
    if folded in NO_CLAIMS:
        return True
    return all(_is_token(token, known) for token in TOKEN.findall(folded))


def _is_token(token: str, known: Known) -> bool:
    parts = _parts(token)
    if not known.pairs.issuperset(pairwise(parts)):
        return False
    if parts and _is_file(parts[-1], known_only=True):
        return parts[-1] in known.parts
    return all(_is_word(word, known) for word in WORD.findall(token))


def _is_word(word: str, known: Known) -> bool:
    # Underscores around a word may be Markdown's.
    return word in known.words or word.strip("_") in known.words or word.isdigit() or word in NO_CLAIMS
