"""Turn rates into words for a reader."""

from datetime import datetime

from hubpipe.training.intervals import Estimate
from hubpipe.training.mistakes import Mistake
from hubpipe.training.report.contents import Side, SplitFacts, TrainingReport

NOBODY_KNOWS = "–"
RANGE = "{value:.3f} ({low:.3f} to {high:.3f})"
COUNTED = "{n:,} examples"
DATED = "{n:,} examples, {since} to {until}"
LEARNED = "{how}. Learned from {learned}, measured on {tested}"
MEASURED = "{how}. Measured on {tested}"
AT_PRECISION = "at the cutoffs for precision {precision:g}"
AT_CUTOFFS = "at the cutoffs"
NO_CUTOFFS = "nothing held back"
EXPECTED = "{share:.0%} expected before the test"
PEOPLE_DID_NOT = "{label} ({score:.2f})"
PEOPLE_DID = "not {label} ({score:.2f})"
NO_LABEL = "no label"
METHOD = (
    "Shares have Clopper and Pearson's 95 % interval, F1 has the 95 % percentile bootstrap's over the examples; "
    "macro-F1 is the mean over the labels that have support. Precision, recall and F1 of a label are of decisions "
    "with nothing held back. The calibration error (ECE) is of each example's best label, in 15 bins of equal width. "
    "What nobody knows (a label that only a bot set) counts nowhere."
)


def rate(value: float | None) -> str:
    """Write a rate with three digits."""
    return NOBODY_KNOWS if value is None else f"{value:.3f}"


def ranged(estimate: Estimate) -> str:
    """Write a rate and its interval."""
    if estimate.value is None:
        return NOBODY_KNOWS
    return RANGE.format(value=estimate.value, low=estimate.low, high=estimate.high)


def headline(report: TrainingReport) -> list[tuple[str, Estimate]]:
    """Give the rates that come first, with their names."""
    measures = report.measures
    first = [("accuracy" if measures.exclusive else "all labels right", measures.accuracy)]
    if not measures.exclusive:
        first.append(("best label right", measures.top1))
    if measures.top3 is not None:
        first.append(("a right one among the best three", measures.top3))
    return [
        *first,
        ("macro-F1", measures.macro_f1),
        ("micro-F1", measures.micro_f1),
        ("coverage", measures.coverage),
        ("precision of what is given", measures.precision_at_coverage),
    ]


def cutoffs(report: TrainingReport) -> str:
    """Say what the labels were held back by, and what coverage was expected."""
    measures = report.measures
    if not measures.held_back:
        return NO_CUTOFFS
    how = AT_PRECISION.format(precision=measures.precision) if measures.precision is not None else AT_CUTOFFS
    expected = report.expected_coverage
    return how if expected is None else f"{how}; {EXPECTED.format(share=expected)}"


def split(facts: SplitFacts) -> str:
    """Say how examples were told apart, and of when they are."""
    tested = _side(facts.tested)
    how = sentence(facts.how)
    if facts.learned is None:
        return MEASURED.format(how=how, tested=tested)
    return LEARNED.format(how=how, learned=_side(facts.learned), tested=tested)


def sentence(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def said(mistake: Mistake) -> str:
    """Say what the model made of an example that people decided otherwise."""
    form = PEOPLE_DID if mistake.missed else PEOPLE_DID_NOT
    return form.format(label=mistake.label, score=mistake.score)


def place(mistake: Mistake) -> str:
    """Name an example by repository and number, as far as they are known."""
    return mistake.repo + (f"#{mistake.number}" if mistake.number is not None else "")


def _side(side: Side) -> str:
    if side.since is None or side.until is None:
        return COUNTED.format(n=side.n)
    return DATED.format(n=side.n, since=_day(side.since), until=_day(side.until))


def _day(date: datetime) -> str:
    return date.date().isoformat()
