"""Turn a report on a model into the Markdown of a job summary, with Mermaid's charts."""

from collections.abc import Iterator
from typing import Any

from hubpipe.render.neutral import code_in_cell, in_cell, line_of, own
from hubpipe.render.pages import page
from hubpipe.training.curves import Point
from hubpipe.training.measure import LabelMeasures, Measures
from hubpipe.training.mistakes import Mistake
from hubpipe.training.report import words
from hubpipe.training.report.contents import TrainingReport
from hubpipe.training.report.links import safe
from hubpipe.training.report.matrix import Matrix

# With these the largest summary stays far below GitHub's 1 MiB:
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
MOST_LABELS = 100
MOST_IN_MATRIX = 12
MOST_OTHERS = 12
MOST_NEEDS = 30
MOST_SETTINGS = 40
MOST_OF_PEOPLE = 5
NAME_ROOM = 80
TITLE_ROOM = 100
VALUE_ROOM = 200
STEPS = 10


def as_markdown(report: TrainingReport) -> str:
    """Write a job summary of at most some 300 KB; every value of strangers in it is neutralised."""
    measures = report.measures
    values = {
        "name": line_of(report.name, NAME_ROOM),
        "split": line_of(words.split(report.split), 500),
        "cutoffs": words.cutoffs(report),
        "headline": [(name, own(words.ranged(estimate))) for name, estimate in words.headline(report)],
        "ece": words.rate(measures.reliability.ece),
        "comparison": report.comparison,
        "verdict": words.sentence(report.comparison.words) if report.comparison else "",
        "labels": [_label(label) for label in measures.labels[:MOST_LABELS]],
        "more_labels": max(0, len(measures.labels) - MOST_LABELS),
        "similar": line_of(words.sentence(report.similar), 500) if report.similar else "",
        "needs": [(_name(name), in_cell(line_of(need, VALUE_ROOM))) for name, need in _first(report.needs, MOST_NEEDS)],
        "others": list(_others(report)),
        "matrix": _matrix(measures),
        "coverage": list(_at_coverages(measures.curve)),
        "bins": [(f"{bin.score:.2f}", f"{bin.right.value or 0:.3f}", bin.count) for bin in measures.reliability.bins],
        "mistakes": [_mistake(mistake) for mistake in measures.mistakes],
        "settings": [
            (_name(str(name)), _name(str(value), VALUE_ROOM)) for name, value in _first(report.settings, MOST_SETTINGS)
        ],
        "method": own(words.METHOD),
    }
    return page("training/summary.md.j2", values)


def _first(mapping: Any, most: int) -> list[tuple[str, Any]]:
    return list(mapping.items())[:most]


def _name(name: str, room: int = NAME_ROOM) -> str:
    return code_in_cell(line_of(name, room)) or own("–")


def _label(label: LabelMeasures) -> dict[str, Any]:
    cells = {
        "precision": words.ranged(label.precision),
        "recall": words.ranged(label.recall),
        "f1": words.ranged(label.f1),
        "support": f"{label.support:,}",
        "cutoff": words.rate(label.cutoff),
        "coverage": words.rate(label.coverage.value),
        "held": words.ranged(label.precision_at_cutoff),
    }
    return {"name": _name(label.name), **{name: own(cell) for name, cell in cells.items()}}


def _others(report: TrainingReport) -> Iterator[tuple[str, ...]]:
    for name, measures in [(report.name, report.measures), *_first(report.baselines, MOST_OTHERS)]:
        cells = [words.ranged(measures.accuracy), words.ranged(measures.macro_f1), words.rate(measures.coverage.value)]
        cells += [words.ranged(measures.precision_at_coverage), words.rate(measures.reliability.ece)]
        yield (_name(name), *map(own, cells))


def _matrix(measures: Measures) -> dict[str, Any] | None:
    """Give the confusion matrix where it is small enough to be read."""
    if measures.confusion is None or len(measures.labels) > MOST_IN_MATRIX or not measures.labels:
        return None
    matrix = Matrix.of([_name(label.name) for label in measures.labels], measures.confusion)
    counts = [[own(f"{count:,}") for count in row] for row in matrix.counts]
    return {"columns": matrix.columns, "rows": list(zip(matrix.rows, counts, strict=True))}


def _at_coverages(curve: tuple[Point, ...]) -> Iterator[tuple[str, str]]:
    """Give the precision of the surest tenth, two tenths and so on: a chart of Mermaid has even steps."""
    for step in range(1, STEPS + 1):
        # As a share of all; what is a hair under a tenth is one.
        reached = [point for point in curve if point.coverage >= step / STEPS - 0.005 and point.precision.total]
        if reached:
            yield f"{step * 100 // STEPS}", f"{reached[0].precision.value:.3f}"


def _mistake(mistake: Mistake) -> dict[str, Any]:
    title = in_cell(line_of(mistake.title, TITLE_ROOM)) or own("(no title)")
    url = safe(mistake.url)
    people = ", ".join(_name(label) for label in mistake.labels[:MOST_OF_PEOPLE])
    more = len(mistake.labels) - MOST_OF_PEOPLE
    return {
        "title": own(f"[{title}](<{url}>)") if url else title,
        "place": in_cell(line_of(words.place(mistake), NAME_ROOM)),
        "said": own(f"{'not ' if mistake.missed else ''}{_name(mistake.label)} {mistake.score:.2f}"),
        "people": own(people + (f" and {more} more" if more > 0 else "")) if people else own(words.NO_LABEL),
        "given": own("yes" if mistake.given else ""),
    }
