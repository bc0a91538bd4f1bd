"""Turn labels to choose from into the kinds of issues that the zero-day head knows."""

from collections.abc import Iterable

from hubpipe.models import phrases

# What scripts/zero_day.py trains; a test holds the two against each other.
ZERO_DAY_KINDS = ("bug", "documentation", "enhancement", "question")


def kinds(labels: Iterable[str]) -> dict[str, str] | None:
    """Give the label that stands for each kind (kind -> label); None where a label has no kind, or two have one."""
    names = list(labels)
    known = {kind: name for name in names if (kind := phrases.entry(name)) in ZERO_DAY_KINDS}
    return known if len(known) == len(names) > 1 else None
