"""Turn a ReactionEffect into a reaction on the comment that gave a command."""

from typing import TYPE_CHECKING

from hubpipe.decide import ReactionEffect
from hubpipe.errors import MissingError
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

REACTED = "reacted with {content}"
GONE = "there is no comment any more to react on"


def publish(effect: ReactionEffect, target: Target, github: "GitHub") -> Outcome:
    """React; GitHub keeps one reaction of a kind, so that doing it again changes nothing."""
    try:
        github.react(target.repo, target.number, effect.comment, effect.content)
    except MissingError:
        return Outcome(effect.kind, True, GONE)
    return Outcome(effect.kind, True, REACTED.format(content=effect.content))
