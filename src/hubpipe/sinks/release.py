"""Turn a ReleaseEffect into a part of the release's own description, between markers."""

from typing import TYPE_CHECKING

from hubpipe.decide import News, ReleaseEffect
from hubpipe.render import RELEASE_LIMIT, Refusal, held, spliced
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

UP_TO_DATE = "the release's notes are up to date"
WROTE = "wrote the release's notes"


def publish(effect: ReleaseEffect, target: Target, github: "GitHub") -> Outcome:
    """Put the notes into the release's description; what people wrote there stays as it is."""
    body, url = github.release(target.repo, effect.release_id)
    new = spliced(body, effect.flow, effect.body, RELEASE_LIMIT) if effect.body.strip() else Refusal.NO_ROOM
    if isinstance(new, Refusal):
        return Outcome(effect.kind, False, new.value, url)
    if new == body:
        return Outcome(effect.kind, True, UP_TO_DATE, url)
    github.edit_release(target.repo, effect.release_id, new)
    news: News = "edited" if held(body, effect.flow) is not None else "new"
    return Outcome(effect.kind, True, WROTE, url, news=news)
