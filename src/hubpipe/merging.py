"""Turn the answers about the windows of a long text into one answer about all of it."""

import math
from collections.abc import Mapping, Sequence

from hubpipe.config import Merge
from hubpipe.models.base import Boxes, Prediction, Scores, Span, Spans, Text, Vector, ranked
from hubpipe.text import Window


def merge(predictions: Sequence[Prediction], windows: Sequence[Window], how: Merge) -> Prediction:
    """Make one prediction of several, one for each window, in the windows' order.

    `how` is the task's way (config/tasks.py): `mean` weighs each window by its tokens; `max` keeps each label's
    highest score; `all` keeps every span, `best` the surest of each label, both with offsets in the whole text;
    anything else puts texts one after the other, with the space that stood between the windows.
    """
    if len(predictions) == 1 and not windows[0].start:
        return predictions[0]
    scores = [found for found in predictions if isinstance(found, Scores)]
    vectors = [found for found in predictions if isinstance(found, Vector)]
    spans = [found for found in predictions if isinstance(found, Spans)]
    texts = [found for found in predictions if isinstance(found, Text)]
    weights = [window.tokens for window in windows]
    if scores:
        return _scores(scores, weights, how)
    if vectors:
        return _mean_vector(vectors, weights)
    if spans:
        moved = _moved(spans, windows)
        return Spans(_best(moved) if how == "best" else _once(moved))
    return joined(texts, [window.gap for window in windows])


def of_media(predictions: Sequence[Prediction]) -> Prediction:
    """Make one prediction of those about several images or sounds.

    Each label keeps its highest score, every box is kept, and texts stand one after the other.
    """
    scores = [found for found in predictions if isinstance(found, Scores)]
    boxes = [box for found in predictions if isinstance(found, Boxes) for box in found.boxes]
    if scores:
        return _scores(scores, [1] * len(scores), "max")
    if boxes or any(isinstance(found, Boxes) for found in predictions):
        return Boxes(tuple(sorted(boxes, key=lambda box: -box.score)))
    return joined([found for found in predictions if isinstance(found, Text)], ())


def joined(texts: Sequence[Text], gaps: Sequence[str]) -> Text:
    """Put texts one after the other, each behind its gap, a new line where there is none; empty ones are left out."""
    written = ""
    for place, text in enumerate(texts):
        gap = (gaps[place] if place < len(gaps) else "") or "\n"
        written += (gap if written else "") + text.text.strip() if text.text.strip() else ""
    left_out = dict.fromkeys(text.left_out for text in texts if text.left_out)
    return Text(written, "; ".join(left_out))


def _scores(found: Sequence[Scores], weights: Sequence[int], how: Merge) -> Scores:
    """Merge scores label by label; a window whose answer could not be used counts for nothing."""
    usable = [(scores, weight) for scores, weight in zip(found, weights, strict=True) if scores.scores]
    remark = next((scores.remark for scores in found if scores.remark), "")
    if not usable:
        return Scores((), remark)
    rows = [{score.label: score.score for score in scores.scores} for scores, _ in usable]
    labels = list(dict.fromkeys(label for row in rows for label in row))
    if how == "max":
        return Scores(ranked((label, max(row.get(label, 0.0) for row in rows)) for label in labels).scores, remark)
    return Scores(ranked(_means(labels, rows, [weight for _, weight in usable]).items()).scores, remark)


def _means(labels: Sequence[str], rows: Sequence[Mapping[str, float]], weights: Sequence[int]) -> dict[str, float]:
    shares = [max(weight, 1) for weight in weights]
    return {
        label: sum(row.get(label, 0.0) * share for row, share in zip(rows, shares, strict=True)) / sum(shares)
        for label in labels
    }


def _mean_vector(vectors: Sequence[Vector], weights: Sequence[int]) -> Vector:
    # Numbers of Python's own: importing numpy would slow down every start, a run without a text too.
    columns = zip(*(vector.values for vector in vectors), strict=True)
    shares = [max(weight, 1) for weight in weights]
    sums = [math.fsum(value * share for value, share in zip(column, shares, strict=True)) for column in columns]
    length = max(math.hypot(*sums), 1e-12)
    return Vector(tuple(value / length for value in sums))


def _moved(found: Sequence[Spans], windows: Sequence[Window]) -> list[Span]:
    """Give every span with its place in the whole text."""
    return [
        Span(span.label, span.start + window.start, span.end + window.start, span.text, span.score)
        for spans, window in zip(found, windows, strict=True)
        for span in spans.spans
    ]


def _best(spans: Sequence[Span]) -> tuple[Span, ...]:
    best: dict[str, Span] = {}
    for span in spans:
        if span.label not in best or span.score > best[span.label].score:
            best[span.label] = span
    return tuple(best.values())


def _once(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Keep each span once: of two that share a place, which two windows saw, the longer, then the surer."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.start - span.end, -span.score)):
        if kept and span.start < kept[-1].end:
            kept[-1] = max(kept[-1], span, key=lambda one: (one.end - one.start, one.score))
        else:
            kept.append(span)
    return tuple(kept)
