"""Turn a repository on the Hub into a folder of files, told in log lines, and hold them against the Hub's hashes."""

import hashlib
import logging
import time
from collections.abc import Callable
from glob import escape
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from hubpipe.errors import ConstraintError, UnsafeModelError
from hubpipe.models.base import Places
from hubpipe.models.hub_errors import hub_errors
from hubpipe.models.kept import keep
from hubpipe.models.machine import free_disk
from hubpipe.models.repository import Repository

if TYPE_CHECKING:
    from huggingface_hub.utils.tqdm import tqdm

log = logging.getLogger("hubpipe")

NO_ROOM = (
    "{model} needs {needed:,.0f} MB on disk, and {cache} has {free:,.0f} MB free: free some space, set HF_HOME "
    "to a folder on a larger disk, or choose a smaller model"
)
WRONG_HASH = (
    "{model}: {file} is not what the Hub says it is: its hash is {found}, expected {expected}. It was removed: run "
    "again where the Hub can be asked; if it comes again, something between the Hub and this machine changes files"
)
BEGUN = "%s: downloading %s MB in %d files to %s"
GOING_ON = "%s: %s of %s MB"
DONE = "%s: downloaded"

STEPS = 10
SECONDS_BETWEEN_LINES = 10
GIT_ID_DIGITS = 40


def download(repository: Repository, places: Places) -> Path:
    """Fetch the wanted files of a repository that are not in the cache yet; `verify` tells whether they are the Hub's.

    A file that came in whole stays in the cache when the download breaks off; the next run fetches the others.
    Raises ConstraintError when the disk has no room, and ModelError when the download breaks off.
    """
    problem = no_room(repository, places)
    if problem:
        raise ConstraintError(problem)
    folder = _fetch(repository, places)
    keep(repository, folder)
    return folder


def verify(repository: Repository, folder: Path) -> None:
    """Hold a repository's wanted files against the hashes that the Hub tells, or told when they were downloaded.

    Done at every load, not only after a download: what a cache holds may have changed, and reading a file costs less
    than loading it. A folder of the user's own has no hashes.
    Raises UnsafeModelError for a wrong hash; the file is removed.
    """
    for name in repository.wanted:
        if (folder / name).is_file():
            _verify(repository, folder / name, name)


def no_room(repository: Repository, places: Places) -> str:
    """Say that the cache's disk is too small for what is still to be fetched; empty where it is not."""
    if repository.folder is not None:
        return ""
    needed = sum(repository.sizes[name] for name in _missing(repository, places))
    cache = _cache(places)
    free = free_disk(cache)
    if needed <= free:
        return ""
    return NO_ROOM.format(model=repository.name, needed=needed / 1e6, cache=cache, free=free / 1e6)


def _cache(places: Places) -> Path:
    from huggingface_hub import constants

    return places.cache or Path(constants.HF_HUB_CACHE)


def _missing(repository: Repository, places: Places) -> list[str]:
    """Name the wanted files that are not in the cache."""
    from huggingface_hub import try_to_load_from_cache

    def is_cached(name: str) -> bool:
        found = try_to_load_from_cache(repository.name, name, _cache(places), repository.revision)
        return isinstance(found, str)

    return [name for name in repository.wanted if not is_cached(name)]


def _fetch(repository: Repository, places: Places) -> Path:
    from huggingface_hub import snapshot_download

    missing = _missing(repository, places)
    progress = Progress(repository.name, sum(repository.sizes[name] for name in missing))
    if missing:
        log.info(BEGUN, repository.name, progress.whole, len(missing), _cache(places))
    with hub_errors(repository.name, repository.revision):
        folder = snapshot_download(
            repository.name,
            revision=repository.revision,
            cache_dir=places.cache,
            token=places.token,
            allow_patterns=[escape(name) for name in repository.wanted],
            tqdm_class=_bar_of(progress),
        )
        if not repository.pinned:
            _remember(repository, Path(folder))
    if missing:
        log.info(DONE, repository.name)
    return Path(folder)


def _remember(repository: Repository, snapshot: Path) -> None:
    """Note the commit of a branch or tag in the cache, where an offline run looks for it.

    https://huggingface.co/docs/huggingface_hub/guides/manage-cache#refs
    """
    from huggingface_hub import constants

    note = snapshot.parents[1] / "refs" / (repository.asked or constants.DEFAULT_REVISION)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(snapshot.name, encoding="ascii")


class Progress:
    """Counts bytes, and tells a line at each tenth, at most one in ten seconds: a job's log is no terminal."""

    def __init__(self, model: str, total: int, clock: Callable[[], float] = time.monotonic):
        self.whole = f"{total / 1e6:,.0f}"
        self._model = model
        self._total = total
        self._read = 0
        self._told = 0
        self._clock = clock
        self._last = clock()
        self._lock = Lock()

    def add(self, count: float) -> None:
        """Count bytes that came in; several files come in at once."""
        with self._lock:
            self._read += int(count)
            tenth = self._read * STEPS // self._total if self._total else 0
            now = self._clock()
            if tenth <= self._told or now - self._last < SECONDS_BETWEEN_LINES:
                return
            self._told, self._last = tenth, now
        log.info(GOING_ON, self._model, f"{self._read / 1e6:,.0f}", self.whole)


def _bar_of(progress: Progress) -> "type[tqdm]":
    """Make a bar that draws nothing and counts the bytes that the Hub's library tells it."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # There is a bar for bytes on the wire, one for bytes on the disk, and one for files.
            self._counts = str(kwargs.get("name")) == "huggingface_hub.snapshot_download"
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            if self._counts and n:
                progress.add(n)

    return Bar


def _verify(repository: Repository, path: Path, name: str) -> None:
    expected = repository.hashes.get(name)
    if expected is None:
        return
    found = _git_id(path) if len(expected) == GIT_ID_DIGITS else _sha256(path)
    if found != expected:
        # The file of the snapshot is a link to the bytes.
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise UnsafeModelError(WRONG_HASH.format(model=repository.name, file=name, found=found, expected=expected))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_id(path: Path) -> str:
    """Give the id that git gives a file's bytes, which is what the Hub tells of small files."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
