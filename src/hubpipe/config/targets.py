"""Where a flow's results go, and how: labels, a comment, a check run, a release's notes, a chat, the job summary."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hubpipe.config.notify import NotifyTarget
from hubpipe.config.section import Bool, Section, Some


def targets(value: Any) -> Any:
    """Read `[labels, {comment: {...}}]` as one mapping of target to its settings."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        items = [item if isinstance(item, dict) else {str(item): {}} for item in value]
        names = [name for item in items for name in item]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice[0]} stands twice: write it once, with its settings")
        value = {name: settings for item in items for name, settings in item.items()}
    if isinstance(value, dict):
        return {name: {} if settings is None else settings for name, settings in value.items()}
    return value


class LabelsTarget(Section):
    """Put the chosen labels on the issue or pull request."""

    create: Bool = False
    """Make a label that the repository does not have yet."""
    remove_stale: Bool = False
    """Take back labels of this flow that hubpipe itself set and that no longer hold."""


class CommentTarget(Section):
    """Keep one comment, edited in place."""

    template: str | None = None
    """A Jinja2 template of the comment's body; every value in it is neutralised."""
    mode: Literal["comment", "description"] = "comment"
    """A comment of its own, or a part between markers at the end of the pull request's own description."""
    drafts: Bool = False
    """Comment on a draft, too; without it a draft is left alone until it is ready for review."""


class CheckTarget(Section):
    """Make a check run on the pull request's head commit, with annotations on the lines."""

    name: Annotated[str, Some] | None = Field(default=None, max_length=100)
    """What the check is called; `hubpipe / ` and the flow's name where it is not given."""
    level: Literal["notice", "warning", "failure"] = "notice"
    """How an annotation is shown."""
    fail: Bool = False
    """Conclude with failure when a label is found, so that the check can block a merge; else neutral."""


class ReleaseTarget(Section):
    """Keep the notes between markers at the end of the release's own description."""


class SummaryTarget(Section):
    """Only the job summary and the outputs, which every run writes."""


class Publish(Section):
    """Where the results go."""

    labels: LabelsTarget | None = None
    """Labels on the issue or pull request."""
    comment: CommentTarget | None = None
    """One comment, edited in place."""
    check: CheckTarget | None = None
    """A check run on a pull request's head commit, with annotations on the lines."""
    release: ReleaseTarget | None = None
    """The notes of a release, in its own description."""
    notify: NotifyTarget | None = None
    """A message to a chat, or to any server that takes JSON."""
    summary: SummaryTarget | None = None
    """Only the job summary and the outputs, which every run writes."""


Target = Literal["labels", "comment", "check", "release", "summary"]
