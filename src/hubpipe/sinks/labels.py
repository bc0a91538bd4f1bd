"""Turn a LabelsEffect into labels on an issue or pull request."""

from typing import TYPE_CHECKING

from hubpipe.decide import LabelsEffect
from hubpipe.sinks.outcome import Outcome, Target

if TYPE_CHECKING:
    from hubpipe.github import GitHub


def publish(effect: LabelsEffect, target: Target, github: "GitHub") -> Outcome:
    """Make, add and remove labels; doing it again changes nothing."""
    for label in effect.create:
        github.create_label(target.repo, label.name, label.description)
    if effect.add:
        github.add_labels(target.repo, target.number, effect.add)
    for name in effect.remove:
        github.remove_label(target.repo, target.number, name)
    return Outcome(effect.kind, True, describe(effect))


def describe(effect: LabelsEffect) -> str:
    """Say a LabelsEffect in words."""
    parts = []
    if effect.add:
        parts.append("added " + ", ".join(effect.add))
    if effect.remove:
        parts.append("removed " + ", ".join(effect.remove))
    return "; ".join(parts) or "nothing to add or remove"
