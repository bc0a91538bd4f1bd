"""Turn texts into the labels that a repository's own history taught, each with its score."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubpipe.config import Step
from hubpipe.config.steps import LEARNED, ZERO_DAY
from hubpipe.errors import ModelError, TaskError
from hubpipe.models.base import Limits, Model, ModelInfo, Places, Prediction, Why, ranked
from hubpipe.models.hub import Repository, fetch
from hubpipe.models.keeping import Encoder
from hubpipe.models.learned import archive, explain, folder, index, tuned
from hubpipe.models.learned.age import spoke
from hubpipe.models.learned.cutoffs import cutoffs
from hubpipe.models.learned.finder import Finder
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.kinds import kinds
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.learned.views import Array
from hubpipe.models.libraries import SENTENCE_TRANSFORMERS

log = logging.getLogger("hubpipe")

LIBRARY = "hubpipe"

NOT_LEARNED = "{model} learned {known}, and none of the labels to choose from ({asked}): train it with them"
NOT_FITTING = "{folder}: its numbers do not fit together or its encoder ({reason}): train it again"


@dataclass(frozen=True)
class Encoders:
    """The encoder of a learned model as it came, and as tuning changed it (None where it was not tuned)."""

    plain: Encoder
    tuned: Encoder | None


class Classifier:
    """text-classification: every label that was learned, or those of them that the step names."""

    def __init__(self, info: ModelInfo, learned: Learned, encoders: Encoders, labels: Sequence[str], place: Path):
        self.info = info
        self._place = place
        self._learned = learned
        self._encoder = encoders.plain
        self._scorer = Scorer(encoders.plain, learned.parts, encoders.tuned)
        self._columns = list(_columns(info, learned.parts.labels, labels))
        if not self._columns:
            have = ", ".join(learned.parts.labels)
            raise TaskError(NOT_LEARNED.format(model=info.repo, known=have, asked=", ".join(labels)))
        # Of the kinds that the head knows, a repository may have some: these are all that an issue can be.
        self._shared = learned.exclusive and info.repo == ZERO_DAY and bool(labels)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for the labels."""
        rows = self.score(texts)
        return [ranked((name, float(row[column])) for column, name in self._columns) for row in rows]

    def score(self, texts: Sequence[str]) -> Array:
        """Score texts (n) for every label that was learned (n × labels).

        Raises ModelError where the numbers of the model's folder do not fit together.
        """
        try:
            rows = self._scorer.score(texts)
        except (ValueError, IndexError) as fault:
            raise ModelError(NOT_FITTING.format(folder=self._place, reason=fault)) from fault
        if self._shared:
            columns = [column for column, _ in self._columns]
            rows = rows / np.maximum(rows[:, columns].sum(axis=1, keepdims=True), 1e-12)
        return rows

    def embed(self, texts: Sequence[str]) -> Array:
        """Embed texts (n) as unit vectors (n × d)."""
        return self._scorer.embed(texts)

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        """Say of each of some labels why a text may have it, with issues of the past where they were kept.

        What was kept and cannot be read is told in the log, and left out: the labels hold without it.
        """
        wanted = {name.casefold() for name in labels}
        columns = [(column, name) for column, name in self._columns if name.casefold() in wanted]
        try:
            kept = archive.read(self._place, self._learned.parts.encoding)
        except ModelError as fault:
            log.warning("%s", fault)
            kept = None
        return explain.explain(self, kept, text, columns)

    def limits(self, precision: float) -> Limits | None:
        """Give each label's cutoff for a precision, by what the model said of issues that it had not learned from.

        What the zero-day head says of issues that we wrote tells nothing of a repository's own. Of the labels that the
        step names the best one may be given, so that this is what is looked at in the past.
        """
        if self.info.repo == ZERO_DAY:
            return None
        asked = self._learned.evidence.of([name for _, name in self._columns])
        found = cutoffs(asked, precision, exclusive=self._learned.exclusive)
        return Limits(
            precision,
            {cutoff.label: cutoff.score for cutoff in found},
            {cutoff.label: cutoff.words for cutoff in found if cutoff.score is None},
            self._learned.exclusive,
        )


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load a learned model and the encoder that it was learned with.

    Raises TaskError where it learned none of the labels to choose from, and what `folder.read` and `hub.fetch` raise.
    """
    source = fetch(repository, places)
    learned = folder.read(source.folder)
    base = repository.base or repository
    plain = _encoder(base, {}, (), places)
    info = ModelInfo(
        LIBRARY,
        source.name,
        source.revision or folder.identity(source.folder),
        step.known_task,
        # The vectors are of a text's head, its words and its form are read to the end.
        limit=None,
        spoke=spoke(source.name, learned.facts),
    )
    if step.against is not None:
        # An index without a model is read with the encoder that comes with hubpipe.
        place = places.learned if step.model == LEARNED and places.learned is not None else source.folder
        return Finder(replace(info, spoke=""), learned, plain, index.store(place, places))
    parts = learned.parts
    changed = _encoder(base, parts.tensors, (parts.tuning,), places) if parts.tensors else None
    return Classifier(info, learned, Encoders(plain, changed), tuple(labels), source.folder)


def _encoder(base: Repository, tensors: Arrays, which: tuple[str, ...], places: Places) -> Encoder:
    """Load the encoder with changed weights; the one without is the same for all that was learned over it."""
    key = (SENTENCE_TRANSFORMERS, base.place, *which)
    return places.keeper.encoder(key, lambda: tuned.load(fetch(base, places), tensors))


def _columns(info: ModelInfo, known: Sequence[str], asked: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give the column and the name of each label that may be found: of the zero-day head's kinds, the asked names."""
    own = kinds(asked) if info.repo == ZERO_DAY and asked else None
    names = {name.casefold() for name in asked}
    for column, name in enumerate(known):
        if own is not None and name in own:
            yield column, own[name]
        elif own is None and (not names or name.casefold() in names):
            yield column, name
