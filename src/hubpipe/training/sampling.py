"""Turn examples into the rows that an encoder is tuned on: not too many, and one name for one meaning."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.phrases import entry
from hubpipe.training.examples import Example
from hubpipe.training.splitting import by_date

# So many batches are dealt out of one sorted pool.
POOL = 8


def sampled(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """Keep at most so many labelled examples, in the order of time: of too many a random part, rare labels first."""
    labelled = [example for example in examples if example.labels]
    if len(labelled) <= most:
        return by_date(labelled)
    taken: dict[str, int] = defaultdict(int)
    turn = np.zeros(len(labelled), dtype=np.intp)
    lot = np.random.default_rng(seed).permutation(len(labelled))
    for place in lot:
        names = {name.casefold() for name in labelled[place].labels}
        turn[place] = min(taken[name] for name in names)
        for name in names:
            taken[name] += 1
    kept = lot[np.argsort(turn[lot], kind="stable")][:most]
    return by_date([labelled[place] for place in kept])


def renamed(examples: Sequence[Example]) -> list[Example]:
    """Give labels of one meaning one name, so that issues of several repositories are pulled together.

    Where a repository tells two names of that meaning apart (`bug` and `defect`), they stay two.
    """
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        for name in example.labels:
            meaning = entry(name)
            if meaning is not None:
                names[example.repo, meaning].add(name.casefold())
    apart = {meaning for (_, meaning), found in names.items() if len(found) > 1}

    def common(labels: Sequence[str]) -> tuple[str, ...]:
        known = [(name.casefold(), entry(name)) for name in labels]
        return tuple(name if meaning is None or meaning in apart else meaning for name, meaning in known)

    return [
        replace(example, labels=common(example.labels), denied=common(example.denied), unsure=common(example.unsure))
        for example in examples
    ]


def dealt(lengths: Sequence[int], size: int, random: np.random.Generator) -> list[NDArray[np.intp]]:
    """Deal rows into batches at random, those of like length together: what is filled up is computed for nothing."""
    shuffled, long = random.permutation(len(lengths)), np.asarray(lengths)
    batches: list[NDArray[np.intp]] = []
    for start in range(0, len(shuffled), POOL * size):
        pool = shuffled[start : start + POOL * size]
        ordered = pool[np.argsort(long[pool], kind="stable")]
        batches += np.array_split(ordered, max(1, math.ceil(len(pool) / size)))
    return [batches[place] for place in random.permutation(len(batches))]
