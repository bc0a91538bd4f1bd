"""Turn what heads say of rows that they did not learn from into the heads to keep, and how much each is believed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.learned.head import MEMBERS, blended
from hubpipe.models.learned.views import Array
from hubpipe.training.blending import blend, surprise
from hubpipe.training.forward import FOLDS, Fold, by_lot
from hubpipe.training.heads import LEAST_WORDS, Lesson, Recipe, learn

# How many standard errors a richer choice must surprise less by: less may be chance, and words age.
SURE = 3.0
# An inner layer is read unless it surprises more by so many: it helps where labels are kinds of issues, and is in the
# way where they are topics. On NLBSE'24's training halves it surprised less in 3 of 15 rehearsals, and yet .003 nats
# less on the later issues when it was read in all: what one repository can tell is mostly chance.
WORSE = 2.0
# The members that read no words, and those that read little else; a prior speaks in both.
FORM, WORDS = ("prior", "linear", "trees", "tuned"), ("prior", "words", "names")

# How much a tuned encoder is believed of repositories that nobody labelled. Four repositories of NLBSE'24's training
# file learned, the fifth scored: .709 nats and macro-F1 .696 with this, .728 and .689 with half, .715 and .689 with 0.
BELIEVED = 0.2

NO_WORDS = "words are not read: the settings say so"
FEW_FOR_WORDS = "words are not read: fewer than {least} examples"
COMPARED = (
    "words are {read}: {where}, an issue that was not learned from surprises {with_words:.3f} nats with them, "
    "{without:.3f} without ({errors:.1f} standard errors, {sure:g} wanted){more}"
)
ALONE = "; they speak alone, because the other heads add nothing sure ({errors:.1f} standard errors)"


@dataclass(frozen=True)
class Trial:
    """A recipe, what its heads said of rows that they did not learn from, and how much each is believed.

    `members` are n × MEMBERS × labels, `surprise` is that of each row (nats), `reason` says why this one was chosen.
    `found` says that the blend was found on those rows.
    """

    recipe: Recipe
    members: Array
    blend: Array
    bias: Array
    surprise: Array
    reason: str = ""
    found: bool = True


def choose(lesson: Lesson, held: Sequence[Fold], recipe: Recipe, where: str) -> Trial:
    """Choose the simplest heads that are surprised no more than richer ones, beyond chance.

    An inner layer is read unless that is surely worse. Words are read only where that is surely better, and then
    alone, unless the other heads surely add something.
    """
    tried = recipe.words and len(lesson.truth) >= LEAST_WORDS
    members = _members(lesson, held, replace(recipe, words=tried))
    form = _trial(lesson, held, replace(recipe, words=False), _only(members, FORM))
    if lesson.seen.views.inner.size:
        deep = replace(recipe, words=False, deep=True)
        read = _members(lesson, held, deep)
        found = _trial(lesson, held, deep, _only(read, FORM))
        if _errors(found, form) < WORSE:
            form, recipe, members = found, replace(recipe, deep=True), _only(read, FORM) + _only(members, WORDS[1:])
    if not tried:
        return replace(form, reason=FEW_FOR_WORDS.format(least=LEAST_WORDS) if recipe.words else NO_WORDS)
    both = _trial(lesson, held, recipe, members)
    words = _trial(lesson, held, replace(recipe, trees=False, deep=False), _only(members, WORDS))
    errors, more = _errors(form, both), _errors(words, both)
    found = form if errors < SURE else both if more >= SURE else words
    reason = COMPARED.format(
        read="not read" if found is form else "read",
        where=where,
        with_words=both.surprise.mean(),
        without=form.surprise.mean(),
        errors=errors,
        sure=SURE,
        more=ALONE.format(errors=more) if found is words else "",
    )
    return replace(found, reason=reason)


def as_it_is(lesson: Lesson, held: Sequence[Fold], recipe: Recipe) -> Trial:
    """Believe the linear head as it is, where nothing can tell how much to believe it."""
    members = _members(lesson, held, recipe)
    believed = np.array([member == "linear" for member in MEMBERS], dtype=np.float32)
    bias = np.zeros(lesson.truth.shape[1], np.float32)
    lost = surprise(members, believed, bias, lesson.truth[_rows(held)], lesson.exclusive)
    return Trial(recipe, members, believed, bias, lost, NO_WORDS, found=False)


def beside_tuned(trial: Trial) -> Trial:
    """Believe the most of what was found without a tuned encoder, and BELIEVED of what that one says.

    It has seen all labels there are, so that nothing tells how much to believe it.
    """
    believed = trial.blend * (1 - BELIEVED) + BELIEVED * np.array([member == "tuned" for member in MEMBERS])
    return replace(trial, blend=believed.astype(np.float32), bias=trial.bias * (1 - BELIEVED), found=False)


def unheard(trial: Trial, lesson: Lesson, held: Sequence[Fold]) -> Array:
    """Give the logits of the rows that were measured on, in the order of the folds (n × labels).

    Each row's heads are believed as the others' rows tell, where that was found and not taken: it would be no evidence
    if a row had its own say.
    """
    rows = _rows(held)
    found = blended(trial.members, trial.blend, trial.bias, lesson.exclusive)
    for old, new in by_lot(lesson.truth[rows], FOLDS, lesson.seed) if trial.found else ():
        among = lesson[rows[old]]
        believed, bias = blend(trial.members[old], among.truth, among.weight, lesson.exclusive)
        found[new] = blended(trial.members[new], believed, bias, lesson.exclusive)
    return found


def _members(lesson: Lesson, held: Sequence[Fold], recipe: Recipe) -> Array:
    return np.concatenate([learn(lesson[old], recipe).members(lesson.seen[new]) for old, new in held])


def _trial(lesson: Lesson, held: Sequence[Fold], recipe: Recipe, members: Array) -> Trial:
    rows = _rows(held)
    known = lesson.truth[rows]
    believed, bias = blend(members, known, lesson.weight[rows], lesson.exclusive)
    return Trial(recipe, members, believed, bias, surprise(members, believed, bias, known, lesson.exclusive))


def _only(members: Array, names: Sequence[str]) -> Array:
    """Let only some of the members speak."""
    speaks = np.array([member in names for member in MEMBERS], dtype=np.float32)
    return np.asarray(members * speaks[:, None], dtype=np.float32)


def _errors(simple: Trial, rich: Trial) -> float:
    """Tell by how many standard errors the rich one surprises less."""
    gain = simple.surprise - rich.surprise
    return float(gain.mean() / max(gain.std() / np.sqrt(len(gain)), 1e-9))


def _rows(held: Sequence[Fold]) -> NDArray[np.intp]:
    return np.concatenate([new for _, new in held])
