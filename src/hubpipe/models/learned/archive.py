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

# Up to so many, an exact search takes a quarter of a second (see docs/adr/0014); the newest are kept.
MOST = 200_000
MOST_BYTES = 500_000_000
MOST_TITLE = 300
# What there is to know of an issue besides its vector; more than a title of a hundred letters of any script takes.
MOST_OF_LINE = 900
VECTORS, ISSUES, SCORES, TRUTH, ENCODER, STATE = "vectors", "issues", "scores", "truth", "encoder", "state"
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
NO_STATE = "a state that is none"
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


@dataclass(frozen=True)
class State:
    """How an archive stands.

    `until` (ISO 8601) is when changes are in it, `left_out` how many older issues it had no room for. `base` is the
    sha256 of the archive that it goes on from, where it is kept apart from that.
    """

    until: str = ""
    left_out: int = 0
    base: str = ""


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
    state: State = field(default_factory=State)

    @property
    def until(self) -> str | None:
        """When changes of issues are in it; None where nobody knows."""
        known = (self.state.until, *(issue.updated_at for issue in self.issues if issue.updated_at))
        return max(known) or None

    def nearest(self, vector: NDArray[np.floating[Any]], count: int, among: Mask) -> list[Past]:
        """Give the issues nearest to a unit vector (d) among some (a mask of n), by cosine; equal ones in order.

        Raises ModelError where the vector has another size than the archive's.
        """
        asked = np.asarray(vector, np.float16)
        self.check(asked)
        rows = np.flatnonzero(among)
        return self._first(_near(self.vectors[rows], asked, rows, count, MetricKind.IP), count)

    def alike(self, vector: NDArray[np.floating[Any]], count: int, among: Mask) -> list[Past]:
        """Give the issues nearest to a unit vector, seen from the centre of all: what every issue says tells nothing.

        Raises ModelError where the vector has another size than the archive's.
        """
        self.check(np.asarray(vector))
        if not len(self.vectors):
            return []
        centre = centre_of(self.vectors)
        # Rounded as those that are held, so that the same text is the same where all say nearly the same.
        asked = np.asarray(vector, np.float16).astype(np.float32) - centre
        found: dict[int, float] = {}
        rows = np.flatnonzero(among)
        # A part at a time: the whole in float32 takes twice the archive.
        for part in np.array_split(rows, max(1, -(-len(rows) // PART))):
            found |= _near(self.vectors[part].astype(np.float32) - centre, asked, part, count, MetricKind.Cos)
        return self._first(found, count)

    def check(self, vector: NDArray[Any]) -> None:
        """Raise ModelError where a vector (d) has another size than the archive's."""
        if len(self.vectors) and vector.shape != self.vectors.shape[1:]:
            raise ModelError(OTHER_ENCODER.format(have=self.vectors.shape[1], given=vector.size))

    def _first(self, scores: Mapping[int, float], count: int) -> list[Past]:
        order = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [_past(self.issues[row], score) for row, score in order[: max(0, count)]]


def centre_of(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Give what vectors (n × d) have in common (d): their mean, less of it where they are few."""
    total = np.zeros(vectors.shape[1], np.float64)
    # NumPy adds up float16 five times as slowly as it turns them into float32.
    for start in range(0, len(vectors), PART):
        total += vectors[start : start + PART].astype(np.float32).sum(axis=0)
    return (total / (len(vectors) + FIRM)).astype(np.float32)


def _near(
    held: NDArray[np.floating[Any]],
    asked: NDArray[np.floating[Any]],
    rows: NDArray[np.intp],
    count: int,
    metric: MetricKind,
) -> dict[int, float]:
    """Search among vectors (n × d), which are some rows of an archive; give the nearest rows and how near."""
    if not len(rows) or count < 1:
        return {}
    # One thread: of equal ones, several threads find now these, now those.
    found = search(held, asked, min(count, len(rows)), metric, exact=True, threads=1)
    return {int(rows[int(key)]): 1 - float(far) for key, far in zip(found.keys, found.distances, strict=True)}


def room(width: int) -> int:
    """Give how many issues have room in an archive of vectors of so many numbers, so that it can be read again."""
    return min(MOST, MOST_BYTES // (2 * width + MOST_OF_LINE))


def digest(text: str) -> str:
    """Tell the same text again: 16 hexadecimal digits."""
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:16]


def pack(
    vectors: NDArray[np.floating[Any]],
    issues: Sequence[Archived],
    tried: Evidence | None = None,
    encoder: str = "",
    state: State | None = None,
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
        STATE: np.frombuffer(json.dumps(asdict(state or State())).encode(), dtype=np.uint8),
    }
    return {ARCHIVE: save(arrays)}


def write(path: Path, archive: Archive, mode: int = READABLE) -> None:
    """Put an archive in the place of an old one, whole or not at all; a folder's is the one beside its model."""
    put(path, pack(archive.vectors, archive.issues, archive.tried, archive.encoder, archive.state), mode)


def put(path: Path, packed: Mapping[str, bytes], mode: int = READABLE) -> None:
    """Do the same with an archive that `pack` wrote."""
    path = path / ARCHIVE if path.is_dir() else path
    # Not named by the process: in two containers that share the folder, both may have the same number.
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", suffix=".new", delete=False) as file:
        new = Path(file.name)
    try:
        new.write_bytes(packed[ARCHIVE])
        new.chmod(mode)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read(path: Path, encoder: str | None = None) -> Archive | None:
    """Read an archive, trusting nothing in it; None where there is none. A folder's is the one beside its model.

    Raises ModelError where the file is not what `pack` wrote, or its vectors are another encoder's.
    """
    folder, path = (path, path / ARCHIVE) if path.is_dir() else (path.parent, path)
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
        state = _state(arrays.get(STATE))
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise _fault(folder, f"{type(fault).__name__}: {fault}") from fault
    if len(vectors) != len(issues):
        raise _fault(folder, NOT_AS_MANY.format(vectors=len(vectors), issues=len(issues)))
    if encoder is not None and whose != encoder:
        raise _fault(folder, OTHER_VECTORS)
    return Archive(vectors, issues, tried, whose, state)


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


def _state(found: NDArray[Any] | None) -> State:
    """Read how an archive stands; those of earlier versions do not say it."""
    if found is None:
        return State()
    told = json.loads(_bytes(found))
    state = State(**told)
    if not (isinstance(state.until, str) and type(state.left_out) is int and isinstance(state.base, str)):
        raise ValueError(NO_STATE)
    return state


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
