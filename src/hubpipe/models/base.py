"""The one shape of every model: texts in, predictions of the same length out."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from hubpipe.config import ModelRules
from hubpipe.models.keeping import ANEW, Keeper
from hubpipe.models.meter import Meter

NO_LABELS = "{task} needs labels to choose from: set pipeline.labels, or give the repository some"
NO_OFFSETS = "{model} has no tokenizer.json, so texts cannot be fitted to it: choose a model that has one"


WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Score:
    """One label and how likely the model finds it, from 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Limits:
    """From which score on each label may be used to be right as often as `precision` says; None: never.

    `values` are by the model's own labels; `reasons` say of those that are never used why. With `exclusive` only the
    best of all labels may be used: the others' cutoffs were found where they were the best.
    """

    precision: float
    values: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)
    exclusive: bool = False


@dataclass(frozen=True)
class Scores:
    """Labels with their scores, the highest first; `remark` is what the reader must know of them, empty as a rule.

    `limits` are there where the flow asks for a precision and the model knows how often it is right.
    """

    scores: tuple[Score, ...]
    remark: str = ""
    limits: Limits | None = None


@dataclass(frozen=True)
class Text:
    """Text that a model wrote or chose; a list has one item a line. Untrusted, always.

    `left_out` says in words what the model did not read; empty when it read everything.
    """

    text: str
    left_out: str = ""


@dataclass(frozen=True)
class Span:
    """A labelled stretch of the input: `text == input[start:end]`, in characters."""

    label: str
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True)
class Spans:
    """Labelled stretches of the input, in its order; `left_out` says in words what the model did not read."""

    spans: tuple[Span, ...]
    left_out: str = ""


@dataclass(frozen=True)
class Vector:
    """An embedding."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Past:
    """An issue of the past, and how near it is to a text (cosine, at most 1); `open` is None where nobody knows."""

    title: str
    score: float
    number: int | None = None
    url: str = ""
    open: bool | None = None


@dataclass(frozen=True)
class Why:
    """Why a label: the nearest past issues that carry it, and the text's own words that weighed most (-1 to 1)."""

    label: str
    nearest: tuple[Past, ...] = ()
    words: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Box:
    """A labelled rectangle of an image, in its pixels, from the upper left corner; `image` names one of several."""

    label: str
    score: float
    xmin: int
    ymin: int
    xmax: int
    ymax: int
    image: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Boxes:
    """What was found in an image, the surest first."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Alike:
    """Issues of the repository that are like a text, the nearest first; `remark` is what the reader must know of it."""

    issues: tuple[Past, ...]
    remark: str = ""


Prediction: TypeAlias = Scores | Text | Spans | Vector | Boxes | Alike


@dataclass(frozen=True)
class Media:
    """An image or a sound that somebody attached: its name, its bytes, and the text that it stands in."""

    name: str
    data: bytes = field(repr=False)
    text: str = ""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a loaded model.

    `limit` is how many tokens of text one prediction reads, special tokens not counted;
    None where the model has no limit of its own (it reads sentence by sentence).
    `mask` is what stands for a missing word, for the models that fill one in.
    `revision` is the resolved commit on the Hub; None for what has none (a fake, a local folder).
    `base` is the second model that was loaded with it, as `repo@commit`: what an adapter of PEFT is laid over, the
    encoder of BERTopic's topics. `spoke` says in words what it knows, or why it was chosen, where hubpipe chose it.
    """

    library: str
    repo: str
    revision: str | None
    task: str
    limit: int | None
    mask: str | None = None
    base: str | None = None
    spoke: str = ""

    @property
    def reference(self) -> str:
        """`library:repo@revision`, as reports show it."""
        return reference(self.library, self.repo, self.revision)


def reference(library: str, repo: str, revision: str | None) -> str:
    """Write `library:repo@revision`, the revision's first twelve digits; a fake's name says its library itself."""
    named = repo if repo.startswith(f"{library}:") else f"{library}:{repo}"
    return f"{named}@{revision[:12]}" if revision else named


class Model(Protocol):
    """A loaded model that reads text, ready for one task."""

    @property
    def info(self) -> ModelInfo:
        """What this model is."""
        ...

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the (start, end) character offsets of each token of a text, in order, untruncated."""
        ...

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text, in the same order.

        Never raises on a text (empty, 100,000 characters, any script): a text over the model's
        limit is read up to the limit.
        """
        ...


class MediaModel(ABC):
    """A loaded model that looks at images or listens to sounds."""

    info: ModelInfo

    @abstractmethod
    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Give one prediction for each image or sound, in the same order.

        Raises MediaError for bytes that are no image or sound that can be read.
        """


@dataclass(frozen=True)
class Places:
    """Where models may be found; filled by the doors, which alone read the environment."""

    embedded: Path | None = None
    learned: Path | None = None
    cache: Path | None = None
    keeps: bool = False
    """Whether what is learned of events may be written into the learned model's folder."""
    indexes: Path | None = None
    """A folder for what is learned of the events of repositories whose own may not be written into."""
    index: Path | None = None
    """The file in it that is this repository's."""
    offline: bool = False
    token: str | None = field(default=None, repr=False)
    endpoint_key: str | None = field(default=None, repr=False)
    keeper: Keeper = field(default=ANEW, repr=False, compare=False)
    """What keeps loaded weights for the runs that come."""


@dataclass(frozen=True)
class Terms:
    """What every model of a run must keep to, and what the run has spent at endpoints."""

    rules: ModelRules = field(default_factory=ModelRules)
    meter: Meter = field(default_factory=Meter)


def ranked(scores: Iterable[tuple[str, float]]) -> Scores:
    """Put labels in order, the most likely first; equal ones keep their order, rounding never leaves 0..1."""
    kept = (Score(label, min(1.0, max(0.0, float(score)))) for label, score in scores)
    return Scores(tuple(sorted(kept, key=lambda item: -item.score)))


def encodable(text: str) -> str:
    """Replace lone surrogates, which tokenizers refuse, by one character each, so that offsets stay."""
    return text.encode("utf-8", "replace").decode("utf-8")


def words(text: str) -> list[tuple[int, int]]:
    """Give the (start, end) character offsets of every word: the tokens of a model that has no tokenizer."""
    return [found.span() for found in WORD.finditer(text)]
