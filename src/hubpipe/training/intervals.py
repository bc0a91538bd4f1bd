"""Turn counts into rates with the range that chance allows them.

Shares have Clopper and Pearson's exact interval (Biometrika 26, 1934), which holds at least what it promises for any
number of rows. What is no share (F1 and its means) has the percentile bootstrap's over the rows (Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, chapter 13), from a fixed seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Array = NDArray[np.floating]

CONFIDENCE = 0.95
RESAMPLES = 1_000
SEED = 0
# Resamples at once: bounds the memory to some 10 MB for 20,000 rows.
_CHUNK = 100


@dataclass(frozen=True)
class Estimate:
    """A rate from 0 to 1 and its 95 % interval; all None where there is nothing to tell it from.

    A share is `right` of `total`; both are None where the rate is no share.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    right: int | None = None
    total: int | None = None


def share(right: int, total: int) -> Estimate:
    """Give a share with its interval by Clopper and Pearson; the rows are taken as independent."""
    if not total:
        return Estimate(right=0, total=0)
    rest = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(rest, right, total - right + 1)) if right else 0.0
    high = float(beta.ppf(1 - rest, right + 1, total - right)) if right < total else 1.0
    return Estimate(right / total, low, high, right, total)


def between(value: float, resampled: Array) -> Estimate:
    """Give a rate with the interval that its resamples span; those that are NaN tell nothing.

    The value itself is always inside: a skewed bootstrap widens the interval and never contradicts it.
    """
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value):
        return Estimate()
    rest = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, (rest, 1 - rest)) if known.size else (value, value)
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))


def resample(counts: Array, resamples: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float32]:
    """Sum the rows of counts (n × k) over as many draws of n rows with replacement (resamples × k)."""
    return np.concatenate(list(_sums(counts.astype(np.float32), resamples, seed)))


def _sums(counts: NDArray[np.float32], resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    random, rows = np.random.default_rng(seed), len(counts)
    for start in range(0, resamples, _CHUNK):
        weights = np.zeros((min(_CHUNK, resamples - start), rows), dtype=np.float32)
        for place in range(len(weights) if rows else 0):
            weights[place] = np.bincount(random.integers(rows, size=rows), minlength=rows)
        yield weights @ counts
