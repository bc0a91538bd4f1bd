"""Turn texts into scores, summaries and vectors with a Sentence Transformers model."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models import extract
from hubpipe.models.base import (
    NO_LABELS,
    NO_OFFSETS,
    Model,
    ModelInfo,
    Places,
    Prediction,
    Text,
    Vector,
    encodable,
    ranked,
)
from hubpipe.models.hub import Repository, Source, fetch
from hubpipe.models.phrases import phrases
from hubpipe.models.similarity import BACKGROUND, TITLE_WEIGHT, Array, Yardstick, unit

LIBRARY = "sentence-transformers"

NOT_LOADED = "{model} does not load with Sentence Transformers: {reason}"


class Encoder:
    """A Sentence Transformers model: texts to unit embeddings."""

    def __init__(self, source: Source):
        """Load the weights, on the CPU, from safetensors alone."""
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model = SentenceTransformer(
                str(source.folder),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as fault:
            raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
        if not getattr(self._model.tokenizer, "is_fast", False):
            raise ModelError(NO_OFFSETS.format(model=source.name))

    @property
    def limit(self) -> int:
        """How many tokens of text the model reads, special ones not counted."""
        longest = self._model.max_seq_length or self._model.tokenizer.model_max_length
        return int(longest - self._model.tokenizer.num_special_tokens_to_add())

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        encoding = self._model.tokenizer(
            encodable(text), add_special_tokens=False, return_offsets_mapping=True, truncation=False
        )
        return list(encoding["offset_mapping"])

    def embed(self, texts: Sequence[str]) -> Array:
        """Embed texts (n) as unit vectors (n × d), each distinct text once."""
        distinct = {encodable(text): None for text in texts}
        vectors = self._model.encode(
            list(distinct), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        place = {text: row for row, text in enumerate(distinct)}
        rows: Array = np.asarray(vectors, dtype=np.float32)[[place[encodable(text)] for text in texts]]
        return rows


class Embedder(ABC):
    """What the tasks share: an encoder, and what is known of it."""

    def __init__(self, info: ModelInfo, encoder: Encoder):
        self.info = info
        self._encoder = encoder

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        return self._answers(texts) if texts else []

    @abstractmethod
    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each of at least one text."""


class Features(Embedder):
    """feature-extraction: the embedding itself."""

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give each text's unit embedding."""
        return [Vector(tuple(map(float, row))) for row in self._encoder.embed(texts)]


class Similarity(Embedder):
    """sentence-similarity: cosine to each candidate, by its description where it has one."""

    def __init__(self, info: ModelInfo, encoder: Encoder, labels: Mapping[str, str]):
        super().__init__(info, encoder)
        self._names = tuple(labels)
        self._vectors = encoder.embed([description or name for name, description in labels.items()])

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text by cosine; what points away is as unlike as can be: 0."""
        cosines = self._encoder.embed(texts) @ self._vectors.T
        return [ranked(zip(self._names, row, strict=True)) for row in cosines]


class ZeroShot(Embedder):
    """zero-shot-classification: nearness to what a label's name, description and usual phrases say."""

    def __init__(self, info: ModelInfo, encoder: Encoder, labels: Mapping[str, str], multi_label: bool):
        super().__init__(info, encoder)
        self._names = tuple(labels)
        # Sharing 1.0 among one label would give it to every text.
        self._alone = multi_label or len(labels) == 1
        ways = [phrases(name, description) for name, description in labels.items()]
        vectors = encoder.embed([*BACKGROUND, *(phrase for way in ways for phrase in way)])
        ends = np.cumsum([len(BACKGROUND), *map(len, ways)])
        self._yardstick = Yardstick(np.split(vectors, ends)[1:-1], vectors[: len(BACKGROUND)])

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for every label, its title counting more than the rest."""
        titles = [extract.split_title(text)[0] or text for text in texts]
        vectors = self._encoder.embed([*titles, *texts])
        read = unit(TITLE_WEIGHT * vectors[: len(texts)] + vectors[len(texts) :])
        scores = self._yardstick.score(read, self._alone)
        return [ranked(zip(self._names, row, strict=True)) for row in scores]


class Summarizer(Embedder):
    """summarization: the sentences that stand for the text, in its own words."""

    def __init__(self, info: ModelInfo, encoder: Encoder, max_words: int):
        super().__init__(info, encoder)
        self._max_words = max_words

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Choose each text's sentences, one a line, in their order."""
        return [self._summarize(text) for text in texts]

    def _summarize(self, text: str) -> Text:
        title, body = extract.split_title(text)
        read = extract.read(body, self._max_words)
        lines = self._choose(title, read.sentences) if read.sentences else [title or read.first]
        return Text("\n".join(lines), read.left_out)

    def _choose(self, title: str, sentences: Sequence[str]) -> list[str]:
        vectors = self._encoder.embed([*sentences, *extract.BOILERPLATE, title])
        count = len(sentences)
        chosen = extract.choose(
            sentences,
            vectors[:count],
            title=vectors[-1] if title else None,
            dull=vectors[count:-1],
            max_words=self._max_words,
        )
        return [sentences[place] for place in chosen]


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an encoder for a step's task.

    Raises TaskError where a choosing task has no labels, and what `hub.fetch` raises.
    """
    chooses = step.task in ("zero-shot-classification", "sentence-similarity")
    if chooses and not labels:
        raise TaskError(NO_LABELS.format(task=step.task))
    source = fetch(repository, places)
    encoder = Encoder(source)
    limit = None if step.task == "summarization" else encoder.limit
    info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, limit)
    match step.task:
        case "zero-shot-classification":
            return ZeroShot(info, encoder, labels, step.multi_label)
        case "sentence-similarity":
            return Similarity(info, encoder, labels)
        case "summarization":
            return Summarizer(info, encoder, step.max_words)
        case _:
            return Features(info, encoder)
