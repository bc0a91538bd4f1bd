"""Turn a step into a Transformers model: one class a task, in the module of its kind."""

import importlib
from collections.abc import Mapping
from typing import Any

from hubpipe.config import TASKS as TASK_FACTS
from hubpipe.config import Step
from hubpipe.models.base import Model, Places
from hubpipe.models.hub import Repository, fetch

LIBRARY = "transformers"
# The class of each task, by name so that only what is used is imported.
TASKS: dict[str, tuple[str, str]] = {
    "text-classification": ("classify", "TextClassification"),
    "zero-shot-classification": ("classify", "ZeroShotClassification"),
    "token-classification": ("tag", "TokenClassification"),
    "feature-extraction": ("embed", "FeatureExtraction"),
    "fill-mask": ("fill", "FillMask"),
    "question-answering": ("answer", "QuestionAnswering"),
    "table-question-answering": ("table", "TableQuestionAnswering"),
    "summarization": ("seq2seq", "Summarization"),
    "translation": ("seq2seq", "Translation"),
    "text2text-generation": ("seq2seq", "TextToText"),
    "text-generation": ("write", "TextGeneration"),
    "decision": ("decide", "Decision"),
    "image-classification": ("images", "ImageClassification"),
    "zero-shot-image-classification": ("images", "ZeroShotImageClassification"),
    "object-detection": ("images", "ObjectDetection"),
    "image-to-text": ("images", "ImageToText"),
    "image-text-to-text": ("asking", "ImageTextToText"),
    "document-question-answering": ("asking", "DocumentQuestionAnswering"),
    "automatic-speech-recognition": ("speech", "SpeechRecognition"),
}


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Any:
    """Load a model for a step's task, on the CPU, from safe files alone: a Model, or a MediaModel.

    Raises TaskError when the model was not made for the task, and what `hub.fetch` raises.
    """
    source = fetch(repository, places)
    if TASK_FACTS[step.known_task].reads != "text":
        seen = (LIBRARY, step.model_dump_json(), tuple(labels.items()), repository.place)
        return places.keeper.weights(seen, lambda: _class(step.known_task)(step, labels, source))
    from hubpipe.models.transformers.opening import open_model

    key = (LIBRARY, *sharing(step), repository.place)
    loaded = places.keeper.weights(key, lambda: open_model(head(step.known_task), step, source))
    return build(step, labels, loaded, source.name, source.revision)


def sharing(step: Step) -> tuple[str | None, ...]:
    """Give what of a step changes a model's parts, which all steps that are alike in it may share."""
    return step.known_task, step.source_language, step.target_language


def head(task: str) -> str:
    """Name the class of Transformers that loads the models of a task that reads text (`AutoModelFor…`)."""
    name: str = _class(task).head
    return name


def build(
    step: Step, labels: Mapping[str, str], loaded: Any, name: str, revision: str | None, library: str = LIBRARY
) -> Model:
    """Make the model of a step's task, which reads text, from parts that are loaded (`opening.Loaded`).

    Raises TaskError where the parts cannot do the task.
    """
    from hubpipe.models.transformers.adapter import Origin

    model: Model = _class(step.known_task)(step, labels, loaded, Origin(library, name, revision))
    return model


def _class(task: str) -> Any:
    module, name = TASKS[task]
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
