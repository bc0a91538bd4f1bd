"""Turn texts into predictions with the ONNX model of a Transformers.js repository, without torch."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import embeddings
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, Span, Spans, ranked
from hubpipe.models.hub import Repository, Source, fetch, read_json
from hubpipe.models.onnx_session import Row, Session
from hubpipe.models.similarity import Array, unit

LIBRARY = "transformers.js"
LOGITS = "logits"
POOLING = "1_Pooling/config.json"

NOT_FOR_TASK = "{model} cannot do {task}: its ONNX model gives {output}. Choose a model of this task"
NO_ENTAILMENT = (
    "{model} cannot do zero-shot-classification: none of its labels ({labels}) is an entailment. "
    "Choose a model trained on natural language inference, or an encoder of sentences"
)


class Adapter(ABC):
    """What the tasks share: a session, and what is known of its model."""

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source, session: Session):
        if session.output != LOGITS or not session.labels:
            raise TaskError(NOT_FOR_TASK.format(model=source.name, task=step.task, output=session.output))
        self._session = session
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, session.limit)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._session.tokens(text)

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""


class TextClassification(Adapter):
    """text-classification: every label of the model's own, with its score."""

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source, session: Session):
        super().__init__(step, labels, source, session)
        alone = session.config.get("problem_type") == "multi_label_classification"
        self._alone = alone or step.multi_label or len(session.labels) == 1

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the model's labels."""
        share = _sigmoid if self._alone else _softmax
        rows = self._session.run(texts)
        return [ranked(zip(self._session.labels, share(row.output), strict=True)) for row in rows]


class ZeroShotClassification(Adapter):
    """zero-shot-classification: how well a natural language inference model finds a label to follow."""

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source, session: Session):
        super().__init__(step, labels, source, session)
        known = session.labels
        self._entails = next((place for place, name in enumerate(known) if name.lower().startswith("entail")), -1)
        if self._entails < 0:
            raise TaskError(NO_ENTAILMENT.format(model=source.name, labels=", ".join(known)))
        self._contradicts = -1 if self._entails == 0 else 0
        self._names = list(labels)
        self._alone = step.multi_label or len(labels) == 1
        self._hypotheses = [step.hypothesis_template.format(name) for name in labels]
        room = min(map(session.room_beside, self._hypotheses))
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, room)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for every candidate by name."""
        return [ranked(zip(self._names, self._scores(text), strict=True)) for text in texts]

    def _scores(self, text: str) -> Any:
        # The same part of the text for every label, or the longest label would be asked about less of it.
        places = self.tokens(text)[: self.info.limit]
        head = text[: places[-1][1]] if places else text
        rows = self._session.run([(head, hypothesis) for hypothesis in self._hypotheses])
        logits = np.stack([row.output for row in rows])
        if not self._alone:
            return _softmax(logits[:, self._entails])
        return np.stack([_softmax(row[[self._contradicts, self._entails]])[1] for row in logits])


class TokenClassification(Adapter):
    """token-classification: the stretches that the model names, neighbours of one name joined."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Find each text's spans."""
        rows = self._session.run(texts)
        return [Spans(tuple(self._spans(text, row))) for text, row in zip(texts, rows, strict=True)]

    def _spans(self, text: str, row: Row) -> Iterator[Span]:
        scores = np.stack([_softmax(token) for token in row.output])
        names = [self._session.labels[place] for place in scores.argmax(axis=1)]
        found: list[tuple[str, list[int]]] = []
        before = ""
        for token, name in enumerate(names):
            begins, kind = _parted(name) if row.offsets[token] else (False, "")
            if kind and kind == before and not begins:
                found[-1][1].append(token)
            elif kind:
                found.append((kind, [token]))
            before = kind
        for kind, tokens in found:
            yield from _span(text, kind, row, tokens, float(scores[tokens].max(axis=1).mean()))


class Encoder:
    """An ONNX encoder: texts to unit embeddings, pooled as the model's settings say (else the mean)."""

    def __init__(self, session: Session, first: bool):
        self._session = session
        self._first = first

    @property
    def limit(self) -> int:
        """How many tokens of text the model reads."""
        return self._session.limit

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._session.tokens(text)

    def embed(self, texts: Sequence[str], _quick: bool = False) -> Array:
        """Embed texts (n) as unit vectors (n × d)."""
        return unit(np.stack([self._pooled(row.output) for row in self._session.run(texts)]))

    def _pooled(self, output: Array) -> Array:
        if output.ndim == 1:
            return output
        pooled: Array = output[0] if self._first else output.mean(axis=0)
        return pooled


KINDS: dict[str, type[Adapter]] = {
    "text-classification": TextClassification,
    "zero-shot-classification": ZeroShotClassification,
    "token-classification": TokenClassification,
}


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an ONNX model for a step's task: a classifier, or an encoder for the tasks of encoders.

    Raises TaskError where it cannot do the task or a choosing task has no labels, ModelError where it does not
    load, and what `hub.fetch` raises.
    """
    embeddings.check(step, labels)
    source = fetch(repository, places)
    session = places.keeper.weights((LIBRARY, repository.place), lambda: Session(source))
    if step.known_task in KINDS and (session.output == LOGITS or step.task != "zero-shot-classification"):
        return KINDS[step.known_task](step, labels, source, session)
    if session.output == LOGITS:
        raise TaskError(NOT_FOR_TASK.format(model=source.name, task=step.task, output=session.output))
    pooling = read_json(source.name, source.folder / POOLING)
    first = bool(pooling.get("pooling_mode_cls_token")) or pooling.get("pooling_mode") == "cls"
    return embeddings.build(step, labels, LIBRARY, source, Encoder(session, first))


def _parted(name: str) -> tuple[bool, str]:
    """Part a tag into whether it begins a stretch and the stretch's name (`B-VERSION`); no name for `O`."""
    if name == "O":
        return False, ""
    return (name.startswith("B-"), name[2:]) if name[:2] in ("B-", "I-") else (False, name)


def _span(text: str, kind: str, row: Row, tokens: Sequence[int], score: float) -> Iterator[Span]:
    places = [place for token in tokens if (place := row.offsets[token])]
    start, end = places[0][0], places[-1][1]
    # Tokenizers of bytes count the space before a word as the word's.
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if start < end:
        yield Span(kind, start, end, text[start:end], score)


def _softmax(logits: Any) -> Any:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def _sigmoid(logits: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
