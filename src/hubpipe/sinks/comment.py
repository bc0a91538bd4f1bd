"""Turn a CommentEffect into the flow's one comment, edited in place."""

from typing import TYPE_CHECKING

from hubpipe.change.memory import recalled
from hubpipe.decide import CommentEffect
from hubpipe.errors import MissingError
from hubpipe.event import Comment
from hubpipe.render import lasting, marker
from hubpipe.sinks.newer import left_alone
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

POSTED = "posted a comment"
EDITED = "edited the comment"
UP_TO_DATE = "the comment is up to date"
GONE = "there is no comment any more"


def publish(effect: CommentEffect, target: Target, github: "GitHub") -> Outcome:
    """Post the comment, or edit the one that is there; an equal one, or one of a newer run, is left alone."""
    existing = github.only_comment(target.repo, target.number, marker(effect.flow))
    if existing is None and not effect.holds:
        return Outcome(effect.kind, True, GONE)
    reason = _newer(effect, target, existing, github)
    if reason is not None:
        return reason
    return _posted(effect, target, github) if existing is None else _edited(effect, target, existing, github)


def _posted(effect: CommentEffect, target: Target, github: "GitHub") -> Outcome:
    there = github.create_comment(target.repo, target.number, effect.body, marker(effect.flow))
    if lasting(there.body) == lasting(effect.body):
        return Outcome(effect.kind, True, POSTED, there.url, news="new")
    # Another run has written at the same time, and its comment is the older one.
    reason = _newer(effect, target, there, github)
    if reason is not None:
        return reason
    edited = github.edit_comment(target.repo, there.id, effect.body, target.number)
    return Outcome(effect.kind, True, EDITED, edited.url, news="edited")


def _edited(effect: CommentEffect, target: Target, existing: Comment, github: "GitHub") -> Outcome:
    if lasting(existing.body) == lasting(effect.body):
        return Outcome(effect.kind, True, UP_TO_DATE, existing.url)
    try:
        edited = github.edit_comment(target.repo, existing.id, effect.body, target.number)
    except MissingError:  # somebody has just deleted it
        return _posted(effect, target, github) if effect.holds else Outcome(effect.kind, True, GONE)
    return Outcome(effect.kind, True, EDITED, edited.url, news="edited")


def _newer(effect: CommentEffect, target: Target, there: Comment | None, github: "GitHub") -> Outcome | None:
    """Give the outcome where what is there, or the pull request as it is now, keeps the text from being written."""
    if effect.seen is None:
        return None
    now = github.pull(target.repo, target.number)
    return left_alone(effect, now, recalled(there.body) if there is not None else None)
