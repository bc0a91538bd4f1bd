"""Turn a CommentEffect into the flow's one comment, edited in place."""

from typing import TYPE_CHECKING

from hubpipe.decide import CommentEffect
from hubpipe.render import marker
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub


def publish(effect: CommentEffect, target: Target, github: "GitHub") -> Outcome:
    """Post the comment, or edit the one that is there; an equal one is left alone."""
    mark = marker(effect.flow)
    existing = github.own_comment(target.repo, target.number, mark)
    if existing is None and not effect.holds:
        return Outcome(effect.kind, True, "there is no comment any more")
    if existing is None:
        posted = github.create_comment(target.repo, target.number, effect.body, mark)
        return Outcome(effect.kind, True, "posted a comment", posted.url)
    if _equal(existing.body, effect.body):
        return Outcome(effect.kind, True, "the comment is up to date", existing.url)
    edited = github.edit_comment(target.repo, existing.id, effect.body, target.number)
    return Outcome(effect.kind, True, "edited the comment", edited.url)


def _equal(one: str, other: str) -> bool:
    # GitHub stores line ends as it likes and trims the end of a body.
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
