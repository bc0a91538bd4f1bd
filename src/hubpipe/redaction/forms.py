"""Turn text into text without the secrets of known forms that somebody left in it.

The forms are those of Kingfisher: some 400 rules on an engine that is linear in the text, without a guess from entropy
alone. Rows of our own stand for what it only tells in company.
Source: https://github.com/mongodb/kingfisher
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from hubpipe.redaction import services
from hubpipe.redaction.unseen import seen

if TYPE_CHECKING:
    from kingfisher_sdk import Scanner

REDACTED = "[redacted]"
LEAST = 8  # characters: nothing shorter is taken for a secret

Place: TypeAlias = tuple[int, int]

# Each reads a bounded stretch from where it begins, and what it can begin with does not overlap.
OWN_FORMS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # https://USER:PASSWORD@HOST, also at a host that stands for examples; {password} and ${PASSWORD} are none.
        r"(?<=://)[^\s/@:?#\"'<>]{0,100}:(?!\$?\{[\w.]{1,60}\}@)(?P<secret>[^\s/@\"'<>]{1,200})(?=@[\w\[])",
        # Of an AWS key the half that names it; Kingfisher tells it beside the other half alone.
        r"(?<![A-Z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Z0-9])",
        # GitHub's tokens of any length: those of an App hold a JSON Web Token.
        r"(?P<secret>gh[pousr]_[\w-]{20,600}(?:\.[\w-]{10,900}){0,3})",
        r"(?<=AccountKey=)(?P<secret>[A-Za-z0-9+/]{60,100}={0,2})",
    )
)
# A rule that counts only beside another one by Kingfisher's own word, and that is enough for us.
ENOUGH_ALONE = frozenset({"betterleaks.aws-secret-access-key"})
KEY_BEGINS = re.compile(r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY[ A-Z]{0,10}-----")
KEY_END_REST = re.compile(r"[ A-Z0-9]{0,60}-{0,5}")
KEY_ENDS, MOST_OF_A_KEY, MOST_WITHOUT_END = "-----END", 20_000, 4_000
# A patch has a sign before each line, and a quotation, too: those are no part of a key, and stay.
BEFORE_A_LINE = "+- >"
# What a rule's secret holds: a long word with letters beside digits that is no hash, or very many letters; a short
# prefix before small letters beside capitals; a value, be it a hash, that something is set to; what `curl` is given.
# Loading the rules takes a third of a second, and most issues hold none of these.
LONG = 200_000  # characters: from here on it is quicker to ask the rules at once
# Four patterns, the dearer ones behind what each of their findings holds: most texts are read by two alone.
LONG_WORD = re.compile(r"[\w-]{20}", re.ASCII)
SUSPECT_WORD = re.compile(
    r"(?<![\w-])(?![0-9a-f-]+(?![\w-]))(?:(?=[\w-]*(?:[A-Za-z]\d|\d[A-Za-z]))[\w-]{20,}|[A-Za-z_]{34,})", re.ASCII
)
SUSPECT_PREFIX = re.compile(
    r"(?<![\w-])[A-Za-z]{2,8}[-_](?:[a-z]{2,8}[-_])?(?=[A-Za-z_-]{0,60}[a-z][A-Z])[A-Za-z]{8}", re.ASCII
)
# Of several signs the first: the one before it, where there is one, is none.
SUSPECT_VALUE = re.compile(
    r"[=>:|,?](?<![=>:|,?][=>:|,?])[=>:|`'\"\s]{0,8}(?!/)(?=[\w.=+~-]{0,60}\d)[\w.=+/~-]{14}", re.ASCII
)
NAMED = (
    *("xox", "pat", "v1.0-", "xapp-", "curl", "mongodb", "BBDC-", "SWMKEY-", "SG.", "endr+", "hooks"),
    *('"client_secret"', "BUNDLE_GEMS__"),
)
SUSPECT_NAME = re.compile(
    r"(?<![\w-])(?:_{0,3}xox[a-z]-|pat\w{14}\.|v1\.0-[0-9a-f]{20}|xapp-\d|curl\s|mongodb|BBDC-|SWMKEY-|SG\.|endr\+"
    r"|hooks\Wslack)|\"client_secret\"|BUNDLE_GEMS__",
    re.ASCII,
)
# Behind a secret the rules want a quote or white space, as code has it: prose has a comma, a bracket or a full stop.
INSIDE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-/=_.:@~%\\\n\"'`"
SPACED = bytes(letter if letter in INSIDE else ord(" ") for letter in range(256))
AT_AN_END = re.compile(rb"(?<![\w-])_+|(?<!_)_+(?![\w-])|[.:](?!\w)")


def without_known_forms(text: str, found: Callable[[str], None] | None = None) -> str:
    """Put `[redacted]` for each secret of a known form; a secret of several lines keeps its line ends.

    Each is told to `found` as it stood in the text. What nobody sees does not part one: it is dropped before a text is
    written, and would join it again.
    """
    if len(text) < LEAST:
        return text
    places, bare = list(_places(text)), seen(text)
    places += [bare.place(start, end) for start, end in _places(bare.text)] if bare else []
    pieces, done = [], 0
    for start, end in _merged(sorted(places)):
        if found is not None:
            found(text[start:end])
        pieces += [text[done:start], _masked(text[start:end])]
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _places(text: str) -> Iterator[Place]:
    yield from _by_our_forms(text)
    yield from services.places(text)
    yield from _private_keys(text)
    yield from _by_rules(text)


def may_hold_some(text: str) -> bool:
    """Tell, quicker than `without_known_forms`, whether that may find a secret in a text or in a line of it."""
    bare = seen(text)
    return len(text) >= LONG or any(_may_hold_some(form) for form in (text, *((bare.text,) if bare else ())))


def _may_hold_some(text: str) -> bool:
    return (
        any(form.search(text) for form in (*OWN_FORMS, KEY_BEGINS)) or services.may_hold_one(text) or is_suspect(text)
    )


def is_suspect(text: str) -> bool:
    """Tell whether it is worth to ask the rules."""
    return bool(
        SUSPECT_VALUE.search(text)
        or SUSPECT_PREFIX.search(text)
        or (LONG_WORD.search(text) and SUSPECT_WORD.search(text))
        or (any(name in text for name in NAMED) and SUSPECT_NAME.search(text))
    )


def _merged(places: list[Place]) -> Iterator[Place]:
    start, end = 0, 0
    for first, last in places:
        if first > end:
            if end:
                yield start, end
            start = first
        end = max(end, last)
    if end:
        yield start, end


def _masked(secret: str) -> str:
    first, *rest = secret.split("\n")
    return "\n".join((REDACTED if first else "", *map(_masked_line, rest)))


def _masked_line(line: str) -> str:
    sign = line[:1] if line[:1] in BEFORE_A_LINE and not line.startswith(KEY_ENDS) else ""
    return sign + (REDACTED if line[len(sign) :].strip() else "")


def _by_our_forms(text: str) -> Iterator[Place]:
    for form in OWN_FORMS:
        yield from (found.span("secret") for found in form.finditer(text))


def _private_keys(text: str) -> Iterator[Place]:
    """Find keys between their first and last line, and those whose last line is cut off."""
    done, ends = 0, 0
    for begins in KEY_BEGINS.finditer(text):
        if begins.start() < done:
            continue
        if 0 <= ends < begins.end():
            ends = text.find(KEY_ENDS, begins.end())
        if 0 <= ends <= begins.end() + MOST_OF_A_KEY:
            last = KEY_END_REST.match(text, ends + len(KEY_ENDS))
            done = last.end() if last else ends
        else:
            blank = text.find("\n\n", begins.end(), begins.end() + MOST_WITHOUT_END)
            done = blank if blank >= 0 else min(len(text), begins.end() + MOST_WITHOUT_END)
        yield begins.start(), done


def _by_rules(text: str) -> Iterator[Place]:
    if len(text) < LONG and not is_suspect(text):
        return
    # Zero bytes would make it read the text as UTF-16.
    data = text.encode("utf-8", "replace").replace(b"\0", b" ")
    spaced = AT_AN_END.sub(lambda signs: b" " * len(signs[0]), data.translate(SPACED))
    found = [
        one for form in (data, spaced) for one in _scanner().scan(form) if one.visible or one.rule_id in ENOUGH_ALONE
    ]
    places = sorted((one.location["start_offset"], one.location["end_offset"]) for one in found)
    at = letters = 0
    for start, end in _merged(places):
        first = letters + _letters(data[at:start])
        at, letters = end, first + _letters(data[start:end])
        yield first, letters


def _letters(data: bytes) -> int:
    return len(data.decode("utf-8", "replace"))


@cache
def _scanner() -> "Scanner":
    from kingfisher_sdk import Rules, Scanner

    return Scanner(Rules())
