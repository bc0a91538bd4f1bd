"""Turn a step into its model: found, held against the rules, then loaded by the adapter of its library."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from hubpipe.config import Flow, Step, problems_of_flow
from hubpipe.config.steps import AUTO, LEARNED, SEARCH, ZERO_DAY
from hubpipe.errors import ConstraintError, HubpipeError, ModelError, TaskError
from hubpipe.models import fake, hub, needs, recognition
from hubpipe.models.base import MediaModel, Model, Places, Terms
from hubpipe.models.bases import locate_base
from hubpipe.models.libraries import FAKE, HUBPIPE, LIBRARIES, TRANSFORMERS, Library, library_named, needs_extra
from hubpipe.models.needs import Choice, Needs
from hubpipe.models.repository import Repository

__all__ = ["Needs", "describe", "fallback", "load", "load_media", "resolve", "resolve_flow"]

REMOTE = "hubpipe.models.remote"
PLACE = "hubpipe.models.remote.place"
# What an extra installs, where it has another name.
PACKAGES = {"onnx": "onnxruntime"}

NOT_INSTALLED = "no {package}"
NOT_THIS_TASK = "{library} does not do {task} ({model}); it does: {tasks}. {others}"
OTHERS_DO = "For {task} name a model of: {libraries}"
NOT_LOADED = "{model} does not load: {kind}: {reason}. Choose another revision or model"
MOST_REASON = 300
NO_INDEX = (
    "{model} keeps no index of past issues, so that nothing can be found with against: issues: leave model out, or "
    "name a model that hubpipe train made"
)
ONLY_AGAINST = "{model} knows what is like a text among past issues alone: add against: issues, or name another model"
IN_THE_FLOW = "{place}: {message}"


def resolve(step: Step, places: Places) -> Step:
    """Give a step with its task known: the file's, or the one that the Hub's metadata tells.

    Raises TaskError where neither tells it, and what `load` raises for a model that cannot be found.
    """
    if step.model == AUTO:
        from hubpipe.models import automatic

        step = automatic.settle(step, places)
    if step.task is not None:
        return step
    with _strangers_files(step.model):
        row, repository = _find(step, places)
        return step.model_copy(update={"task": recognition.task_of(repository, row, places)})


def resolve_flow(flow: Flow, places: Places) -> Flow:
    """Give a flow whose steps' tasks are all known, held against the rules that a file's own tasks are held against.

    Raises TaskError with everything that cannot work, and what `resolve` raises.
    """
    if all(step.task is not None and step.model != AUTO for step in flow.pipeline):
        return flow
    resolved = flow.model_copy(update={"pipeline": tuple(resolve(step, places) for step in flow.pipeline)})
    problems = [
        IN_THE_FLOW.format(place=".".join(map(str, path)), message=message)
        for path, message in problems_of_flow(resolved)
    ]
    if problems:
        raise TaskError("\n".join(problems))
    return resolved


def load(step: Step, labels: Mapping[str, str], places: Places, terms: Terms | None = None) -> Model:
    """Load the model that reads text for a step, ready for the step's task.

    `labels` are the candidates as name -> description (which may be empty), for the tasks that choose.
    Raises ModelNotFoundError, UnsafeModelError, TaskError, ConstraintError for what the terms' rules or the
    machine forbid, all before a weight is downloaded, and ModelError when the Hub does not answer.
    """
    if step.model != AUTO:
        model: Model = _load(step, labels, places, terms or Terms())
        return model
    from hubpipe.models import automatic

    spokesman = automatic.speaking(step, labels, places)
    model = _load(spokesman.step, labels, places, terms or Terms())
    reason = "; ".join(filter(None, (spokesman.reason, automatic.centred(model, places))))
    model.info = replace(model.info, spoke=reason)  # type: ignore[misc]  # a protocol's property
    return model


def load_media(step: Step, labels: Mapping[str, str], places: Places, terms: Terms | None = None) -> MediaModel:
    """Load the model that looks at images or listens to sounds for a step; see `load`."""
    model: MediaModel = _load(step, labels, places, terms or Terms())
    return model


def _load(step: Step, labels: Mapping[str, str], places: Places, terms: Terms) -> Any:
    if step.endpoint is not None:
        return importlib.import_module(REMOTE).load(step, labels, places, terms)
    with _strangers_files(step.model):
        choice = _choose(step, places)
        problems = list(_problems(choice, places, terms))
    if problems:
        raise ConstraintError("\n".join(problems))
    adapter = importlib.import_module(choice.row.module)
    with _strangers_files(step.model):
        model = adapter.load(step, labels, choice.repository, places)
    if choice.base is not None:
        model.info = replace(model.info, base=choice.base.reference)
    return model


def describe(step: Step, places: Places, terms: Terms | None = None) -> Needs:
    """Tell what a step needs, from its model's small files and the Hub's list alone.

    What speaks against loading it is among the `problems`. Raises what `load` raises for a model that cannot be
    found, is not safe, or cannot do the task.
    """
    if step.model == AUTO:
        from hubpipe.models import automatic

        step = automatic.speaking(step, step.labels or {}, places).step
    if step.endpoint is not None:
        return needs.of_endpoint(step, importlib.import_module(PLACE).key_variable(step.endpoint))
    with _strangers_files(step.model):
        choice = _choose(step, places)
        problems = tuple(_problems(choice, places, terms or Terms()))
        if choice.row.name == FAKE:
            return needs.of_fake(step, fake.LIMIT)
        return replace(needs.of_model(choice, places), problems=problems)


def fallback(step: Step) -> Step | None:
    """Give the step that does the same on the embedded model, where the configuration has one for an endpoint's."""
    if step.fallback is None:
        return None
    return step.model_copy(update={"model": step.fallback, "endpoint": None, "library": None, "revision": None})


