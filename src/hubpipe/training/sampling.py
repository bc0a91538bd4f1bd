"""Turn examples into the rows that an encoder is tuned on: not too many, and one name for one meaning."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hubpipe.models.phrases import entry
from hubpipe.training.examples import Example
from hubpipe.training.splitting import in_time


def sampled(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """Keep at most so many labelled examples, in the order of time: of too many a random part, rare labels first."""
    labelled = [example for example in examples if example.labels]
    if len(labelled) <= most:
        return in_time(labelled)
    taken: dict[str, int] = defaultdict(int)
    turn = np.zeros(len(labelled), dtype=np.intp)
    lot = np.random.default_rng(seed).permutation(len(labelled))
    for place in lot:
        names = {name.casefold() for name in labelled[place].labels}
        turn[place] = min(taken[name] for name in names)
        for name in names:
            taken[name] += 1
    kept = lot[np.argsort(turn[lot], kind="stable")][:most]
    return in_time([labelled[place] for place in kept])


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
