"""Turn a report on a model into lines for a terminal."""

from collections.abc import Iterator, Sequence

from hubpipe.render.neutral import line_of
from hubpipe.training.report import words
from hubpipe.training.report.contents import TrainingReport

NAME_ROOM = 40
TITLE_ROOM = 70
COLUMNS = (
    "label",
    "precision",
    "recall",
    "F1 (95 % interval)",
    "support",
    "cutoff",
    "coverage",
    "right at it",
    "found at it",
)
OTHERS = ("on the same examples", "accuracy", "macro-F1 (95 % interval)", "coverage", "ECE")
NEEDS = "labels that are never given:"
MISTAKES = "surest mistakes (it may be the people's label that is wrong):"
MISTAKE = "  {where}{title}: the model says {said}, people {labels}"


def as_text(report: TrainingReport) -> str:
    """Write a report for a terminal; a stranger's text stands in it without what a terminal would obey."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: TrainingReport) -> Iterator[str]:
    measures = report.measures
    yield line_of(report.name, 200)
    yield line_of(words.split(report.split), 500)
    yield ""
    for name, estimate in words.headline(report):
        yield f"{name:<34}{words.ranged(estimate)}"
    yield f"{'calibration error (ECE)':<34}{words.rate(measures.reliability.ece)}"
    yield f"({words.cutoffs(report)})"
    yield ""
    yield from _table([COLUMNS, *_labels(report)])
    if report.needs:
        yield from ("", NEEDS)
        yield from (f"  {_name(name)}: {line_of(need, 200)}" for name, need in report.needs.items())
    if report.similar:
        yield from ("", line_of(words.sentence(report.similar), 500))
    if report.baselines:
        yield ""
        yield from _table([OTHERS, *_others(report)])
    if report.comparison is not None:
        yield from ("", line_of(words.sentence(report.comparison.words), 500))
    if measures.mistakes:
        yield from ("", MISTAKES)
        yield from _mistakes(report)


def _labels(report: TrainingReport) -> Iterator[tuple[str, ...]]:
    for label in report.measures.labels:
        yield (
            _name(label.name),
            words.rate(label.precision.value),
            words.rate(label.recall.value),
            words.ranged(label.f1),
            f"{label.support}",
            words.rate(label.cutoff),
            words.rate(label.coverage.value),
            words.rate(label.precision_at_cutoff.value),
            words.rate(label.recall_at_cutoff.value),
        )


def _others(report: TrainingReport) -> Iterator[tuple[str, ...]]:
    for name, measures in [(report.name, report.measures), *report.baselines.items()]:
        yield (
            _name(name),
            words.rate(measures.accuracy.value),
            words.ranged(measures.macro_f1),
            words.rate(measures.coverage.value),
            words.rate(measures.reliability.ece),
        )


def _mistakes(report: TrainingReport) -> Iterator[str]:
    for mistake in report.measures.mistakes:
        where = mistake.url or words.place(mistake)
        yield MISTAKE.format(
            where=line_of(where, 200) + " " if where else "",
            title=line_of(mistake.title, TITLE_ROOM),
            said=line_of(words.said(mistake), 2 * NAME_ROOM),
            labels=", ".join(map(_name, mistake.labels[:5])) or words.NO_LABEL,
        )


def _name(name: str) -> str:
    return line_of(name, NAME_ROOM)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
