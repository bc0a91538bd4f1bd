"""Turn what is known of a learned model into a line that says who speaks, and whether it should learn again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

SPOKE = "{model} speaks, learned from {count} issues{until}"
UNTIL = " until {until:%Y-%m-%d}"
OLD = (
    ", {days} days ago, from a history of {span} days: a repository changes, and what was measured may not hold any "
    "more (learn again: hubpipe train, or mode: train on a schedule)"
)
# On corefx's areas a model that is learned once keeps its precision for half the time that its history took, and less
# after that (ADR 14). A month is never too old.
SHARE, LEAST = 0.5, timedelta(days=30)


def spoke(model: str, facts: Mapping[str, object], now: datetime | None = None) -> str:
    """Say which model speaks, what it learned from, and whether that is long ago (`now` is this moment where None).

    `facts` are a folder's: nothing in them is trusted to be well-formed.
    """
    since, until = _moment(facts.get("since")), _moment(facts.get("until"))
    words = SPOKE.format(model=model, count=facts.get("learned", "?"), until=UNTIL.format(until=until) if until else "")
    if since is None or until is None:
        return words
    age, span = (now or datetime.now(UTC)) - until, until - since
    return words + OLD.format(days=age.days, span=span.days) if age > max(LEAST, SHARE * span) else words


def _moment(said: object) -> datetime | None:
    """Read a date of ISO 8601; None where it is none, and UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
