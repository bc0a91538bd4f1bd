"""Turn texts into scores with a scikit-learn pipeline that was saved with skops."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import skops_files
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, Scores, encodable, ranked, words
from hubpipe.models.hub import Repository, Source, fetch, read_json

LIBRARY = "sklearn"
# What it needs to show that it reads texts.
PROBE = ("the app fails on start", "")

DISTANCES = "the model tells how far a text is on a label's side, not how likely the label is"
NO_FILE = "{model} has no .skops file: save it with skops.io.dump, and choose that revision"
WHICH_FILE = "{model} has several .skops files ({files}) and its config.json names none of them (sklearn.model.file)"
NO_SCORES = "{model} is no classifier that scores its labels ({kind}): choose one with predict_proba"
NO_TEXTS = "{model} does not read texts ({reason}): choose a pipeline that begins with a vectorizer of texts"
READS_FILES = "{model} would open files that an issue's text names (input={given}): choose one with input=content"


class TextClassification:
    """text-classification: every label of the pipeline's own, with its score."""

    def __init__(self, step: Step, source: Source, pipeline: Any):
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, None)
        self._pipeline = pipeline
        self._sure = hasattr(pipeline, "predict_proba")
        if not hasattr(pipeline, "classes_") or not (self._sure or hasattr(pipeline, "decision_function")):
            raise TaskError(NO_SCORES.format(model=source.name, kind=type(pipeline).__name__))
        self._names = [str(name) for name in pipeline.classes_]
        try:
            self.predict(PROBE)
        except (ValueError, TypeError, AttributeError, IndexError, KeyError) as fault:
            raise TaskError(NO_TEXTS.format(model=source.name, reason=fault)) from fault

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every word; the pipeline reads any number of them."""
        return words(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the pipeline's labels."""
        return [self._scores(row) for row in self._rows([encodable(text) for text in texts])] if texts else []

    def _rows(self, texts: Sequence[str]) -> Any:
        if self._sure:
            return self._pipeline.predict_proba(texts)
        distances = np.asarray(self._pipeline.decision_function(texts), dtype=np.float64)
        if distances.ndim == 1:
            distances = np.stack([-distances, distances], axis=1)
        return 1 / (1 + np.exp(-distances))

    def _scores(self, row: Any) -> Scores:
        found = ranked(zip(self._names, row, strict=True))
        return found if self._sure else Scores(found.scores, DISTANCES)


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load a pipeline for text-classification.

    Raises UnsafeModelError for types that skops does not trust, TaskError for a model that reads no texts
    or scores no labels, and what `hub.fetch` raises.
    """
    source = fetch(repository, places)
    pipeline = skops_files.read(source.name, _file(source))
    _refuse_reading_files(source.name, pipeline)
    return TextClassification(step, source, pipeline)


def _file(source: Source) -> Path:
    """Find the model's file: the one that config.json names (skops' own convention), or the only one."""
    about = read_json(source.name, source.folder / "config.json").get("sklearn")
    model = about.get("model") if isinstance(about, dict) else None
    named = model.get("file") if isinstance(model, dict) else None
    files = {path.name: path for path in sorted(source.folder.glob("*.skops"))}
    if named in files:
        return files[named]
    if not files:
        raise ModelNotFoundError(NO_FILE.format(model=source.name))
    if len(files) > 1:
        raise ModelNotFoundError(WHICH_FILE.format(model=source.name, files=", ".join(files)))
    return next(iter(files.values()))


def _refuse_reading_files(model: str, pipeline: Any) -> None:
    # A vectorizer with input="filename" opens what the text names; skops trusts every setting of a vectorizer.
    settings = pipeline.get_params(deep=True) if hasattr(pipeline, "get_params") else {}
    for key, given in settings.items():
        if key.split("__")[-1] == "input" and given != "content":
            raise UnsafeModelError(READS_FILES.format(model=model, given=given))
