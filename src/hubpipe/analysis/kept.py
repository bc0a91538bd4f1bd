"""Turn predictions into strict JSON, and strict JSON into predictions."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hubpipe.models.base import (
    Alike,
    Box,
    Boxes,
    Limits,
    Past,
    Prediction,
    Score,
    Scores,
    Span,
    Spans,
    Text,
    Vector,
    Why,
)
from hubpipe.models.base import encodable as text_of


class Strict(BaseModel):
    """A part of an analysis: no unknown key, no value of another type, no number that is none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


Words = Annotated[str, StringConstraints(max_length=1_000)]
Body = Annotated[str, StringConstraints(max_length=65_536)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Number = Annotated[int, Field(ge=1, le=1_000_000_000)]


class KeptScore(Strict):
    """A label with its score."""

    label: Words
    score: Share


class KeptScores(Strict):
    """Labels with their scores."""

    kind: Literal["scores"] = "scores"
    scores: tuple[KeptScore, ...] = Field(max_length=1_000)
    remark: Words = ""

    def thing(self, _: str) -> Scores:
        """Give the prediction, the highest score first whatever order stands here."""
        found = (Score(one.label, one.score) for one in self.scores)
        return Scores(tuple(sorted(found, key=lambda one: -one.score)), self.remark)


class KeptText(Strict):
    """Text that a model wrote."""

    kind: Literal["text"] = "text"
    text: Body
    left_out: Words = ""

    def thing(self, _: str) -> Text:
        """Give the prediction."""
        return Text(self.text, self.left_out)


class KeptSpan(Strict):
    """Where a stretch of the input stands; its words are the input's own, and not kept."""

    label: Words
    start: Count
    end: Count
    score: Share


class KeptSpans(Strict):
    """Labelled stretches of the input."""

    kind: Literal["spans"] = "spans"
    spans: tuple[KeptSpan, ...] = Field(max_length=10_000)
    left_out: Words = ""

    def thing(self, read: str) -> Spans:
        """Give the prediction with the words of the text that it is about; what lies outside of it is empty."""
        found = (Span(one.label, one.start, one.end, read[one.start : one.end], one.score) for one in self.spans)
        return Spans(tuple(found), self.left_out)


class KeptVector(Strict):
    """An embedding."""

    kind: Literal["vector"] = "vector"
    values: tuple[float, ...] = Field(max_length=10_000)

    def thing(self, _: str) -> Vector:
        """Give the prediction."""
        return Vector(self.values)


class KeptBox(Strict):
    """A labelled rectangle of an image."""

    label: Words
    score: Share
    xmin: Count
    ymin: Count
    xmax: Count
    ymax: Count


class KeptBoxes(Strict):
    """What was found in an image."""

    kind: Literal["boxes"] = "boxes"
    boxes: tuple[KeptBox, ...] = Field(max_length=1_000)

    def thing(self, _: str) -> Boxes:
        """Give the prediction."""
        return Boxes(tuple(Box(one.label, one.score, one.xmin, one.ymin, one.xmax, one.ymax) for one in self.boxes))


class KeptIssue(Strict):
    """An issue that is alike; what it says is GitHub's own word, and not kept."""

    number: Number
    score: Weight


class KeptAlike(Strict):
    """Issues that are like a text."""

    kind: Literal["issues"] = "issues"
    issues: tuple[KeptIssue, ...] = Field(max_length=1_000)
    remark: Words = ""

    def thing(self, _: str) -> Alike:
        """Give the prediction, the nearest first whatever order stands here."""
        found = (Past("", one.score, one.number) for one in self.issues)
        return Alike(tuple(sorted(found, key=lambda one: -one.score)), self.remark)


KeptPrediction: TypeAlias = Annotated[
    KeptScores | KeptText | KeptSpans | KeptVector | KeptBoxes | KeptAlike, Field(discriminator="kind")
]


class KeptLimits(Strict):
    """Each label's cutoff for a precision."""

    precision: Share
    values: dict[Words, Share | None] = Field(min_length=1, max_length=1_000)
    reasons: dict[Words, Words] = Field(max_length=1_000)
    exclusive: bool

    def thing(self) -> Limits:
        """Give the cutoffs."""
        return Limits(self.precision, self.values, self.reasons, self.exclusive)


class KeptPast(Strict):
    """An issue of the past; its address is not kept."""

    title: Words
    score: Weight
    number: Number | None
    open: bool | None


class KeptWhy(Strict):
    """Why a label."""

    label: Words
    nearest: tuple[KeptPast, ...] = Field(max_length=20)
    words: tuple[tuple[Words, Weight], ...] = Field(max_length=50)

    def thing(self) -> Why:
        """Give the reasons, without any address."""
        nearest = (Past(one.title, one.score, one.number, open=one.open) for one in self.nearest)
        return Why(self.label, tuple(nearest), self.words)


def kept(prediction: Prediction) -> KeptPrediction:
    """Keep a prediction; raises ValidationError for what no analysis may hold."""
    match prediction:
        case Scores(scores, remark):
            return KeptScores(scores=tuple(_score(one) for one in scores), remark=text_of(remark))
        case Text(text, left_out):
            return KeptText(text=text_of(text), left_out=text_of(left_out))
        case Spans(spans, left_out):
            return KeptSpans(spans=tuple(_span(one) for one in spans), left_out=text_of(left_out))
        case Vector(values):
            return KeptVector(values=tuple(map(float, values)))
        case Boxes(boxes):
            return KeptBoxes(boxes=tuple(_box(one) for one in boxes))
        case Alike(issues, remark):
            # An issue without a number is none of the repository's: nobody could look at it again.
            found = tuple(KeptIssue(number=one.number, score=_weight(one.score)) for one in issues if one.number)
            return KeptAlike(issues=found, remark=text_of(remark))


def kept_limits(limits: Limits) -> KeptLimits:
    """Keep each label's cutoff; raises ValidationError for what no analysis may hold."""
    values = {label: None if cutoff is None else float(cutoff) for label, cutoff in limits.values.items()}
    reasons = dict(limits.reasons)
    return KeptLimits(precision=limits.precision, values=values, reasons=reasons, exclusive=limits.exclusive)


def kept_why(why: Why) -> KeptWhy:
    """Keep the reasons for a label; raises ValidationError for what no analysis may hold."""
    nearest = tuple(
        KeptPast(title=text_of(one.title), score=_weight(one.score), number=one.number, open=one.open)
        for one in why.nearest
    )
    words = tuple((text_of(word), _weight(weight)) for word, weight in why.words)
    return KeptWhy(label=text_of(why.label), nearest=nearest, words=words)


def _weight(value: float) -> float:
    # A cosine of the same vector may be a little over 1 to a computer.
    return max(-1.0, min(1.0, float(value)))


def _score(one: Score) -> KeptScore:
    return KeptScore(label=text_of(one.label), score=float(one.score))


def _span(one: Span) -> KeptSpan:
    return KeptSpan(label=text_of(one.label), start=one.start, end=one.end, score=float(one.score))


def _box(one: Box) -> KeptBox:
    corners = {"xmin": one.xmin, "ymin": one.ymin, "xmax": one.xmax, "ymax": one.ymax}
    return KeptBox(label=text_of(one.label), score=float(one.score), **corners)
