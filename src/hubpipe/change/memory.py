"""Turn what a run found in each file into a hidden line of its comment, and back."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """What a run found, for the next run to keep.

    `head` is the commit that it read, `read_at` when (seconds since 1970), `by` stands for the model and all
    settings that the findings depend on. `found` maps a file's (or hunk's) key to its line, or to its scores by label.
    """

    head: str
    read_at: float
    by: str
    found: Mapping[str, str | Mapping[str, float]]
