"""Turn the issues of a history into the archive beside a learned model, and into how far it can be trusted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.learned import archive, tuned
from hubpipe.models.learned.archive import MOST, SAME, Archived, State, centre_of
from hubpipe.models.learned.cutoffs import cutoffs
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.parts import Evidence
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.similarity import unit
from hubpipe.training.examples import Example
from hubpipe.training.learning import Plan
from hubpipe.training.splitting import by_date

# As many as a run suggests of one issue.
SUGGESTED = 3
# The newest of those that are searched for: what was marked long ago tells less of now, and each costs a look at all.
MOST_TRIED = 10_000
ROWS = 256
# GitHub's limit: https://docs.github.com/en/repositories/working-with-files/managing-large-files
LARGEST_COMMITTED = 100 * 2**20

SEVERAL = (
    "similar issues: the examples are of several repositories, so that none of them is suggested in one: only what "
    "runs read of it from now on is"
)
LEFT_OUT = (
    "similar issues: the index holds {most:,} issues, and the {count:,} oldest are left out: what tells the same as "
    "one of these is not found"
)
TOO_LARGE = "the index takes {size:,} MB, and GitHub takes no file over 100: let actions/cache keep the folder"
NONE_MARKED = "similar issues: nobody has marked a duplicate, so that no precision can be held (a threshold decides)"
TOLD = "similar issues: {marked} were marked as duplicates; {words}"
NEVER = "none is suggested at precision {precision:g}: {words}"
FOUND = "at precision {precision:g} an issue is suggested from {cutoff:.2f} on: {words}"

Array = NDArray[np.float32]
Issue: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Kept:
    """The files of an archive by their names, how many issues it holds, and what there is to know of it in words."""

    files: dict[str, bytes]
    count: int
    words: str


def kept(examples: Sequence[Example], learned: Learned, plan: Plan, precision: float, places: Places) -> Kept:
    """Embed issues (the newest that there is room for) with a learned model's encoder, and pack them.

    Raises what `hub.fetch` raises for the encoder.
    """
    source = hub.fetch(hub.locate(plan.encoder, plan.revision, places), places)
    scorer = Scorer(tuned.load(source, {}), learned.parts)
    most = min(MOST, archive.room(scorer.embed([""]).shape[1]))
    newest = by_date(examples)[-most:]
    texts = [example.text for example in newest]
    vectors = scorer.embed(texts, quick=True)
    tried = tries(vectors, newest)
    known = zip(newest, _numbers(newest), texts, strict=True)
    issues = [_archived(example, number, text) for example, number, text in known]
    left_out = len(examples) - len(newest)
    state = State(max((one.updated_at for one in issues if one.updated_at), default=""), left_out)
    files = archive.pack(vectors, issues, tried, learned.parts.encoding, state)
    size = sum(map(len, files.values()))
    words = [_told(tried, newest, precision)]
    words += [LEFT_OUT.format(most=most, count=left_out)] if left_out else []
    words += [TOO_LARGE.format(size=size // 2**20)] if size > LARGEST_COMMITTED else []
    return Kept(files, len(newest), "; ".join(words))


def tries(vectors: Array, examples: Sequence[Example]) -> Evidence:
    """Search for each issue among those that were open when it was opened, as a run would have, oldest first.

    Gives how near the few nearest were (n × 1), and whether people said that the two are the same, be it by way of a
    third one: what nobody marked counts as wrong, so that precision is rather more than it seems. Without any mark
    there is nothing to go by, and no row.
    """
    sames = _groups(examples)
    if not sames:
        return archive.untried()
    opened = np.array([_seconds(example.created_at, place) for place, example in enumerate(examples)])
    closed = np.array([_seconds(example.closed_at, np.inf) for example in examples])
    groups = np.array(
        [sames.get((example.repo, example.number or 0), -place - 1) for place, example in enumerate(examples)]
    )
    seen = unit(vectors - centre_of(vectors))
    scores, truth = [], []
    for start in range(max(0, len(examples) - MOST_TRIED), len(examples), ROWS):
        rows = np.arange(start, min(start + ROWS, len(examples)))
        near = seen[rows] @ seen.T
        near[(np.arange(len(examples)) >= rows[:, None]) | (closed <= opened[rows][:, None])] = -np.inf
        best, found = _best(near)
        there = np.isfinite(found)
        scores.append(found[there])
        truth.append((groups[best] == groups[rows][:, None])[there])
    return Evidence(
        (SAME,),
        np.concatenate(scores).astype(np.float32).reshape(-1, 1),
        np.concatenate(truth).astype(np.int8).reshape(-1, 1),
    )


def _best(near: Array) -> tuple[NDArray[np.intp], Array]:
    """Take the few nearest of each row (n × m) out of it, of equal ones the first: which they are, and how near.

    To put all in order took 50 s instead of 14 for 100,000 issues.
    """
    best = np.zeros((len(near), SUGGESTED), dtype=np.intp)
    found = np.zeros((len(near), SUGGESTED), dtype=np.float32)
    rows = np.arange(len(near))
    for place in range(SUGGESTED):
        best[:, place] = near.argmax(axis=1)
        found[:, place] = near[rows, best[:, place]]
        near[rows, best[:, place]] = -np.inf
    return best, found


def _groups(examples: Sequence[Example]) -> dict[Issue, int]:
    """Give all issues that are the same one number, by repository and number; those that repeat none have no number."""
    least: dict[Issue, Issue] = {}

    def root(issue: Issue) -> Issue:
        while least.setdefault(issue, issue) != issue:
            issue = least[issue]
        return issue

    for example in examples:
        for other in example.repeats if example.number is not None else ():
            one, two = sorted((root((example.repo, example.number or 0)), root((example.repo, other))))
            least[two] = one
    places = {issue: place for place, issue in enumerate(least)}
    return {issue: places[root(issue)] for issue in list(least)}


def _seconds(date: datetime | None, otherwise: float) -> float:
    return float(date.timestamp()) if date is not None else otherwise


def _told(tried: Evidence, examples: Sequence[Example], precision: float) -> str:
    if len({example.repo.casefold() for example in examples}) > 1:
        return SEVERAL
    if not len(tried.scores):
        return NONE_MARKED
    [found] = cutoffs(tried, precision, exclusive=False, rare=True)
    told = (
        NEVER.format(precision=precision, words=found.words)
        if found.score is None
        else FOUND.format(precision=precision, cutoff=found.score, words=found.words)
    )
    return TOLD.format(marked=sum(bool(example.repeats) for example in examples), words=told)


def _numbers(examples: Sequence[Example]) -> Iterator[int | None]:
    """Give the number by which a run can ask for each issue again, None where it would ask for another one.

    That is so for all where they are of several repositories, and for all rows but the newest that tell of one issue.
    """
    several = len({example.repo.casefold() for example in examples}) > 1
    newest = {example.number: place for place, example in enumerate(examples)}
    for place, example in enumerate(examples):
        yield example.number if not several and newest[example.number] == place else None


def _archived(example: Example, number: int | None, text: str) -> Archived:
    changed = example.updated_at or example.created_at
    return Archived(
        example.title,
        example.labels,
        number,
        example.url,
        example.open,
        changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if changed is not None else None,
        archive.digest(text),
    )
