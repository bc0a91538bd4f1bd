"""Turn the Effects of a Plan into changes on GitHub, each into an Outcome."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from hubpipe.decide import CheckEffect, CommentEffect, Effect, LabelsEffect, ReleaseEffect
from hubpipe.sinks import check, comment, description, labels, release
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

Publish: TypeAlias = Callable[[Effect, Target], Outcome]


def to_github(github: "GitHub") -> Publish:
    """Give the sink that writes to GitHub."""

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

    return publish


__all__ = ["Outcome", "Publish", "Target", "to_github"]
