"""Turn Effects into words only: what would be done."""

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
from hubpipe.sinks import labels
from hubpipe.sinks.outcome import Outcome, Target

WOULD = "dry run, would have {what}"


def publish(effect: Effect, target: Target) -> Outcome:
    """Say what would be done, and do nothing."""
    return Outcome(effect.kind, False, WOULD.format(what=_words(effect, target)))


def _words(effect: Effect, target: Target) -> str:
    match effect:
        case LabelsEffect():
            return f"{labels.describe(effect)} on #{target.number}"
        case CommentEffect(mode="description", holds=False):
            return f"taken its part off the description of #{target.number}"
        case CommentEffect(mode="description"):
            return f"kept a part of the description of #{target.number}"
        case CommentEffect():
            return f"kept one comment on #{target.number}"
        case CheckEffect():
            return f"kept the check run {effect.name!r} of {effect.head[:7]}, {effect.conclusion}: {effect.title}"
        case ReleaseEffect():
            return f"kept the notes of release {effect.release_id}"
        case NotifyEffect():
            return f"notified by {', '.join(effect.variables)} of what is new"
        case RemovalEffect():
            return f"removed the comment of {effect.flow} on #{target.number}"
        case ReactionEffect():
            return f"reacted with {effect.content} on #{target.number}"
