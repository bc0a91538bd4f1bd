"""Turn examples into those to learn from and those to measure on, never one text in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from hubpipe.training.examples import Example, dated

How = Literal["temporal", "random"]
# The newest part: what a model will meet is what comes next.
SHARE = 0.25

IN_TIME = "in time: learned on the older, measured on the newest {share:.0%}"
AT_RANDOM = "at random: measured on {share:.0%} (seed {seed})"
NO_DATES = "; {count} of {total} have no date, so their order says nothing"
FEW_UNDATED = "; {count} of {total} have no date, and are only learned from"


@dataclass(frozen=True)
class Split:
    """What to learn from, what to measure on, and in words how they were told apart."""

    learn: tuple[Example, ...]
    test: tuple[Example, ...]
    words: str


def split(examples: Sequence[Example], how: How = "temporal", share: float = SHARE, seed: int = 0) -> Split:
    """Take the newest `share` of the examples aside (or a random one); of equal texts all stand on one side.

    A few examples without a date count as older than all others. Where more have none (`dated`), nobody knows what is
    newest: the split is random, and says so.
    """
    distinct = once(examples)
    undated = sum(example.created_at is None for example in distinct)
    temporal = how == "temporal" and dated(distinct)
    order = by_date(distinct) if temporal else _shuffled(distinct, seed)
    tested = round(len(order) * share)
    words = IN_TIME.format(share=share) if temporal else AT_RANDOM.format(share=share, seed=seed)
    if how == "temporal" and undated:
        words += (FEW_UNDATED if temporal else NO_DATES).format(count=undated, total=len(distinct))
    return Split(tuple(order[: len(order) - tested]), tuple(order[len(order) - tested :]), words)


def once(examples: Sequence[Example]) -> list[Example]:
    """Keep of equal texts, and of one issue in several versions, the last one, where the first one stood."""
    told = {example.place or example.fingerprint: example for example in examples}
    return list({example.fingerprint: example for example in told.values()}.values())


def judged(examples: Sequence[Example]) -> list[Example]:
    """Keep what people labelled, or took a label off, each once: what can be learned from and measured on."""
    return once([example for example in examples if example.labels or example.denied])


def by_date(examples: Sequence[Example]) -> list[Example]:
    """Order examples by when they were written; those without a date come first."""
    return sorted(examples, key=lambda example: example.created_at or datetime.min.replace(tzinfo=UTC))


def _shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    return [examples[place] for place in np.random.default_rng(seed).permutation(len(examples))]
