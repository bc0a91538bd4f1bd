"""How much each head is believed: the likeliest blend of what they said of rows that they did not learn."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import check_grad, minimize

from hubpipe.models.learned.head import MEMBERS
from hubpipe.training.blending import BELIEF, EVEN, MOST, USUAL, Loss, blend

LABELS = 4
Given = tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]


def given(exclusive: bool, seed: int = 0) -> Given:
    """Make members that know more or less of the truth, one of which is not there; some of it nobody knows."""
    chance, rows = np.random.default_rng(seed), 300
    if exclusive:
        truth = np.eye(LABELS, dtype=np.int8)[chance.integers(LABELS, size=rows)]
    else:
        truth = chance.choice(np.array([-1, 0, 1], np.int8), size=(rows, LABELS), p=[0.1, 0.6, 0.3])
    known = np.array([0.2, 1.0, 0.5, 0.0, 0.1, 2.0])[:, None] * truth[:, None, :]
    members = known + chance.normal(size=(rows, len(MEMBERS), LABELS))
    members[:, MEMBERS.index("words")] = 0
    return members.astype(np.float32), truth, chance.uniform(0.2, 1, rows).astype(np.float32)


def surprise(numbers: NDArray[np.float64], rows: Given, exclusive: bool, usual: NDArray[np.float64]) -> float:
    """Say the loss again, in other words."""
    (members, truth, weight), believed, bias = rows, numbers[: len(MEMBERS)], numbers[len(MEMBERS) :]
    powers = np.exp((members * believed[:, None]).sum(axis=1) + bias)
    if exclusive:
        shares = np.where(truth == 1, powers / powers.sum(axis=1, keepdims=True), 1)
    else:
        shares = np.where(truth == 1, powers, 1) / np.where(truth >= 0, 1 + powers, 1)
    told = -(weight * np.log(shares).sum(axis=1)).sum()
    return float(told + BELIEF * ((believed - usual) ** 2).sum() + EVEN * (bias**2).sum())


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_gradient_is_that_of_the_loss(exclusive: bool) -> None:
    rows, usual = given(exclusive), np.array(USUAL)
    loss = Loss(*rows, exclusive, usual)
    for seed in range(5):
        numbers = np.random.default_rng(seed).normal(size=len(MEMBERS) + LABELS)
        found, gradient = loss(numbers)
        assert found == pytest.approx(surprise(numbers, rows, exclusive, usual), rel=1e-5)
        off = check_grad(lambda one: loss(one)[0], lambda one: loss(one)[1], numbers)
        assert off < 1e-4 * np.linalg.norm(gradient)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_blend_is_the_one_that_is_found_without_a_gradient(exclusive: bool, seed: int) -> None:
    rows = given(exclusive, seed)
    there = np.array([name != "words" for name in MEMBERS])
    usual = np.where(there, USUAL, 0.0)
    bounds = [(0.0, MOST if here else 0.0) for here in there] + [(-3.0, 3.0)] * LABELS
    start = np.concatenate([usual, np.zeros(LABELS)])
    searched = minimize(surprise, start, args=(rows, exclusive, usual), bounds=bounds, method="L-BFGS-B").x
    believed, bias = blend(*rows, exclusive)
    assert np.concatenate([believed, bias]) == pytest.approx(searched, abs=1e-3)
    assert believed[MEMBERS.index("words")] == 0
    assert believed[MEMBERS.index("tuned")] == believed.max()


def test_extreme_logits_have_a_loss_and_a_gradient_that_are_numbers() -> None:
    for exclusive in (True, False):
        members, truth, weight = given(exclusive)
        found, gradient = Loss(members * 1e4, truth, weight, exclusive, np.array(USUAL))(np.ones(len(MEMBERS) + LABELS))
        assert np.isfinite(found)
        assert np.isfinite(gradient).all()
