"""Turn a RemovalEffect into a comment less."""

from typing import TYPE_CHECKING

from hubpipe.decide import RemovalEffect
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

REMOVED = "removed the comment of {flow}"


def publish(effect: RemovalEffect, target: Target, github: "GitHub") -> Outcome:
    """Remove one of hubpipe's own comments; one that is gone is fine."""
    github.remove_comment(target.repo, target.number, effect.comment)
    return Outcome(effect.kind, True, REMOVED.format(flow=effect.flow))
