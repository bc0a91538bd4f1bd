"""Turn the logits of heads on rows that they did not learn from into how much each is believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, softmax

from hubpipe.models.learned.head import blended
from hubpipe.models.learned.views import Array

# What each member counts where nothing is known (see head.MEMBERS), and how many rows that belief weighs.
USUAL = (0.6, 0.6, 0.6, 0.6, 0.2, 0.6)
BELIEF, EVEN = 3.0, 100.0
MOST = 4.0

Numbers = NDArray[np.float64]


def blend(members: Array, truth: NDArray[np.int8], weight: Array, exclusive: bool) -> tuple[Array, Array]:
    """Find the likeliest blend (members) and bias (labels), which calibrate at once.

    `members` (n × members × labels) are out-of-fold. A member that is 0 everywhere counts nothing.
    """
    _, count, labels = members.shape
    there = np.abs(members).max(axis=(0, 2)) > 0
    usual = np.where(there, USUAL, 0.0)
    loss = Loss(members, truth, weight, exclusive, usual)
    bounds = [(0.0, MOST if here else 0.0) for here in there] + [(-3.0, 3.0)] * labels
    start = np.concatenate([usual, np.zeros(labels)])
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return found[:count].astype(np.float32), found[count:].astype(np.float32)


@dataclass(frozen=True)
class Loss:
    """How surprised a blend and a bias are by the truth, and how far they are from what is `usual` (members)."""

    members: Array
    truth: NDArray[np.int8]
    weight: Array
    exclusive: bool
    usual: Numbers

    def __call__(self, numbers: Numbers) -> tuple[float, Numbers]:
        """Give the loss of a blend and a bias (members + labels), and its gradient by each."""
        believed, bias = np.split(numbers, [len(self.usual)])
        off = believed - self.usual
        logits = np.einsum("nml,m->nl", self.members, believed) + bias
        held = BELIEF * (off**2).sum() + EVEN * (bias**2).sum()
        found = float((self.weight * _surprise(logits, self.truth, self.exclusive)).sum() + held)
        slope = self.weight[:, None] * _slope(logits, self.truth, self.exclusive)
        by_member = np.einsum("nml,nl->m", self.members, slope) + 2 * BELIEF * off
        return found, np.concatenate([by_member, slope.sum(axis=0) + 2 * EVEN * bias])


def surprise(members: Array, believed: Array, bias: Array, truth: NDArray[np.int8], exclusive: bool) -> Array:
    """Give how surprised a blend is by the truth of each row: its negative log-likelihood in nats."""
    found = _surprise(blended(members, believed, bias, exclusive), truth, exclusive)
    return np.asarray(found, dtype=np.float32)


def _surprise(logits: NDArray[np.floating], truth: NDArray[np.int8], exclusive: bool) -> NDArray[np.floating]:
    if exclusive:
        top = logits.max(axis=1, keepdims=True)
        total = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
        return np.asarray(total - logits[np.arange(len(truth)), truth.argmax(axis=1)])
    signed = np.where(truth == 1, logits, -logits)
    return np.asarray(np.where(truth >= 0, np.logaddexp(0, -signed), 0.0).sum(axis=1))


def _slope(logits: Numbers, truth: NDArray[np.int8], exclusive: bool) -> Numbers:
    """Give the gradient of `_surprise` by each logit (n × labels)."""
    if exclusive:
        found: Numbers = softmax(logits, axis=1)
        found[np.arange(len(truth)), truth.argmax(axis=1)] -= 1
        return found
    return np.asarray(np.where(truth >= 0, expit(logits) - (truth == 1), 0.0))
