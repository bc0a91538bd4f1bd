"""Turn what was learned of a repository into a folder of numbers and JSON, and back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Evidence:
    """How the model scored issues that it had not learned from, in the order of time: what cutoffs are chosen by.

    `scores` (n × labels, from 0 to 1) are out-of-fold, `truth` (n × labels) is 1 where people gave the label, 0 where
    they did not, and -1 where nobody knows (a bot set it and no person confirmed it). `labels` names the columns.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    truth: NDArray[np.int8]

    def of(self, labels: Sequence[str]) -> "Evidence":
        """Give that of some labels, as if there were no others."""
        columns = [place for place, name in enumerate(self.labels) if name in labels]
        return Evidence(tuple(self.labels[place] for place in columns), self.scores[:, columns], self.truth[:, columns])


@dataclass(frozen=True)
class Parts:
    """All that a learned model is, without its encoder's untouched weights.

    `spec` is JSON: how texts become features and features scores (see `scorer`). `arrays` are the head's numbers,
    `tensors` those of the encoder's weights that tuning changed, by their names in its state (float16; empty where it
    was not tuned). `encoder` is the model that the encoder is (`embedded`, or a Hub id), at `revision`.
    """

    labels: tuple[str, ...]
    spec: Mapping[str, Any]
    arrays: Arrays
    encoder: str = "embedded"
    revision: str | None = None
    tensors: Arrays = field(default_factory=dict)

    @property
    def encoding(self) -> str:
        """Tell one encoder's vectors from another's: the sha256 of its name and its revision."""
        return hashlib.sha256(f"{self.encoder}@{self.revision}".encode()).hexdigest()

    @property
    def tuning(self) -> str:
        """Tell one tuned encoder from another: the sha256 of its changed weights."""
        told = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            told.update(f"\0{name}\0{tensor.dtype}\0".encode())
            told.update(np.ascontiguousarray(tensor).tobytes())
        return told.hexdigest()


def below(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Give the arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
