"""Turn past issues and their vectors into one file beside a learned model, and such a file into the nearest issues."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from usearch.compiled import MetricKind
from usearch.index import search

from hubpipe.errors import ModelError
from hubpipe.models.base import Past
from hubpipe.models.learned.folder import ARCHIVE, NOT_READABLE, READABLE
from hubpipe.models.learned.parts import Evidence
from hubpipe.models.similarity import unit

# Up to so many, an exact search takes milliseconds; the newest are kept.
MOST = 100_000
MOST_BYTES = 500_000_000
MOST_TITLE = 300
VECTORS, ISSUES, SCORES, TRUTH, ENCODER = "vectors", "issues", "scores", "truth", "encoder"
# The one label of the evidence: whether an issue that was found is the one that people said is repeated.
SAME = "same"
# So many issues weigh as much in the centre as no centre at all: of a few, it is chance.
FIRM = 5
# Vectors that are made float32 at a time.
PART = 4096

WHAT = "archive"
NOT_AS_MANY = "{vectors} vectors for {issues} issues"
NO_VECTORS = "no two-dimensional float16 vectors, or some that are no numbers"
NO_BYTES = "no list of issues in bytes, or nothing of whose vectors they are"
NO_EVIDENCE = "scores and truth that do not belong together"
NOT_AN_ISSUE = "line {line} is no issue"
OTHER_ENCODER = "the learned model's archive holds vectors of {have} numbers, its encoder gives {given}: train it again"
OTHER_VECTORS = "its vectors are another encoder's than the model's"
TOO_LARGE = "over {most:,} bytes"

Vectors = NDArray[np.float16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Archived:
    """A past issue; `digest` tells its text again, `open` and `updated_at` (ISO 8601) are None where nobody knows."""

    title: str
    labels: tuple[str, ...] = ()
    number: int | None = None
    url: str = ""
    open: bool | None = None
    updated_at: str | None = None
    digest: str = ""


def untried() -> Evidence:
    """Give the evidence of an archive of which nobody knows which issues repeat others."""
    return Evidence((SAME,), np.zeros((0, 1), np.float32), np.zeros((0, 1), np.int8))


@dataclass(frozen=True)
class Archive:
    """Past issues (n) and their unit vectors (n × d, float16).

    `tried` is how near the issues were that an earlier search would have found, and whether people said that the one
    repeats the other. `encoder` is whose vectors they are (see `Parts.encoding`): those of two are never near.
    """

    vectors: Vectors
    issues: tuple[Archived, ...]
    tried: Evidence = field(default_factory=untried)
    encoder: str = ""

    def nearest(self, vector: NDArray[np.floating[Any]], count: int, among: Mask) -> list[Past]:
        """Give the issues nearest to a unit vector (d) among some (a mask of n), by cosine; equal ones in order.

        Raises ModelError where the vector has another size than the archive's.
        """
        asked = np.asarray(vector, np.float16)
        self.check(asked)
        return self._found(self.vectors, asked, count, among)

    def alike(self, vector: NDArray[np.floating[Any]], count: int, among: Mask) -> list[Past]:
        """Give the issues nearest to a unit vector, seen from the centre of all: what every issue says tells nothing.

        Raises ModelError where the vector has another size than the archive's.
        """
        self.check(np.asarray(vector))
        if not len(self.vectors):
            return []
        centre = centre_of(self.vectors)
        # Rounded as those that are held, so that the same text is the same where all say nearly the same.
        asked = unit(np.asarray(vector, np.float16).astype(np.float32) - centre).astype(np.float16)
        return self._found(self._centred(centre), asked, count, among)

    def _centred(self, centre: NDArray[np.float32]) -> Vectors:
        """Give all vectors seen from a centre, a part at a time: the whole in float32 takes twice the archive."""
        seen = np.empty_like(self.vectors)
        for start in range(0, len(seen), PART):
            seen[start : start + PART] = unit(self.vectors[start : start + PART].astype(np.float32) - centre)
        return seen

    def check(self, vector: NDArray[Any]) -> None:
        """Raise ModelError where a vector (d) has another size than the archive's."""
        if len(self.vectors) and vector.shape != self.vectors.shape[1:]:
            raise ModelError(OTHER_ENCODER.format(have=self.vectors.shape[1], given=vector.size))

    def _found(self, held: Vectors, asked: Vectors, count: int, among: Mask) -> list[Past]:
        rows = np.flatnonzero(among)
        if not len(rows) or count < 1:
            return []
        # One thread: of equal ones, several threads find now these, now those.
        found = search(held[rows], asked, min(count, len(rows)), MetricKind.IP, exact=True, threads=1)
        scores = {int(rows[int(key)]): 1 - float(far) for key, far in zip(found.keys, found.distances, strict=True)}
        return [
            _past(self.issues[row], score)
            for row, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        ]


