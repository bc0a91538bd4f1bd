"""Turn two learned models and labelled examples into the one that is used from now on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hubpipe.errors import ModelError, UsageError
from hubpipe.models.base import Places
from hubpipe.models.learned import folder
from hubpipe.training import trying
from hubpipe.training.compare import LEAST, verdict
from hubpipe.training.examples import Example
from hubpipe.training.splitting import judged

TOO_FEW = "only {count} of {total} examples are new to both models, and {least} are needed to compare them"
REFUSED = "not promoted: {words} (--force promotes it all the same)"
PROMOTED = "promoted: {words}"
FIRST = "there was no model in use"
FORCED = "promoted, as asked: {words}"


@dataclass(frozen=True)
class Promotion:
    """Whether the new model is in use now, and why (not), in words."""

    promoted: bool
    words: str


def promote(new: Path, old: Path, examples: Sequence[Example], places: Places, *, force: bool = False) -> Promotion:
    """Put the model of one folder into another, unless it is worse than what is there beyond chance.

    They are compared on the examples that neither learned from. Raises UsageError where there is no new model, and
    ModelError where one cannot be read; by `force` the old one need not be.
    """
    folder.recover(old)
    if not folder.is_learned(new):
        raise UsageError(folder.NO_MODEL.format(folder=new))
    if not folder.is_learned(old):
        _put(new, old)
        return Promotion(True, PROMOTED.format(words=FIRST))
    try:
        worse, words = _compared(new, old, examples, places)
    except ModelError as fault:
        if not force:
            raise
        worse, words = True, str(fault)
    if worse and not force:
        return Promotion(False, REFUSED.format(words=words))
    _put(new, old)
    return Promotion(True, (FORCED if worse else PROMOTED).format(words=words))


def _compared(new: Path, old: Path, examples: Sequence[Example], places: Places) -> tuple[bool, str]:
    """Tell whether the new model may not take the old one's place, and why."""
    labelled = judged(examples)
    candidates = [trying.named(str(path), places) for path in (new, old)]
    fresh = labelled
    for candidate in candidates:
        fresh = trying.unseen(candidate.learned, fresh)
    if len(fresh) < LEAST:
        return True, TOO_FEW.format(count=len(fresh), total=len(labelled), least=LEAST)
    labels = trying.labels_of(fresh)
    found = verdict(*(trying.scored(candidate, fresh, labels) for candidate in candidates))
    return found.worse, found.words


def _put(new: Path, old: Path) -> None:
    """Copy a model's files into the other's place, whole or not at all; other files there stay."""
    learned = folder.read(new)
    kept = new / folder.ARCHIVE
    extra = {folder.ARCHIVE: kept.read_bytes()} if kept.is_file() else {}
    folder.save(old, learned, (new / folder.CARD).read_text("utf-8") if (new / folder.CARD).is_file() else "", extra)
