"""Turn a folder of safe files into a Transformers model and its tokenizer."""

from dataclasses import dataclass
from typing import Any

import transformers
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models.base import NO_OFFSETS
from hubpipe.models.hub import Source

LIBRARY = "transformers"
# Where neither the tokenizer nor the configuration names a limit.
USUAL_LIMIT = 512
NOT_TRAINED = "{model} was not trained for {task}: its weights lack {keys}. Choose a model of this task"
NOT_FOR_TASK = "{model} cannot do {task} with Transformers: {reason}"
NOT_LOADED = "{model} does not load with Transformers: {reason}"


@dataclass(frozen=True)
class Loaded:
    """A model's parts, ready for a pipeline; `context` is how many tokens it reads, special ones included."""

    model: Any
    tokenizer: Any
    context: int


def open_model(head: str, step: Step, source: Source) -> Loaded:
    """Load a model by the class of its task, and its tokenizer.

    Raises TaskError when the model was not made for the task, ModelError when it does not load.
    """
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.folder, **local)
        model, report = getattr(transformers, head).from_pretrained(
            source.folder, use_safetensors=True, output_loading_info=True, **local
        )
    except (ValueError, KeyError) as fault:
        raise TaskError(NOT_FOR_TASK.format(model=source.name, task=step.task, reason=fault)) from fault
    except (OSError, ImportError, RuntimeError, SafetensorError) as fault:
        raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
    if not tokenizer.is_fast:
        raise ModelError(NO_OFFSETS.format(model=source.name))
    # A bare encoder may lack its pooler; any other task needs every weight of its head.
    missing = sorted(report["missing_keys"])
    if missing and head != "AutoModel":
        raise TaskError(NOT_TRAINED.format(model=source.name, task=step.task, keys=", ".join(missing[:3])))
    tokenizer.model_max_length = _context(model, tokenizer)
    return Loaded(model, tokenizer, tokenizer.model_max_length)


def _context(model: Any, tokenizer: Any) -> int:
    """Find how many tokens a model reads: the least that its tokenizer and its positions allow."""
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None) or USUAL_LIMIT
    tables = (part for name, part in model.named_modules() if name.endswith("position_embeddings"))
    # RoBERTa's family counts positions from behind the padding's index.
    first = max((part.padding_idx + 1 for part in tables if getattr(part, "padding_idx", None)), default=0)
    return min(int(tokenizer.model_max_length), int(positions) - first)
