"""Turn a repository's examples into the parts of a learned model, and the evidence of how well it scores."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hubpipe.errors import TooLittleError, UsageError
from hubpipe.models.learned.head import MEMBERS, Prior, Seen, shares
from hubpipe.models.learned.names import spoken
from hubpipe.models.learned.parts import Evidence, Parts
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.learned.views import Encodes, also, look
from hubpipe.models.phrases import entry
from hubpipe.training.choosing import Trial, as_it_is, beside_tuned, choose, unheard
from hubpipe.training.examples import Example, exclusive, truth
from hubpipe.training.forward import FOLDS, Fold, Rows, by_group, by_lot, folds, halves, in_time, oldest_first, steady
from hubpipe.training.heads import STRANGE, STRANGE_OF_ONE, Lesson, Recipe, learn

TOO_FEW_LABELS = (
    "Nothing to learn: {count} of {labels} labels have at least {least} examples ({found}). Collect more issues, "
    "or ask for fewer examples"
)
NO_EXAMPLES = "No example of the label {label}: take it off the list, or collect more issues"
ONE_LABEL = (
    "Every labelled example has the label {label}: there is nothing to tell it from. Label others, too: one without "
    "any label tells nothing, for it may only be missing"
)
TOO_FEW_ROWS = "{count} examples are too few to measure what was learned of them: collect more issues"
OTHER_ROWS = "the rehearsal was on other rows than `rehearsed` gives"
IN_TIME, BY_LABEL, BY_LOT, BY_REPOSITORY = "in time", "in time, each label by itself", "by lot", "by repository"
LEAST_REPOSITORIES = 3


@dataclass(frozen=True)
class Settings:
    """What to learn: `labels` (None: all with at least `min_examples`), and the seed of what is drawn by lot.

    `apart` says whether labels exclude each other; None: they do where every example has exactly one of them.
    Without `words`, they are not even tried. `strange` tells that other repositories' issues are to be scored than
    those learned from: evidence is by repository where there are three, and nothing is read that only these have.
    """

    labels: tuple[str, ...] | None = None
    min_examples: int = 8
    seed: int = 0
    words: bool = True
    strange: bool = False
    apart: bool | None = None
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Learnt:
    """A learned model, and how it scored what it had not learned from."""

    parts: Parts
    evidence: Evidence


@dataclass(frozen=True)
class Rehearsal:
    """A tuned encoder that learned the rows `old` alone, as `rehearsed` gives them: it has not seen the others' labels.

    What an encoder was tuned on it tells apart far better than what comes. Evidence by such vectors would be a lie.
    """

    encoder: Encodes
    old: Rows


def rehearsed(examples: Sequence[Example], settings: Settings) -> Rows:
    """Give the rows to tune a rehearsal's encoder on: the older ones where there are dates, else most by lot."""
    return _rehearsal(examples, truth(examples, chosen(examples, settings)), settings)[0]


def fit(
    examples: Sequence[Example],
    settings: Settings,
    encoder: Encodes,
    prior: Scorer | None = None,
    tuned: Encodes | None = None,
    rehearsal: Rehearsal | None = None,
) -> Learnt:
    """Learn the labels of examples.

    What a `prior` says is one more feature, and one more voice; so is what a `tuned` encoder tells apart. One that was
    tuned on these examples needs a `rehearsal` (ValueError where that was on other rows than `rehearsed` gives), unless
    the model is for `strange` ones. Encoders give a text the same vectors each time. Raises TooLittleError where there
    is too little to learn.
    """
    labels = chosen(examples, settings)
    lesson = tried = _lesson(examples, labels, (encoder, tuned), prior, settings)
    held, where = _held(examples, lesson.truth, settings)
    if settings.strange:
        tried = _with(lesson, None)
    if rehearsal is not None:
        held = [_rehearsal(examples, lesson.truth, settings)]
        if not np.array_equal(held[0][0], rehearsal.old):
            raise ValueError(OTHER_ROWS)
        tried = _with(lesson, rehearsal.encoder)
    if not held:
        raise TooLittleError(TOO_FEW_ROWS.format(count=len(examples)))
    trial = _trial(tried, held, settings, where)
    if settings.strange and tuned is not None:
        trial = beside_tuned(trial)
    head = replace(learn(lesson, trial.recipe), blend=trial.blend, bias=trial.bias)
    learning = {
        "examples": len(examples),
        "folds": where,
        "believed": dict(zip(MEMBERS, map(float, trial.blend.round(3)), strict=True)),
        "words": trial.reason,
    }
    spec = {**head.spec(), "learning": learning}
    return Learnt(Parts(labels, spec, head.arrays()), _evidence(trial, lesson, held, oldest_first(examples)))