@contextmanager
def _strangers_files(model: str) -> Iterator[None]:
    """Say in an error of our own that a model's files cannot be read, whatever a library raises for them."""
    try:
        yield
    except HubpipeError:
        raise
    except Exception as fault:
        # What a stranger wrote runs through a library's parsers, which foresee little and may raise anything.
        reason = " ".join(str(fault).split())[:MOST_REASON]
        raise ModelError(NOT_LOADED.format(model=model, kind=type(fault).__name__, reason=reason)) from fault


def _problems(choice: Choice, places: Places, terms: Terms) -> Iterator[str]:
    """Refuse a model that is not safe, and say what else speaks against loading it."""
    if choice.row.name == FAKE:
        return
    for part in choice.parts:
        hub.check(part, places)
    yield from needs.constraints(choice, terms.rules, places)


def _choose(step: Step, places: Places) -> Choice:
    row, repository = _find(step, places)
    if step.task not in row.tasks:
        raise TaskError(_not_this_task(step, row))
    if (step.against is not None) != (row.name == HUBPIPE and step.task == SEARCH):
        raise TaskError((NO_INDEX if step.against else ONLY_AGAINST).format(model=step.model))
    package = PACKAGES.get(row.extra, row.extra)
    if package and find_spec(package) is None:
        raise needs_extra(row.name, ImportError(NOT_INSTALLED.format(package=package)))
    misfit = recognition.misfit(step.known_task, repository, places) if row.name == TRANSFORMERS else ""
    if misfit:
        raise TaskError(misfit)
    return Choice(step, row, replace(repository, base=locate_base(step, row.name, repository, places)))


def _find(step: Step, places: Places) -> tuple[Library, Repository]:
    """Find the model that a step names, and the row of its library."""
    if step.library == FAKE or step.model.split(":")[0] == FAKE:
        repository = Repository(step.model, library=FAKE)
    elif step.library is not None and library_named(step.library) is None:
        # A misspelt library is told without a look at the Hub.
        repository = Repository(step.model)
    else:
        repository = hub.locate(_named(step, places), step.revision, places)
    row = recognition.library_of(step.library, repository)
    return row, replace(repository, patterns=row.patterns)


def _named(step: Step, places: Places) -> str:
    """Name the model that a step means: an index without a model is read with the encoder that comes with hubpipe."""
    if step.against is None or step.model != LEARNED or places.learned is None:
        return step.model
    from hubpipe.models.learned import index

    return ZERO_DAY if index.alone(places.learned) else LEARNED


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
