"""Refuse a model that needs a pickle or code of its own, by its list of files and its small files alone."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from hubpipe.errors import ModelError, ModelNotFoundError, UnsafeModelError
from hubpipe.models import formats
from hubpipe.models.repository import Repository

NO_WEIGHTS = "{model} holds no weights ({patterns}): is it a model?"
ONLY_PICKLES = (
    "{model} has its weights only in {file}, a format that can run code when it is read: choose a revision "
    "or a model with {safe}"
)
GGUF = f"*{formats.GGUF}"
SAFETENSORS = "safetensors (https://huggingface.co/spaces/safetensors/convert makes them)"
OWN_CODE = (
    "{model} brings its own code ({what}), which hubpipe never runs: choose a model that its library knows by itself"
)

NO_MODULES = "{model}: its modules.json is no list of modules with a type each: choose another revision or model"
OUTSIDE = "{model} names a file outside of itself ({what}): choose another model"
OTHER_WEIGHTS = (
    "{model} says in {file} that its weights are in {what}, which is no safetensors file beside it: choose another "
    "revision or model"
)

MODULES = "modules.json"
# A module that sends texts to other modules, in folders within its own, and where it names them.
ROUTERS = (".Router", ".Asym")
ROUTER_FILES = ("router_config.json", "config.json")
INDEX = f"{formats.TENSORS}.index.json"
# Where libraries look for the name of code to run.
CODE_NAMES = ("auto_map", "custom_pipelines")
# In a config.json: the file that holds the weights.
WEIGHTS_NAME = "transformers_weights"
# Lower-case words at the end are modules, some of which can load a pickle.
SAFE_MODULES = "sentence_transformers."
SAFE_MODULE = re.compile(r"sentence_transformers(\.\w+)*\.[A-Z]\w*")


def refuse_pickles(repository: Repository) -> None:
    """Refuse a model whose weights, or those of one of its modules, are only there as pickles.

    Raises UnsafeModelError, and ModelNotFoundError where there are no weights at all.
    """
    # Of the formats that its library reads, the one that models of its kind are usually saved in.
    safe = " or ".join(pattern for pattern in repository.patterns if pattern != GGUF) or SAFETENSORS
    _refuse_pickled_modules(repository)
    if repository.weights:
        return
    found = formats.pickles(repository.sizes)
    if found:
        raise UnsafeModelError(ONLY_PICKLES.format(model=repository.name, file=found[0], safe=safe))
    patterns = ", ".join((f"*{formats.TENSORS}", *repository.patterns))
    raise ModelNotFoundError(NO_WEIGHTS.format(model=repository.name, patterns=patterns))


def _refuse_pickled_modules(repository: Repository) -> None:
    # Sentence Transformers reads each module's weights from its own folder, a pickle where nothing else is there.
    for file in formats.pickles(repository.sizes):
        folder = PurePosixPath(file).parent
        if str(folder) in repository.modules and not any(
            PurePosixPath(name).parent == folder for name in repository.weights
        ):
            raise UnsafeModelError(ONLY_PICKLES.format(model=repository.name, file=file, safe=SAFETENSORS))


def code_files(repository: Repository) -> list[str]:
    """Name the small files that may name code to run, or other weights: `refuse_code` and `refuse_index` read each."""
    names = ((name, PurePosixPath(name).name) for name in repository.wanted)
    return [name for name, last in names if last == MODULES or last.endswith(INDEX) or _configures(last)]


def _configures(name: str) -> bool:
    return name.endswith(".json") and "config" in name


def refuse_code(model: str, file: str, data: object) -> None:
    """Refuse a model where one of its JSON files names code that comes with it, however deep in it.

    Also where the library knows the architecture: the weights were made for the code beside them.
    Raises UnsafeModelError, and ModelError for a modules.json that is no list.
    """
    if PurePosixPath(file).name == MODULES:
        _refuse_modules(model, data)
    for key, value in _entries(data):
        if key in CODE_NAMES and value and isinstance(value, dict | list | str):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{key} in {file}"))
        if key == WEIGHTS_NAME and value and not _is_beside(value, (formats.TENSORS, INDEX)):
            raise UnsafeModelError(OTHER_WEIGHTS.format(model=model, file=file, what=value))
        if isinstance(value, str) and value.startswith(SAFE_MODULES) and not SAFE_MODULE.fullmatch(value):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{value} in {file}"))


def refuse_index(repository: Repository, file: str, data: object) -> None:
    """Refuse an index of weights that leads to anything but the safetensors files beside it.

    Transformers takes each name as it stands, and reads what does not end in .safetensors as a pickle.
    Raises UnsafeModelError.
    """
    folder = PurePosixPath(file).parent
    # Of a file that is there whole, no library reads the index, which may be one of before.
    is_read = file.removesuffix(".index.json") not in repository.sizes
    for name in _indexed(data):
        there = _is_beside(name, (formats.TENSORS,)) and str(folder / str(name)) in repository.sizes
        if not there and (is_read or not _is_beside(name, (formats.TENSORS,))):
            raise UnsafeModelError(OTHER_WEIGHTS.format(model=repository.name, file=file, what=name))


def refuse_outside(model: str, names: Iterable[str]) -> None:
    """Refuse a list of files that leads out of the model's folder.

    Raises UnsafeModelError.
    """
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise UnsafeModelError(OUTSIDE.format(model=model, what=name))


def module_folders(model: str, data: object) -> tuple[str, ...]:
    """Give the folders, beside the root, that a modules.json names.

    Raises ModelError where it is no list of modules, UnsafeModelError for a folder outside of the model's.
    """
    paths = [module.get("path") for module in _modules(model, data)]
    refuse_outside(model, (path for path in paths if isinstance(path, str)))
    folders = (str(PurePosixPath(path)) for path in paths if isinstance(path, str))
    return tuple(folder for folder in folders if folder != ".")


def router_files(model: str, data: object) -> list[str]:
    """Name the files, which may be missing, in which a modules.json's routers name modules: see `routed_folders`."""
    routers = [module for module in _modules(model, data) if str(module["type"]).endswith(ROUTERS)]
    return [str(PurePosixPath(str(router.get("path", "")), file)) for router in routers for file in ROUTER_FILES]


def routed_folders(model: str, file: str, data: object) -> tuple[str, ...]:
    """Give the folders of the modules that a router's file names.

    Raises UnsafeModelError for a folder outside of the model's.
    """
    types = data.get("types") if isinstance(data, dict) else None
    folders = [str(PurePosixPath(file).parent / str(name)) for name in types] if isinstance(types, dict) else []
    refuse_outside(model, folders)
    return tuple(folders)


def _refuse_modules(model: str, data: object) -> None:
    for module in _modules(model, data):
        if not SAFE_MODULE.fullmatch(str(module["type"])):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{module['type']} in {MODULES}"))


def _modules(model: str, data: object) -> list[dict[str, object]]:
    """Read a modules.json, which may be missing."""
    if data is None:
        return []
    if not isinstance(data, list) or not all(isinstance(module, dict) and "type" in module for module in data):
        raise ModelError(NO_MODULES.format(model=model))
    return data


def _indexed(data: object) -> list[object]:
    names = data.get("weight_map") if isinstance(data, dict) else None
    return list(dict.fromkeys(map(_word, names.values()))) if isinstance(names, dict) else []


def _word(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _is_beside(name: object, endings: tuple[str, ...]) -> bool:
    return isinstance(name, str) and name.endswith(endings) and not set(name) & {"/", "\\"}


def _entries(data: object) -> Iterator[tuple[str, object]]:
    """Give every (key, value) of an object and of those within it; no recursion, which depth could break."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item.items()
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
