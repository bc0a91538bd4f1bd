"""Turn views of texts into the logits of labels: several heads, and how much each is believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.forest import Forest, forest
from hubpipe.models.learned.names import Names, names
from hubpipe.models.learned.parts import Arrays, below
from hubpipe.models.learned.views import Array, Views
from hubpipe.models.learned.words import Words, words

Numbers: TypeAlias = dict[str, NDArray[Any]]

# No share of a forest is surer than this: its trees have few rows in a leaf.
LEAST_SHARE = 0.01
MEANING, LINEAR, TREES, WORDS, NAMES, PRIOR = "meaning/", "linear/", "trees/", "words/", "names/", "prior/"
TUNED = "tuned/"
# New ones go to the end: a folder that was written before they were there gives them no belief.
MEMBERS = ("prior", "linear", "trees", "words", "names", "tuned")


@dataclass(frozen=True)
class Linear:
    """A linear head over numbers that are shifted by `mean`, scaled, and held within `bound` (features each).

    `weights` are labels × features, `bias` labels.
    """

    mean: Array
    scale: Array
    bound: Array
    weights: Array
    bias: Array

    def scaled(self, raw: Array) -> Array:
        """Shift, scale and hold raw numbers (n × features)."""
        return np.asarray(np.clip((raw - self.mean) * self.scale, -self.bound, self.bound), dtype=np.float32)

    def logits(self, raw: Array) -> Array:
        """Weigh raw numbers (n × features): a logit for each label."""
        return np.asarray(self.scaled(raw) @ self.weights.T + self.bias, dtype=np.float32)

    def arrays(self) -> Numbers:
        """Give its numbers by name."""
        return {name: getattr(self, name) for name in ("mean", "scale", "bound", "weights", "bias")}


@dataclass(frozen=True)
class Prior:
    """What knew labels before: its head, and which of its labels is which of ours (ours × its, 0 or 1)."""

    head: "Head"
    same: Array

    def said(self, views: Views) -> Array:
        """Give its logits of its own labels (n × its labels)."""
        return self.head.logits(views)


@dataclass(frozen=True)
class Seen:
    """What the heads read of n texts: the views, and what a prior says of them (n × its labels; none without one)."""

    views: Views
    prior: Array

    def __getitem__(self, rows: NDArray[np.intp]) -> "Seen":
        """Take some of the rows."""
        return Seen(self.views[rows], self.prior[rows])

    @property
    def form(self) -> Array:
        """Traits, and what a prior says (n × traits + its labels)."""
        return np.hstack([self.views.traits, self.prior])


@dataclass(frozen=True)
class Head:
    """Heads over the same texts; `blend` says how much each of MEMBERS counts, `bias` (labels) what is added.

    `meaning` reads vectors alone: the trees, who cannot read vectors, read its logits. It and `linear` read those of
    an inner layer, too, where the head is `deep`. `tuned` reads those of the tuned encoder, and it alone.
    """

    exclusive: bool
    meaning: Linear
    linear: Linear
    trees: Forest | None
    words: Words | None
    names: Names | None
    prior: Prior | None
    tuned: Linear | None
    blend: Array
    bias: Array
    deep: bool = False

    @property
    def reads_deep(self) -> bool:
        """Tell whether an inner layer is read, by this head or by its prior's."""
        return self.deep or (self.prior is not None and self.prior.head.reads_deep)

    def see(self, views: Views) -> Seen:
        """Ask the prior, if there is one."""
        none = np.zeros((len(views.title), 0), np.float32)
        return Seen(views, none if self.prior is None else self.prior.said(views))

    def members(self, seen: Seen) -> Array:
        """Give the logits of each of MEMBERS (n × members × labels), 0 where there is none."""
        labels = len(self.bias)
        nothing = np.zeros((len(seen.views.title), labels), np.float32)
        found = [
            nothing if self.prior is None else centred(seen.prior, self.prior.head.exclusive) @ self.prior.same.T,
            self.linear.logits(np.hstack([self._vectors(seen.views), seen.form])),
            nothing if self.trees is None else self._voted(self.trees, seen),
            nothing if self.words is None else self.words.logits(seen.views),
            nothing if self.names is None else self.names.logits(seen.views),
            nothing if self.tuned is None else self.tuned.logits(seen.views.tuned),
        ]
        return np.stack([centred(logits, self.exclusive) for logits in found], axis=1)

    def logits(self, views: Views) -> Array:
        """Weigh views: one calibrated logit a label (n × labels); those of exclusive labels are centred."""
        return blended(self.members(self.see(views)), self.blend, self.bias, self.exclusive)

    def arrays(self) -> Numbers:
        """Give its numbers by name, those of its parts among them."""
        found: Numbers = {"blend": self.blend, "bias": self.bias}
        parts: dict[str, Numbers] = {MEANING: self.meaning.arrays(), LINEAR: self.linear.arrays()}
        if self.trees is not None:
            parts[TREES] = self.trees.arrays()
        if self.words is not None:
            parts[WORDS] = self.words.arrays()
        if self.names is not None:
            parts[NAMES] = self.names.arrays()
        if self.tuned is not None:
            parts[TUNED] = self.tuned.arrays()
        if self.prior is not None:
            parts[PRIOR] = {"same": self.prior.same, **self.prior.head.arrays()}
        return found | {prefix + name: array for prefix, own in parts.items() for name, array in own.items()}

    def spec(self) -> dict[str, Any]:
        """Give what its numbers do not tell, as JSON."""
        return {
            "exclusive": self.exclusive,
            "trees": self.trees is not None,
            "words": self.words is not None,
            "names": None if self.names is None else list(self.names.labels),
            "prior": None if self.prior is None else self.prior.head.spec(),
            "tuned": self.tuned is not None,
            "deep": self.deep,
        }

    def _vectors(self, views: Views) -> Array:
        return views.deep if self.deep else views.meaning

    def _voted(self, trees: Forest, seen: Seen) -> Array:
        found = trees.shares(np.hstack([seen.form, self.meaning.logits(self._vectors(seen.views))]))
        return odds(found, self.exclusive)


