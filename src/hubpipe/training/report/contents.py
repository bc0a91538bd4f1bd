"""Turn what was measured of a model into one value that every form of its report shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hubpipe.training.compare import Verdict
from hubpipe.training.measure import Measures


@dataclass(frozen=True)
class Side:
    """One side of a split: how many examples, from when to when (None where nobody knows)."""

    n: int
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class SplitFacts:
    """How examples were told apart, in words, and what each side has; `learned` is None where nobody knows it."""

    how: str
    tested: Side
    learned: Side | None = None


@dataclass(frozen=True)
class TrainingReport:
    """All that a report shows of a model.

    `baselines` are others' measures on the same examples, by name; `comparison` is the one with the model in use.
    `settings` are plain data (strings, numbers, lists). `needs` says in words of a label that cannot reach the
    precision what it would need; `expected_coverage` is what the examples learned from let expect before the test, and
    `similar` says how well issues that repeat others are found.
    """

    name: str
    measures: Measures
    split: SplitFacts
    baselines: Mapping[str, Measures] = field(default_factory=dict)
    comparison: Verdict | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    expected_coverage: float | None = None
    similar: str = ""
