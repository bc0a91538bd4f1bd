"""Turn a learned model into a folder of safetensors, JSON and a model card, and such a folder into a model."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from hubpipe.errors import ModelError, ModelNotFoundError, UsageError
from hubpipe.models.learned.parts import Arrays, Evidence, Parts, below

SETTINGS, WEIGHTS, CARD = "hubpipe.json", "model.safetensors", "README.md"
# The repository's past issues, for explanations and for similar issues: see archive.
ARCHIVE = "issues.safetensors"
FILES = (SETTINGS, WEIGHTS, CARD, ARCHIVE)
FORMAT = 1
# The library writes files that only their owner may read; another user of the runner must be able to, too.
READABLE = 0o644
MOST_SETTINGS_BYTES = 50_000_000
HEAD, TENSORS = "head/", "encoder/"
SCORES, TRUTH, SEEN = "evidence/scores", "evidence/truth", "learned/fingerprints"

NO_MODEL = "{folder} holds no learned model: hubpipe train makes one"
NOT_THERE = "{folder} holds no learned model ({file} is missing): hubpipe train makes one"
NOT_READABLE = "{folder}: {file} is no {what} of a learned model ({reason}): train it again"
OTHER_FORMAT = (
    "{folder} was written by another version of hubpipe (format {found}, this one reads {known}): train it again"
)
NOT_WHOLE = "{folder} is not whole: {file} is not the one that {settings} was written with. Train it again"
NOT_READ = "{folder} was tuned by a version of hubpipe that read it otherwise: train it again"
NOT_FITTING = "{folder}: {what} does not fit the model's {count} labels: train it again"
IN_THE_WAY = (
    "{folder} holds no learned model, but {file}, which a model's own would overwrite: name an empty or a new folder "
    "(--out; in a workflow, learned-model)"
)
NO_NAME = "{folder} cannot be replaced by a learned model: name a folder in it (--out)"


@dataclass(frozen=True)
class Learned:
    """A learned model and what is known of it.

    `seen` are the marks (unsigned 64-bit numbers, `examples.marks`) of what it learned from, so that nobody measures it
    on that. `facts` is JSON: on what it was learned and measured, when, with which settings.
    """

    parts: Parts
    evidence: Evidence
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exclusive(self) -> bool:
        """Tell whether the labels share 1.0 among them: an issue has one of them."""
        return bool(self.parts.spec.get("exclusive"))


def save(folder: Path, learned: Learned, card: str, extra: Mapping[str, bytes] | None = None) -> None:
    """Write a learned model, whole or not at all: what the folder held before stays until all is written.

    `card` is the text of its model card, `extra` are further files of FILES by name. Other files in the folder stay.
    Raises UsageError where one of them would be overwritten.
    """
    folder = folder.resolve()
    recover(folder)
    check_place(folder)
    new, old = _beside(folder)
    shutil.rmtree(new, ignore_errors=True)
    # Who stands in a folder would stand nowhere if it were moved.
    inside = Path.cwd().is_relative_to(folder)
    if folder.is_dir() and not inside:
        shutil.copytree(folder, new, symlinks=True, ignore=partial(_own, folder))
    new.mkdir(parents=True, exist_ok=True)
    save_file(_arrays(learned), new / WEIGHTS)
    (new / WEIGHTS).chmod(READABLE)
    settings = _settings(learned, _digest(new / WEIGHTS))
    (new / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    (new / CARD).write_text(card, "utf-8")
    for name, data in (extra or {}).items():
        (new / name).write_bytes(data)
    if inside:
        _fill(folder, new)
        return
    if folder.is_dir():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_place(folder: Path) -> None:
    """Raise UsageError where a learned model may not be written: it would overwrite what is none of a model's."""
    place = standing(folder).resolve()
    if not place.name:
        raise UsageError(NO_NAME.format(folder=folder))
    held = [name for name in (CARD, WEIGHTS) if (place / name).exists()]
    if held and not is_learned(place):
        raise UsageError(IN_THE_WAY.format(folder=folder, file=held[0]))


def recover(folder: Path) -> None:
    """Put back what a folder held where a run ended in the middle of replacing it."""
    place = standing(folder)
    if place != folder:
        place.rename(folder.resolve())


def standing(folder: Path) -> Path:
    """Tell where what a folder holds lies: beside it where a run ended in the middle of replacing it."""
    if folder.exists():
        return folder
    _, old = _beside(folder.resolve())
    return old if old.is_dir() else folder


