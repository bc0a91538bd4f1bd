"""Turn a document, or what was attached to it, into what a model says of all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from hubpipe.config import Step
from hubpipe.errors import MediaError
from hubpipe.event import Attachment
from hubpipe.merging import joined, merge, of_media
from hubpipe.models.base import Boxes, Media, MediaModel, Model, ModelInfo, Prediction, Text, Why
from hubpipe.text import Document, Fitted, Part, Window, fit, split

# Answers about answers: a text that gets no shorter is not asked about again.
MOST_ROUNDS = 4
NOT_SHORTER = "the answers about its {windows} parts are not made into one: they are too long for the model"
NOT_AN_IMAGE = "{name}: {reason}"


@dataclass(frozen=True)
class Answer:
    """What a model says, and what it read to say it; `unread` says in words what it could not.

    `prediction` is None where there was nothing that it could read; `why` are the reasons that were asked for.
    """

    info: ModelInfo
    prediction: Prediction | None
    fitted: Fitted | None = None
    unread: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()


@runtime_checkable
class Answering(Protocol):
    """A model that answers about a whole text by itself: one that keeps answers, or gives those that were kept."""

    def answer_about(self, document: Document, step: Step | None) -> Answer:
        """Give what `ask` gives; without a step what `ask_head` gives."""
        ...


def ask(model: Model, step: Step, document: Document) -> Answer:
    """Ask a model about a text of any length.

    A text over the model's limit is read in windows, whose answers become one in the task's way; where only
    its head is to be read, `fitted` tells what was cut.
    """
    if isinstance(model, Answering):
        return model.answer_about(document, step)
    limit, merging = model.info.limit, step.merging
    if limit is None or merging is None or merging == "head":
        return ask_head(model, document)
    fitted, windows = split(document, limit, model.tokens, overlapping=merging != "join")
    fitted, windows = _masked(document, fitted, windows, model.info.mask)
    predictions = model.predict([window.text for window in windows])
    if merging == "reduce" and len(windows) > 1:
        return Answer(model.info, _reduced(model, limit, _texts(predictions)), fitted)
    return Answer(model.info, merge(predictions, windows, merging), fitted)


def ask_head(model: Model, document: Document) -> Answer:
    """Ask a model about as much of a text's beginning as it can read at once."""
    if isinstance(model, Answering):
        return model.answer_about(document, None)
    fitted = fit(document, model.info.limit, model.tokens)
    [prediction] = model.predict([fitted.text])
    return Answer(model.info, prediction, fitted)


def _masked(
    document: Document, fitted: Fitted, windows: tuple[Window, ...], mask: str | None
) -> tuple[Fitted, tuple[Window, ...]]:
    """Keep the one window that holds the text's first mask, where it has one: the others miss no word."""
    holding = [window for window in windows if mask and mask in window.text][:1]
    if not holding or len(windows) == 1:
        return fitted, windows
    [window] = holding
    cut = tuple(part.name for part in document.parts if part.text not in window.text)
    return replace(fitted, text=window.text, read=window.tokens, windows=1, cut=cut), (replace(window, start=0),)


def look(model: MediaModel, attachments: Sequence[Attachment], text: str) -> Answer:
    """Ask a model about images or sounds, one by one; what cannot be read is named in `unread`."""
    predictions: list[Prediction] = []
    unread: list[str] = []
    for attachment in attachments:
        # Never the query: a signed address opens a private image.
        name = urlsplit(attachment.url).path.rstrip("/").rpartition("/")[2]
        try:
            [found] = model.predict([Media(name, attachment.data, text)])
            predictions.append(_named(found, name) if len(attachments) > 1 else found)
        except MediaError as fault:
            unread.append(NOT_AN_IMAGE.format(name=name, reason=fault))
    return Answer(model.info, of_media(predictions) if predictions else None, None, tuple(unread))


def _named(prediction: Prediction, name: str) -> Prediction:
    """Say of which of several images or sounds a text or a box is."""
    match prediction:
        case Text(text) if text.strip():
            return replace(prediction, text=f"{name}: {text}")
        case Boxes(boxes):
            return Boxes(tuple(replace(box, image=name) for box in boxes))
        case _:
            return prediction


def _reduced(model: Model, limit: int, texts: Sequence[Text]) -> Text:
    """Ask about the answers of all windows, again while they are too long for one reading."""
    answers = joined(texts, ())
    left_out = answers.left_out
    for _ in range(MOST_ROUNDS):
        document = Document((Part("answers", answers.text),))
        fitted, windows = split(document, limit, model.tokens, overlapping=False)
        predictions = _texts(model.predict([window.text for window in windows]))
        shorter = joined(predictions, ())
        if len(windows) == 1:
            return Text(shorter.text, left_out or shorter.left_out)
        if len(shorter.text) >= len(answers.text) or fitted.cut:
            break
        answers = shorter
    return Text(answers.text, "; ".join(filter(None, (left_out, NOT_SHORTER.format(windows=len(texts))))))


def _texts(predictions: Sequence[Prediction]) -> list[Text]:
    return [prediction for prediction in predictions if isinstance(prediction, Text)]
