"""Turn Effects into words only: what would be done."""

from hubpipe.decide import CommentEffect, Effect, LabelsEffect
from hubpipe.sinks import labels
from hubpipe.sinks.outcome import Outcome, Target


def publish(effect: Effect, target: Target) -> Outcome:
    """Say what would be done, and do nothing."""
    match effect:
        case LabelsEffect():
            return Outcome(effect.kind, False, f"dry run, would have {labels.describe(effect)} on #{target.number}")
        case CommentEffect():
            return Outcome(effect.kind, False, f"dry run, would have kept one comment on #{target.number}")
