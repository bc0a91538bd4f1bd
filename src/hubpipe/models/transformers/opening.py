"""Turn a folder of safe files into a Transformers model and its tokenizer."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models.base import NO_OFFSETS
from hubpipe.models.hub import Source
from hubpipe.models.keeping import OPENING

# Where neither the tokenizer nor the configuration names a limit.
USUAL_LIMIT = 512
# How configurations name the number of positions: BERT and most others, LED, T5.
POSITIONS = ("max_position_embeddings", "max_encoder_position_embeddings", "n_positions")
LOCAL = {"local_files_only": True, "trust_remote_code": False}
SEVERAL_GGUF = "{model} holds several models ({files}), of which one is read: keep the one to use in the folder"
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
    packed = _packed(source)
    with loading(step, source.name):
        tokenizer = open_tokenizer(source.folder, **packed)
        model, report = open_weights(head, source.folder, **packed)
    # A bare encoder may lack its pooler; any other task needs every weight of its head.
    missing = sorted(report["missing_keys"])
    if missing and head != "AutoModel":
        raise TaskError(NOT_TRAINED.format(model=source.name, task=step.task, keys=", ".join(missing[:3])))
    return joined(model, tokenizer)


def open_tokenizer(folder: Path, **more: Any) -> Any:
    """Load a folder's tokenizer; raises what Transformers raises (see `loading`)."""
    return transformers.AutoTokenizer.from_pretrained(folder, **LOCAL, **more)


def open_weights(head: str, folder: Path, **more: Any) -> tuple[Any, dict[str, Any]]:
    """Load a folder's safetensors by a class of Transformers, with the report of what was missing."""
    kind = getattr(transformers, head)
    model, report = kind.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **LOCAL, **more)
    return model, report


@contextmanager
def loading(step: Step, name: str) -> Iterator[None]:
    """Keep Transformers quiet while it loads, and turn what it raises into TaskError or ModelError."""
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        # Marian recommends a package that mends punctuation, at every start.
        with OPENING, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    except (ValueError, KeyError) as fault:
        raise TaskError(NOT_FOR_TASK.format(model=name, task=step.task, reason=_brief(fault))) from fault
    except (OSError, ImportError, RuntimeError, SafetensorError) as fault:
        raise ModelError(NOT_LOADED.format(model=name, reason=_brief(fault))) from fault


def joined(model: Any, tokenizer: Any) -> Loaded:
    """Put a model and its tokenizer together, the tokenizer cutting at what the model reads."""
    tokenizer.model_max_length = _context(model, tokenizer)
    return Loaded(model, tokenizer, tokenizer.model_max_length)


def need_offsets(loaded: Loaded, name: str) -> None:
    """Raise ModelError where a tokenizer cannot tell where in the text its tokens stand."""
    if not loaded.tokenizer.is_fast:
        raise ModelError(NO_OFFSETS.format(model=name))


def _context(model: Any, tokenizer: Any) -> int:
    """Find how many tokens a model reads: the least that its tokenizer and its positions allow."""
    config = model.config.get_text_config()
    positions = next((value for key in POSITIONS if (value := getattr(config, key, None))), USUAL_LIMIT)
    tables = (part for name, part in model.named_modules() if name.endswith("position_embeddings"))
    # RoBERTa's family counts positions from behind the padding's index.
    first = max((part.padding_idx + 1 for part in tables if getattr(part, "padding_idx", None)), default=0)
    return min(int(tokenizer.model_max_length), int(positions) - first)


def _packed(source: Source) -> dict[str, str]:
    """Name the one file of a GGUF model, which holds tokenizer, configuration and weights; nothing for other models."""
    if any(source.folder.rglob("*.safetensors")):
        return {}
    found = sorted(path.relative_to(source.folder).as_posix() for path in source.folder.rglob("*.gguf"))
    if len(found) > 1:
        raise TaskError(SEVERAL_GGUF.format(model=source.name, files=", ".join(found)))
    return {"gguf_file": found[0]} if found else {}


def _brief(fault: Exception) -> str:
    """Give a fault's first line; Transformers goes on with every class that it knows."""
    return str(fault).strip().partition("\n")[0]
