"""Turn a report on a model into one page of HTML that needs nothing from anywhere."""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from hubpipe import __version__
from hubpipe.render.neutral import line_of
from hubpipe.training.curves import Point
from hubpipe.training.measure import LabelMeasures, Measures
from hubpipe.training.mistakes import Mistake
from hubpipe.training.report import words
from hubpipe.training.report.contents import TrainingReport
from hubpipe.training.report.links import safe
from hubpipe.training.report.matrix import Matrix

NAME_ROOM = 100
TITLE_ROOM = 200
TEXT_ROOM = 500
MOST_OF_PEOPLE = 10
MOST_IN_MATRIX = 50
HEATS = 9
USUAL_TARGET = 0.9
USUAL_CUTOFF = 0.5
NO_TITLE = "(no title)"
NO_NAME = "a model"
# Nothing but what the page itself holds may run, and nothing at all may be fetched.
POLICY = "default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; form-action 'none'"
LIBRARY = "vendor/uplot/uPlot.iife.min.js", "vendor/uplot/LICENSE"
STYLES = "vendor/uplot/uPlot.min.css", "page.css"
SCRIPT = "page.js"
# What could end a script element or a line of JavaScript: https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def as_page(report: TrainingReport) -> str:
    """Write a page with plots that move; it works from a file, offline, and holds its numbers as tables too."""
    code, library, style = _part(SCRIPT), _library(), "\n".join(_part(name) for name in STYLES)
    values = {
        "policy": POLICY.format(scripts=f"{_hash(library)} {_hash(code)}", styles=_hash(style)),
        "style": style,
        "library": library,
        "script": code,
        "data": _json(_data(report.measures)),
        "version": __version__,
        **_head(report),
        **_body(report),
    }
    return _templates().get_template("training/page.html.j2").render(values)


def _head(report: TrainingReport) -> dict[str, Any]:
    measures = report.measures
    return {
        "name": _short(report.name) or NO_NAME,
        "split": line_of(words.split(report.split), TEXT_ROOM),
        "comparison": report.comparison,
        "verdict": words.sentence(report.comparison.words) if report.comparison else "",
        "headline": words.headline(report),
        "ece": words.rate(measures.reliability.ece),
        "cutoffs": words.cutoffs(report),
        "held_back": measures.held_back,
        "method": words.METHOD,
        "start": USUAL_CUTOFF,
        "target": measures.precision if measures.precision is not None else USUAL_TARGET,
        "settings": [(_short(str(name)), line_of(str(value), TEXT_ROOM)) for name, value in report.settings.items()],
    }


def _body(report: TrainingReport) -> dict[str, Any]:
    measures = report.measures
    return {
        "has_curve": bool(measures.curve),
        "curve": measures.curve,
        "bins": measures.reliability.bins,
        "labels": [{"short": _short(label.name), "it": label} for label in measures.labels],
        "similar": line_of(words.sentence(report.similar), 500) if report.similar else "",
        "needs": [(_short(name), line_of(need, TEXT_ROOM)) for name, need in report.needs.items()],
        "matrix": _matrix(measures),
        "others": list(_others(report)),
        "mistakes": [_mistake(mistake) for mistake in measures.mistakes],
        "about": sorted({_short(name) for mistake in measures.mistakes for name in (mistake.label, *_people(mistake))}),
    }


def _others(report: TrainingReport) -> Iterator[tuple[str, Measures, str]]:
    for name, measures in [(report.name, report.measures), *report.baselines.items()]:
        yield _short(name), measures, words.rate(measures.reliability.ece)


def _matrix(measures: Measures) -> dict[str, Any] | None:
    """Give the confusion matrix with a heat for each cell: its share of what people gave to the row's label."""
    if measures.confusion is None or len(measures.labels) > MOST_IN_MATRIX:
        return None
    matrix = Matrix.of([_short(label.name) for label in measures.labels], measures.confusion)
    heated = [[(count, round(HEATS * count / max(sum(row), 1))) for count in row] for row in matrix.counts]
    return {"columns": matrix.columns, "rows": list(zip(matrix.rows, heated, strict=True))}


def _mistake(mistake: Mistake) -> dict[str, Any]:
    people = _people(mistake)
    return {
        "title": line_of(mistake.title, TITLE_ROOM) or NO_TITLE,
        "url": safe(mistake.url),
        "place": line_of(words.place(mistake), NAME_ROOM),
        "label": _short(mistake.label),
        "missed": mistake.missed,
        "score": f"{mistake.score:.2f}",
        "labels": people,
        "more": len(mistake.labels) - len(people),
        "about": json.dumps([_short(mistake.label), *people]),
        "given": "yes" if mistake.given else "no",
    }


def _people(mistake: Mistake) -> list[str]:
    return [_short(label) for label in mistake.labels[:MOST_OF_PEOPLE]]


def _short(name: str) -> str:
    return line_of(name, NAME_ROOM)


def _data(measures: Measures) -> dict[str, Any]:
    """Give what the plots draw: rows of numbers, in the order that the page's script names."""
    bins = [[bin.score, bin.right.value, bin.right.low, bin.right.high] for bin in measures.reliability.bins]
    return {
        "curve": _rows(measures.curve),
        "labels": [_line(label) for label in measures.labels],
        "bins": [[None if number is None else round(number, 4) for number in row] for row in bins],
    }


def _line(label: LabelMeasures) -> dict[str, Any]:
    return {"name": _short(label.name), "cutoff": label.cutoff, "curve": _rows(label.curve)}


def _rows(curve: tuple[Point, ...]) -> list[list[float | None]]:
    found = []
    for point in curve:
        rate = point.precision
        numbers = [point.score, point.coverage, rate.value, rate.low, rate.high, point.recall, rate.right, rate.total]
        found.append([None if number is None else round(number, 4) for number in numbers])
    return found


def _json(data: Any) -> str:
    """Write JSON that may stand in a script element: no sign in it can end the element."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def _hash(text: str) -> str:
    """Name a script or style by its content, as a Content-Security-Policy does."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _library() -> str:
    code, licence = (_part(name) for name in LIBRARY)
    return f"/*\n{licence.replace('*/', '')}*/\n{code}"


@cache
def _part(name: str) -> str:
    text = files("hubpipe").joinpath("templates", "training", *name.split("/")).read_text(encoding="utf-8")
    # A browser reads these line ends so, and would find another hash.
    return text.replace("\r\n", "\n")


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("hubpipe"), undefined=StrictUndefined, autoescape=True, trim_blocks=True)
