"""Turn what a stranger's server answers into predictions that keep what every prediction promises."""

import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hubpipe.models.base import Box, Boxes, Scores, Span, Spans, Text, Vector, encodable, ranked

MOST_ITEMS = 2_000  # labels, spans or boxes of one answer
MOST_LETTERS = 200  # of a label
MOST_TEXT = 50_000  # characters of a text that a model wrote
MOST_NUMBERS = 20_000  # of one embedding
MOST_PIXELS = 1_000_000  # along one side of an image
# Control characters and line ends: in a label they could begin a line of their own in a log or a comment.
BREAKS = ("Cc", "Zl", "Zp")

NOT_A_LIST = "it is no list of {what}"
TOO_MANY = "it holds {count} {what}, more than {most}"
NO_LABEL = "a label is no text of 1 to {most} characters"
NO_SCORE = "a score is no finite number"
NO_PLACE = "a stretch of the text lies outside of the text"
STRANGE_LABEL = "it names the label {label!r}, which was not asked about"
NOT_ONCE = "it scores {count} labels where {asked} were asked about"
NO_TEXT = "it holds no text where the model's words belong"
NO_VECTOR = "an embedding is no list of finite numbers"
NO_BOX = "a box has no corners in pixels"


class ShapeError(Exception):
    """An answer of another shape than the task's; the message completes "HOST gave no usable answer: …"."""


def scores(items: object, among: Collection[str] | None = None) -> Scores:
    """Read labels with their scores; `among` are those that were asked about, None where any may come.

    `items` is a list of objects with label and score. Scores are kept between 0 and 1.
    """
    found = [(_label(_of(item, "label")), _number(_of(item, "score"))) for item in _list(items, "labels with scores")]
    if among is not None:
        _match([label for label, _ in found], among)
    return ranked(found)


def words_for_a_mask(items: object) -> Scores:
    """Read the tokens that could stand at the first mask."""
    found = _list(items, "tokens with scores")
    if found and isinstance(found[0], list):
        found = _list(found[0], "tokens with scores")
    return ranked((_token(_of(item, "token_str")), _number(_of(item, "score"))) for item in found)


def paired(answer: object) -> list[dict[str, object]]:
    """Read `{"labels": [...], "scores": [...]}`, as pipelines answer it, as a list of labels with scores."""
    labels, found = _list(_of(answer, "labels"), "labels"), _list(_of(answer, "scores"), "scores")
    if len(labels) != len(found):
        raise ShapeError(NOT_ONCE.format(count=len(found), asked=len(labels)))
    return [{"label": label, "score": score} for label, score in zip(labels, found, strict=True)]


def similarities(values: object, names: Sequence[str]) -> Scores:
    """Read one similarity for each name, in their order, bare or as `similarities`; what is below 0 counts as 0."""
    listed = _of(values, "similarities") if isinstance(values, Mapping) else values
    found = [_number(value) for value in _list(listed, "similarities")]
    if len(found) != len(names):
        raise ShapeError(NOT_A_LIST.format(what=f"{len(names)} similarities"))
    return ranked(zip(names, found, strict=True))


def spans(items: object, text: str) -> Spans:
    """Read labelled stretches of a text, in its order; what they hold is taken from the text itself."""
    found = [
        span(item, text, _label(_of(item, "entity_group") or _of(item, "entity")))
        for item in _list(items, "labelled stretches")
    ]
    return Spans(tuple(sorted(found, key=lambda item: (item.start, item.end))))


def span(item: object, text: str, label: str) -> Span:
    """Read one stretch of a text with its score, under a label of ours."""
    start, end = _of(item, "start"), _of(item, "end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise ShapeError(NO_PLACE)
    return Span(label, start, end, text[start:end], min(1.0, max(0.0, _number(_of(item, "score")))))


def text(item: object, key: str) -> Text:
    """Read the words that a model wrote; from a list, the first item's."""
    if isinstance(item, list):
        item = item[0] if item else None
    return Text(written(_of(item, key)))


def written(value: object) -> str:
    """Give words that a model wrote, cut where no model of the kind writes any longer."""
    return _text(value)[:MOST_TEXT].strip()


def vector(values: object) -> Vector:
    """Read an embedding, as a unit vector; of one for each token, the mean.

    `values` is an array of (d), (tokens × d) or (1 × tokens × d).
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        array = array.mean(axis=0)
    if array.ndim != 1 or not 0 < array.size <= MOST_NUMBERS or not np.isfinite(array).all():
        raise ShapeError(NO_VECTOR)
    return Vector(tuple(map(float, array / max(float(np.linalg.norm(array)), 1e-12))))


def boxes(items: object) -> Boxes:
    """Read labelled rectangles, the surest first."""
    found = [_box(item) for item in _list(items, "labelled boxes")]
    return Boxes(tuple(sorted(found, key=lambda box: -box.score)))


def _box(item: object) -> Box:
    corners = [_of(_of(item, "box"), name) for name in ("xmin", "ymin", "xmax", "ymax")]
    # Models place corners a little outside of the image, and some servers write 12.0.
    whole = [round(_number(corner)) for corner in corners]
    if any(abs(corner) > MOST_PIXELS for corner in whole) or whole[0] > whole[2] or whole[1] > whole[3]:
        raise ShapeError(NO_BOX)
    score = min(1.0, max(0.0, _number(_of(item, "score"))))
    return Box(_label(_of(item, "label")), score, *whole)


def _match(labels: Sequence[str], among: Collection[str]) -> None:
    for label in labels:
        if label not in among:
            raise ShapeError(STRANGE_LABEL.format(label=label))
    if len(labels) != len(among):
        raise ShapeError(NOT_ONCE.format(count=len(labels), asked=len(among)))


def _list(items: object, what: str) -> list[Any]:
    if not isinstance(items, list):
        raise ShapeError(NOT_A_LIST.format(what=what))
    if len(items) > MOST_ITEMS:
        raise ShapeError(TOO_MANY.format(count=len(items), what=what, most=MOST_ITEMS))
    return items


def _of(item: object, key: str) -> object:
    return item.get(key) if isinstance(item, Mapping) else None


def _token(value: object) -> str:
    """Read a token; one of nothing but space is a space."""
    token = _text(value).strip()
    return _label(token) if token else " "


def _label(value: object) -> str:
    """Read a label, on one line whatever stands in it."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_LETTERS:
        raise ShapeError(NO_LABEL.format(most=MOST_LETTERS))
    label = "".join(" " if unicodedata.category(letter) in BREAKS else letter for letter in encodable(value))
    if not label.strip():
        raise ShapeError(NO_LABEL.format(most=MOST_LETTERS))
    return label


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ShapeError(NO_SCORE)
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ShapeError(NO_TEXT)
    return encodable(value)


def together(names: Iterable[str], answers: Sequence[str]) -> Text:
    """Put the answers to questions into one text, a line each, behind their questions' names."""
    return Text("\n".join(f"{name}: {answer}" for name, answer in zip(names, answers, strict=True)))
