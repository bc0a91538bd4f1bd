"""Turn a LabelsEffect into labels on an issue or pull request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hubpipe.decide import LabelsEffect, News
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub

# GitHub would make it anew, and whoever deleted it does not want that.
DELETED = "{names}: the repository does not have it any more, so it stays away"


def publish(effect: LabelsEffect, target: Target, github: "GitHub") -> Outcome:
    """Make, add and remove labels; doing it again changes nothing."""
    made = {label.name for label in effect.create}
    for label in effect.create:
        github.create_label(target.repo, label.name, label.description)
    deleted = [name for name in effect.add if name not in made and not github.has_label(target.repo, name)]
    added = [name for name in effect.add if name not in deleted]
    if added:
        github.add_labels(target.repo, target.number, added)
    for name in effect.remove:
        github.remove_label(target.repo, target.number, name)
    news: News = "new" if added else "edited" if effect.remove else ""
    return Outcome(effect.kind, True, _told(added, effect.remove, deleted), news=news)


def describe(effect: LabelsEffect) -> str:
    """Say a LabelsEffect in words."""
    return _told(effect.add, effect.remove)


def _told(added: Sequence[str], removed: Sequence[str], deleted: Sequence[str] = ()) -> str:
    parts = []
    if added:
        parts.append("added " + ", ".join(added))
    if removed:
        parts.append("removed " + ", ".join(removed))
    if deleted:
        parts.append(DELETED.format(names=", ".join(deleted)))
    return "; ".join(parts) or "nothing to add or remove"
