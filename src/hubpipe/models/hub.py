"""Turn a model's name into a folder of safe files at a known commit."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from hubpipe.errors import ModelError, ModelNotFoundError, UnsafeModelError
from hubpipe.models import embedded
from hubpipe.models.base import Places

# What is ever downloaded: text that configures, and weights that are only numbers.
SAFE_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.spm", "*.safetensors")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".msgpack")
FOLDER_PREFIXES = ("./", "../", "/")
HUB_TIMEOUT_SECONDS = 30

NO_SUCH_MODEL = "{model}: the Hub has no such model or revision, or the token may not see it"
GATED = "{model} is gated: accept its terms on its Hub page, and give a token of that account"
NOT_IN_CACHE = "{model} is not in the local cache, and hubpipe is offline: run once online, or use model: embedded"
NO_NAME = "{model} is no model name: write OWNER/NAME, ./FOLDER or embedded"
HUB_SILENT = "the Hub did not answer for {model} ({reason}): try again, or use model: embedded"
NO_FOLDER = "{model}: there is no such folder"
NO_WEIGHTS = "{model} holds no weights (*.safetensors): is it a model?"
ONLY_PICKLES = (
    "{model} has its weights only in {file}, a format that can run code when it is read: choose a revision "
    "or a model with safetensors (https://huggingface.co/spaces/safetensors/convert makes them)"
)
OWN_CODE = (
    "{model} brings its own code ({what}), which hubpipe never runs: choose a model that its library knows by itself"
)
BAD_JSON = "{model}: {file} is not JSON, or not an object"


@dataclass(frozen=True)
class Repository:
    """A model's files as listed, before a weight is read.

    `folder` is None while the files are only on the Hub; `library` is what the Hub or the name says.
    `sizes` gives bytes by file name, relative to the model's root. `embedded`: its hashes are known.
    """

    name: str
    revision: str | None = None
    folder: Path | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    library: str | None = None
    embedded: bool = False

    @property
    def safe_bytes(self) -> int:
        """Bytes of all the files that hubpipe would load."""
        return sum(size for name, size in self.sizes.items() if any(fnmatch(name, pattern) for pattern in SAFE_FILES))


@dataclass(frozen=True)
class Source:
    """A folder of safe files to load a model from, and where it is from."""

    folder: Path
    name: str
    revision: str | None


def locate(name: str, revision: str | None, places: Places) -> Repository:
    """Find a model's files by `embedded`, a folder (`./x`, `/x`) or a Hub name.

    A bare `owner/name` is never a folder: what lies in the working directory is not trusted.
    Raises ModelNotFoundError, and ModelError when the Hub does not answer.
    """
    if name == embedded.NAME:
        return _embedded(places)
    if name.startswith(FOLDER_PREFIXES):
        return _in_folder(name, Path(name))
    return _in_cache(name, revision, places) if places.offline else _on_hub(name, revision, places)


def fetch(repository: Repository, places: Places) -> Source:
    """Make sure that a repository's files are in a folder, and that none of them needs a pickle or own code.

    Raises UnsafeModelError (for pickles before a byte is downloaded), ModelNotFoundError without weights.
    """
    _refuse_pickles(repository.name, repository.sizes)
    folder = repository.folder or _download(repository, places)
    _refuse_pickled_modules(repository.name, folder)
    _refuse_code(repository.name, folder)
    if repository.embedded:
        embedded.verify(folder)
    return Source(folder, repository.name, repository.revision)


def settings(repository: Repository, file: str, places: Places) -> dict[str, Any]:
    """Read one of a repository's JSON files without its weights; empty where there is no such file."""
    if file not in repository.sizes:
        return {}
    if repository.folder is not None:
        return read_json(repository.name, repository.folder / file)
    from huggingface_hub import hf_hub_download

    with _hub_errors(repository.name):
        path = hf_hub_download(
            repository.name, file, revision=repository.revision, cache_dir=places.cache, token=places.token
        )
    return read_json(repository.name, Path(path))


def read_json(model: str, path: Path) -> dict[str, Any]:
    """Read a JSON object of a model's folder; empty where there is no such file."""
    data = _json(model, path)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ModelError(BAD_JSON.format(model=model, file=path.name))
    return data


