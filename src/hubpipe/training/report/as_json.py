"""Turn a report on a model into plain data: what nobody can tell is null, never NaN."""

import math
from collections.abc import Mapping
from typing import Any

from hubpipe.training import compare, intervals
from hubpipe.training.compare import Difference, Verdict
from hubpipe.training.curves import Point, Reliability
from hubpipe.training.intervals import Estimate
from hubpipe.training.measure import LabelMeasures, Measures
from hubpipe.training.mistakes import Mistake
from hubpipe.training.report.contents import Side, TrainingReport

DIGITS = 6
RATES = ("accuracy", "top1", "top3", "macro_f1", "micro_f1", "coverage", "precision_at_coverage")
LABEL_RATES = ("precision", "recall", "f1", "coverage", "precision_at_cutoff", "recall_at_cutoff")
LABEL_COUNTS = ("support", "decided", "predicted", "right", "wrong", "missed", "rest")
METHOD = {
    "shares": "95 % interval of Clopper and Pearson",
    "f1": f"95 % percentile bootstrap over the examples, {intervals.RESAMPLES:,} draws",
    "comparison": f"95 % paired percentile bootstrap over the examples, {compare.RESAMPLES:,} draws",
    "ece": "score of the best label, 15 bins of equal width",
    "macro_f1": "mean over the labels that have support",
}


def as_json(report: TrainingReport) -> dict[str, Any]:
    """Give a report as plain data that JSON can hold."""
    return {
        "name": report.name,
        **measures_json(report.measures),
        "expected_coverage": _number(report.expected_coverage),
        "needs": dict(report.needs),
        "similar": report.similar or None,
        "split": {
            "how": report.split.how,
            "learned": _side(report.split.learned),
            "tested": _side(report.split.tested),
        },
        "baselines": {name: _brief(measures) for name, measures in report.baselines.items()},
        "comparison": _comparison(report.comparison),
        "settings": _plain(report.settings),
        "method": METHOD,
    }


def measures_json(measures: Measures) -> dict[str, Any]:
    """Give measures as plain data: rates as numbers, their intervals beside them."""
    return {
        **_brief(measures),
        "exclusive": measures.exclusive,
        "precision": _number(measures.precision),
        "held_back": measures.held_back,
        "labels": {label.name: _label(label) for label in measures.labels},
        "confusion": _confusion(measures),
        "curve": [_point(point) for point in measures.curve],
        "reliability": _reliability(measures.reliability),
        "mistakes": [_mistake(mistake) for mistake in measures.mistakes],
    }


def _brief(measures: Measures) -> dict[str, Any]:
    rates = {name: getattr(measures, name) or Estimate() for name in RATES}
    return {"n": measures.n, **_rates(rates), "ece": _number(measures.reliability.ece)}


def _rates(rates: Mapping[str, Estimate]) -> dict[str, Any]:
    values = {name: _number(rate.value) for name, rate in rates.items()}
    return {**values, "intervals": {name: _interval(rate) for name, rate in rates.items()}}


def _label(label: LabelMeasures) -> dict[str, Any]:
    return {
        **_rates({name: getattr(label, name) for name in LABEL_RATES}),
        **{name: getattr(label, name) for name in LABEL_COUNTS},
        "cutoff": _number(label.cutoff),
        "curve": [_point(point) for point in label.curve],
    }


def _confusion(measures: Measures) -> dict[str, Any] | None:
    if measures.confusion is None:
        return None
    labels = [*(label.name for label in measures.labels), None]
    return {"rows": "people", "columns": "model", "labels": labels, "counts": [list(row) for row in measures.confusion]}


def _point(point: Point) -> dict[str, Any]:
    return {
        "score": _number(point.score),
        "coverage": _number(point.coverage),
        "precision": _number(point.precision.value),
        "interval": _interval(point.precision),
        "recall": _number(point.recall),
        "right": point.precision.right,
        "total": point.precision.total,
    }


def _reliability(reliability: Reliability) -> dict[str, Any]:
    bins = [
        {
            "low": _number(bin.low),
            "high": _number(bin.high),
            "count": bin.count,
            "score": _number(bin.score),
            "right": _number(bin.right.value),
            "interval": _interval(bin.right),
        }
        for bin in reliability.bins
    ]
    return {"ece": _number(reliability.ece), "bins": bins}


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {
        "title": mistake.title,
        "label": mistake.label,
        "score": _number(mistake.score),
        "labels": list(mistake.labels),
        "missed": mistake.missed,
        "given": mistake.given,
        "repo": mistake.repo,
        "number": mistake.number,
        "url": mistake.url,
    }


def _comparison(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "worse": verdict.worse,
        "words": verdict.words,
        "n": verdict.n,
        "labels": list(verdict.labels),
        "macro_f1": _difference(verdict.macro_f1),
        "accuracy": _difference(verdict.accuracy),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    names = ("new", "old", "value", "worse_chance")
    numbers = {name: _number(getattr(difference, name)) for name in names}
    return {**numbers, "interval": _pair(difference.low, difference.high)}


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    since, until = (date.isoformat() if date else None for date in (side.since, side.until))
    return {"n": side.n, "since": since, "until": until}


def _interval(rate: Estimate) -> list[float | None] | None:
    return _pair(rate.low, rate.high)


def _pair(low: float | None, high: float | None) -> list[float | None] | None:
    return None if low is None else [_number(low), _number(high)]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), DIGITS)


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case float():
            return _number(value)
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
