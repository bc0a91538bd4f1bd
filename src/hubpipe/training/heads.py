"""Turn what is seen of examples and their true labels into a head."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.head import MEMBERS, Head, Linear, Prior, Seen
from hubpipe.models.learned.names import Names, near
from hubpipe.models.learned.views import Array
from hubpipe.training.forward import by_lot
from hubpipe.training.growing import grow
from hubpipe.training.spelling import spell

# How far from the mean a trait or a prior's word may be taken seriously, in standard deviations.
FURTHEST = 4.0
STEPS = 1_000
# Too little to grow trees on, and to read words on.
LEAST_TREES, LEAST_WORDS = 40, 100
INNER_FOLDS = 5
# The odds of a label that no row has.
NEVER = -12.0


@dataclass(frozen=True)
class Recipe:
    """How a head is learned.

    `c` is the inverse of the linear heads' regularisation, `meaning` that of the one that reads vectors alone, `tuned`
    that of the one that reads the tuned encoder's.
    `traits` and `prior` are the weights of these standardised blocks beside vectors of length 1. `deep` heads read an
    inner layer's vectors, too.
    """

    c: float = 1.5
    meaning: float = 4.0
    tuned: float = 1.0
    traits: float = 0.1
    prior: float = 0.3
    trees: bool = True
    words: bool = True
    deep: bool = False


# What is learned for strange repositories, from several others and from one corpus. On one corpus nothing tells how
# much trees and blend take its own ways for those of all. Chosen on the training half of NLBSE'24.
STRANGE, STRANGE_OF_ONE = Recipe(c=0.3), Recipe(c=0.3, traits=0.05, trees=False, deep=True)


@dataclass(frozen=True)
class Lesson:
    """All that a head is learned from.

    Labels and the vectors of their names (labels × d), n rows seen, the truth (n × labels), how much each row counts.
    """

    labels: tuple[str, ...]
    named: Array
    seen: Seen
    truth: NDArray[np.int8]
    weight: Array
    prior: Prior | None
    exclusive: bool
    seed: int

    def __getitem__(self, rows: NDArray[np.intp]) -> "Lesson":
        """Take some of the rows."""
        return replace(self, seen=self.seen[rows], truth=self.truth[rows], weight=self.weight[rows])


def learn(lesson: Lesson, recipe: Recipe) -> Head:
    """Learn every head; how much each is believed is not known yet (the blend is 0)."""
    meaning = _meaning(lesson, recipe)
    count, labels = lesson.truth.shape
    trees = None
    if recipe.trees and count >= LEAST_TREES:
        told = np.hstack([lesson.seen.form, _unlearned(lesson, recipe)])
        trees = grow(told, lesson.truth, lesson.weight, lesson.seed)
    words = None
    if recipe.words and count >= LEAST_WORDS:
        words = spell(lesson.seen.views, lesson.truth, lesson.weight, lesson.seed)
    return Head(
        exclusive=lesson.exclusive,
        meaning=meaning,
        linear=_linear(lesson, recipe),
        trees=trees,
        words=words,
        names=_names(lesson) if recipe.words else None,
        prior=lesson.prior,
        tuned=_tuned(lesson, recipe),
        blend=np.zeros(len(MEMBERS), np.float32),
        bias=np.zeros(labels, np.float32),
        deep=recipe.deep,
    )


def weigh(numbers: Array, truth: NDArray[np.int8], weight: Array, exclusive: bool, c: float) -> tuple[Array, Array]:
    """Learn a regularised logistic regression: weights (labels × features) and biases (labels)."""
    if exclusive:
        return _shared(numbers, truth.argmax(axis=1), truth.shape[1], weight, c)
    return _alone(numbers, truth, weight, c)


def _names(lesson: Lesson) -> Names:
    found = near(lesson.seen.views, lesson.named)
    spread = np.maximum(found.std(axis=0), 1e-4).astype(np.float32)
    return Names(lesson.labels, lesson.named, found.mean(axis=0).astype(np.float32), spread)


def _vectors(lesson: Lesson, recipe: Recipe) -> Array:
    return lesson.seen.views.deep if recipe.deep else lesson.seen.views.meaning


def _meaning(lesson: Lesson, recipe: Recipe) -> Linear:
    """Learn from vectors alone."""
    vectors = _vectors(lesson, recipe)
    count = vectors.shape[1]
    return _fitted(lesson, vectors, np.full(count, not recipe.deep), np.full(count, _each(count)), recipe.meaning)


def _tuned(lesson: Lesson, recipe: Recipe) -> Linear | None:
    """Learn from a tuned encoder's vectors alone, if there are any."""
    vectors = lesson.seen.views.tuned
    return _fitted(lesson, vectors, np.ones(vectors.shape[1], bool), 1.0, recipe.tuned) if vectors.size else None


