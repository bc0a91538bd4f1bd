"""Tell whether what a run found about a pull request is still to be written."""

from hubpipe.change import Memory
from hubpipe.decide import CommentEffect
from hubpipe.event import Subject
from hubpipe.sinks.outcome import Outcome

NEWER_COMMIT = "a newer commit is there: its own run writes the comment"
NEWER_RESULTS = "newer results are there: left alone"
CLOSED = "the pull request is closed: left alone"


def left_alone(effect: CommentEffect, now: Subject, there: Memory | None) -> Outcome | None:
    """Give the outcome where nothing is to be written, None where it is.

    `now` is the pull request as it is, `there` what the run remembered that wrote what is there. A command, which has
    seen nothing that could be outdated, is carried out whatever became of the pull request.
    """
    if effect.seen is None:
        return None
    if not now.open:
        return Outcome(effect.kind, False, CLOSED, now.url)
    if now.head_sha != effect.seen.head and effect.again:
        return Outcome(effect.kind, True, NEWER_COMMIT, now.url)
    if there is not None and there.read_at > effect.seen.read_at and there.head == now.head_sha:
        return Outcome(effect.kind, True, NEWER_RESULTS, now.url)
    return None
