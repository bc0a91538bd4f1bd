"""Turn vectors and their labels into how well the labels lie apart: a loss to learn by, and a measure to look at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def contrast(vectors: Tensor, known: Tensor, temperature: float) -> Tensor:
    """Give the supervised contrastive loss of unit vectors (n × d) with labels (n × labels, 1 where it has one).

    Issues that share several of their labels pull each other more: by the Jaccard index of their sets.
    """
    has = (known == 1).float()
    shared = has @ has.T
    either = has.sum(1)[:, None] + has.sum(1)[None, :] - shared
    near = shared / either.clamp(min=1)
    near.fill_diagonal_(0)
    likeness = vectors @ vectors.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(vectors), dtype=torch.bool, device=vectors.device), -1e4)
    pulls = (near * nn.functional.log_softmax(likeness, dim=1)).sum(1)
    weight = near.sum(1)
    return -(pulls / weight.clamp(min=1e-6))[weight > 0].sum() / (weight > 0).sum().clamp(min=1)


def classified(logits: Tensor, known: Tensor, exclusive: bool, smoothing: float) -> Tensor:
    """Give a classifier's loss: cross-entropy, or that of each label by itself where several may be right.

    What nobody knows (-1) costs nothing; `smoothing` spares exclusive labels' certainty.
    """
    if exclusive:
        return nn.functional.cross_entropy(logits, known.argmax(dim=1), label_smoothing=smoothing)
    each = nn.functional.binary_cross_entropy_with_logits(logits, known.clamp(min=0).float(), reduction="none")
    return (each * (known >= 0)).sum() / (known >= 0).sum().clamp(min=1)


def ranking(vectors: NDArray[np.float32], known: NDArray[np.int8]) -> float:
    """Tell how far ahead among the nearest of unit vectors (n × d) are those of a shared label: mean average precision.

    It asks for the order alone, so that an encoder which is too sure of itself loses nothing.
    """
    has = (known == 1).astype(np.float32)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :-1]
    shared = np.take_along_axis(has @ has.T > 0, order, axis=1)
    found = shared.sum(axis=1)
    precision = shared.cumsum(axis=1) / np.arange(1, shared.shape[1] + 1)
    return float(((precision * shared).sum(axis=1)[found > 0] / found[found > 0]).mean()) if found.any() else 0.0
