"""Refuse a model that needs a pickle or code of its own, by its list of files and its small files alone."""

from pathlib import PurePosixPath

from hubpipe.errors import ModelNotFoundError, UnsafeModelError
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

MODULES = "modules.json"
# Where Transformers looks for the name of code to run.
CODE_NAMES = ("auto_map", "custom_pipelines")
CONFIGURATIONS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
SAFE_MODULES = "sentence_transformers."


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
    """Name the small files that may name code to run: `refuse_code` reads each."""
    return [name for name in repository.wanted if PurePosixPath(name).name in (*CONFIGURATIONS, MODULES)]


def refuse_code(model: str, file: str, data: object) -> None:
    """Refuse a model where one of its JSON files names code that comes with it.

    Also where the library knows the architecture: the weights were made for the code beside them.
    Raises UnsafeModelError.
    """
    if PurePosixPath(file).name == MODULES:
        _refuse_modules(model, data)
    for name in CODE_NAMES:
        if isinstance(data, dict) and data.get(name):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{name} in {file}"))


def _refuse_modules(model: str, data: object) -> None:
    for module in data if isinstance(data, list) else ():
        kind = str(module.get("type", "")) if isinstance(module, dict) else ""
        if not kind.startswith(SAFE_MODULES):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{kind} in {MODULES}"))


def module_folders(data: object) -> tuple[str, ...]:
    """Give the folders, beside the root, that a modules.json names."""
    modules = [module for module in data if isinstance(module, dict)] if isinstance(data, list) else []
    return tuple(path for module in modules if isinstance(path := module.get("path"), str) and path not in ("", "."))
