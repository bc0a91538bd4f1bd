"""Turn texts into topics with a BERTopic model that was saved as safetensors: nearness to each topic's embedding.

A BERTopic model read from files clusters nothing any more: it compares the text's embedding with the topics' own
(https://maartengr.github.io/BERTopic/getting_started/serialization/serialization.html), so the package, with all that
it brings for clustering, is not needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError
from hubpipe.models import keeping
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, Scores, ranked
from hubpipe.models.bases import encoder_of_topics
from hubpipe.models.hub import Repository, Source, fetch, read_json
from hubpipe.models.libraries import SENTENCE_TRANSFORMERS
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.models.similarity import Array, unit

LIBRARY = "bertopic"
TOPICS = "topics.json"
EMBEDDINGS = "topic_embeddings.safetensors"

NEARNESS = "a score is how near the text is to the topic, from 0 to 1, not how likely the topic is"
NO_FILE = "{model} has no {file}: choose a BERTopic model that was saved with serialization=safetensors"
NO_FIT = "{model}: its topics do not fit {encoder}, or each other ({reason}): choose another revision"


class TextClassification:
    """text-classification: every topic of the model's own, with how near the text is to it."""

    def __init__(self, step: Step, source: Source, encoder: keeping.Encoder, encoder_name: str):
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, encoder.limit)
        self._encoder = encoder
        try:
            self._topics = unit(load_file(source.folder / EMBEDDINGS)["topic_embeddings"])
            self._names = _names(read_json(source.name, source.folder / TOPICS), len(self._topics))
            self.predict([""])
        except (KeyError, ValueError, TypeError, IndexError, SafetensorError) as fault:
            raise ModelError(NO_FIT.format(model=source.name, encoder=encoder_name, reason=fault)) from fault

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for every topic, that of the outliers (-1) included."""
        rows: Array | tuple[()] = self._encoder.embed(texts) @ self._topics.T if texts else ()
        return [Scores(ranked(zip(self._names, row, strict=True)).scores, NEARNESS) for row in rows]


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load a model's topics, and the encoder that they were embedded with (at the step's `base_revision`).

    Raises TaskError where it names no encoder, ModelError where they do not fit each other, and what
    `hub.fetch` raises for either.
    """
    source = fetch(repository, places)
    for file in (TOPICS, EMBEDDINGS):
        if not (source.folder / file).is_file():
            raise ModelNotFoundError(NO_FILE.format(model=source.name, file=file))
    below = encoder_of_topics(step, repository, places)
    base = fetch(below, places)
    encoder = places.keeper.encoder((SENTENCE_TRANSFORMERS, below.place), lambda: Encoder(base))
    return TextClassification(step, source, encoder, base.name)


def _names(topics: Mapping[str, Any], count: int) -> list[str]:
    """Name the rows of the topics' embeddings: by the user's own labels, else by BERTopic's."""
    custom = topics.get("custom_labels")
    if isinstance(custom, list) and len(custom) == count:
        return [str(name) for name in custom]
    outliers = int(topics.get("_outliers", 0))
    return [str(topics["topic_labels"][str(place - outliers)]) for place in range(count)]
