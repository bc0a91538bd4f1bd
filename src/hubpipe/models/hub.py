"""Turn a model's name into a folder of safe files at a known commit."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from hubpipe.config.steps import LEARNED, ZERO_DAY
from hubpipe.errors import HubError, ModelError, ModelNotFoundError
from hubpipe.models import embedded, kept, metadata, safety
from hubpipe.models.base import Places
from hubpipe.models.download import download, verify
from hubpipe.models.formats import PICKLES, SAFE_FILES
from hubpipe.models.hub_errors import hub_errors
from hubpipe.models.libraries import FAKE, library_named
from hubpipe.models.repository import Card, Repository, Source

__all__ = [
    "PICKLES",
    "SAFE_FILES",
    "Card",
    "Repository",
    "Source",
    "check",
    "fetch",
    "locate",
    "read_json",
    "settings",
]

log = logging.getLogger("hubpipe")

FOLDER_PREFIXES = ("./", "../", "/")
HUB_TIMEOUT_SECONDS = 30
# A settings file has some kilobytes; what claims to be one and is larger is not read.
MOST_JSON_BYTES = 20_000_000
COMMIT = re.compile("[0-9a-f]{40}")

# Models that were learned with hubpipe: this repository's, and the one that comes with hubpipe.
OWN_FOLDERS = (LEARNED, ZERO_DAY)
ZERO_DAY_FOLDER = Path(__file__).parent / "zero_day"

NOTHING_LEARNED = (
    "no learned model was found: hubpipe train makes one; commit its folder as .github/hubpipe on the default branch, "
    "or name a folder in the input learned-model (HUBPIPE_LEARNED_MODEL)"
)
NO_FOLDER = "{model}: there is no such folder"
NOT_WHOLE = "{model} is not whole in the local cache ({file} is missing), and hubpipe is offline: run once online"
KEPT = "%s; this commit of it is in the cache, and is taken from there"
BAD_JSON = "{model}: {file} is not JSON, not an object, or too large to be settings"


def locate(name: str, revision: str | None, places: Places) -> Repository:
    """Find a model's files, and what its card says, by a name of our own, a folder (`./x`, `/x`) or a Hub name.

    A bare `owner/name` is never a folder: what lies in the working directory is not trusted.
    Raises ModelNotFoundError, and ModelError when the Hub does not answer.
    """
    if name == embedded.NAME:
        return _embedded(places)
    if name in OWN_FOLDERS:
        return _own(name, places)
    if name.startswith(FOLDER_PREFIXES):
        found = _in_folder(name, Path(name))
    elif places.offline:
        found = _in_cache(name, revision, places)
    else:
        found = _on_hub_or_kept(name, revision, places)
    safety.refuse_outside(name, found.sizes)
    return replace(found, library=_known(found.library), modules=_modules(found, places))


def check(repository: Repository, places: Places) -> None:
    """Refuse a repository that needs a pickle or its own code, reading at most its small files.

    Raises UnsafeModelError, ModelNotFoundError without weights.
    """
    safety.refuse_pickles(repository)
    for file in safety.code_files(repository):
        data = _json_of(repository, file, places)
        if file.endswith(safety.INDEX):
            safety.refuse_index(repository, file, data)
        else:
            safety.refuse_code(repository.name, file, data)


def fetch(repository: Repository, places: Places) -> Source:
    """Make sure that a repository's files are in a folder, and that none of them needs a pickle or own code.

    Raises what `check` raises, before a weight is downloaded, and what `download` and `verify` raise.
    """
    check(repository, places)
    folder = repository.folder or download(repository, places)
    for name in repository.wanted:
        if name != metadata.README and not (folder / name).is_file():
            raise ModelNotFoundError(NOT_WHOLE.format(model=repository.name, file=name))
    verify(repository, folder)
    if repository.embedded:
        embedded.verify(folder)
    return Source(folder, repository.name, repository.revision)


def settings(repository: Repository, file: str, places: Places) -> dict[str, Any]:
    """Read one of a repository's JSON files without its weights; empty where there is no such file."""
    return _object(repository.name, file, _json_of(repository, file, places))


def read_json(model: str, path: Path) -> dict[str, Any]:
    """Read a JSON object of a model's folder; empty where there is no such file."""
    return _object(model, path.name, _json(model, path))


def _modules(repository: Repository, places: Places) -> tuple[str, ...]:
    """Give the folders, beside the root, in which a Sentence Transformers model has weights."""
    name, listed = repository.name, _json_of(repository, safety.MODULES, places)
    routed = (
        safety.routed_folders(name, file, _json_of(repository, file, places))
        for file in safety.router_files(name, listed)
    )
    return (*safety.module_folders(name, listed), *chain.from_iterable(routed))


