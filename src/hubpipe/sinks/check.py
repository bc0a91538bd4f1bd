"""Turn a CheckEffect into a check run on a pull request's head commit."""

from typing import TYPE_CHECKING

from hubpipe.decide import CheckEffect, News
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

EXTERNAL_ID = "hubpipe:{flow}"
MADE = "made a check run: {title}"
KEPT = "kept the check run: {title}"


def publish(effect: CheckEffect, target: Target, github: "GitHub") -> Outcome:
    """Make the check run, or bring the one that is there up to date; an equal one is left alone."""
    own = EXTERNAL_ID.format(flow=effect.flow)
    existing = github.check_run(target.repo, effect.head, effect.name, own)
    url = github.write_check(
        target.repo,
        effect.head,
        effect.name,
        own,
        effect.conclusion,
        effect.title,
        effect.summary,
        effect.annotations,
        existing,
    )
    said = MADE if existing is None else KEPT
    news: News = "new" if existing is None else ""
    return Outcome(effect.kind, True, said.format(title=effect.title), url, news=news)
