"""Turn the places where an index of past issues lies into the one that a run searches, and keep what the run learns."""

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from hubpipe.errors import ModelError
from hubpipe.models.base import Places
from hubpipe.models.learned import archive, folder
from hubpipe.models.learned.archive import Archive
from hubpipe.models.learned.folder import ARCHIVE, WEIGHTS

log = logging.getLogger("hubpipe")

NOT_KEPT = "what changed of the issues since is not kept in %s (%s): the next run reads it anew"
NOT_TAKEN = "what earlier runs kept of the issues is left out: %s"
ANOTHER_MODEL = "another model lies there by now"
# Titles of issues stand in it, and of private repositories, too.
OURS_ALONE = 0o600


@dataclass(frozen=True)
class Store:
    """A folder with an index, and the file that what a run learns is kept in: the same, another, or none.

    `model` is the identity of the model that lay in the folder, empty where an index lies there alone.
    """

    place: Path
    into: Path | None = None
    model: str = ""

    @property
    def _apart(self) -> bool:
        return self.into is not None and self.into != self.place / ARCHIVE

    def read(self, encoding: str) -> Archive | None:
        """Read the index, with what earlier runs learned; None where there is none.

        Raises ModelError where it is none of ours, or its vectors are another encoder's.
        """
        own = archive.read(self.place, encoding)
        if own is None or self.into is None or not self._apart:
            return own
        base = digest(self.place / ARCHIVE)
        try:
            kept = archive.read(self.into, encoding)
        except (ModelError, OSError) as fault:
            log.warning(NOT_TAKEN, fault)
            kept = None
        # After a training the new index is the one to go on from.
        return (
            kept if kept is not None and kept.state.base == base else replace(own, state=replace(own.state, base=base))
        )

    def write(self, held: Archive) -> None:
        """Keep an index, unless a training put another model in the place of this one; what fails is only told."""
        if self.into is None:
            return
        try:
            if self._apart:
                self.into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                archive.write(self.into, held, OURS_ALONE)
            elif identity(self.place) == self.model:
                archive.write(self.into, held)
            else:
                log.warning(NOT_KEPT, self.place, ANOTHER_MODEL)
        except OSError as fault:
            log.warning(NOT_KEPT, self.into.parent, fault.strerror)


def store(place: Path, places: Places) -> Store:
    """Find where what a run learns of a folder's index is kept: only where the user lets it be."""
    if places.learned != place:
        # Another's folder, or one of the Hub's cache, stays as it is.
        return Store(place)
    if places.keeps:
        return Store(place, place / ARCHIVE, identity(place))
    return Store(place, places.index)


def identity(place: Path) -> str:
    """Tell one model in a folder from another; empty where an index lies there alone."""
    return folder.identity(place) if (place / WEIGHTS).is_file() else ""


def alone(place: Path | None) -> bool:
    """Tell whether a folder holds an index without a model: of vectors of the encoder that comes with hubpipe."""
    return place is not None and (place / ARCHIVE).is_file() and not folder.is_learned(place)


def digest(path: Path) -> str:
    """Tell one index from another: the sha256 of its file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