def head(spec: Mapping[str, Any], arrays: Arrays) -> Head:
    """Make a head of what `Head.spec` and `Head.arrays` gave."""
    prior, blend = below(PRIOR, arrays), np.asarray(arrays["blend"], np.float32)
    return Head(
        exclusive=bool(spec["exclusive"]),
        meaning=_linear(below(MEANING, arrays)),
        linear=_linear(below(LINEAR, arrays)),
        trees=forest(below(TREES, arrays)) if spec["trees"] else None,
        words=words(below(WORDS, arrays)) if spec["words"] else None,
        names=names(spec["names"], below(NAMES, arrays)) if spec["names"] else None,
        prior=Prior(head(spec["prior"], prior), np.asarray(prior["same"], np.float32)) if spec["prior"] else None,
        tuned=_linear(below(TUNED, arrays)) if spec.get("tuned") else None,
        blend=np.pad(blend, (0, len(MEMBERS) - len(blend))),
        bias=np.asarray(arrays["bias"], np.float32),
        deep=bool(spec.get("deep")),
    )


def blended(members: Array, blend: Array, bias: Array, exclusive: bool) -> Array:
    """Add the members' logits (n × members × labels), each as much as it is believed."""
    return centred(np.einsum("nml,m->nl", members, blend) + bias, exclusive)


def centred(logits: Array, exclusive: bool) -> Array:
    """Take what all exclusive labels have in common out of their logits: it decides nothing."""
    shifted = logits - logits.mean(axis=1, keepdims=True) if exclusive and logits.size else logits
    return np.asarray(shifted, dtype=np.float32)


def odds(found: Array, exclusive: bool) -> Array:
    """Turn shares into logits."""
    held = np.clip(found, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(np.log(held) if exclusive else np.log(held / (1 - held)), dtype=np.float32)


def shares(logits: Array, exclusive: bool) -> Array:
    """Turn logits (n × labels) into probabilities that share 1.0, or stand each by itself."""
    if exclusive:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


def _linear(arrays: Arrays) -> Linear:
    mean, scale, bound, weights, bias = (
        np.asarray(arrays[name], np.float32) for name in ("mean", "scale", "bound", "weights", "bias")
    )
    return Linear(mean, scale, bound, weights, bias)
