"""Turn a step into a Transformers model: one class a task, in the module of its kind."""

import importlib
from collections.abc import Mapping
from typing import Any

from hubpipe.config import Step
from hubpipe.models.base import Places
from hubpipe.models.hub import Repository, fetch

# The class of each task, by name so that only what is used is imported.
TASKS: dict[str, tuple[str, str]] = {
    "text-classification": ("text", "TextClassification"),
    "zero-shot-classification": ("text", "ZeroShotClassification"),
    "token-classification": ("text", "TokenClassification"),
    "feature-extraction": ("text", "FeatureExtraction"),
    "fill-mask": ("text", "FillMask"),
    "text-generation": ("text", "TextGeneration"),
}


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Any:
    """Load a model for a step's task, on the CPU, from safetensors alone: a Model, or a MediaModel.

    Raises TaskError when the model was not made for the task, and what `hub.fetch` raises.
    """
    module, name = TASKS[step.known_task]
    adapter = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return adapter(step, labels, fetch(repository, places))
