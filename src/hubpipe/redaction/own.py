"""Turn text into text without secrets that are known by their value, however they are written in it."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from json import dumps
from urllib.parse import quote

from hubpipe.redaction.forms import LEAST, REDACTED

BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


def without_own(text: str, secrets: Sequence[str]) -> str:
    """Put `[redacted]` for each of some secrets: plain, quoted for an address or JSON, and within base64."""
    for secret in secrets:
        if len(secret) < LEAST:
            continue
        for spelling in _spellings(secret):
            text = text.replace(spelling, REDACTED)
        for core in _cores(secret):
            text = _without_run(text, core)
    return text


def may_hold_own(text: str, secrets: Sequence[str]) -> bool:
    """Tell whether any of some secrets stands in a text, in any of their spellings."""
    return any(
        spelling in text
        for secret in secrets
        if len(secret) >= LEAST
        for spelling in (*_spellings(secret), *_cores(secret))
    )


@lru_cache(maxsize=64)
def _spellings(secret: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((secret, quote(secret, safe=""), quote(secret), dumps(secret)[1:-1])))


@lru_cache(maxsize=64)
def _cores(secret: str) -> tuple[str, ...]:
    """Give the letters of base64 that a secret fills alone, for each of the three places where it may begin.

    In `Basic base64(x-access-token:SECRET)` what stands before and behind it is unknown.
    """
    return tuple(dict.fromkeys(_each_core(secret.encode("utf-8", "replace"))))


def _each_core(data: bytes) -> Iterator[str]:
    for before in range(3):
        written = b64encode(bytes(before) + data).decode()
        # Six bits a letter: the first that holds only the secret's bits, and the last.
        core = written[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def _without_run(text: str, core: str) -> str:
    """Put `[redacted]` for each run of base64 that holds some letters: parts of it would tell the rest."""
    at = text.find(core)
    pieces, done = [], 0
    while at >= 0:
        start, end = at, at + len(core)
        while start > done and text[start - 1] in BASE64:
            start -= 1
        while end < len(text) and text[end] in BASE64:
            end += 1
        pieces += [text[done:start], REDACTED]
        done = end
        at = text.find(core, end)
    return "".join((*pieces, text[done:]))
