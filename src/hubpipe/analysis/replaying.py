"""Turn an Analysis into the models of a run, which say what stands there and load nothing.

Everything in an Analysis is a stranger's word. It is asked for by what this run itself reads and configures, it may
only use labels that this run may give, and whatever is decided and written is so by the same code as ever.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from hubpipe.analysis import Analysis, KeptAnswer, KeptModel, digest_of, question, reading_of
from hubpipe.config import Flow, Step
from hubpipe.config.steps import LEARNED, ZERO_DAY
from hubpipe.errors import ArtifactError, EndpointError, MediaError, UsageError
from hubpipe.infer import Answer
from hubpipe.models import fallback, hub
from hubpipe.models.base import (
    Boxes,
    Limits,
    Media,
    MediaModel,
    Model,
    ModelInfo,
    Prediction,
    Scores,
    Terms,
    Why,
    words,
)
from hubpipe.models.learned import folder
from hubpipe.models.shelf import Shelf
from hubpipe.text import Document, Fitted

NOT_ASKED = (
    "the analysis does not answer what {model} is asked for {task}: the configuration, or the repository's labels, "
    "changed since, or it is not what mode: analyse writes. Run the workflow that analyses again"
)
NOT_READ = (
    "the analysis tells nothing of what {model} is to read now: title, description, discussion or files changed since. "
    "Run the workflow that analyses again"
)
NOT_SEEN = "it was not there when the analysis was made, or is another one now"
STRANGER = "the analysis names the label {label!r}, which {model} may not give: nothing of it is used"
OPEN_LABELS = (
    "in two stages a flow that sets labels must say which: name them under pipeline.labels, for what the first stage "
    "says may be forged, and {model} could give any"
)
BLOCKS = (
    "in two stages check.fail holds nothing, for what the first stage says may be forged: leave it out, or run the "
    "flow on pull_request_target"
)


class Replaying:
    """The models of a run that were asked before, by a run that nobody need trust; `shelf` only tells their tasks."""

    def __init__(self, shelf: Shelf, analysis: Analysis):
        self._shelf = shelf
        self._analysis = analysis

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known; raises UsageError for what a forged analysis could misuse."""
        known = self._shelf.resolve(flow)
        if known.publish.check is not None and known.publish.check.fail:
            raise UsageError(BLOCKS)
        step = known.deciding
        open_to_all = step is not None and not step.chooses and self._allowed(step, step.labels or ()) is None
        if known.publish.labels is not None and step is not None and open_to_all:
            raise UsageError(OPEN_LABELS.format(model=step.model))
        return known

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Give the model that reads text for a step.

        Raises ArtifactError where it was not asked in this way, and EndpointError where its fallback may have been.
        """
        kept = self._kept(step, labels)
        allowed = self._allowed(step, labels)
        return _Explaining(kept, step, allowed) if kept.why is not None else _Replayed(kept, step, allowed)

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give the model asked as another step asks."""
        return self.load(step, {}, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Give the model that looked at images or listened to sounds for a step; see `load`."""
        return _ReplayedMedia(self._kept(step, labels), step, self._allowed(step, labels))

    def _kept(self, step: Step, labels: Mapping[str, str]) -> KeptModel:
        found = self._analysis.models.get(question(step, labels))
        if found is None:
            reason = NOT_ASKED.format(model=step.model, task=step.task)
            raise EndpointError(reason) if fallback(step) is not None else ArtifactError(reason)
        return found

    def _allowed(self, step: Step, labels: Collection[str]) -> frozenset[str] | None:
        """Give the labels that a step may give, in lower case; None where nothing here tells them."""
        if labels:
            given: Collection[str] = labels
        elif step.task == "decision" and step.questions:
            given = [answer for name, asked in step.questions.items() for answer in asked.answers(name)]
        elif step.model == ZERO_DAY:
            given = folder.read(hub.ZERO_DAY_FOLDER).parts.labels
        elif step.model == LEARNED and self._shelf.places.learned is not None:
            given = folder.read(self._shelf.places.learned).parts.labels
        else:
            return None
        return frozenset(name.casefold() for name in given)


class _Replayed:
    """A model that was asked before."""

    def __init__(self, kept: KeptModel, step: Step, allowed: frozenset[str] | None):
        self.kept = kept
        self._allowed = allowed
        self.info = _info(kept, step)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the words: what the model's own tokens were is not kept."""
        return words(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [self._said(digest_of("text", text), text) for text in texts]

    def answer_about(self, document: Document, step: Step | None) -> Answer:
        """Give what was said about an equal document."""
        digest = digest_of(reading_of(step), document.text)
        answer = self._answer(digest)
        prediction = self._said(digest, document.text) if answer.prediction is not None else None
        return Answer(self.info, prediction, _fitted(answer, document))

    def limits(self, precision: float) -> Limits | None:
        """Give each label's cutoff, where they were asked for at this precision."""
        kept = self.kept.limits
        return kept.thing() if kept is not None and kept.precision == precision else None

    def _answer(self, digest: str) -> KeptAnswer:
        found = self.kept.answers.get(digest)
        return found if found is not None else _refuse(NOT_READ.format(model=self.info.reference))

    def _said(self, digest: str, read: str) -> Prediction:
        kept = self._answer(digest).prediction
        if kept is None:
            _refuse(NOT_READ.format(model=self.info.reference))
        return _within(kept.thing(read), self._allowed, self.info)


class _Explaining(_Replayed):
    """A model that was asked before, and said why."""

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        """Give the reasons for some labels; what the text was is told by its answer already."""
        wanted = {label.casefold() for label in labels}
        return tuple(one.thing() for one in self.kept.why or () if one.label.casefold() in wanted)


class _ReplayedMedia(MediaModel):
    """A model that looked, or listened, before."""

    def __init__(self, kept: KeptModel, step: Step, allowed: frozenset[str] | None):
        self.info = _info(kept, step)
        self._kept = kept
        self._allowed = allowed

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        return [self._said(one) for one in media]

    def _said(self, media: Media) -> Prediction:
        answer = self._kept.answers.get(digest_of("media", media.data, media.text))
        if answer is None or answer.prediction is None:
            raise MediaError(NOT_SEEN)
        return _within(answer.prediction.thing(media.text), self._allowed, self.info)


def _info(kept: KeptModel, step: Step) -> ModelInfo:
    limit, base, spoke = kept.limit, kept.base, kept.spoke
    return ModelInfo(kept.library, kept.repo, kept.revision, step.known_task, limit, base=base, spoke=spoke)


def _fitted(answer: KeptAnswer, document: Document) -> Fitted | None:
    """Say how much was read, of the parts that there are."""
    kept = answer.reading
    if kept is None:
        return None
    names = [part.name for part in document.parts]
    cut = tuple(name for name in names if name in kept.cut)
    return Fitted(document.text, min(kept.read, kept.total), kept.total, cut, kept.windows)


def _within(prediction: Prediction, allowed: frozenset[str] | None, info: ModelInfo) -> Prediction:
    """Refuse labels that the model may not give."""
    scored = [one.label for one in prediction.scores] if isinstance(prediction, Scores) else []
    boxed = [one.label for one in prediction.boxes] if isinstance(prediction, Boxes) else []
    for label in (*scored, *boxed):
        if allowed is not None and label.casefold() not in allowed:
            _refuse(STRANGER.format(label=label, model=info.reference))
    return prediction


def _refuse(reason: str) -> NoReturn:
    raise ArtifactError(reason)
