"""Turn a learned model, or any other, into what it says of examples that it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hubpipe import models
from hubpipe.config import Step, Task
from hubpipe.config.steps import LEARNED, ZERO_DAY
from hubpipe.models import embedded
from hubpipe.models.base import Model, Places
from hubpipe.models.learned import folder
from hubpipe.models.learned.cutoffs import Cutoff, cutoffs
from hubpipe.models.learned.folder import Learned
from hubpipe.training.asking import scores_of
from hubpipe.training.examples import Example, exclusive, known_by, truth
from hubpipe.training.scored import Scored

CLASSIFYING: Task = "text-classification"
ZERO_SHOT: Task = "zero-shot-classification"


@dataclass(frozen=True)
class Candidate:
    """A model to be measured: the step that asks it, where it lies, and what is known of it where it was learned."""

    step: Step
    places: Places
    learned: Learned | None = None

    def load(self, labels: Sequence[str]) -> Model:
        """Load it; `labels` are what it may choose from, for the models that choose."""
        chosen = dict.fromkeys(labels, "") if self.step.chooses or self.step.model == ZERO_DAY else {}
        return models.load(self.step, chosen, self.places)


def named(model: str, places: Places) -> Candidate:
    """Find a model by its folder, its Hub id, or one of hubpipe's own names."""
    path = folder.located(model)
    if path is not None:
        step = Step(model=LEARNED, task=CLASSIFYING)
        return Candidate(step, replace(places, learned=path), folder.read(path))
    if model == ZERO_DAY:
        return Candidate(Step(model=ZERO_DAY, task=CLASSIFYING), places)
    task = ZERO_SHOT if model == embedded.NAME else None
    step = models.resolve(Step.model_validate({"model": model, "task": task}), places)
    return Candidate(step, places)


def scored(candidate: Candidate, examples: Sequence[Example], labels: Sequence[str]) -> Scored:
    """Let a model score examples for labels; a label that it does not know is never predicted by it.

    A learned model decides as it does in a run. Of another, labels exclude each other where the examples say so.
    """
    known = truth(examples, labels)
    found = scores_of(candidate.load(labels), candidate.step, examples, labels)
    alone = exclusive(known) if candidate.learned is None else candidate.learned.exclusive
    return Scored(tuple(labels), found, known, tuple(examples), alone)


def only(scored: Scored, examples: Sequence[Example]) -> Scored:
    """Keep of what a model said what it said of some of the examples."""
    wanted = {example.fingerprint for example in examples}
    rows = [row for row, example in enumerate(scored.examples) if example.fingerprint in wanted]
    kept = tuple(scored.examples[row] for row in rows)
    return Scored(scored.labels, scored.scores[rows], scored.truth[rows], kept, scored.exclusive)


def labels_of(examples: Sequence[Example], also: Sequence[str] = ()) -> tuple[str, ...]:
    """Give every label once: those of a model first, then the others that examples have."""
    found: dict[str, str] = {}
    for name in (*also, *(name for example in examples for name in example.labels)):
        found.setdefault(name.casefold(), name)
    return tuple(found.values())


def limits(learned: Learned | None, precision: float) -> list[Cutoff]:
    """Find each label's cutoff; nothing is known of a model that did not learn here."""
    return cutoffs(learned.evidence, precision, exclusive=learned.exclusive) if learned is not None else []


def expected(learned: Learned, cutoffs: dict[str, float | None]) -> float:
    """Tell in which share of the evidence's issues anything is predicted at the cutoffs."""
    evidence = learned.evidence
    limits = [cutoffs.get(label) for label in evidence.labels]
    reached = evidence.scores >= [2.0 if limit is None else limit for limit in limits]
    if learned.exclusive and evidence.scores.size:
        best = evidence.scores.argmax(axis=1)
        return float(reached[range(len(best)), best].mean())
    return float(reached.any(axis=1).mean()) if len(reached) else 0.0


def unseen(learned: Learned | None, examples: Sequence[Example]) -> list[Example]:
    """Keep the examples that a model did not learn from, in whichever words they stood then."""
    if learned is None:
        return list(examples)
    seen = {f"{int(number):016x}" for number in learned.seen}
    return [example for example in examples if not known_by(example, seen)]
