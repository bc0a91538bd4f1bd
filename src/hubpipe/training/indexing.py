"""Turn past issues into the index for similar ones alone, where no labels are learned."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from hubpipe.errors import UsageError
from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.learned import archive, folder
from hubpipe.models.learned.archive import MOST
from hubpipe.training import archiving
from hubpipe.training.examples import Example
from hubpipe.training.learning import Plan, Tell

NO_ISSUES = "there is no issue to make an index of"
INDEXING = "reading {count:,} issues into the index"
MADE = "{out} holds the index of {count:,} issues for against: issues"
ALONE = "no labels were learned, so that nothing else is in it"
BESIDE = "the learned model beside it stays as it was"


@dataclass(frozen=True)
class Indexed:
    """What came of it, in words, and where it lies."""

    words: str
    folder: Path


def index(
    examples: Sequence[Example],
    out: Path,
    precision: float,
    places: Places,
    tell: Tell,
    whole: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Indexed:
    """Make the index of issues, by the encoder of the learned model in a folder, else by the embedded model.

    Within `whole` nothing ends the process that can wait: there one index takes the place of another. Raises UsageError
    where there is no issue, and what `folder.read` and `hub.fetch` raise.
    """
    folder.recover(out)
    if not examples:
        raise UsageError(NO_ISSUES)
    beside = folder.is_learned(out)
    learned = folder.read(out if beside else hub.ZERO_DAY_FOLDER)
    tell(INDEXING.format(count=min(len(examples), MOST)))
    plan = Plan(encoder=learned.parts.encoder, revision=learned.parts.revision)
    kept = archiving.kept(examples, learned, plan, precision, places)
    with whole():
        out.mkdir(parents=True, exist_ok=True)
        archive.put(out, kept.files)
    made = MADE.format(out=out, count=kept.count)
    return Indexed("; ".join((made, BESIDE if beside else ALONE, kept.words)), out)
