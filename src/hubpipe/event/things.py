"""What GitHub holds, as far as hubpipe reads it: events, their subjects, and what belongs to those."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

SubjectKind = Literal["issue", "pull_request", "discussion", "push", "release"]
# How the login of every GitHub App ends, that of Actions' own token included.
BOT = "[bot]"


@dataclass(frozen=True)
class Label:
    """A label of a repository."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class LabelChange:
    """One `labeled` or `unlabeled` entry of a subject's history; `actor` is None for a deleted user."""

    label: str
    added: bool
    actor: str | None


@dataclass(frozen=True)
class Comment:
    """A comment on a subject; `author` is None for a deleted user.

    `association` is what GitHub says its author is to the repository: OWNER, MEMBER, COLLABORATOR and so on.
    `by_app` tells that GitHub calls the author a bot, or that an app wrote it for a person.
    """

    id: int
    author: str | None
    body: str
    url: str = ""
    association: str = ""
    by_app: bool = False

    @property
    def by_bot(self) -> bool:
        """Tell whether a program wrote it, also one that writes in a person's name."""
        return self.by_app or (self.author or "").endswith(BOT)


@dataclass(frozen=True)
class Commit:
    """A commit's SHA and its whole message."""

    sha: str
    message: str


@dataclass(frozen=True)
class ChangedFile:
    """A file that a pull request changes; `patch` is None where GitHub gives none (binary or large).

    `sha` is Git's id of the file's contents after the change (of those before it, where the file is removed).
    """

    path: str
    status: str
    additions: int
    deletions: int
    patch: str | None = None
    contents: str | None = None
    previous_path: str | None = None
    sha: str | None = None


@dataclass(frozen=True)
class LinkedIssue:
    """An issue that a pull request says it closes."""

    number: int
    title: str
    repo: str


@dataclass(frozen=True)
class KnownIssue:
    """An issue of the repository as it is now; `updated_at` is ISO 8601, in UTC."""

    number: int
    title: str
    body: str
    labels: tuple[str, ...]
    url: str
    open: bool
    updated_at: str


@dataclass(frozen=True)
class Changes:
    """Issues that changed since a moment.

    `until` (ISO 8601) is the last change that was looked at, `whole` says that none after it is left out, nor before.
    """

    issues: tuple[KnownIssue, ...] = ()
    until: str | None = None
    whole: bool = True


@dataclass(frozen=True)
class MergedPull:
    """A merged pull request that a release holds; `author` is None for a deleted user."""

    number: int
    title: str
    body: str
    author: str | None
    labels: tuple[str, ...]
    url: str


@dataclass(frozen=True)
class Annotation:
    """A remark on lines of a file of a commit, from `start` to `end`, both counted from 1."""

    path: str
    start: int
    end: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True)
class Attachment:
    """An image or a sound that somebody put into a text; `kind` is "images" or "audio", as the input's name is."""

    # How its bytes stand in JSON, where a stage of a run is kept.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    kind: str
    url: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Material:
    """What GitHub holds of a subject beyond the payload, as far as a flow's input asks for it.

    `attributes` is the text of the base branch's `.gitattributes`, read with the files. `unread` says in words
    what was asked for and could not be read, `remarks` what else there is to know of it.
    """

    comments: tuple[Comment, ...] = ()
    commits: tuple[Commit, ...] = ()
    files: tuple[ChangedFile, ...] = ()
    attributes: str = ""
    linked: tuple[LinkedIssue, ...] = ()
    pulls: tuple[MergedPull, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    unread: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """The thing an event is about: an issue, a pull request, a discussion, a push or a release.

    `number` is None for a push and a release. `labels` are the names at the time of the event. `head_sha` is
    known for pull requests and pushes, the refs (branch names) for pull requests. `commits` come
    with a push only, `tag` and `release_id` with a release only.
    """

    kind: SubjectKind
    number: int | None
    title: str
    body: str
    author: str | None = None
    labels: tuple[str, ...] = ()
    url: str = ""
    head_sha: str | None = None
    from_fork: bool = False
    changed_files: int | None = None
    additions: int | None = None
    deletions: int | None = None
    commits: tuple[Commit, ...] = ()
    base_ref: str = ""
    head_ref: str = ""
    draft: bool = False
    open: bool = True
    tag: str | None = None
    release_id: int | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened on GitHub, as one shape for every kind of it.

    `kind` is the webhook's name, `action` its activity type (None where the kind has none).
    `subject` is None for events about no one thing (a schedule, a manual dispatch).
    `comment` is the comment that the event brings, on the subject. `label` is the one that was set or taken
    off, where that is what happened.
    """

    kind: str
    action: str | None
    repo: str
    subject: Subject | None
    comment: Comment | None = None
    actor: str | None = None
    label: str | None = None

    @property
    def name(self) -> str:
        """`issues.opened`, or the kind alone."""
        return f"{self.kind}.{self.action}" if self.action else self.kind


@dataclass(frozen=True)
class Declined:
    """An event that hubpipe has no use for."""

    kind: str
