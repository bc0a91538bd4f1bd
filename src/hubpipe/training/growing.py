"""Turn numbers and true labels into a forest."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.forest import Forest
from hubpipe.models.learned.views import Array

TREES = 200
# A tree of more leaves makes the model larger, and no better: the linear head reads what has many shades.
MOST_LEAVES = 96
FEATURES = 0.3
# Cells of all leaves (leaves × labels): many labels have fewer trees, so that the model stays small.
MOST_CELLS = 120_000


def grow(numbers: Array, truth: NDArray[np.int8], weight: Array, seed: int) -> Forest:
    """Grow extremely randomised trees over all labels at once (Geurts, Ernst, Wehenkel 2006).

    Where nobody knows whether a row has a label, the label's usual share stands for it.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    known = truth >= 0
    usual = np.where(known, truth, 0).sum(axis=0) / np.maximum(1, known.sum(axis=0))
    wanted = np.where(known, truth, usual[None, :])
    trees = int(np.clip(MOST_CELLS // (truth.shape[1] * min(MOST_LEAVES, len(numbers))), 20, TREES))
    model = ExtraTreesRegressor(
        trees, min_samples_leaf=2, max_features=FEATURES, max_leaf_nodes=MOST_LEAVES, random_state=seed
    )
    model.fit(numbers, wanted if truth.shape[1] > 1 else wanted[:, 0], sample_weight=weight)
    grown = [_tree(estimator.tree_) for estimator in model.estimators_]
    return _joined(grown, truth.shape[1])


def _tree(tree: object) -> tuple[NDArray[np.intp], Array, NDArray[np.intp], NDArray[np.float64]]:
    """Give a tree's nodes so that the two below any stand side by side: feature, threshold, left, value."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    order, waiting = [0], deque([0])
    while waiting:
        node = waiting.popleft()
        if left[node] >= 0:
            below = [int(left[node]), int(right[node])]
            order += below
            waiting += below
    place = np.zeros(len(left), dtype=np.intp)
    place[order] = np.arange(len(order))
    leaf = left[order] < 0
    return (
        np.where(leaf, 0, tree.feature[order]),  # type: ignore[attr-defined]
        tree.threshold[order].astype(np.float32),  # type: ignore[attr-defined]
        np.where(leaf, -1, place[left[order]]),
        tree.value[order][:, :, 0],  # type: ignore[attr-defined]
    )


def _joined(grown: list[tuple[NDArray[np.intp], Array, NDArray[np.intp], NDArray[np.float64]]], labels: int) -> Forest:
    """Put trees one after another, leaves apart from nodes."""
    roots, lefts, leaves, first = [], [], [], 0
    count = 0
    for _, _, left, value in grown:
        leaf = left < 0
        number = np.cumsum(leaf) - 1 + count
        roots.append(first)
        lefts.append(np.where(leaf, -1 - number, left + first))
        leaves.append(value[leaf].reshape(-1, labels))
        first += len(left)
        count += int(leaf.sum())
    return Forest(
        np.asarray(roots, np.int32),
        np.concatenate([feature for feature, _, _, _ in grown]).astype(np.int16),
        np.concatenate([threshold for _, threshold, _, _ in grown]),
        np.concatenate(lefts).astype(np.int32),
        np.vstack(leaves).astype(np.float16),
    )
