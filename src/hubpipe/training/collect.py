r"""Turn a repository on GitHub into its history, kept in a file that a later reading goes on with.

There is one file a repository, `OWNER@NAME.jsonl`, to which lines are only ever added:

    {"format": 1, "repo": "octo-org/octo-repo"}
    {"past": {"kind": "issue", "number": 7, "title": ..., "labels": [...], "labellings": [...], ...}}
    {"page": {"kind": "issue", "after": ...}}

A line `past` is `hubpipe.github.history.Past` as JSON, times in UTC; of several with one number the last one holds. A
line `page` ends a page that began behind the place `after` (the first has none): what follows the last such line was
cut off, and is read again. What was deleted or moved elsewhere since stays in the file. No secret that somebody leaked
in an issue is kept in it, and nothing of the token.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hubpipe.errors import GitHubError, RateLimitError, UsageError
from hubpipe.github import GitHub
from hubpipe.github.history import KINDS, PAGE, Kind, Page, Past, StaleCursorError, Tag
from hubpipe.redaction import FORMS, Redaction

log = logging.getLogger(__name__)

FORMAT = 1
REPO = re.compile(r"(?P<owner>[\w-]{1,100})/(?P<name>[\w.-]{1,100})", re.ASCII)

NO_REPO = "{repo!r} is no repository's name: write OWNER/NAME."
NOT_OURS = (
    "{path}:{line}: this is no history that this version of hubpipe has written: remove the file to read it anew."
)
ANOTHERS = "{path} holds the history of {found}, not of {repo}: remove the file to read it anew."
NOT_WRITABLE = "{path} cannot be used to keep a history: {reason}."
KEPT = "{fault} What was read is kept in {path}, and the next reading goes on there."
BEGIN_AGAIN = "GitHub does not know any more where the last reading ended: reading the whole history again"
WAITING = "GitHub's limit is reached: waiting until %s"

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class History:
    """What is known of a repository's issues and pull requests, oldest first; labels have the names of now."""

    repo: str
    past: tuple[Past, ...]


@dataclass(frozen=True)
class _Ended:
    """The end of a page."""

    kind: Kind
    after: str | None = None


@dataclass(frozen=True)
class _Line:
    """One line of the file."""

    format: int | None = None
    repo: str | None = None
    past: Past | None = None
    page: _Ended | None = None


LINE = TypeAdapter(_Line)


def collect(
    github: GitHub,
    repo: str,
    folder: Path,
    progress: Progress,
    *,
    wait: bool = False,
    redaction: Redaction = FORMS,
) -> History:
    """Read what a repository's folder does not hold yet: all of it, or what changed since.

    Killed at any moment, the next call goes on where this one ended. `progress` is told how many issues and pull
    requests are known, and of how many. `wait` sleeps through GitHub's rate limit, however long; else RateLimitError
    says when to go on. Raises UsageError for a file that is none of ours, and GitHubError for what GitHub refuses.
    """
    store = _Store.open(folder, repo, redaction)
    for kind in KINDS:
        try:
            _bring_up(github, store, kind, progress, wait)
        except StaleCursorError:
            log.warning(BEGIN_AGAIN)
            store.begins[kind] = None
            _bring_up(github, store, kind, progress, wait)
    return store.history()


def read(folder: Path, repo: str) -> History:
    """Give what is known of a repository without asking GitHub; nothing where it was never collected."""
    return _Store.open(folder, repo).history()


def _bring_up(github: GitHub, store: "_Store", kind: Kind, progress: Progress, wait: bool) -> None:
    """Read from where the last page began: a change in the very second in which it ended may stand before its end."""
    after, size = store.begins.get(kind), PAGE
    while True:
        page = _page(github, store, kind, after, size, wait)
        store.add(kind, after, page)
        known = len(store.past)
        last = not page.more and kind == KINDS[-1]
        progress(known, known if last else max(page.total, known))
        if not page.more:
            return
        after, size = page.until, page.size


