"""Turn what a check found into a check run on GitHub, with its remarks on lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from github.CheckRun import CheckRun
from github.CheckRunAnnotation import CheckRunAnnotation

from hubpipe.errors import NoAnswerError
from hubpipe.event import Annotation
from hubpipe.github.calls import Access, Deed

READ_CHECKS = "`checks: read`"
WRITE_CHECKS = "`checks: write`"
# GitHub's own limits. Source: https://docs.github.com/en/rest/checks/runs
A_REQUEST = 50  # annotations
TITLE_LIMIT = 255  # characters of an annotation's title
MESSAGE_LIMIT = 16_000  # characters: of four bytes each they fill the 64 KB that a message may have


@dataclass(frozen=True)
class Check:
    """A check run as it is to be; `external_id` is how we know our own."""

    sha: str
    name: str
    external_id: str
    conclusion: str
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()

    @property
    def says(self) -> tuple[str | None, ...]:
        """What it says in all, beside its annotations."""
        return self.conclusion, self.title, self.summary

    @property
    def output(self) -> dict[str, Any]:
        """What GitHub shows of it, without the annotations."""
        return {"title": self.title, "summary": self.summary}


@dataclass(frozen=True)
class _Run:
    """A check run as it is on GitHub: what it says, and how many annotations it has."""

    id: int
    url: str
    says: tuple[str | None, ...]
    count: int

    @classmethod
    def of(cls, data: Any) -> "_Run":
        """Take a run over; what is none breaks off the call."""
        output = data["output"]
        says = (data["conclusion"], output["title"], output["summary"])
        return cls(int(data["id"]), str(data["html_url"]), says, int(output["annotations_count"]))


def check_run(access: Access, sha: str, name: str, external_id: str) -> int | None:
    """Find the newest of our own check runs of a commit, on whichever page it is."""
    deed = Deed(f"read the check runs of {sha[:7]} in {access.name}", READ_CHECKS)
    commit = access.repo.get_commit(sha)

    def send() -> int | None:
        runs = commit.get_check_runs(check_name=name, filter="all")
        return max((run.id for run in runs if run.external_id == external_id), default=None)

    return access.call(deed, send)


def write_check(access: Access, check: Check, existing_id: int | None) -> str:
    """Write a check run and give its address.

    GitHub adds the annotations of an update to those that are there. So a run that has other ones is left as it
    is, and a new one of the same name takes its place: GitHub shows the latest of a name. One that was cut off in the
    middle of its annotations gets the rest, and one that only says something else is made to say this.
    """
    existing = None if existing_id is None else _read(access, existing_id)
    written = _written(access, existing, check) if existing else None
    if existing is None or written is None:
        run, written = _create(access, check, existing_id or 0), A_REQUEST
    else:
        run = existing if existing.says == check.says else _update(access, existing, check)
    for start in range(written, len(check.annotations), A_REQUEST):
        _append(access, run, check, start)
    return run.url


def _read(access: Access, run_id: int) -> _Run:
    deed, url = Deed(f"read a check run of {access.name}", READ_CHECKS), f"{access.repo.url}/check-runs/{run_id}"

    def send() -> _Run:
        _, data = access.repo.requester.requestJsonAndCheck("GET", url)
        return _Run.of(data)

    return access.call(deed, send)


def _by_id(access: Access, run_id: int) -> CheckRun:
    """Name a run below the address that we call: its own may be that of another door of the same server."""
    return CheckRun(access.repo.requester, url=f"{access.repo.url}/check-runs/{run_id}")


def _written(access: Access, run: _Run, check: Check) -> int | None:
    """Tell how many of a check's annotations a run has, from the first one on; None where it has other ones."""
    if run.count > len(check.annotations):
        return None
    if not run.count:
        return 0
    deed = Deed(f"read the annotations of a check run of {access.name}", READ_CHECKS)
    found = access.call(deed, lambda: list(map(_said, _by_id(access, run.id).get_annotations())))
    return run.count if found == list(map(_remark, check.annotations[: run.count])) else None


def _update(access: Access, run: _Run, check: Check) -> _Run:
    changes = {"status": "completed", "conclusion": check.conclusion, "output": check.output}
    access.ask(_writing(access, check), "PATCH", f"/check-runs/{run.id}", changes, about={"id": run.id})
    return run


def _create(access: Access, check: Check, after: int) -> _Run:
    """Create a run once: where the reply was lost, look for a run newer than `after` before creating again."""
    try:
        return _create_now(access, check)
    except NoAnswerError:
        newest = check_run(access, check.sha, check.name, check.external_id) or 0
        return _read(access, newest) if newest > after else _create_now(access, check)


def _create_now(access: Access, check: Check) -> _Run:
    made = {
        "name": check.name,
        "head_sha": check.sha,
        "external_id": check.external_id,
        "status": "completed",
        "conclusion": check.conclusion,
        "output": _output(check, 0),
    }

    def send() -> _Run:
        _, data = access.repo.requester.requestJsonAndCheck("POST", f"{access.repo.url}/check-runs", input=made)
        return _Run.of(data)

    return access.call(_writing(access, check), send, repeatable=False)


def _append(access: Access, run: _Run, check: Check, start: int) -> None:
    """Add the annotations from `start` on once: where the reply was lost, look how many are there."""
    deed, path, more = _writing(access, check), f"/check-runs/{run.id}", {"output": _output(check, start)}
    try:
        access.ask(deed, "PATCH", path, more, about={"id": run.id}, repeatable=False)
    except NoAnswerError:
        if _read(access, run.id).count <= start:
            access.ask(deed, "PATCH", path, more, about={"id": run.id}, repeatable=False)


def _writing(access: Access, check: Check) -> Deed:
    return Deed(f"write the check {check.name!r} of {check.sha[:7]} in {access.name}", WRITE_CHECKS)


def _output(check: Check, start: int) -> dict[str, Any]:
    return check.output | {"annotations": list(map(_remark, check.annotations[start : start + A_REQUEST]))}


def _remark(annotation: Annotation) -> dict[str, str | int]:
    return {
        "path": annotation.path,
        "start_line": annotation.start,
        "end_line": annotation.end,
        "annotation_level": annotation.level,
        "title": _cut(annotation.title, TITLE_LIMIT),
        "message": _cut(annotation.message, MESSAGE_LIMIT),
    }


def _said(found: CheckRunAnnotation) -> dict[str, str | int]:
    return {
        "path": found.path,
        "start_line": found.start_line,
        "end_line": found.end_line,
        "annotation_level": found.annotation_level,
        "title": found.title or "",
        "message": found.message,
    }


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
