"""Turn the Effects of a Plan into changes on GitHub and messages to chats, each into an Outcome."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from hubpipe.decide import (
    CheckEffect,
    CommentEffect,
    Effect,
    LabelsEffect,
    NotifyEffect,
    ReactionEffect,
    ReleaseEffect,
    RemovalEffect,
)
from hubpipe.errors import ForbiddenError, GitHubError, LockedError, TokenError
from hubpipe.sinks import check, comment, description, labels, notify, reaction, release, removal
from hubpipe.sinks.notify import Notifier, with_news
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

Publish: TypeAlias = Callable[[Effect, Target], Outcome]


def to_github(github: "GitHub", notifier: Notifier | None = None) -> Publish:
    """Give the sink that writes to GitHub, and notifies of it."""

    def publish(effect: Effect, target: Target) -> Outcome:
        match effect:
            case LabelsEffect():
                return labels.publish(effect, target, github)
            case CommentEffect(mode="description"):
                return description.publish(effect, target, github)
            case CommentEffect():
                return comment.publish(effect, target, github)
            case CheckEffect():
                return check.publish(effect, target, github)
            case ReleaseEffect():
                return release.publish(effect, target, github)
            case NotifyEffect():
                return notify.publish(effect, notifier)
            case RemovalEffect():
                return removal.publish(effect, target, github)
            case ReactionEffect():
                return reaction.publish(effect, target, github)

    return publish


def attempt(effect: Effect, target: Target, publish: Publish) -> Outcome:
    """Do one effect; what GitHub refuses or does not answer is its outcome."""
    try:
        return publish(effect, target)
    except LockedError as error:  # what maintainers decided, not what somebody must mend
        return Outcome(effect.kind, done=False, detail=str(error))
    except GitHubError as error:
        # A token that is known no more is not one that may not write.
        forbidden = isinstance(error, ForbiddenError) and not isinstance(error, TokenError)
        return Outcome(effect.kind, done=False, detail=str(error), failed=True, forbidden=forbidden)


__all__ = ["Notifier", "Outcome", "Publish", "Target", "attempt", "to_github", "with_news"]
