"""Turn a webhook's name and payload into an Event."""

import re
from typing import Any

from hubpipe.errors import EventError
from hubpipe.event.things import Comment, Commit, Declined, Event, Subject, SubjectKind

# The name becomes part of API addresses, so nothing but GitHub's own characters may stand in it.
REPOSITORY = re.compile(r"[A-Za-z0-9_-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+")


def parse(kind: str, payload: object, repo: str | None = None) -> Event | Declined:
    """Read a payload that GitHub sent under the event name `kind`.

    `repo` ("owner/name") is used where the payload names none (a schedule).
    Raises EventError when the payload is not an object or lacks what the kind is about.
    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
    """
    read_subject = SUBJECTS.get(kind)
    if read_subject is None:
        return Declined(kind)
    if not isinstance(payload, dict):
        raise EventError(f"the payload of {kind} is not a JSON object: give the event exactly as GitHub sent it")
    subject = read_subject(payload)
    sender = _object(payload, "sender")
    return Event(
        kind=kind,
        action=_text(payload, "action") or None,
        repo=_repository(kind, payload, repo),
        subject=subject,
        comment=_comment(payload),
        actor=_login(sender),
        label=_text(_object(payload, "label"), "name") or None,
    )


def _repository(kind: str, payload: dict[str, Any], given: str | None) -> str:
    name = given or _text(_object(payload, "repository"), "full_name")
    if given and not REPOSITORY.fullmatch(given):
        raise EventError(f"{given!r} is no repository: write --repo OWNER/NAME")
    if not REPOSITORY.fullmatch(name):
        raise EventError(
            f"the payload of {kind} names no repository (repository.full_name): name it with --repo OWNER/NAME"
        )
    return name


def _issue(payload: dict[str, Any]) -> Subject:
    issue = _required(payload, "issue")
    kind: SubjectKind = "pull_request" if issue.get("pull_request") else "issue"
    return _numbered(kind, issue)


def _pull_request(payload: dict[str, Any]) -> Subject:
    pull = _required(payload, "pull_request")
    head, base = _object(pull, "head"), _object(pull, "base")
    head_repo = _text(_object(head, "repo"), "full_name")
    return _numbered(
        "pull_request",
        pull,
        head_sha=_text(head, "sha") or None,
        from_fork=head_repo != _text(_object(base, "repo"), "full_name"),
        changed_files=_count(pull, "changed_files"),
        additions=_count(pull, "additions"),
        deletions=_count(pull, "deletions"),
        base_ref=_text(base, "ref"),
        head_ref=_text(head, "ref"),
        draft=pull.get("draft") is True,
    )


def _discussion(payload: dict[str, Any]) -> Subject:
    return _numbered("discussion", _required(payload, "discussion"))


def _push(payload: dict[str, Any]) -> Subject:
    commits = tuple(
        Commit(sha=_text(commit, "id"), message=_text(commit, "message")) for commit in _objects(payload, "commits")
    )
    head = _object(payload, "head_commit")
    title, _, body = _text(head, "message").partition("\n")
    return Subject(
        kind="push",
        number=None,
        title=title,
        body=body.strip(),
        author=_login(_object(payload, "sender")),
        url=_text(payload, "compare"),
        head_sha=None if payload.get("deleted") is True else _text(payload, "after") or None,
        commits=commits,
    )


def _release(payload: dict[str, Any]) -> Subject:
    release = _required(payload, "release")
    identifier = _count(release, "id")
    if identifier is None:
        raise EventError("the payload's release has no id: give the event exactly as GitHub sent it")
    tag = _text(release, "tag_name")
    return Subject(
        kind="release",
        number=None,
        title=_text(release, "name") or tag,
        body=_text(release, "body"),
        author=_login(_object(release, "author")),
        url=_text(release, "html_url"),
        tag=tag or None,
        release_id=identifier,
    )


def _nothing(payload: dict[str, Any]) -> None:
    return None


def _numbered(kind: SubjectKind, data: dict[str, Any], **more: Any) -> Subject:
    number = _count(data, "number")
    if number is None:
        raise EventError(f"the payload's {kind} has no number: give the event exactly as GitHub sent it")
    return Subject(
        kind=kind,
        number=number,
        title=_text(data, "title"),
        body=_text(data, "body"),
        author=_login(_object(data, "user")),
        labels=tuple(_text(label, "name") for label in _objects(data, "labels")),
        url=_text(data, "html_url"),
        open=_text(data, "state") != "closed",
        **more,
    )


def _comment(payload: dict[str, Any]) -> Comment | None:
    return comment(_object(payload, "comment"))


def comment(comment: dict[str, Any]) -> Comment | None:
    """Read a comment as an event brings it, and as a list of comments has it; None for what is none."""
    identifier = _count(comment, "id")
    if identifier is None:
        return None
    return Comment(
        id=identifier,
        author=_login(_object(comment, "user")),
        body=_text(comment, "body"),
        url=_text(comment, "html_url"),
        association=_text(comment, "author_association"),
        by_app=_text(_object(comment, "user"), "type") == "Bot" or bool(comment.get("performed_via_github_app")),
    )


def _login(user: dict[str, Any]) -> str | None:
    return _text(user, "login") or None


def _required(payload: dict[str, Any], key: str) -> dict[str, Any]:
    value = payload.get(key)
    if not isinstance(value, dict):
        raise EventError(f"the payload has no {key}: is --event the name of the event that it came with?")
    return value


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _objects(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _count(data: dict[str, Any], key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


SUBJECTS = {
    "issues": _issue,
    "issue_comment": _issue,
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
    "pull_request_review_comment": _pull_request,
    "discussion": _discussion,
    "discussion_comment": _discussion,
    "push": _push,
    "release": _release,
    "workflow_dispatch": _nothing,
    "schedule": _nothing,
    "workflow_run": _nothing,
}