def _trial(lesson: Lesson, held: Sequence[Fold], settings: Settings, where: str) -> Trial:
    """Try out recipes; what one corpus teaches of strange repositories, nothing can tell."""
    alone = settings.strange and where != BY_REPOSITORY
    usual = (STRANGE_OF_ONE if alone else STRANGE) if settings.strange else Recipe()
    recipe = settings.recipe or usual
    deep = recipe.deep and bool(lesson.seen.views.inner.size)
    recipe = replace(recipe, words=settings.words and not settings.strange, deep=deep)
    return as_it_is(lesson, held, recipe) if alone else choose(lesson, held, recipe, where)


def _evidence(trial: Trial, lesson: Lesson, held: Sequence[Fold], times: NDArray[np.float64]) -> Evidence:
    """Give what the heads said of the rows that they did not learn from, in the order of time."""
    rows = np.concatenate([new for _, new in held])
    order = np.argsort(times[rows], kind="stable")
    scores = shares(unheard(trial, lesson, held), lesson.exclusive)
    return Evidence(lesson.labels, scores[order], lesson.truth[rows][order])


def _held(examples: Sequence[Example], known: NDArray[np.int8], settings: Settings) -> tuple[list[Fold], str]:
    """Choose what is measured on what, and say how."""
    repos = sorted({example.repo for example in examples})
    if settings.strange and len(repos) >= LEAST_REPOSITORIES:
        return by_group([repos.index(example.repo) for example in examples]), BY_REPOSITORY
    in_order = (IN_TIME if steady(examples, known) else BY_LABEL) if in_time(examples) else BY_LOT
    return folds(examples, known, settings.seed), in_order


def _rehearsal(examples: Sequence[Example], known: NDArray[np.int8], settings: Settings) -> Fold:
    """Split rows once: the newest third (or a fifth by lot) is measured on."""
    if in_time(examples):
        return halves(examples, known)
    return by_lot(known, FOLDS, settings.seed)[0]


def chosen(examples: Sequence[Example], settings: Settings) -> tuple[str, ...]:
    """Choose the labels to learn, the most frequent first; raises UsageError where they are too few."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for example in examples:
        for name in example.labels:
            counts[names.setdefault(name.casefold(), name)] += 1
    if settings.labels is not None:
        asked: dict[str, str] = {}
        for label in settings.labels:
            if not counts[names.get(label.casefold(), label)]:
                raise UsageError(NO_EXAMPLES.format(label=label))
            asked.setdefault(label.casefold(), label)
        labels = tuple(asked.values())
    else:
        labels = tuple(name for name, count in counts.most_common() if count >= settings.min_examples)
    if not labels:
        found = ", ".join(f"{name} {count}" for name, count in counts.most_common(5)) or "none"
        raise TooLittleError(
            TOO_FEW_LABELS.format(count=len(labels), labels=len(counts), least=settings.min_examples, found=found)
        )
    if len(labels) == 1 and (truth(examples, labels) == 1).all():
        raise TooLittleError(ONE_LABEL.format(label=labels[0]))
    return labels


def _lesson(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    encoders: tuple[Encodes, Encodes | None],
    prior: Scorer | None,
    settings: Settings,
) -> Lesson:
    known = truth(examples, labels)
    before = _prior(prior, labels)
    encoder, tuned = encoders
    views = look(encoder, [example.text for example in examples], quick=True, tuned=tuned)
    named = encoder.embed([spoken(label) for label in labels])
    said = np.zeros((len(examples), 0), np.float32) if before is None else before.said(views)
    weight = np.array([example.weight for example in examples], dtype=np.float32)
    apart = len(labels) > 1 and (exclusive(known) if settings.apart is None else settings.apart)
    return Lesson(labels, named, Seen(views, said), known, weight, before, apart, settings.seed)


def _with(lesson: Lesson, tuned: Encodes | None) -> Lesson:
    """Let another tuned encoder read, or none; what the prior says stays."""
    return replace(lesson, seen=replace(lesson.seen, views=also(lesson.seen.views, tuned, quick=True)))


def _prior(scorer: Scorer | None, labels: Sequence[str]) -> Prior | None:
    """Find which of a prior's labels mean the same as ours; None where none does."""
    if scorer is None:
        return None
    same = np.array([[_means(ours, its) for its in scorer.labels] for ours in labels], dtype=np.float32)
    return Prior(scorer.head, same) if same.any() else None


def _means(ours: str, its: str) -> bool:
    meant = entry(ours)
    return ours.casefold() == its.casefold() or (meant is not None and meant == entry(its))
