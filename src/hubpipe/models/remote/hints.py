"""Turn what a server says beside its refusal into seconds to wait, and into words for a person."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MOST_WORDS = 200  # characters of a server's own words
MOST_TOKENS = 5_000_000  # of one answer; a server that counts more does not count
HIDDEN = "***"
# OpenAI's and its followers' way to write a time: 1s, 6m0s, 120ms.
PARTS_OF_TIME = re.compile(r"(?<!\d)(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h)")
SECONDS_OF = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# What the Hub sends, by the IETF's draft: "api";r=0;t=55 (remaining requests, seconds to the reset).
RATE_LIMIT = re.compile(r";\s*r=(\d{1,9})\s*;\s*t=(\d{1,9})")
RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
# A reset further away than a year is no number of seconds but a moment, in seconds since 1970.
A_YEAR = 31_536_000
MARKUP = re.compile(r"\A\s*<(!doctype|html|\?xml)", re.IGNORECASE)


def seconds_to_wait(headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    """Read when a server may be asked again, in seconds from `now`; None where it does not say.

    Header names are in lower case. Sources: Retry-After (RFC 9110), RateLimit (IETF draft, as the Hub sends it),
    OpenAI's x-ratelimit-reset-*, and `estimated_time` of a model that the Hub's inference is still loading.
    """
    sources: tuple[Callable[[], float | None], ...] = (
        lambda: _retry_after(headers, now),
        lambda: _estimated(body),
        lambda: _rate_limit(headers, now),
    )
    for source in sources:
        try:
            told = source()
        # Numbers and dates beyond what Python counts with tell nothing.
        except (ValueError, OverflowError):
            continue
        if told is not None and math.isfinite(told):
            return max(0.0, told)
    return None


def words(body: bytes, secret: str | None) -> str:
    """Give a server's own words about a fault, short, on one line and without the key that it was sent."""
    return line(_said(_json(body)) or _plain(body), secret, MOST_WORDS)


def line(said: str, secret: str | None, most: int) -> str:
    """Put what a server had a hand in on one line of at most `most` characters, without the key that it was sent."""
    if secret:
        # Hosts come in lower case, whatever the server wrote. Before the cut, which would leave half a key.
        said = re.sub(re.escape(secret), HIDDEN, said, flags=re.IGNORECASE)
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def counted_tokens(body: bytes) -> int | None:
    """Read how many tokens a server says that it counted (`usage.total_tokens`); None where it counted none."""
    answer = _json(body) if b'"usage"' in body else None
    usage = answer.get("usage") if isinstance(answer, dict) else None
    count = usage.get("total_tokens") if isinstance(usage, dict) else None
    return count if type(count) is int and 0 < count <= MOST_TOKENS else None


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    told = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", told):
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except TypeError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


def _estimated(body: bytes) -> float | None:
    answer = _json(body)
    told = answer.get("estimated_time") if isinstance(answer, dict) else None
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _rate_limit(headers: Mapping[str, str], now: datetime) -> float | None:
    draft = RATE_LIMIT.search(headers.get("ratelimit", ""))
    if draft is not None:
        return float(draft[2]) if int(draft[1]) == 0 else None
    # Requests and tokens have a limit each: the one that is used up ends last.
    told = [seconds for name in RESETS if (seconds := _reset(headers.get(name, ""), now)) is not None]
    return max(told, default=None)


def _reset(told: str, now: datetime) -> float | None:
    if re.fullmatch(r"\d{1,12}(\.\d+)?", told):
        seconds = float(told)
        return seconds - now.timestamp() if seconds > A_YEAR else seconds
    parts = PARTS_OF_TIME.findall(told)
    return sum(float(number) * SECONDS_OF[unit] for number, unit in parts) if parts else None


def _json(body: bytes) -> object:
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer


def _said(answer: object) -> str:
    """Find the sentence in the ways that servers write an error."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, list):
        return "; ".join(filter(None, (_said(item) for item in answer[:3])))
    if isinstance(answer, dict):
        found = (_said(answer[key]) for key in ("error", "message", "msg", "detail", "errors") if key in answer)
        return next(filter(None, found), "")
    return ""


def _plain(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return "" if MARKUP.match(text) or text.lstrip().startswith(("{", "[")) else text
