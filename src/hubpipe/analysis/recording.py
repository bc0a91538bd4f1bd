"""Turn a run's models into the same models, and what they say into an Analysis."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from hubpipe import infer
from hubpipe.analysis import KeptAnswer, KeptModel, KeptReading, digest_of, question, reading_of
from hubpipe.analysis.kept import KeptLimits, KeptWhy, kept, kept_limits, kept_why
from hubpipe.config import Flow, Step
from hubpipe.errors import ArtifactError
from hubpipe.event import KnownIssue
from hubpipe.infer import Answer
from hubpipe.models.abilities import Certain, Explaining, Searching
from hubpipe.models.base import (
    Limits,
    Media,
    MediaModel,
    Model,
    ModelInfo,
    Prediction,
    Terms,
    Why,
    encodable,
)
from hubpipe.models.shelf import Shelf
from hubpipe.text import Document

NOT_TO_BE_KEPT = "{model}: what it said does not fit into an analysis ({reason}): use pull_request_target for this flow"


@dataclass
class _Said:
    """What a model said, asked in one way; grows."""

    info: ModelInfo
    answers: dict[str, KeptAnswer] = field(default_factory=dict)
    limits: KeptLimits | None = None
    why: list[KeptWhy] | None = None


class Recording:
    """The models of a run, which are remembered to have said what they say."""

    def __init__(self, shelf: Shelf):
        self._shelf = shelf
        self._said: dict[str, _Said] = {}

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known."""
        return self._shelf.resolve(flow)

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Load the model that reads text for a step."""
        return self._heard(self._shelf.load(step, labels, terms), step, labels)

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks."""
        own = model.model if isinstance(model, _Heard) else model
        return self._heard(self._shelf.again(own, step, terms), step, {})

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Load the model that looks at images or listens to sounds for a step."""
        model = self._shelf.load_media(step, labels, terms)
        return _HeardMedia(model, self._of(step, labels, model.info))

    def said(self) -> dict[str, KeptModel]:
        """Give what was said by each question; raises ArtifactError for what no analysis may hold."""
        return {asked: _kept(said) for asked, said in self._said.items()}

    def _heard(self, model: Model, step: Step, labels: Mapping[str, str]) -> Model:
        said = self._of(step, labels, model.info)
        if isinstance(model, Searching):
            return _HeardSearching(model, said, model)
        return _HeardExplaining(model, said) if isinstance(model, Explaining) else _Heard(model, said)

    def _of(self, step: Step, labels: Mapping[str, str], info: ModelInfo) -> _Said:
        return self._said.setdefault(question(step, labels), _Said(info))


class _Heard:
    """A model that reads text, and what it was heard to say."""

    def __init__(self, model: Model, said: _Said):
        self.model = model
        self.said = said

    @property
    def info(self) -> ModelInfo:
        return self.model.info

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        return self.model.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        predictions = self.model.predict(texts)
        for text, prediction in zip(texts, predictions, strict=True):
            self._keep(digest_of("text", text), prediction)
        return predictions

    def answer_about(self, document: Document, step: Step | None) -> Answer:
        """Ask about a document, and keep the answer with how much of it was read."""
        answer = infer.ask(self.model, step, document) if step else infer.ask_head(self.model, document)
        fitted = answer.fitted
        reading = (
            KeptReading(read=fitted.read, total=fitted.total, windows=fitted.windows, cut=fitted.cut)
            if fitted
            else None
        )
        self._keep(digest_of(reading_of(step), document.text), answer.prediction, reading)
        return answer

    def limits(self, precision: float) -> Limits | None:
        """Give each label's cutoff, where the model knows any, and keep them."""
        found = self.model.limits(precision) if isinstance(self.model, Certain) else None
        with _fitting(self.info):
            self.said.limits = kept_limits(found) if found is not None else None
        return found

    def _keep(self, digest: str, prediction: Prediction | None, reading: KeptReading | None = None) -> None:
        with _fitting(self.info):
            found = kept(prediction) if prediction is not None else None
            self.said.answers[digest] = KeptAnswer(prediction=found, reading=reading)


class _HeardExplaining(_Heard):
    """A model that can say why, too."""

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        """Say why a text may have some labels, and keep the reasons."""
        found: tuple[Why, ...] = self.model.explain(text, labels) if isinstance(self.model, Explaining) else ()
        with _fitting(self.info):
            self.said.why = [*(self.said.why or ()), *map(kept_why, found)]
        return found


class _HeardSearching(_Heard):
    """A model that finds issues in an index, too."""

    def __init__(self, model: Model, said: _Said, index: Searching):
        super().__init__(model, said)
        self._index = index

    @property
    def since(self) -> str | None:
        return self._index.since

    @property
    def keeps(self) -> bool:
        return self._index.keeps

    def learn(self, issues: Sequence[KnownIssue], texts: Sequence[str], until: str | None) -> None:
        """Take issues into the index; what is found in it is kept as every answer is."""
        self._index.learn(issues, texts, until)


class _HeardMedia(MediaModel):
    """A model that looks or listens, and what it was heard to say."""

    def __init__(self, model: MediaModel, said: _Said):
        self.info = model.info
        self._model = model
        self._said = said

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        predictions = self._model.predict(media)
        for one, prediction in zip(media, predictions, strict=True):
            with _fitting(self.info):
                self._said.answers[digest_of("media", one.data, one.text)] = KeptAnswer(prediction=kept(prediction))
        return predictions


@contextmanager
def _fitting(info: ModelInfo) -> Iterator[None]:
    """Say in an error of our own that what a model said fits into no analysis."""
    try:
        yield
    except ValidationError as fault:
        reason = "; ".join(sorted({one["msg"] for one in fault.errors()}))
        raise ArtifactError(NOT_TO_BE_KEPT.format(model=info.reference, reason=reason)) from fault


def _kept(said: _Said) -> KeptModel:
    info = said.info
    with _fitting(info):
        return KeptModel(
            library=info.library,
            repo=encodable(info.repo),
            revision=info.revision,
            limit=info.limit,
            base=info.base,
            spoke=encodable(info.spoke),
            answers=said.answers,
            limits=said.limits,
            why=tuple(said.why) if said.why is not None else None,
        )
