"""Turn texts into predictions with a PEFT adapter (LoRA and its like), merged into the Transformers model below it."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import peft
import transformers
from safetensors import safe_open

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models.base import Model, Places
from hubpipe.models.bases import ADAPTER_CONFIG, below_adapter
from hubpipe.models.hub import Repository, Source, fetch, read_json
from hubpipe.models.transformers import build, head, sharing
from hubpipe.models.transformers.opening import (
    LOCAL,
    NOT_TRAINED,
    Loaded,
    joined,
    loading,
    open_tokenizer,
    open_weights,
)

LIBRARY = "peft"
WEIGHTS = "adapter_model.safetensors"
# Those that become one with the model's own weights; the others change how a model is called.
MERGED = ("LORA", "ADALORA", "IA3", "LOHA", "LOKR", "OFT", "BOFT", "VERA")
PREFIX = "base_model.model."
# How the classes of Transformers name the last layer of a head, the one as wide as there are labels.
LAST_LAYERS = ("classifier.weight", "classifier.out_proj.weight", "score.weight", "qa_outputs.weight")

NO_WEIGHTS = "{model} has no {file}: choose an adapter with safetensors"
NOT_MERGED = "{model} is an adapter of the kind {kind}, which hubpipe does not run: choose one of {kinds}"
OWN_CODE = "{model} names code of its own ({key} in adapter_config.json), which hubpipe never runs: choose another"
NOT_LAID = "{model} was not made for {base}: {reason}. Choose the base model that its card names, at the right revision"


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load an adapter and its base model, both from safetensors, and merge them for a step's task.

    Raises TaskError where the adapter does not fit its base model or the task, UnsafeModelError for one that
    names code, and what `hub.fetch` raises for either.
    """
    source = fetch(repository, places)
    _check(source)
    below = below_adapter(step, repository, places)
    base = fetch(below, places)
    key = (LIBRARY, *sharing(step), repository.place, below.place)
    loaded = places.keeper.weights(key, lambda: _merged(step, source, base))
    return build(step, labels, loaded, source.name, source.revision, LIBRARY)


def _check(source: Source) -> None:
    settings = read_json(source.name, source.folder / ADAPTER_CONFIG)
    if settings.get("peft_type") not in MERGED:
        kinds = ", ".join(MERGED)
        raise TaskError(NOT_MERGED.format(model=source.name, kind=settings.get("peft_type"), kinds=kinds))
    # PEFT imports the module that is named there.
    for key in ("megatron_config", "megatron_core"):
        if settings.get(key) not in (None, {}, "megatron.core"):
            raise UnsafeModelError(OWN_CODE.format(model=source.name, key=key))
    if not (source.folder / WEIGHTS).is_file():
        # PEFT would look for a pickle.
        raise ModelNotFoundError(NO_WEIGHTS.format(model=source.name, file=WEIGHTS))


def _merged(step: Step, source: Source, base: Source) -> Loaded:
    shapes = _shapes(source.folder / WEIGHTS)
    with loading(step, base.name):
        config = _config(source, base, shapes)
        tokenizer, own = _tokenizer(source, base)
        model, report = open_weights(
            head(step.known_task), base.folder, config=config, ignore_mismatched_sizes=_count(shapes) > 0
        )
        if own and len(tokenizer) > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(len(tokenizer))
    untrained = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])} - shapes.keys()
    if untrained and step.task != "feature-extraction":
        raise TaskError(NOT_TRAINED.format(model=source.name, task=step.task, keys=", ".join(sorted(untrained)[:3])))
    return joined(_laid(model, source, base), tokenizer)


def _laid(model: Any, source: Source, base: Source) -> Any:
    """Lay the adapter over the model and make them one."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            laid = peft.PeftModel.from_pretrained(model, str(source.folder), local_files_only=True)
    except (ValueError, RuntimeError, KeyError, TypeError, ImportError) as fault:
        reason = str(fault).partition("\n")[0]
        raise TaskError(NOT_LAID.format(model=source.name, base=base.name, reason=reason)) from fault
    # PEFT only warns of an adapter that changes nothing.
    missing = [str(warning.message) for warning in said if "missing adapter keys" in str(warning.message)]
    if missing:
        reason = missing[0].partition("[")[0].strip(" :")
        raise TaskError(NOT_LAID.format(model=source.name, base=base.name, reason=reason))
    merged: Any = laid.merge_and_unload()
    return merged.eval()


def _config(source: Source, base: Source, shapes: Mapping[str, tuple[int, ...]]) -> Any:
    """Give the base model's configuration, with the labels of a head that the adapter brings.

    PEFT keeps no names of labels: they are those of a config.json beside the adapter, else the base model's where
    it has as many, else LABEL_0 and so on.
    """
    config = transformers.AutoConfig.from_pretrained(base.folder, **LOCAL)
    count = _count(shapes)
    if count:
        own = read_json(source.name, source.folder / "config.json").get("id2label")
        names = own if isinstance(own, dict) and len(own) == count else config.id2label
        if len(names) != count:
            names = {place: f"LABEL_{place}" for place in range(count)}
        config.num_labels = count
        config.id2label = {int(place): str(name) for place, name in names.items()}
        config.label2id = {name: place for place, name in config.id2label.items()}
    return config


def _tokenizer(source: Source, base: Source) -> tuple[Any, bool]:
    """Load the adapter's own tokenizer, else the base model's; tell whether it is the adapter's."""
    own = (source.folder / "tokenizer_config.json").is_file()
    return open_tokenizer(source.folder if own else base.folder), own


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Give the shape of every weight of the adapter's, by the name that it has in the base model."""
    with safe_open(str(path), framework="pt") as weights:
        return {key.removeprefix(PREFIX): tuple(weights.get_slice(key).get_shape()) for key in weights.keys()}  # noqa: SIM118


def _count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Count the labels of the head that an adapter brings; 0 where it brings none."""
    return next((shape[0] for key, shape in shapes.items() if key.endswith(LAST_LAYERS)), 0)
