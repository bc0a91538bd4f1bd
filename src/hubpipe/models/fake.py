"""Turn texts, images and sounds into predictions without a model: for tests, trials, the self-test and attacks."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hubpipe.config import TASKS, Step
from hubpipe.config.tasks import gives
from hubpipe.models.base import (
    Box,
    Boxes,
    Media,
    MediaModel,
    ModelInfo,
    Places,
    Prediction,
    Scores,
    Span,
    Spans,
    Text,
    Vector,
    ranked,
)
from hubpipe.models.hub import Repository

LIMIT = 512
DIMENSIONS = 8
LABELS = ("bug", "enhancement", "question")
ECHO = "fake:echo"
ALWAYS = "fake:label="
SENTENCE = "{count} words, beginning with: {first}"
FIRST_WORDS = 8
SEEN = "{size} bytes of the hash {digest:.8}"
# What the boxes of a fake lie in, whatever the image's size: a fake does not look.
SIDE = 100
WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Fake:
    """A model that answers from a hash of the text (`fake:`), echoes it, or always says one label."""

    info: ModelInfo
    # Of a decision the answers to each question, of any other task one group: each shares 1.0.
    groups: tuple[tuple[str, ...], ...]
    multi_label: bool = False
    always: str | None = None
    echo: bool = False
    gives: str = "scores"

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the offsets of each word between white space."""
        return [match.span() for match in WORD.finditer(text)]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer each text, the same text always alike."""
        return [self._answer(self._read(text)) for text in texts]

    def _read(self, text: str) -> str:
        read = self.tokens(text)[:LIMIT]
        return text[: read[-1][1]] if read else ""

    def _answer(self, text: str) -> Prediction:
        match self.gives:
            case "text":
                return Text(self._write(text))
            case "spans":
                return Spans(self._spans(text))
            case "vector":
                return Vector(_unit([_chance(text, str(place)) - 0.5 for place in range(DIMENSIONS)]))
            case _:
                return self.scores(text)

    def _write(self, text: str) -> str:
        if self.echo or not text:
            return text
        if self.always is not None:
            return self.always
        words = text.split()
        return SENTENCE.format(count=len(words), first=" ".join(words[:FIRST_WORDS]))

    def _spans(self, text: str) -> tuple[Span, ...]:
        """Label the words that a hash picks, about one in four; every word for an echo or a fixed label."""
        spans = []
        for start, end in self.tokens(text):
            word = text[start:end]
            best = self.scores(word).scores[0]
            if self.echo or self.always is not None or _chance(word, "picked") < 1 / 4:
                spans.append(Span(best.label, start, end, word, best.score))
        return tuple(spans)

    def scores(self, text: str) -> Scores:
        """Score the labels by a text's hash; a fixed label is certain."""
        if self.always is not None:
            others = [(label, 0.0) for group in self.groups for label in group if label != self.always]
            return ranked([(self.always, 1.0), *others])
        return ranked(scored for group in self.groups for scored in self._shared(text, group))

    def _shared(self, text: str, labels: Sequence[str]) -> Iterator[tuple[str, float]]:
        chances = [_chance(text, label) for label in labels]
        # Cubes keep the labels apart, so that a threshold has something to decide.
        alone = self.multi_label or len(labels) == 1
        whole = 1.0 if alone else sum(chance**3 for chance in chances)
        return ((label, chance**3 / whole) for label, chance in zip(labels, chances, strict=True))


class FakeMedia(MediaModel):
    """A fake that answers from a hash of an image's or a sound's bytes; `fake:echo` writes the text around it."""

    def __init__(self, fake: Fake):
        self.info = fake.info
        self._fake = fake

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Answer each image or sound, the same bytes always alike; any bytes will do."""
        return [self._answer(one) for one in media]

    def _answer(self, media: Media) -> Prediction:
        digest = hashlib.sha256(media.data).hexdigest()
        match self._fake.gives:
            case "text":
                return Text(self._write(media, digest))
            case "boxes":
                return Boxes(tuple(self._boxes(digest)))
            case _:
                return self._fake.scores(digest)

    def _write(self, media: Media, digest: str) -> str:
        if self._fake.echo:
            return media.text
        if self._fake.always is not None:
            return self._fake.always
        return SEEN.format(size=len(media.data), digest=digest)

    def _boxes(self, digest: str) -> Iterator[Box]:
        """Draw a box for each label, the surest first."""
        for found in self._fake.scores(digest).scores:
            left, top, width, height = (_chance(digest, f"{found.label} {side}") for side in range(4))
            right, bottom = left + (1 - left) * width, top + (1 - top) * height
            corners = (
                math.floor(left * SIDE),
                math.floor(top * SIDE),
                math.ceil(right * SIDE),
                math.ceil(bottom * SIDE),
            )
            yield Box(found.label, found.score, *corners)


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Fake | FakeMedia:
    """Make the fake that a step's model names; candidate labels default to three common ones."""
    reads_text = TASKS[step.known_task].reads == "text"
    info = ModelInfo("fake", step.model, revision=None, task=step.known_task, limit=LIMIT if reads_text else None)
    fake = Fake(
        info=info,
        groups=_groups(step, labels),
        gives=gives(step.known_task, step.labels),
        multi_label=step.multi_label,
        always=step.model.removeprefix(ALWAYS) if step.model.startswith(ALWAYS) else None,
        echo=step.model == ECHO,
    )
    return fake if reads_text else FakeMedia(fake)


def _groups(step: Step, labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    if step.known_task == "decision" and step.questions:
        return tuple(question.answers(name) for name, question in step.questions.items())
    return (tuple(step.questions or labels) or LABELS,)


def _chance(text: str, salt: str) -> float:
    digest = hashlib.sha256(f"{salt}\0{text}".encode("utf-8", "replace")).digest()
    return (int.from_bytes(digest[:8]) + 1) / (2**64 + 1)


def _unit(values: list[float]) -> tuple[float, ...]:
    length = math.hypot(*values)
    return tuple(value / length for value in values)
