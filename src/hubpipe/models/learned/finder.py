"""Turn a text into the issues of the repository that are like it, by the index beside a learned model."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hubpipe.config.steps import ZERO_DAY
from hubpipe.event import KnownIssue
from hubpipe.models.base import Alike, Limits, ModelInfo, Prediction
from hubpipe.models.keeping import Encoder
from hubpipe.models.learned.archive import MOST, SAME, Archive, Archived, digest, room
from hubpipe.models.learned.cutoffs import cutoffs
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.index import Store
from hubpipe.models.learned.scorer import Scorer

# More than anybody is shown: some are the issue itself, or were closed since.
CANDIDATES = 20

NO_INDEX = "there is no index of past issues beside {model}: train it again"
NO_DUPLICATES = "nobody has marked a duplicate that is in the index"
LEFT_OUT = "the {count:,} oldest issues are not in the index, which holds {most:,}"


class Finder:
    """sentence-similarity against the repository's issues: those that may be open, the nearest first."""

    def __init__(self, info: ModelInfo, learned: Learned, encoder: Encoder, store: Store):
        self.info = info
        self._scorer = Scorer(encoder, learned.parts)
        self._encoder = encoder
        self._store = store
        # What comes with hubpipe knows no repository: what it is told is all that it looks among.
        nothing = Archive(np.zeros((0, 0), np.float16), ()) if info.repo == ZERO_DAY else None
        self._archive = store.read(learned.parts.encoding) or nothing

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Find the issues that are like each text, all but those that are known to be closed."""
        if self._archive is None:
            return [Alike((), NO_INDEX.format(model=self.info.repo)) for _ in texts]
        among = np.array([issue.number is not None and issue.open is not False for issue in self._archive.issues], bool)
        left_out = self._archive.state.left_out
        remark = LEFT_OUT.format(count=left_out, most=len(self._archive.issues)) if left_out else ""
        return [Alike(tuple(self._archive.alike(row, CANDIDATES, among)), remark) for row in self._scorer.embed(texts)]

    def limits(self, precision: float) -> Limits:
        """Give the cutoff from which on as many of the found issues as that were the ones that people meant."""
        tried = (self._archive or Archive(np.zeros((0, 0), np.float16), ())).tried
        if not len(tried.scores):
            return Limits(precision, {SAME: None}, {SAME: NO_DUPLICATES})
        [found] = cutoffs(tried, precision, exclusive=False, rare=True)
        return Limits(precision, {SAME: found.score}, {SAME: found.words})

    @property
    def since(self) -> str | None:
        """When the index was brought up to date last: the newest change in it."""
        return self._archive.until if self._archive is not None else None

    @property
    def keeps(self) -> bool:
        """Whether later runs find what the index learns."""
        return self._archive is not None and self._store.into is not None

    def learn(self, issues: Sequence[KnownIssue], texts: Sequence[str], until: str | None) -> None:
        """Take issues into the index, and write it where it may be kept.

        Only what is new, or reads otherwise than before, is embedded. Raises ModelError for an index of other vectors.
        """
        before = self._archive
        if before is None:
            return
        self._archive = self._with(before, issues, texts)
        if until is not None:
            self._archive = replace(self._archive, state=replace(self._archive.state, until=until))
            if self._archive.issues != before.issues or until != before.until:
                self._store.write(self._archive)

    def _with(self, before: Archive, issues: Sequence[KnownIssue], texts: Sequence[str]) -> Archive:
        """Give an index with issues taken into it, the newest that it has room for."""
        if not issues:
            return before
        rows = {issue.number: row for row, issue in enumerate(before.issues) if issue.number is not None}
        digests = [digest(text) for text in texts]
        unread = [
            place
            for place, issue in enumerate(issues)
            if issue.number not in rows or before.issues[rows[issue.number]].digest != digests[place]
        ]
        # As training embeds them: 300 issues take a quarter of the time.
        read = self._scorer.embed([texts[place] for place in unread], quick=True)
        fresh = dict(zip(unread, read, strict=True))
        for vector in fresh.values():
            before.check(vector)
        kept, vectors = list(before.issues), list(before.vectors)
        for place, issue in enumerate(issues):
            row = rows.get(issue.number)
            if row is None:
                kept.append(_archived(issue, digests[place]))
                vectors.append(fresh[place].astype(np.float16))
            else:
                kept[row] = _archived(issue, digests[place])
                vectors[row] = fresh[place].astype(np.float16) if place in fresh else vectors[row]
        most = min(MOST, room(len(vectors[0])))
        state = replace(before.state, left_out=before.state.left_out + max(0, len(kept) - most))
        return replace(before, vectors=np.array(vectors[-most:]), issues=tuple(kept[-most:]), state=state)


def _archived(issue: KnownIssue, read: str) -> Archived:
    return Archived(issue.title, issue.labels, issue.number, issue.url, issue.open, issue.updated_at, read)