def _known(library: str | None) -> str | None:
    """Read a card's word for its library, which is never the fake: only a step can ask for that."""
    return library if library is not None and library_named(library) is not library_named(FAKE) else None


def _embedded(places: Places) -> Repository:
    folder = embedded.find(places.embedded)
    if folder is None:
        found = locate(embedded.REPO, embedded.REVISION, places)
    else:
        # `fetch` verifies that the folder is this commit's model.
        found = Repository(embedded.REPO, embedded.REVISION, folder, _sizes(folder), card=embedded.CARD, pinned=True)
    return replace(found, library="sentence-transformers", embedded=True)


def _own(name: str, places: Places) -> Repository:
    """Find a learned model: what the doors found of the repository's own, or the one that comes with hubpipe."""
    folder = places.learned if name == LEARNED else ZERO_DAY_FOLDER
    if folder is None or not folder.is_dir():
        raise ModelNotFoundError(NOTHING_LEARNED)
    return replace(_in_folder(name, folder), library="hubpipe", own=True)


def _in_folder(name: str, folder: Path) -> Repository:
    """Take a folder's files as they are: it has no commit, and who names it answers for it."""
    if not folder.is_dir():
        raise ModelNotFoundError(NO_FOLDER.format(model=name))
    card, library = metadata.card_of_folder(folder)
    return Repository(name, folder=folder, sizes=_sizes(folder), library=library, card=card, pinned=True)


def _in_cache(name: str, revision: str | None, places: Places) -> Repository:
    from huggingface_hub import snapshot_download

    with hub_errors(name, revision):
        # No pattern, no file that could be missing: which are wanted is known later, see `fetch`.
        found = snapshot_download(
            name, revision=revision, cache_dir=places.cache, local_files_only=True, allow_patterns=[]
        )
    folder = Path(found)
    said = kept.recall(folder)
    sizes = {**_listed(name, folder.name, places), **_sizes(folder)}
    return Repository(
        name,
        folder.name,
        folder,
        sizes,
        said.library,
        card=said.card,
        hashes=said.hashes,
        pinned=revision == folder.name,
    )


def _listed(name: str, commit: str, places: Places) -> Mapping[str, int]:
    """Give the Hub's list of files at a commit as it was kept at the download; empty where it was not."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        files = get_cached_repo_tree(name, revision=commit, cache_dir=places.cache)
    except CachedRepoTreeNotFoundError:
        return {}
    return {file.path: file.size for file in files}


def _on_hub_or_kept(name: str, revision: str | None, places: Places) -> Repository:
    """Ask the Hub; while it is away, a commit that the cache holds is still that commit."""
    try:
        return _on_hub(name, revision, places)
    except HubError as fault:
        if revision is None or not COMMIT.fullmatch(revision):
            raise
        try:
            found = _in_cache(name, revision, places)
        except ModelNotFoundError:
            raise fault from None
        log.warning(KEPT, fault)
        return found


def _on_hub(name: str, revision: str | None, places: Places) -> Repository:
    from huggingface_hub import HfApi

    with hub_errors(name, revision):
        info = HfApi(token=places.token).model_info(
            name, revision=revision, files_metadata=True, timeout=HUB_TIMEOUT_SECONDS
        )
    files = info.siblings or []
    hashes = {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id for file in files}
    return Repository(
        name,
        info.sha,
        sizes={file.rfilename: file.size or 0 for file in files},
        library=metadata.word(info.library_name),
        card=metadata.card_of_hub(info),
        hashes={file: told for file, told in hashes.items() if told},
        asked=revision,
        pinned=revision == info.sha,
    )


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _json_of(repository: Repository, file: str, places: Places) -> object:
    """Read one of a repository's JSON files; None where there is no such file."""
    if file not in repository.sizes:
        return None
    if repository.sizes[file] > MOST_JSON_BYTES:
        raise ModelError(BAD_JSON.format(model=repository.name, file=file))
    if repository.folder is not None:
        return _json(repository.name, repository.folder / file)
    from huggingface_hub import hf_hub_download

    with hub_errors(repository.name, repository.revision):
        path = hf_hub_download(
            repository.name, file, revision=repository.revision, cache_dir=places.cache, token=places.token
        )
    return _json(repository.name, Path(path))


def _json(model: str, path: Path) -> object:
    if not path.is_file():
        return None
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as fault:
        raise ModelError(BAD_JSON.format(model=model, file=path.name)) from fault
    return data


def _object(model: str, file: str, data: object) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ModelError(BAD_JSON.format(model=model, file=file))
    return data
