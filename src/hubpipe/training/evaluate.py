"""Turn a labelled file and a model into the report of how well the one knows the other."""

from collections.abc import Sequence

from hubpipe.errors import UsageError
from hubpipe.models.base import Places
from hubpipe.models.learned.folder import Learned
from hubpipe.training import trying, writing
from hubpipe.training.examples import Example
from hubpipe.training.measure import measure
from hubpipe.training.report import Side, SplitFacts, TrainingReport
from hubpipe.training.splitting import judged

ALL_LEARNED = "{model} learned from all {count} examples: measure it on others"
NO_LABELS = "no example has a label: there is nothing to measure on"
ALL_TESTED = "all labelled examples"
SOME_LEARNED = "; {count} of {total} left out, for the model learned from them"
UNLABELLED = "; {count} without a label left out, for nothing tells whether one is missing"


def evaluate(examples: Sequence[Example], model: str, places: Places, precision: float) -> TrainingReport:
    """Measure a model (a folder, a Hub id, or a name of our own) on labelled examples that it did not learn from.

    Raises UsageError where there is none, and what loading the model raises.
    """
    labelled = judged(examples)
    if not labelled:
        raise UsageError(NO_LABELS)
    candidate = trying.named(model, places)
    fresh = trying.unseen(candidate.learned, labelled)
    if not fresh:
        raise UsageError(ALL_LEARNED.format(model=model, count=len(labelled)))
    learned = candidate.learned
    known = trying.labels_of(fresh, learned.parts.labels if learned else ())
    scored = trying.scored(candidate, fresh, known)
    found = trying.limits(learned, precision)
    values = {cutoff.label: cutoff.score for cutoff in found}
    left_out = len(labelled) - len(fresh)
    words = ALL_TESTED + (SOME_LEARNED.format(count=left_out, total=len(labelled)) if left_out else "")
    bare = sum(not (example.labels or example.denied) for example in examples)
    words += UNLABELLED.format(count=bare) if bare else ""
    return TrainingReport(
        name=model,
        measures=measure(scored, values, precision if learned else None),
        settings={
            "model": model,
            "precision": precision,
            "learned labels": list(learned.parts.labels) if learned else [],
        },
        split=SplitFacts(words, writing.side(fresh), _learned(learned)),
        needs={cutoff.label: cutoff.words for cutoff in found if cutoff.score is None},
        expected_coverage=trying.expected(learned, values) if learned else None,
    )


def _learned(learned: Learned | None) -> Side | None:
    """Tell how many examples a model learned from, as its folder says."""
    if learned is None:
        return None
    count = learned.facts.get("learned")
    return Side(count if isinstance(count, int) else len(learned.seen))
