"""Turn texts into vectors, scores and summaries with a Model2Vec model: a table of vectors, one a token, no network."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import model2vec
import numpy as np
from model2vec.inference import StaticModelPipeline
from model2vec.inference.mlp import Activation
from safetensors import SafetensorError

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models import embeddings, skops_files
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, encodable, ranked
from hubpipe.models.hub import Repository, Source, fetch
from hubpipe.models.similarity import Array, unit

LIBRARY = "model2vec"
HEAD = "head.safetensors"
# How heads were saved before 0.10.
OLD_HEAD = "pipeline.skops"

NOT_LOADED = "{model} does not load with Model2Vec: {reason}"
NO_HEAD = "{model} has no classifier ({head}): choose one that has, or the task zero-shot-classification with labels"
NO_CLASSES = "{model} gives numbers instead of labels: choose a classifier"


class Encoder:
    """A static model: texts to unit embeddings, the mean of their tokens' vectors."""

    # A mean reads any length.
    limit = None

    def __init__(self, model: Any):
        self._model = model
        # The model sets its own tokenizer back to 512 tokens after every text.
        self._tokenizer = copy.deepcopy(model.tokenizer)
        self._tokenizer.no_truncation()

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return list(self._tokenizer.encode(encodable(text), add_special_tokens=False).offsets)

    def embed(self, texts: Sequence[str], _quick: bool = False) -> Array:
        """Embed texts (n) as unit vectors (n × d); a text of unknown words is zero."""
        vectors = self._model.encode([encodable(text) for text in texts], max_length=None, use_multiprocessing=False)
        return unit(np.nan_to_num(np.asarray(vectors, dtype=np.float32)))


class Classifier:
    """text-classification: the labels of a trained head over the embedding."""

    def __init__(self, step: Step, source: Source, pipeline: Any):
        if pipeline.head.activation == Activation.IDENTITY or pipeline.classes_ is None:
            raise TaskError(NO_CLASSES.format(model=source.name))
        self._pipeline = pipeline
        self._tokens = Encoder(pipeline.model).tokens
        self._names = [str(name) for name in pipeline.classes_]
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, None)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the head's labels."""
        if not texts:
            return []
        readable = [encodable(text) for text in texts]
        rows = self._pipeline.predict_proba(readable, max_length=None, use_multiprocessing=False)
        return [ranked(zip(self._names, row, strict=True)) for row in rows]


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load a static model for a step's task.

    Raises TaskError where a choosing task has no labels or a classifier no head, UnsafeModelError for a head
    with types that are not allowed, and what `hub.fetch` raises.
    """
    embeddings.check(step, labels)
    source = fetch(repository, places)
    classifies = step.task == "text-classification"
    if classifies and not (source.folder / HEAD).is_file():
        if not (source.folder / OLD_HEAD).is_file():
            raise TaskError(NO_HEAD.format(model=source.name, head=HEAD))
        skops_files.check(source.name, source.folder / OLD_HEAD)
    if classifies:
        return Classifier(step, source, _open(StaticModelPipeline, source))
    encoder = places.keeper.encoder((LIBRARY, repository.place), lambda: Encoder(_open(model2vec.StaticModel, source)))
    return embeddings.build(step, labels, LIBRARY, source, encoder)


def _open(kind: Any, source: Source) -> Any:
    try:
        return kind.from_pretrained(source.folder)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as fault:
        raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
