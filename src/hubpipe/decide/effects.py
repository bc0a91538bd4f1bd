"""What a flow may do besides labels: a comment, a check run, a release's notes, a notification; and a command."""

from dataclasses import dataclass, field
from typing import Literal

from hubpipe.config.notify import Service
from hubpipe.event import Annotation
from hubpipe.models.base import Score

News = Literal["", "new", "edited", "failed"]


@dataclass(frozen=True)
class Seen:
    """The commit of a pull request that was read, and when (seconds since 1970)."""

    head: str
    read_at: float


@dataclass(frozen=True)
class CommentEffect:
    """One comment of a flow, found again by its marker; `body` is written by render.py.

    `holds` is False where an earlier comment is there and nothing is to be said any more. With `mode`
    "description" the body is kept between markers inside the pull request's description instead.
    `seen` is what was read of a pull request: newer results are not written over, and a closed one is left alone.
    `again` tells that a newer commit brings a run of its own.
    """

    flow: str
    template: str | None = None
    body: str = ""
    holds: bool = True
    mode: Literal["comment", "description"] = "comment"
    seen: Seen | None = None
    again: bool = False
    kind: Literal["comment"] = "comment"


@dataclass(frozen=True)
class CheckEffect:
    """A check run of a flow on a pull request's head commit; its texts are written by render.py."""

    flow: str
    head: str
    name: str
    conclusion: Literal["success", "neutral", "failure"]
    title: str = ""
    summary: str = ""
    annotations: tuple[Annotation, ...] = ()
    kind: Literal["check"] = "check"


@dataclass(frozen=True)
class RemovalEffect:
    """One of hubpipe's own comments, of the flow that wrote it, which goes."""

    flow: str
    comment: int
    kind: Literal["removal"] = "removal"


@dataclass(frozen=True)
class ReactionEffect:
    """A reaction on the comment that gave a command."""

    comment: int
    content: Literal["eyes", "+1", "confused"]
    kind: Literal["reaction"] = "reaction"


@dataclass(frozen=True)
class ReleaseEffect:
    """Notes that are kept between markers inside a release's own description; `body` is written by render.py."""

    flow: str
    release_id: int
    body: str = ""
    kind: Literal["release"] = "release"


@dataclass(frozen=True)
class Notice:
    """What a notification tells: `lines` are the message, `title`, `labels` and `summary` what it is made of.

    Every text of a stranger or a model in it is one line of plain text that no chat acts on. `url` is GitHub's own.
    """

    repository: str = ""
    kind: str = ""
    number: int | None = None
    title: str = ""
    url: str = ""
    labels: tuple[Score, ...] = ()
    summary: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotifyEffect:
    """A message to the addresses that some variables of the environment hold; `notice` is written by render.py.

    `alone` tells that the flow leaves nothing on GitHub by which a later run could see that it told of this before,
    `by_labels` that it tells of labels alone, which no later run finds new, whatever became of a comment. `edited`
    tells that the event is a change of what was there, `edits` that such are told of as well. `news` is what the
    flow's other effects changed, known once they are done.
    """

    flow: str
    variables: tuple[str, ...]
    service: Service | None = None
    template: str | None = None
    notice: Notice = field(default_factory=Notice)
    alone: bool = False
    by_labels: bool = False
    edited: bool = False
    edits: bool = False
    news: News = ""
    kind: Literal["notify"] = "notify"
