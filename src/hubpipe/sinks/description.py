"""Turn a CommentEffect into a part of the pull request's own description, between markers."""

from typing import TYPE_CHECKING

from hubpipe.decide import CommentEffect, News
from hubpipe.render import Refusal, held, lasting, spliced, taken_off
from hubpipe.sinks.newer import left_alone
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

UP_TO_DATE = "the description is up to date"
WROTE = "wrote into the description"
TOOK_OFF = "took its part off the description"


def publish(effect: CommentEffect, target: Target, github: "GitHub") -> Outcome:
    """Put the text into the description as it is now, or take it off; what people wrote stays as it is."""
    now = github.pull(target.repo, target.number)
    there = held(now.body, effect.flow)
    # The pull request's author can write any time into the description: nothing there is believed.
    reason = left_alone(effect, now, None)
    if reason is not None:
        return reason
    if effect.holds and there is not None and lasting(there) == lasting(effect.body):
        return Outcome(effect.kind, True, UP_TO_DATE, now.url)
    new = _new(effect, now.body)
    if isinstance(new, Refusal):
        return Outcome(effect.kind, False, new.value, now.url)
    if new == now.body:
        return Outcome(effect.kind, True, UP_TO_DATE, now.url)
    github.edit_description(target.repo, target.number, new)
    news: News = "edited" if there is not None else "new"
    return Outcome(effect.kind, True, WROTE if effect.holds else TOOK_OFF, now.url, news=news)


def _new(effect: CommentEffect, description: str) -> str | Refusal:
    if not effect.holds:
        return taken_off(description, effect.flow)
    return spliced(description, effect.flow, effect.body) if effect.body.strip() else Refusal.NO_ROOM