def centre_of(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Give what vectors (n × d) have in common (d): their mean, less of it where they are few."""
    mean: NDArray[np.float32] = vectors.mean(axis=0, dtype=np.float32) * (len(vectors) / (len(vectors) + FIRM))
    return mean.astype(np.float32)


def digest(text: str) -> str:
    """Tell the same text again: 16 hexadecimal digits."""
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:16]


def pack(
    vectors: NDArray[np.floating[Any]], issues: Sequence[Archived], tried: Evidence | None = None, encoder: str = ""
) -> dict[str, bytes]:
    """Write issues (n) and an encoder's unit vectors of them (n × d) as the file of an archive, by its name."""
    lines = "".join(json.dumps({**asdict(one), "title": one.title[:MOST_TITLE]}) + "\n" for one in issues)
    tried = tried or untried()
    arrays: dict[str, NDArray[Any]] = {
        VECTORS: np.ascontiguousarray(vectors, dtype=np.float16),
        ISSUES: np.frombuffer(lines.encode(), dtype=np.uint8),
        SCORES: np.ascontiguousarray(tried.scores, dtype=np.float32),
        TRUTH: np.ascontiguousarray(tried.truth, dtype=np.int8),
        ENCODER: np.frombuffer(encoder.encode(), dtype=np.uint8),
    }
    return {ARCHIVE: save(arrays)}


def write(folder: Path, archive: Archive) -> None:
    """Put an archive in the place of a folder's old one, whole or not at all."""
    packed = pack(archive.vectors, archive.issues, archive.tried, archive.encoder)[ARCHIVE]
    # Not named by the process: in two containers that share the folder, both may have the same number.
    with NamedTemporaryFile(dir=folder, prefix=f"{ARCHIVE}.", suffix=".new", delete=False) as file:
        new = Path(file.name)
    try:
        new.write_bytes(packed)
        new.chmod(READABLE)
        new.replace(folder / ARCHIVE)
    finally:
        new.unlink(missing_ok=True)


def read(folder: Path, encoder: str | None = None) -> Archive | None:
    """Read the archive of a learned model, trusting nothing in it; None where there is none.

    Raises ModelError where the file is not what `pack` wrote, or its vectors are another encoder's.
    """
    path = folder / ARCHIVE
    if not path.is_file():
        return None
    if path.stat().st_size > MOST_BYTES:
        raise _fault(folder, TOO_LARGE.format(most=MOST_BYTES))
    try:
        arrays = load(path.read_bytes())
        vectors = _vectors(arrays.get(VECTORS))
        issues = tuple(_issues(_bytes(arrays.get(ISSUES))))
        whose = _bytes(arrays.get(ENCODER)).decode()
        tried = _evidence(arrays.get(SCORES), arrays.get(TRUTH))
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise _fault(folder, f"{type(fault).__name__}: {fault}") from fault
    if len(vectors) != len(issues):
        raise _fault(folder, NOT_AS_MANY.format(vectors=len(vectors), issues=len(issues)))
    if encoder is not None and whose != encoder:
        raise _fault(folder, OTHER_VECTORS)
    return Archive(vectors, issues, tried, whose)


def _vectors(found: NDArray[Any] | None) -> Vectors:
    if found is None or found.dtype != np.float16 or found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError(NO_VECTORS)
    return found


def _bytes(found: NDArray[Any] | None) -> bytes:
    if found is None or found.dtype != np.uint8 or found.ndim != 1:
        raise ValueError(NO_BYTES)
    return found.tobytes()


def _evidence(scores: NDArray[Any] | None, truth: NDArray[Any] | None) -> Evidence:
    if scores is None or truth is None or scores.shape != truth.shape or scores.ndim != 2 or scores.shape[1] != 1:
        raise ValueError(NO_EVIDENCE)
    if scores.dtype != np.float32 or truth.dtype != np.int8 or not np.isfinite(scores).all():
        raise ValueError(NO_EVIDENCE)
    return Evidence((SAME,), scores, truth)


def _issues(data: bytes) -> Iterator[Archived]:
    for number, line in enumerate(data.splitlines(), 1):
        found = json.loads(line)
        if not isinstance(found, dict) or not _is_issue(found):
            raise ValueError(NOT_AN_ISSUE.format(line=number))
        labels = tuple(found.get("labels", ()))
        known = {name: found[name] for name in ("number", "url", "open", "updated_at", "digest") if name in found}
        yield Archived(found["title"], labels, **known)


def _is_issue(found: Mapping[str, Any]) -> bool:
    number, labels = found.get("number"), found.get("labels", [])
    return (
        (number is None or (type(number) is int and 0 < number < 2**53))
        and isinstance(labels, list)
        and all(isinstance(label, str) for label in labels)
        and all(isinstance(found.get(name, ""), str) for name in ("url", "digest"))
        and isinstance(found.get("title"), str)
        and isinstance(found.get("open"), bool | None)
        and isinstance(found.get("updated_at"), str | None)
    )


def _fault(folder: Path, reason: str) -> ModelError:
    return ModelError(NOT_READABLE.format(folder=folder, file=ARCHIVE, what=WHAT, reason=reason))


def _past(issue: Archived, score: float) -> Past:
    return Past(issue.title, max(-1.0, min(1.0, score)), issue.number, issue.url, issue.open)
