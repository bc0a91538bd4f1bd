"""Turn an image or a sound into the answer of a server that speaks the Hub's tasks, or of a chat that sees."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from huggingface_hub import InferenceClient

from hubpipe.config import TASKS, Step
from hubpipe.errors import MediaError, TaskError
from hubpipe.models.base import NO_LABELS, Media, MediaModel, ModelInfo, Prediction, Text, encodable
from hubpipe.models.remote import shapes
from hubpipe.models.remote.calls import Caller
from hubpipe.models.remote.pieces import cut
from hubpipe.models.remote.talk import PICTURE_LETTERS, as_address, talker
from hubpipe.models.remote.watch import Watch

AskMedia = Callable[[bytes, str, str], Prediction]
"""Asks about bytes of a kind (a MIME type), with the text that they stand in."""

# How files begin: https://mimesniff.spec.whatwg.org. (offset, bytes, kind); the first that fits counts.
BEGINNINGS = {
    "image": (
        (0, b"\x89PNG\r\n\x1a\n", "image/png"),
        (0, b"\xff\xd8\xff", "image/jpeg"),
        (0, b"GIF8", "image/gif"),
        (8, b"WEBP", "image/webp"),
        (0, b"BM", "image/bmp"),
    ),
    "audio": (
        (8, b"WAVE", "audio/wav"),
        (0, b"fLaC", "audio/flac"),
        (0, b"OggS", "audio/ogg"),
        (0, b"ID3", "audio/mpeg"),
        (0, b"\xff\xfb", "audio/mpeg"),
        (0, b"\xff\xf3", "audio/mpeg"),
        (4, b"ftyp", "audio/mp4"),
        (0, b"\x1a\x45\xdf\xa3", "audio/webm"),
    ),
}

NO_MEDIA = "{name} is no {what} of a kind that endpoints take ({kinds})"
NO_TWO_LABELS = "{task} needs at least two labels to tell apart at an endpoint: name another under pipeline.labels"


class RemoteMedia(MediaModel):
    """A model at an endpoint that looks at images or listens to sounds."""

    def __init__(self, info: ModelInfo, ask: AskMedia):
        self.info = info
        self._ask = ask
        self._reads = TASKS[info.task].reads

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Ask about each image or sound, one by one."""
        return [self._ask(item.data, self._kind(item), encodable(cut(item.text, self.info.limit))) for item in media]

    def _kind(self, item: Media) -> str:
        for start, beginning, kind in BEGINNINGS[self._reads]:
            if item.data[start : start + len(beginning)] == beginning:
                return kind
        kinds = ", ".join(sorted({kind.partition("/")[2] for _, _, kind in BEGINNINGS[self._reads]}))
        raise MediaError(NO_MEDIA.format(name=item.name, what=self._reads, kinds=kinds))


def asking(step: Step, labels: Mapping[str, str], caller: Caller) -> AskMedia:
    """Give the function that asks about one image or sound.

    Raises TaskError where labels are to be chosen from and there are too few.
    """
    if step.task == "image-text-to-text":
        return _seeing(step, labels, caller)
    if step.task == "zero-shot-image-classification" and len(labels) < 2:
        raise TaskError((NO_TWO_LABELS if labels else NO_LABELS).format(task=step.task))
    if step.task == "document-question-answering":
        return _asking_a_document(step, caller)
    return _plain(step, labels, caller)


def _seeing(step: Step, labels: Mapping[str, str], caller: Caller) -> AskMedia:
    chat = talker(step, labels, caller)
    return lambda data, kind, text: chat.answer(text, as_address(data, kind))


def _plain(step: Step, labels: Mapping[str, str], caller: Caller) -> AskMedia:
    names = list(labels)
    methods: dict[str, Callable[[InferenceClient, bytes], Prediction]] = {
        "image-classification": lambda client, data: shapes.scores(client.image_classification(data)),
        "zero-shot-image-classification": lambda client, data: shapes.scores(
            client.zero_shot_image_classification(data, names), among=names
        ),
        "object-detection": lambda client, data: shapes.boxes(client.object_detection(data)),
        "image-to-text": lambda client, data: shapes.text(client.image_to_text(data), "generated_text"),
        "automatic-speech-recognition": lambda client, data: shapes.text(
            client.automatic_speech_recognition(data), "text"
        ),
    }
    method = methods[step.known_task]
    raw = step.task != "zero-shot-image-classification" and caller.where.provider in (None, "hf-inference")

    def answer(data: bytes, kind: str, text: str) -> Prediction:
        def ask(client: InferenceClient, watch: Watch) -> Prediction:
            return method(client, data)

        # Bare bytes need their kind beside them; other requests are JSON.
        return caller.call(ask, PICTURE_LETTERS, content_type=kind if raw else None)

    return answer


def _asking_a_document(step: Step, caller: Caller) -> AskMedia:
    questions = {name: asked.instructions for name, asked in (step.questions or {}).items()}

    def one(data: bytes, question: str) -> str:
        def ask(client: InferenceClient, watch: Watch) -> str:
            found: Any = client.document_question_answering(data, question)
            return shapes.text(found, "answer").text

        return caller.call(ask, PICTURE_LETTERS + len(question))

    def answer(data: bytes, kind: str, text: str) -> Text:
        return shapes.together(questions, [one(data, question) for question in questions.values()])

    return answer
