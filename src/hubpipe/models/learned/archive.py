"""Turn past issues and their vectors into two files beside a learned model, and such files into the nearest issues."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from usearch.compiled import MetricKind
from usearch.index import search

from hubpipe.errors import ModelError
from hubpipe.models.base import Past
from hubpipe.models.learned.folder import ARCHIVE, ARCHIVED, NOT_READABLE

# Up to so many, an exact search takes milliseconds; the newest are kept.
MOST = 100_000
MOST_BYTES = 500_000_000
MOST_LISTED_BYTES = 200_000_000
MOST_TITLE = 300
VECTORS = "vectors"

WHAT = "archive"
NOT_AS_MANY = "{vectors} vectors for {issues} issues"
NO_VECTORS = "no two-dimensional float16 vectors, or some that are no numbers"
NOT_AN_ISSUE = "line {line} is no issue"
OTHER_ENCODER = "the learned model's archive holds vectors of {have} numbers, its encoder gives {given}: train it again"
TOO_LARGE = "over {most:,} bytes"

Vectors = NDArray[np.float16]


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


@dataclass(frozen=True)
class Archive:
    """Past issues (n) and their unit vectors (n × d, float16)."""

    vectors: Vectors
    issues: tuple[Archived, ...]

    def nearest(self, vector: NDArray[np.floating[Any]], count: int, among: NDArray[np.bool_]) -> list[Past]:
        """Give the issues nearest to a unit vector (d) among some (a mask of n), by cosine; equal ones in order.

        Raises ModelError where the vector has another size than the archive's.
        """
        rows = np.flatnonzero(among)
        if not len(rows) or count < 1:
            return []
        chosen, asked = self.vectors[rows], np.asarray(vector, np.float16)
        if asked.shape != chosen.shape[1:]:
            raise ModelError(OTHER_ENCODER.format(have=chosen.shape[1], given=asked.size))
        # One thread: of equal ones, several threads find now these, now those.
        found = search(chosen, asked, min(count, len(rows)), MetricKind.IP, exact=True, threads=1)
        scores = {int(rows[int(key)]): 1 - float(far) for key, far in zip(found.keys, found.distances, strict=True)}
        return [
            _past(self.issues[row], score)
            for row, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        ]


def digest(text: str) -> str:
    """Tell the same text again: 16 hexadecimal digits."""
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:16]


def pack(vectors: NDArray[np.floating[Any]], issues: Sequence[Archived]) -> dict[str, bytes]:
    """Write issues (n) and their unit vectors (n × d) as the files of an archive, by name."""
    lines = "".join(json.dumps({**asdict(one), "title": one.title[:MOST_TITLE]}) + "\n" for one in issues)
    held = np.ascontiguousarray(vectors, dtype=np.float16)
    return {ARCHIVE: save({VECTORS: held}), ARCHIVED: lines.encode()}


def read(folder: Path) -> Archive | None:
    """Read the archive of a learned model, trusting nothing in it; None where there is none.

    Raises ModelError where the files are not what `pack` wrote, or do not belong together.
    """
    if not ((folder / ARCHIVE).is_file() and (folder / ARCHIVED).is_file()):
        return None
    vectors = _vectors(folder)
    try:
        issues = tuple(_issues(_bytes(folder, ARCHIVED, MOST_LISTED_BYTES)))
    except (ValueError, RecursionError) as fault:
        raise _fault(folder, ARCHIVED, str(fault)) from fault
    if len(vectors) != len(issues):
        raise _fault(folder, ARCHIVE, NOT_AS_MANY.format(vectors=len(vectors), issues=len(issues)))
    return Archive(vectors, issues)


def _vectors(folder: Path) -> Vectors:
    try:
        found = load(_bytes(folder, ARCHIVE, MOST_BYTES)).get(VECTORS)
    except (SafetensorError, KeyError, TypeError, ValueError) as fault:
        raise _fault(folder, ARCHIVE, f"{type(fault).__name__}: {fault}") from fault
    if found is None or found.dtype != np.float16 or found.ndim != 2 or not np.isfinite(found).all():
        raise _fault(folder, ARCHIVE, NO_VECTORS)
    return found


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


def _bytes(folder: Path, file: str, most: int) -> bytes:
    if (folder / file).stat().st_size > most:
        raise _fault(folder, file, TOO_LARGE.format(most=most))
    return (folder / file).read_bytes()


def _fault(folder: Path, file: str, reason: str) -> ModelError:
    return ModelError(NOT_READABLE.format(folder=folder, file=file, what=WHAT, reason=reason))


def _past(issue: Archived, score: float) -> Past:
    return Past(issue.title, max(-1.0, min(1.0, score)), issue.number, issue.url, issue.open)
