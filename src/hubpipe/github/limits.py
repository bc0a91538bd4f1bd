"""Turn the head of a refusal into the seconds to wait before another try.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# What GitHub asks for where a limit names no time.
# Source: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
UNNAMED_WAIT = 60.0
# Ours: no limit of GitHub's lasts longer, so that a head which says so is wrong, or the clock.
LONGEST_WAIT = 24 * 3600.0
SHORTEST_WAIT = 1.0  # at once, the loop would spin


def seconds_until_allowed(headers: Mapping[str, str]) -> float:
    """Read when a limit ends, by the server's own clock where the head tells it."""
    asked = retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and _is_number(reset):
        # A second more: it is not said when in that second the limit ends.
        return _bounded(float(reset) - _now(headers) + 1)
    return UNNAMED_WAIT


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds, or the date, after which GitHub wants to be asked again; None where it names none.

    Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    asked = headers.get("retry-after", "").strip()
    if _is_number(asked):
        return _bounded(float(asked))
    date = _date(asked)
    return None if date is None else _bounded(date.timestamp() - _now(headers))


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def _now(headers: Mapping[str, str]) -> float:
    """Tell the server's time: this machine's clock may be wrong."""
    date = _date(headers.get("date", ""))
    return time.time() if date is None else date.timestamp()


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 300
