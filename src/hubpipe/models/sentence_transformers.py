"""Turn texts into scores, summaries and vectors with a Sentence Transformers model."""

from collections.abc import Mapping

from hubpipe.config import Step
from hubpipe.models import embeddings
from hubpipe.models.base import Model, Places
from hubpipe.models.hub import Repository, fetch
from hubpipe.models.sentence_encoder import Encoder

LIBRARY = "sentence-transformers"


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an encoder for a step's task.

    Raises TaskError where a choosing task has no labels, and what `hub.fetch` raises.
    """
    embeddings.check(step, labels)
    source = fetch(repository, places)
    return embeddings.build(step, labels, LIBRARY, source, Encoder(source))
