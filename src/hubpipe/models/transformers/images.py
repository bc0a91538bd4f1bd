"""Turn images into predictions with a Transformers model, one class a task."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import transformers

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import NO_LABELS, Box, Boxes, Media, MediaModel, ModelInfo, Prediction, Text, encodable, ranked
from hubpipe.models.hub import Source
from hubpipe.models.transformers.faults import answering
from hubpipe.models.transformers.looking import Look, look
from hubpipe.models.transformers.opening import LOCAL, NOT_TRAINED, loading, open_tokenizer, open_weights

LIBRARY = "transformers"
# Below it a box is noise; the flow's own threshold chooses among the others.
LEAST_BOX_SCORE = 0.1
# What the models of this task were asked while they were trained.
PHOTO_TEMPLATE = "This is a photo of {}."

NO_TORCHVISION = (
    "{model} cannot do {task} here: its processor needs torchvision, and hubpipe prepares images with Pillow alone. "
    "Choose another model of this task, or set endpoint: to run it elsewhere"
)
SHARES = (
    "{model} shares 1.0 among the labels and cannot score each by itself: leave out multi_label, or choose a "
    "SigLIP model"
)
CHATS = "{model} answers about an image when it is told what to do: set task: image-text-to-text"


class ImageAdapter(MediaModel):
    """What the tasks share: a model, its processor, and images brought to a shape that both take."""

    head: ClassVar[str]
    """The class of Transformers that loads the task's models."""
    processor: ClassVar[str] = "AutoImageProcessor"

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source):
        with loading(step, source.name):
            self._check(step, transformers.AutoConfig.from_pretrained(source.folder, **LOCAL), source.name)
            self._processor = open_processor(self.processor, step, source)
            self._model, report = open_weights(self.head, source.folder)
            missing = sorted(report["missing_keys"])
            if missing:
                raise TaskError(NOT_TRAINED.format(model=source.name, task=step.task, keys=", ".join(missing[:3])))
            self._prepare(step, labels, source)
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, None)

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Give one prediction for each image, one image at a time: they differ in size."""
        with torch.inference_mode(), answering(self.info.repo):
            return [self._answer(look(one), one.text) for one in media]

    @abstractmethod
    def _answer(self, seen: Look, text: str) -> Prediction:
        """Give the prediction about one image, which stands in a text."""

    def _check(self, step: Step, config: Any, name: str) -> None:
        """Refuse a model by its configuration, before anything large is read."""
        return

    def _prepare(self, step: Step, labels: Mapping[str, str], source: Source) -> None:
        """Load what else the task needs, and keep what predicting needs."""
        return

    def _inputs(self, seen: Look) -> Any:
        return self._processor(images=[seen.image], return_tensors="pt")


def open_processor(kind: str, step: Step, source: Source) -> Any:
    """Load a folder's processor by a class of Transformers, one that works with Pillow alone.

    Raises TaskError where it needs torchvision, and what Transformers raises (see `loading`).
    """
    try:
        return getattr(transformers, kind).from_pretrained(source.folder, **LOCAL)
    except (ImportError, ValueError) as fault:
        if "torchvision" in str(fault).lower():
            raise TaskError(NO_TORCHVISION.format(model=source.name, task=step.task)) from fault
        raise


class ImageClassification(ImageAdapter):
    """image-classification: every label of the model's own, with its score."""

    head = "AutoModelForImageClassification"

    def _prepare(self, step: Step, labels: Mapping[str, str], source: Source) -> None:
        config = self._model.config
        self._alone = step.multi_label or config.problem_type == "multi_label_classification" or config.num_labels == 1

    def _answer(self, seen: Look, text: str) -> Prediction:
        logits = self._model(**self._inputs(seen)).logits[0].float()
        scores = logits.sigmoid() if self._alone else logits.softmax(dim=-1)
        return ranked((self._model.config.id2label[place], score) for place, score in enumerate(scores.tolist()))


class ZeroShotImageClassification(ImageAdapter):
    """zero-shot-image-classification: how near an image lies to each label's name in a sentence."""

    head = "AutoModelForZeroShotImageClassification"

    def _check(self, step: Step, config: Any, name: str) -> None:
        self._siglip = "siglip" in str(config.model_type)
        if step.multi_label and not self._siglip:
            raise TaskError(SHARES.format(model=name))

    def _prepare(self, step: Step, labels: Mapping[str, str], source: Source) -> None:
        if not labels:
            raise TaskError(NO_LABELS.format(task=step.task))
        asked = "hypothesis_template" in step.model_fields_set
        template = step.hypothesis_template if asked else PHOTO_TEMPLATE
        tokenizer = open_tokenizer(source.folder)
        positions = self._model.config.text_config.max_position_embeddings
        # SigLIP was trained on sentences filled up to its length, and on no other.
        self._sentences = tokenizer(
            [encodable(template.replace("{}", label)) for label in labels],
            padding="max_length" if self._siglip else True,
            max_length=min(tokenizer.model_max_length, positions),
            truncation=True,
            return_tensors="pt",
        )
        self._names = list(labels)
        self._alone = step.multi_label

    def _answer(self, seen: Look, text: str) -> Prediction:
        logits = self._model(**self._sentences, **self._inputs(seen)).logits_per_image[0].float()
        scores = logits.sigmoid() if self._alone else logits.softmax(dim=-1)
        return ranked(zip(self._names, scores.tolist(), strict=True))


class ObjectDetection(ImageAdapter):
    """object-detection: the boxes of what the model knows, in the image's own pixels."""

    head = "AutoModelForObjectDetection"

    def _answer(self, seen: Look, text: str) -> Prediction:
        size = torch.tensor([[seen.image.height, seen.image.width]])
        outputs = self._model(**self._inputs(seen))
        [found] = self._processor.post_process_object_detection(outputs, LEAST_BOX_SCORE, size)
        rows = zip(found["labels"].tolist(), found["scores"].tolist(), found["boxes"].tolist(), strict=True)
        boxes = [self._box(seen, label, score, corners) for label, score, corners in rows]
        # What lies on the ground that a strip was put onto is not on the image.
        real = [box for box in boxes if box.xmin < box.xmax and box.ymin < box.ymax]
        return Boxes(tuple(sorted(real, key=lambda box: -box.score)))

    def _box(self, seen: Look, label: int, score: float, corners: Sequence[float]) -> Box:
        xmin, ymin = seen.original(corners[0], corners[1])
        xmax, ymax = seen.original(corners[2], corners[3])
        return Box(str(self._model.config.id2label[label]), min(1.0, float(score)), xmin, ymin, xmax, ymax)


class ImageToText(ImageAdapter):
    """image-to-text: what the image shows in a sentence, or the line of writing that it is, as the model learnt it."""

    head = "AutoModelForImageTextToText"

    def _prepare(self, step: Step, labels: Mapping[str, str], source: Source) -> None:
        self._tokenizer = open_tokenizer(source.folder)
        if self._tokenizer.chat_template or (source.folder / "chat_template.jinja").exists():
            raise TaskError(CHATS.format(model=source.name))
        self._most_new = most_new(self._model, step, 1)

    def _answer(self, seen: Look, text: str) -> Prediction:
        written = self._model.generate(**self._inputs(seen), max_new_tokens=self._most_new, do_sample=False)
        return Text(self._tokenizer.decode(written[0], skip_special_tokens=True).strip())


def most_new(model: Any, step: Step, before: int) -> int:
    """Say how many tokens a model may write behind `before` others: the step's number, or what it has places for."""
    places = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return max(1, min(step.max_new_tokens, places - before) if places else step.max_new_tokens)
