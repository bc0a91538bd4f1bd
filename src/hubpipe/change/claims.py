"""Turn a model's text about a change into the part of it that names nothing unknown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, pairwise

from hubpipe.change.files import Change
from hubpipe.change.names import EXTENSIONS, LANGUAGE, NO_CLAIMS, WHOLE_NAMES
from hubpipe.text import visible

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
MARKED = re.compile(r"@[^\W\d][\w.]*|\w+#[^\W\d]\w*")
SIGNATURE = re.compile(r"([\w.:$]+) ?\([^`\n]*")
OWN = re.compile(r"\b(?:self|this)(?:\.|->|::)(?=\w)")
# A name behind a word that says what it is.
DEFINED = re.compile(r"\b(?:class|struct|interface|trait|enum|function|method)\s{1,9}([A-Z]\w*[a-z]\w*)")
# What Markdown and HTML put around a name, or inside of it; and a blank that is missing between sentences.
TAG = re.compile(
    r"</?(?:a|b|i|u|s|p|em|br|strong|code|span|div|kbd|sub|sup|pre|tt|li|ul|ol|small|mark|del|ins)\b[^<>\n]{0,300}>",
    re.IGNORECASE,
)
ESCAPE = re.compile(r"\\([_*\[\]().#!~<>{}+|-])")
JOINED = re.compile(
    r"(?<=[a-z)])\.(?=(?:It|The|This|These|They|A|An|And|But|In|We|Now|Also|Both|Each|If|When|For|No)\b)"
)
EXTENSION = re.compile(r"[A-Za-z]\w{0,11}")
DROPPED_LENGTH = 80
POSSESSIVE = re.compile(r"['’]s?$")
PLAIN = NO_CLAIMS | LANGUAGE


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


def _shown(text: str) -> str:
    """Give a text as its reader sees its names: without Markdown's escapes, HTML's tags and signs of no width."""
    plain = ESCAPE.sub(r"\1", TAG.sub(" ", visible(text)))
    return JOINED.sub(". ", plain.replace("](", "] ("))


def _texts(change: Change, said: str) -> Iterator[str]:
    yield said.casefold()
    yield _shown(said).casefold()
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
        held = [_holds(sentence, known) for sentence in sentences]
        kept = list(compress(sentences, held))
        dropped += [_short(sentence) for sentence, holds in zip(sentences, held, strict=True) if not holds]
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
    shown = _shown(sentence)
    yield from DEFINED.findall(shown)
    for match in CLAIM.finditer(shown):
        quoted, word = match.groups()
        if quoted is not None:
            yield from _quoted(quoted.strip())
        else:
            bare = POSSESSIVE.sub("", word.strip(AROUND)) + ("()" if "()" in word else "")
            if _is_claim(bare):
                yield bare


def _quoted(text: str) -> list[str]:
    """Give what code names: a signature by its name alone, other code word by word."""
    signature = SIGNATURE.fullmatch(text)
    return [signature[1]] if signature is not None else text.split()


def _is_claim(word: str) -> bool:
    if word.casefold() in NO_CLAIMS:
        return False
    if word.casefold() in WHOLE_NAMES:
        return word[0].isupper()
    if "/" in word:
        return _is_file(word.rpartition("/")[2], known_only=False)
    forms = (SNAKE, CAMEL, HUMPS, SCOPED, DOTTED, CALL, MARKED)
    return _is_file(word, known_only=True) or any(form.fullmatch(word) for form in forms)


def _is_file(name: str, *, known_only: bool) -> bool:
    stem, dot, extension = name.rpartition(".")
    if not (stem and dot and EXTENSION.fullmatch(extension)):
        return False
    return extension.casefold() in EXTENSIONS or not known_only


def _is_known(claim: str, known: Known) -> bool:
    folded = OWN.sub("", claim.casefold().strip(AROUND))
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
    return word in known.words or word.strip("_") in known.words or word.isdigit() or word in PLAIN
