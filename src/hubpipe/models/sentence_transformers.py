"""Turn texts into scores, summaries and vectors with a Sentence Transformers model."""

from collections.abc import Mapping

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import embeddings
from hubpipe.models.base import Model, Places
from hubpipe.models.hub import Repository, fetch, read_json
from hubpipe.models.sentence_encoder import Encoder

LIBRARY = "sentence-transformers"
# What only models of pairs of texts have; read as an encoder of texts, one would answer nonsense.
PAIRS = "ForSequenceClassification"

CROSS_ENCODER = (
    "{model} is a cross-encoder, which reads pairs of texts and gives no embedding: choose an encoder of sentences, or "
    "for one of natural language inference set library: transformers and task: zero-shot-classification"
)


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an encoder for a step's task.

    Raises TaskError where a choosing task has no labels and for a cross-encoder, and what `hub.fetch` raises.
    """
    embeddings.check(step, labels)
    source = fetch(repository, places)
    architectures = read_json(source.name, source.folder / "config.json").get("architectures") or ()
    if "modules.json" not in repository.sizes and any(str(name).endswith(PAIRS) for name in architectures):
        raise TaskError(CROSS_ENCODER.format(model=source.name))
    encoder = places.keeper.encoder((LIBRARY, repository.place), lambda: Encoder(source))
    return embeddings.build(step, labels, LIBRARY, source, encoder)
