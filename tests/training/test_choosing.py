"""How much heads are believed, and evidence of that which no row gives of itself."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.head import MEMBERS, Seen, shares
from hubpipe.models.learned.views import Views
from hubpipe.training.blending import blend, surprise
from hubpipe.training.choosing import Trial, as_it_is, unheard
from hubpipe.training.heads import Lesson, Recipe

COUNT, LABELS = 60, ("bug", "question", "wish")


def noise() -> tuple[Lesson, Trial]:
    """Heads that know nothing, of sixty rows."""
    chance = np.random.default_rng(0)
    truth = np.eye(3, dtype=np.int8)[chance.integers(3, size=COUNT)]
    members = chance.normal(size=(COUNT, len(MEMBERS), 3)).astype(np.float32)
    same, none = np.full((COUNT, 4), 0.5, np.float32), np.zeros((COUNT, 0), np.float32)
    views = Views(same, same, none, ["title"] * COUNT, [""] * COUNT, none, none)
    weight = np.ones(COUNT, np.float32)
    lesson = Lesson(LABELS, np.zeros((3, 4), np.float32), Seen(views, none), truth, weight, None, True, 0)
    believed, bias = blend(members, truth, weight, True)
    return lesson, Trial(Recipe(), members, believed, bias, surprise(members, believed, bias, truth, True))


def lost(logits: NDArray[np.float32], truth: NDArray[np.int8]) -> float:
    return float(-np.log(shares(logits, True)[truth == 1]).mean())


def test_no_row_says_itself_how_its_heads_are_believed() -> None:
    lesson, trial = noise()
    held = [(np.arange(0), np.arange(COUNT))]
    taken = replace(trial, found=False)

    # What knows nothing is worse than an even guess on rows that had no say.
    assert lost(unheard(taken, lesson, held), lesson.truth) < np.log(3)
    assert lost(unheard(trial, lesson, held), lesson.truth) > np.log(3)


def test_a_blend_that_was_not_found_on_the_rows_stays() -> None:
    lesson, _ = noise()
    held = [(np.arange(30), np.arange(30, COUNT))]
    trial = as_it_is(lesson, held, Recipe(trees=False, words=False))

    assert not trial.found
    assert unheard(trial, lesson, held).shape == (30, 3)
