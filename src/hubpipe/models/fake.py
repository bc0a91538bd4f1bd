"""Turn texts into predictions without a model: for tests, demonstrations, the self-test and attacks."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubpipe.config import Step
from hubpipe.config.tasks import gives
from hubpipe.models.base import ModelInfo, Places, Prediction, Scores, Span, Spans, Text, Vector, ranked
from hubpipe.models.hub import Repository

LIMIT = 512
DIMENSIONS = 8
LABELS = ("bug", "enhancement", "question")
ECHO = "fake:echo"
ALWAYS = "fake:label="
SENTENCE = "{count} words, beginning with: {first}"
FIRST_WORDS = 8
WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Fake:
    """A model that answers from a hash of the text (`fake:`), echoes it, or always says one label."""

    info: ModelInfo
    labels: tuple[str, ...]
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
                return self._scores(text)

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
            best = self._scores(word).scores[0]
            if self.echo or self.always is not None or _chance(word, "picked") < 1 / 4:
                spans.append(Span(best.label, start, end, word, best.score))
        return tuple(spans)

    def _scores(self, text: str) -> Scores:
        if self.always is not None:
            others = [(label, 0.0) for label in self.labels if label != self.always]
            return ranked([(self.always, 1.0), *others])
        chances = [_chance(text, label) for label in self.labels]
        # Cubes keep the labels apart, so that a threshold has something to decide.
        alone = self.multi_label or len(self.labels) == 1
        whole = 1.0 if alone else sum(chance**3 for chance in chances)
        return ranked((label, chance**3 / whole) for label, chance in zip(self.labels, chances, strict=True))


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Fake:
    """Make the fake that a step's model names; candidate labels default to three common ones."""
    info = ModelInfo(library="fake", repo=step.model, revision=None, task=step.known_task, limit=LIMIT)
    return Fake(
        info=info,
        labels=tuple(step.questions or labels) or LABELS,
        gives=gives(step.known_task, step.labels),
        multi_label=step.multi_label,
        always=step.model.removeprefix(ALWAYS) if step.model.startswith(ALWAYS) else None,
        echo=step.model == ECHO,
    )


def _chance(text: str, salt: str) -> float:
    digest = hashlib.sha256(f"{salt}\0{text}".encode("utf-8", "replace")).digest()
    return (int.from_bytes(digest[:8]) + 1) / (2**64 + 1)


def _unit(values: list[float]) -> tuple[float, ...]:
    length = math.hypot(*values)
    return tuple(value / length for value in values)