def _page(github: GitHub, store: "_Store", kind: Kind, after: str | None, size: int, wait: bool) -> Page:
    while True:
        try:
            return github.history(store.repo, kind, after, size)
        except RateLimitError as limit:
            if not wait or limit.until is None:
                raise RateLimitError(KEPT.format(fault=limit, path=store.path), limit.until) from limit
            log.warning(WAITING, f"{limit.until:%H:%M:%S} UTC")
            time.sleep(max((limit.until - datetime.now(UTC)).total_seconds(), 1))
        except StaleCursorError:
            raise
        except GitHubError as fault:
            if not store.whole:
                raise
            raise type(fault)(KEPT.format(fault=fault, path=store.path)) from fault


@dataclass
class _Store:
    """The file of a repository: `begins` is where the last page of each kind began, `whole` how many bytes are good."""

    repo: str
    path: Path
    past: dict[int, Past] = field(default_factory=dict)
    begins: dict[Kind, str | None] = field(default_factory=dict)
    whole: int = 0
    redaction: Redaction = FORMS

    @classmethod
    def open(cls, folder: Path, repo: str, redaction: Redaction = FORMS) -> "_Store":
        match = REPO.fullmatch(repo)
        if match is None:
            raise UsageError(NO_REPO.format(repo=repo))
        store = cls(repo, folder / f"{match['owner']}@{match['name']}.jsonl".lower(), redaction=redaction)
        try:
            store._load()
        except OSError as fault:
            raise UsageError(NOT_WRITABLE.format(path=store.path, reason=fault.strerror)) from fault
        return store

    def history(self) -> History:
        """Give what is known, each label with the name that it had when it was read last."""
        names = {tag.id: tag.name for one in self.past.values() for tag in one.labels if tag.id}
        renamed = (
            replace(one, labels=tuple(Tag(names.get(tag.id, tag.name), tag.id) for tag in one.labels))
            for one in self.past.values()
        )
        return History(self.repo, tuple(sorted(renamed, key=lambda one: (one.created_at, one.number))))

    def add(self, kind: Kind, after: str | None, page: Page) -> None:
        """Write what a page has that is not known yet, all of it or nothing."""
        fresh = [one for one in map(self._clean, page.past) if self.past.get(one.number) != one]
        if not fresh and kind in self.begins and self.begins[kind] == after:
            return
        lines = [_Line(format=FORMAT, repo=self.repo)] if not self.whole else []
        lines += [*(_Line(past=one) for one in fresh), _Line(page=_Ended(kind, after))]
        try:
            self._write(b"".join(LINE.dump_json(line, exclude_none=True) + b"\n" for line in lines))
        except OSError as fault:
            raise UsageError(NOT_WRITABLE.format(path=self.path, reason=fault.strerror)) from fault
        self._take(fresh, _Ended(kind, after))

    def _clean(self, one: Past) -> Past:
        return replace(one, title=self.redaction.text(one.title), body=self.redaction.text(one.body))

    def _write(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "xb") as file:
            file.truncate(self.whole)
            file.seek(self.whole)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.whole += len(data)

    def _take(self, fresh: list[Past], ended: _Ended) -> None:
        for one in fresh:
            # In the order of reading: the names of labels that were read last hold.
            self.past.pop(one.number, None)
            self.past[one.number] = one
        self.begins[ended.kind] = ended.after

    def _load(self) -> None:
        waiting: list[Past] = []
        for end, line in self._lines():
            if line.past is not None:
                waiting.append(self._clean(line.past))
            elif line.page is not None:
                self._take(waiting, line.page)
                waiting, self.whole = [], end

    def _lines(self) -> Iterator[tuple[int, _Line]]:
        """Give each whole line and where it ends."""
        if not self.path.exists():
            return
        end = 0
        with self.path.open("rb") as file:
            for number, data in enumerate(file, start=1):
                if not data.endswith(b"\n"):
                    return
                end += len(data)
                yield end, self._line(number, data)

    def _line(self, number: int, data: bytes) -> _Line:
        try:
            line = LINE.validate_json(data)
        except ValidationError as fault:
            raise UsageError(NOT_OURS.format(path=self.path, line=number)) from fault
        if number == 1 and line.format != FORMAT:
            raise UsageError(NOT_OURS.format(path=self.path, line=number))
        if number == 1 and (line.repo or "").lower() != self.repo.lower():
            raise UsageError(ANOTHERS.format(path=self.path, found=line.repo, repo=self.repo))
        return line