def read(folder: Path) -> Learned:
    """Read a learned model, trusting nothing in it to be well-formed.

    Raises ModelNotFoundError where there is none, and ModelError where its files are not what `save` wrote.
    """
    folder = standing(folder)
    settings = _read_settings(folder)
    if settings.get("format") != FORMAT:
        raise ModelError(OTHER_FORMAT.format(folder=folder, found=settings.get("format"), known=FORMAT))
    if not (folder / WEIGHTS).is_file():
        raise ModelNotFoundError(NOT_THERE.format(folder=folder, file=WEIGHTS))
    if settings.get("weights") != _digest(folder / WEIGHTS):
        raise ModelError(NOT_WHOLE.format(folder=folder, file=WEIGHTS, settings=SETTINGS))
    try:
        arrays = load_file(folder / WEIGHTS)
        learned = _learned(settings, arrays)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as fault:
        reason = f"{type(fault).__name__}: {fault}"
        raise ModelError(
            NOT_READABLE.format(folder=folder, file=SETTINGS, what="description", reason=reason)
        ) from fault
    _check(folder, learned)
    return learned


def identity(folder: Path) -> str:
    """Tell one learned model from another: the sha256 of its numbers."""
    return _digest(standing(folder) / WEIGHTS)


def located(name: str) -> Path | None:
    """Take a name for a learned model's folder where there is one; a Hub id of that name is meant otherwise."""
    path = standing(Path(name))
    return path if is_learned(path) else None


def is_learned(folder: Path) -> bool:
    """Tell whether a folder says that it holds a learned model."""
    return (standing(folder) / SETTINGS).is_file()


def _beside(folder: Path) -> tuple[Path, Path]:
    """Give where a folder's next files lie until they are whole, and its last ones until those are there."""
    return folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")


def _own(folder: Path, place: str, names: list[str]) -> list[str]:
    """Give which names are those of a model's own files: only at the top of its folder."""
    return [name for name in names if name in FILES] if Path(place) == folder else []


def _fill(folder: Path, new: Path) -> None:
    """Move a model's files into a folder one by one; what the last model had besides goes."""
    for name in FILES:
        if (new / name).is_file():
            (new / name).replace(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    shutil.rmtree(new)


def _arrays(learned: Learned) -> dict[str, NDArray[Any]]:
    evidence = {SCORES: learned.evidence.scores, TRUTH: learned.evidence.truth, SEEN: learned.seen}
    head = {f"{HEAD}{name}": array for name, array in learned.parts.arrays.items()}
    tensors = {f"{TENSORS}{name}": array for name, array in learned.parts.tensors.items()}
    return {name: np.ascontiguousarray(array) for name, array in {**head, **tensors, **evidence}.items()}


def _settings(learned: Learned, digest: str) -> dict[str, Any]:
    parts = learned.parts
    return {
        "format": FORMAT,
        "labels": list(parts.labels),
        "encoder": {"model": parts.encoder, "revision": parts.revision},
        "spec": dict(parts.spec),
        "evidence": list(learned.evidence.labels),
        "facts": dict(learned.facts),
        "weights": digest,
    }


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    if not path.is_file():
        raise ModelNotFoundError(NOT_THERE.format(folder=folder, file=SETTINGS))
    if path.stat().st_size > MOST_SETTINGS_BYTES:
        reason = f"over {MOST_SETTINGS_BYTES:,} bytes"
        raise ModelError(NOT_READABLE.format(folder=folder, file=SETTINGS, what="JSON", reason=reason))
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise ModelError(NOT_READABLE.format(folder=folder, file=SETTINGS, what="JSON", reason=fault)) from fault
    if not isinstance(data, dict):
        raise ModelError(NOT_READABLE.format(folder=folder, file=SETTINGS, what="JSON", reason="no object"))
    return data


def _learned(settings: Mapping[str, Any], arrays: Arrays) -> Learned:
    encoder = settings["encoder"]
    parts = Parts(
        labels=tuple(str(name) for name in settings["labels"]),
        spec=dict(settings["spec"]),
        arrays=below(HEAD, arrays),
        encoder=str(encoder["model"]),
        revision=None if encoder["revision"] is None else str(encoder["revision"]),
        tensors=below(TENSORS, arrays),
    )
    evidence = Evidence(tuple(map(str, settings["evidence"])), arrays[SCORES], arrays[TRUTH])
    return Learned(parts, evidence, arrays[SEEN], dict(settings["facts"]))


def _check(folder: Path, learned: Learned) -> None:
    """Refuse evidence of another size than its labels, and a tuned encoder that the head does not read or misses."""
    if bool(learned.parts.tensors) != bool(learned.parts.spec.get("tuned")):
        raise ModelError(NOT_READ.format(folder=folder))
    evidence, count = learned.evidence, len(learned.parts.labels)
    shape = (len(evidence.scores), len(evidence.labels))
    fits = evidence.scores.shape == shape and evidence.truth.shape == shape and bool(np.isfinite(evidence.scores).all())
    if not (count and fits):
        raise ModelError(NOT_FITTING.format(folder=folder, what="the evidence", count=count))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
