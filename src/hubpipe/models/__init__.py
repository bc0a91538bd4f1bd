"""The table of Hub libraries, and the one function that loads a model from it."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hubpipe.config import TASKS, Step
from hubpipe.errors import TaskError
from hubpipe.models import embedded, fake, hub
from hubpipe.models.base import MediaModel, Model, Places, Terms
from hubpipe.models.libraries import FAKE, LIBRARIES, SENTENCE_TRANSFORMERS, TRANSFORMERS, Library

# torch, transformers and their code, before any weight (measured on x86-64 Linux).
RUNTIME_BYTES = 430_000_000

# [CLS] and [SEP] of BERT's family; for other families a token or two more than needed.
SPECIAL_TOKENS = 2
# Tokenizers without a limit of their own write 10**30.
NO_LIMIT = 1_000_000_000

UNKNOWN_LIBRARY = "{model} is of the library {library}, which hubpipe does not load{nearest}; it loads: {known}"
NO_LIBRARY = "{model}: neither the Hub nor its files say which library it is of: set pipeline.library to one of {known}"
NO_TASK = "{model}: neither the file nor the Hub says which task it does: set pipeline.task to one of {known}"
NOT_THIS_TASK = "{library} does not do {task} ({model}); it does: {tasks}. {others}"
OTHERS_DO = "For {task} name a model of: {libraries}"


@dataclass(frozen=True)
class Needs:
    """What a step needs, told without loading a weight; None where it is not known before loading.

    `disk_bytes` is what would be downloaded, `memory_bytes` an estimate with the library's own code,
    `limit` the tokens of text that one prediction reads (None: unknown, or no limit). A fake needs nothing: 0.
    """

    library: str
    repo: str
    revision: str | None
    disk_bytes: int | None
    memory_bytes: int | None
    limit: int | None
    load_seconds: float | None
    text_seconds: float | None


def resolve(step: Step, places: Places) -> Step:
    """Give a step with its task known: the file's, or the one that the Hub's metadata tells.

    Raises TaskError where neither tells it, and what `load` raises for a model that cannot be found.
    """
    if step.task is not None:
        return step
    repository = hub.locate(step.model, step.revision, places)
    raise TaskError(NO_TASK.format(model=repository.name, known=", ".join(TASKS)))


def load(step: Step, labels: Mapping[str, str], places: Places, terms: Terms | None = None) -> Model:
    """Load the model that reads text for a step, ready for the step's task.

    `labels` are the candidates as name -> description (which may be empty), for the tasks that choose.
    Raises ModelNotFoundError, UnsafeModelError, TaskError, and ModelError when the Hub does not answer.
    """
    model: Model = _load(step, labels, places, terms or Terms())
    return model


def load_media(step: Step, labels: Mapping[str, str], places: Places, terms: Terms | None = None) -> MediaModel:
    """Load the model that looks at images or listens to sounds for a step; see `load`."""
    model: MediaModel = _load(step, labels, places, terms or Terms())
    return model


def _load(step: Step, labels: Mapping[str, str], places: Places, terms: Terms) -> Any:
    if step.endpoint is not None:
        raise TaskError("an endpoint is not reached yet")
    library, repository = _resolve(step, places)
    return importlib.import_module(library.module).load(step, labels, repository, places)


def describe(step: Step, places: Places, terms: Terms | None = None) -> Needs:
    """Tell what a step needs, from its model's small files and the Hub's list alone.

    Raises what `load` raises for a model that cannot be found or cannot do the task.
    """
    library, repository = _resolve(step, places)
    if library.name == FAKE:
        return Needs(FAKE, repository.name, None, 0, 0, fake.LIMIT, load_seconds=0, text_seconds=0)
    disk = repository.safe_bytes or None
    return Needs(
        library=library.name,
        repo=repository.name,
        revision=repository.revision,
        disk_bytes=disk,
        memory_bytes=disk and disk + RUNTIME_BYTES,
        limit=None if step.task == "summarization" else _limit(repository, places),
        load_seconds=embedded.LOAD_SECONDS if repository.embedded else None,
        text_seconds=embedded.TEXT_SECONDS if repository.embedded else None,
    )


def _resolve(step: Step, places: Places) -> tuple[Library, hub.Repository]:
    if step.library == FAKE or step.model.split(":")[0] == FAKE:
        repository = hub.Repository(step.model, library=FAKE)
    else:
        repository = hub.locate(step.model, step.revision, places)
    library = _row(step, repository)
    if step.task not in library.tasks:
        raise TaskError(_not_this_task(step, library))
    return library, repository


def _row(step: Step, repository: hub.Repository) -> Library:
    known = {library.name: library for library in LIBRARIES}
    name = step.library or repository.library or _library_of_files(repository)
    if name is None:
        raise TaskError(NO_LIBRARY.format(model=step.model, known=", ".join(known)))
    if name not in known:
        close = get_close_matches(name, known, n=1)
        nearest = f" (did you mean {close[0]}?)" if close else ""
        raise TaskError(UNKNOWN_LIBRARY.format(model=step.model, library=name, nearest=nearest, known=", ".join(known)))
    return known[name]


def _library_of_files(repository: hub.Repository) -> str | None:
    if "modules.json" in repository.sizes:
        return SENTENCE_TRANSFORMERS
    return TRANSFORMERS if "config.json" in repository.sizes else None


def _not_this_task(step: Step, library: Library) -> str:
    able = [row.name for row in LIBRARIES if step.task in row.tasks and row.name != FAKE]
    others = OTHERS_DO.format(task=step.task, libraries=", ".join(able))
    return NOT_THIS_TASK.format(
        library=library.name,
        task=step.task,
        model=step.model,
        tasks=", ".join(sorted(library.tasks)),
        others=others,
    )


def _limit(repository: hub.Repository, places: Places) -> int | None:
    """Read the token limit from the small files; the loaded model may know better."""
    settings = [
        (hub.settings(repository, "sentence_bert_config.json", places), "max_seq_length"),
        (hub.settings(repository, "tokenizer_config.json", places), "model_max_length"),
        (hub.settings(repository, "config.json", places), "max_position_embeddings"),
    ]
    limits = [values.get(key) for values, key in settings]
    found = [limit for limit in limits if isinstance(limit, int) and limit < NO_LIMIT]
    return min(found) - SPECIAL_TOKENS if found else None
