"""Turn texts and true labels into a head that weighs words."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from hubpipe.models.learned.views import Array, Views
from hubpipe.models.learned.words import Words, terms, weigh

# A term that fewer texts have teaches nothing; more terms than this make the model larger than they make it better.
LEAST_TEXTS = 2
MOST_TERMS = 30_000
# Cells of labels × terms that are kept: the terms that weigh most.
MOST_CELLS, MOST_KEPT = 150_000, 10_000
C = 1.0
# Margins reach from about -1 to 1: so much steeper, they are logits like those of the other heads.
SLOPE = 3.0
# The odds of a label that no row has.
NEVER = -3.0
# Naive Bayes' odds of each word: what is added to a word's weight before its share is taken, and how much the odds
# count beside the margins. They learn more from what is rare than margins do: corefx's older half, learned on one
# part of it and measured on a later one, surprises .03 nats less, and any of .003 to .1 and of 0.5 to 1.2 would do.
ADDED, ODDS = 0.03, 0.6


def spell(views: Views, truth: NDArray[np.int8], weight: Array, seed: int) -> Words:
    """Learn what words and vectors say of each label by itself, and keep the words that say most."""
    found: Counter[str] = Counter()
    for title, body in zip(views.titles, views.bodies, strict=True):
        for counts in terms(title, body):
            found.update(counts.keys())
    common = sorted(term for term, count in found.most_common(MOST_TERMS) if count >= LEAST_TEXTS)
    rarity = np.array([np.log((1 + len(truth)) / (1 + found[term])) + 1 for term in common], np.float32)
    mean = views.meaning.mean(axis=0)
    spelled = weigh(views, {term: place for place, term in enumerate(common)}, rarity)
    weights, bias = _margins(hstack([spelled, csr_matrix(views.meaning - mean)]).tocsr(), truth, weight, seed)
    count = len(common)
    more, less = _odds(spelled, truth, weight)
    weights[:, :count] += more
    bias -= less
    strength = np.abs(weights[:, :count]).max(axis=0)
    kept = np.sort(np.argsort(-strength, kind="stable")[: min(MOST_KEPT, MOST_CELLS // truth.shape[1])])
    vocabulary = {common[place]: number for number, place in enumerate(kept)}
    return Words(vocabulary, rarity[kept], weights[:, kept].astype(np.float16), mean, weights[:, count:], bias)


def _margins(numbers: csr_matrix, truth: NDArray[np.int8], weight: Array, seed: int) -> tuple[Array, Array]:
    """Learn a linear support vector machine for each label, from the rows where it is known."""
    from sklearn.svm import LinearSVC

    weights = np.zeros((truth.shape[1], numbers.shape[1]), np.float32)
    bias = np.full(truth.shape[1], NEVER, np.float32)
    for label in range(truth.shape[1]):
        known = np.flatnonzero(truth[:, label] >= 0)
        right = truth[known, label] == 1
        if right.any() and not right.all():
            model = LinearSVC(C=C, random_state=seed).fit(numbers[known], right, sample_weight=weight[known])
            weights[label], bias[label] = SLOPE * model.coef_[0], SLOPE * model.intercept_[0]
    return weights, bias


def _odds(spelled: csr_matrix, truth: NDArray[np.int8], weight: Array) -> tuple[Array, Array]:
    """Learn what each word says for a label and against the others, as naive Bayes does (labels × terms).

    Gives what to take off (labels), too, so that a usual text says nothing. Wang and Manning 2012
    (https://aclanthology.org/P12-2018) use the same ratio inside a support vector machine.
    """
    has, lacks = ((truth == value) * weight[:, None] for value in (1, 0))
    shares = []
    for rows in (has, lacks):
        found = rows.T @ spelled + ADDED
        shares.append(np.log(found / found.sum(axis=1, keepdims=True)))
    both = has.any(axis=0) & lacks.any(axis=0)
    odds = np.where(both[:, None], shares[0] - shares[1], 0.0)
    said = spelled @ odds.T
    usual = said.mean(axis=0)
    scale = ODDS / max(float((said - usual)[:, both].std()), 1e-9) if both.any() else 0.0
    return np.asarray(odds * scale, dtype=np.float32), np.asarray(usual * scale, dtype=np.float32)
