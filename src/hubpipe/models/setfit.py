"""Turn texts into scores with a SetFit model: a sentence encoder, and a small head over its vectors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, TaskError
from hubpipe.models import heads, keeping, safe_pickle
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, ranked
from hubpipe.models.hub import Repository, Source, fetch, read_json
from hubpipe.models.sentence_encoder import Encoder

LIBRARY = "setfit"
HEAD = "model_head.pkl"
SETTINGS = "config_setfit.json"

NO_HEAD = "{model} has no {file}: is it a SetFit model?"
WRONG_SIZE = "{model}: its head was not made for its encoder ({reason}): choose another revision"


class TextClassification:
    """text-classification: every label of the head, with its score."""

    def __init__(self, step: Step, source: Source, encoder: keeping.Encoder):
        settings = read_json(source.name, source.folder / SETTINGS)
        self._encoder = encoder
        record = safe_pickle.read(source.name, HEAD, _bytes(source.name, source.folder / HEAD), heads.KINDS)
        classes, self._head = heads.head(source.name, record)
        self._names = _names(classes, settings.get("labels"))
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, self._encoder.limit)
        try:
            self.predict([""])
        except ValueError as fault:
            raise TaskError(WRONG_SIZE.format(model=source.name, reason=fault)) from fault

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the head's labels."""
        rows = self._head(self._encoder.embed(texts)) if texts else ()
        return [ranked(zip(self._names, row, strict=True)) for row in rows]


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an encoder and its head for text-classification.

    Raises UnsafeModelError for a head that is more than numbers, TaskError for one that hubpipe cannot
    compute, and what `hub.fetch` raises.
    """
    source = fetch(repository, places)
    normal = bool(read_json(source.name, source.folder / SETTINGS).get("normalize_embeddings"))
    encoder = places.keeper.encoder((LIBRARY, repository.place, normal), lambda: Encoder(source, normal))
    return TextClassification(step, source, encoder)


def _bytes(model: str, path: Path) -> bytes:
    if not path.is_file():
        raise ModelNotFoundError(NO_HEAD.format(model=model, file=path.name))
    return path.read_bytes()


def _names(classes: Sequence[Any], labels: Any) -> list[str]:
    """Name the head's classes: by the settings' list where they are its places in it, else by themselves."""
    named = isinstance(labels, list) and all(type(place) is int and 0 <= place < len(labels) for place in classes)
    return [str(labels[place] if named else place) for place in classes]