def _embedded(places: Places) -> Repository:
    folder = embedded.find(places.embedded)
    if folder is None:
        found = locate(embedded.REPO, embedded.REVISION, places)
    else:
        # `fetch` verifies that the folder is this commit's model.
        found = Repository(embedded.REPO, embedded.REVISION, folder, _sizes(folder))
    return replace(found, library="sentence-transformers", embedded=True)


def _in_folder(name: str, folder: Path) -> Repository:
    if not folder.is_dir():
        raise ModelNotFoundError(NO_FOLDER.format(model=name))
    return Repository(name, folder=folder, sizes=_sizes(folder))


def _in_cache(name: str, revision: str | None, places: Places) -> Repository:
    from huggingface_hub import snapshot_download

    with _hub_errors(name):
        # Without the patterns a snapshot counts as incomplete: what hubpipe left out is missing from it.
        found = snapshot_download(
            name,
            revision=revision,
            cache_dir=places.cache,
            local_files_only=True,
            allow_patterns=list(SAFE_FILES),
        )
    folder = Path(found)
    return Repository(name, revision=folder.name, folder=folder, sizes=_sizes(folder))


def _on_hub(name: str, revision: str | None, places: Places) -> Repository:
    from huggingface_hub import HfApi

    with _hub_errors(name):
        info = HfApi(token=places.token).model_info(
            name, revision=revision, files_metadata=True, timeout=HUB_TIMEOUT_SECONDS
        )
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    return Repository(name, info.sha, None, sizes, info.library_name)


def _download(repository: Repository, places: Places) -> Path:
    from huggingface_hub import snapshot_download

    with _hub_errors(repository.name):
        folder = snapshot_download(
            repository.name,
            revision=repository.revision,
            cache_dir=places.cache,
            token=places.token,
            allow_patterns=list(SAFE_FILES),
        )
    return Path(folder)


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _refuse_pickles(model: str, files: Mapping[str, int]) -> None:
    if any(file.endswith(".safetensors") for file in files):
        return
    pickles = [file for file in files if file.endswith(PICKLES)]
    if pickles:
        raise UnsafeModelError(ONLY_PICKLES.format(model=model, file=pickles[0]))
    raise ModelNotFoundError(NO_WEIGHTS.format(model=model))


def _refuse_pickled_modules(model: str, folder: Path) -> None:
    # Sentence Transformers reads each module's weights from its own folder, a pickle where nothing else is there.
    for pickle in folder.rglob("pytorch_model.bin"):
        if not any(pickle.parent.glob("*.safetensors")):
            raise UnsafeModelError(ONLY_PICKLES.format(model=model, file=pickle.relative_to(folder)))


def _refuse_code(model: str, folder: Path) -> None:
    # Also where the library knows the architecture: the weights were made for the code beside them.
    for path in folder.rglob("*.json"):
        if path.name in ("config.json", "tokenizer_config.json") and "auto_map" in read_json(model, path):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"auto_map in {path.name}"))
    modules = _json(model, folder / "modules.json")
    for module in modules if isinstance(modules, list) else ():
        kind = str(module.get("type", "")) if isinstance(module, dict) else ""
        if not kind.startswith("sentence_transformers."):
            raise UnsafeModelError(OWN_CODE.format(model=model, what=f"{kind} in modules.json"))


def _json(model: str, path: Path) -> object:
    if not path.is_file():
        return None
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise ModelError(BAD_JSON.format(model=model, file=path.name)) from fault
    return data


@contextmanager
def _hub_errors(model: str) -> Iterator[None]:
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as fault:
        raise ModelNotFoundError(GATED.format(model=model)) from fault
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as fault:
        raise ModelNotFoundError(NO_SUCH_MODEL.format(model=model)) from fault
    except errors.HFValidationError as fault:
        raise ModelNotFoundError(NO_NAME.format(model=model)) from fault
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as fault:
        raise ModelNotFoundError(NOT_IN_CACHE.format(model=model)) from fault
    except httpx2.HTTPError as fault:
        raise ModelError(HUB_SILENT.format(model=model, reason=type(fault).__name__)) from fault
