"""Turn numbers into scores by the votes of many trees, kept as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# How many rows are taken down all trees at once: memory is this times the number of trees.
ROWS = 2_000


@dataclass(frozen=True)
class Forest:
    """Trees, their nodes one after another.

    A node with `left` >= 0 sends a row there where its `feature` is at most `threshold`, else to the next node after
    `left`; one with `left` < 0 is a leaf, whose shares of the labels are row `-1 - left` of `leaves`. `roots` are the
    trees' first nodes.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: Array
    left: NDArray[np.int32]
    leaves: NDArray[np.float16]

    def shares(self, numbers: Array) -> Array:
        """Give the mean of the trees' shares (n × labels) for rows of numbers (n × features)."""
        parts = [self._shares(numbers[start : start + ROWS]) for start in range(0, len(numbers), ROWS)]
        return np.vstack(parts) if parts else np.zeros((0, self.leaves.shape[1]), np.float32)

    def _shares(self, numbers: Array) -> Array:
        places = np.repeat(self.roots[None, :], len(numbers), axis=0)
        rows = np.arange(len(numbers))[:, None]
        while (self.left[places] >= 0).any():
            left = self.left[places]
            over = numbers[rows, self.feature[places]] > self.threshold[places]
            places = np.where(left >= 0, left + over, places)
        leaves = -1 - self.left[places]
        found = np.zeros((len(numbers), self.leaves.shape[1]), np.float32)
        for tree in range(leaves.shape[1]):
            found += self.leaves[leaves[:, tree]]
        return found / np.float32(len(self.roots))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give its numbers by name."""
        return {
            "roots": self.roots,
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "leaves": self.leaves,
        }


def forest(arrays: Mapping[str, NDArray[Any]]) -> Forest:
    """Make a forest of what `Forest.arrays` gave."""
    return Forest(
        np.asarray(arrays["roots"], np.int32),
        np.asarray(arrays["feature"], np.int16),
        np.asarray(arrays["threshold"], np.float32),
        np.asarray(arrays["left"], np.int32),
        np.asarray(arrays["leaves"], np.float16),
    )