def _linear(lesson: Lesson, recipe: Recipe) -> Linear:
    """Learn from vectors, traits, and what a prior says."""
    vectors, form = _vectors(lesson, recipe), lesson.seen.form
    count = vectors.shape[1]
    wanted = np.full(count + form.shape[1], recipe.traits, np.float32)
    wanted[:count] = _each(count)
    wanted[count + lesson.seen.views.traits.shape[1] :] = recipe.prior
    plain = np.arange(count + form.shape[1]) < (0 if recipe.deep else count)
    return _fitted(lesson, np.hstack([vectors, form]), plain, wanted, recipe.c)


def _each(count: int) -> float:
    """Give the weight of each of so many standardised numbers that together are two vectors of length 1."""
    return float(np.sqrt(2 / max(1, count)))


def _fitted(lesson: Lesson, raw: Array, plain: NDArray[np.bool_], wanted: Array | float, c: float) -> Linear:
    """Centre what is `plain`, standardise the rest to the wanted weight, and learn."""
    deviation = raw.std(axis=0)
    spread = np.where(plain, 1.0, np.where(deviation > 1e-4, deviation, np.inf))
    scale = np.where(plain, 1.0, wanted / spread).astype(np.float32)
    bound = np.where(plain, 2.0, wanted * FURTHEST * np.ones(len(plain))).astype(np.float32)
    blank = Linear(raw.mean(axis=0), scale, bound, np.zeros((0, len(plain)), np.float32), np.zeros(0, np.float32))
    weights, bias = weigh(blank.scaled(raw), lesson.truth, lesson.weight, lesson.exclusive, c)
    return replace(blank, weights=weights, bias=bias)


def _unlearned(lesson: Lesson, recipe: Recipe) -> Array:
    """Give the logits that vectors have for each row when it was not learned from: what trees may trust."""
    count, labels = lesson.truth.shape
    found = np.zeros((count, labels), np.float32)
    for old, new in by_lot(lesson.truth, INNER_FOLDS, lesson.seed):
        found[new] = _meaning(lesson[old], recipe).logits(_vectors(lesson[new], recipe))
    return found


def _shared(numbers: Array, best: NDArray[np.intp], labels: int, weight: Array, c: float) -> tuple[Array, Array]:
    """Learn exclusive labels together; one that no row has never wins."""
    from sklearn.linear_model import LogisticRegression

    weights, bias = np.zeros((labels, numbers.shape[1]), np.float32), np.full(labels, NEVER, np.float32)
    present = np.unique(best)
    bias[present] = 0.0
    if len(present) == 1:
        return weights, bias
    model = LogisticRegression(C=c, max_iter=STEPS).fit(numbers, best, sample_weight=weight)
    if len(present) == 2:
        weights[present] = np.vstack([-model.coef_, model.coef_]) / 2
        bias[present] = np.concatenate([-model.intercept_, model.intercept_]) / 2
    else:
        weights[present], bias[present] = model.coef_, model.intercept_
    return weights, bias


def _alone(numbers: Array, truth: NDArray[np.int8], weight: Array, c: float) -> tuple[Array, Array]:
    """Learn each label by itself from the rows where it is known; one that all or none have keeps its odds."""
    from sklearn.linear_model import LogisticRegression

    labels = truth.shape[1]
    weights, bias = np.zeros((labels, numbers.shape[1]), np.float32), np.zeros(labels, np.float32)
    for label in range(labels):
        known = truth[:, label] >= 0
        right = truth[known, label] == 1
        if right.any() and not right.all():
            model = LogisticRegression(C=c, max_iter=STEPS).fit(numbers[known], right, sample_weight=weight[known])
            weights[label], bias[label] = model.coef_[0], model.intercept_[0]
        else:
            bias[label] = np.log((right.sum() + 0.5) / (len(right) - right.sum() + 0.5))
    return weights, bias
