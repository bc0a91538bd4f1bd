"""Turn a CommentEffect into the flow's one comment, edited in place."""

from typing import TYPE_CHECKING

from hubpipe.change.memory import recalled
from hubpipe.decide import CommentEffect
from hubpipe.render import lasting, marker
from hubpipe.sinks.newer import left_alone
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub


def publish(effect: CommentEffect, target: Target, github: "GitHub") -> Outcome:
    """Post the comment, or edit the one that is there; an equal one, or one of a newer run, is left alone."""
    mark = marker(effect.flow)
    existing = github.own_comment(target.repo, target.number, mark)
    if existing is None and not effect.holds:
        return Outcome(effect.kind, True, "there is no comment any more")
    if effect.seen is not None:
        now = github.pull(target.repo, target.number)
        there = recalled(existing.body) if existing is not None else None
        reason = left_alone(effect, now, there)
        if reason is not None:
            return reason
    if existing is None:
        posted = github.create_comment(target.repo, target.number, effect.body, mark)
        return Outcome(effect.kind, True, "posted a comment", posted.url)
    if lasting(existing.body) == lasting(effect.body):
        return Outcome(effect.kind, True, "the comment is up to date", existing.url)
    edited = github.edit_comment(target.repo, existing.id, effect.body, target.number)
    return Outcome(effect.kind, True, "edited the comment", edited.url)
