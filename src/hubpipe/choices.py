"""Turn a step and a repository's labels into the labels that a model chooses from."""

from collections.abc import Callable, Sequence

from hubpipe.config import Step
from hubpipe.event import Label
from hubpipe.models import phrases

# GitHub's labels of a new repository that tell what an issue is about, with GitHub's descriptions:
# https://docs.github.com/issues/using-labels-and-milestones-to-track-work/managing-labels#about-default-labels
USUAL_LABELS = (
    Label("bug", "Something isn't working"),
    Label("documentation", "Improvements or additions to documentation"),
    Label("enhancement", "New feature or request"),
    Label("question", "Further information is requested"),
)
# Labels that say what people decided; no text tells it.
PROCESS_LABELS = {"duplicate", "good first issue", "help wanted", "invalid", "wontfix"}


def choices(step: Step, of_repository: Callable[[], Sequence[Label]]) -> tuple[Label, ...]:
    """Give what a step chooses from: the labels that it names, or the repository's own where it needs some."""
    if step.labels is not None:
        return tuple(Label(name, description) for name, description in step.labels.items())
    if not step.chooses:
        return ()
    return _telling([label for label in of_repository() if label.name.casefold() not in PROCESS_LABELS])


def _telling(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Keep the labels that tell what kind of thing an issue is (bug, question, ...), where there are at least two.

    Among `priority: high`, `area/parser` and twenty more no model finds the kind without an example of each.
    """
    kinds: dict[str, Label] = {}
    for label in labels:
        kind = phrases.entry(label.name)
        if kind is not None:
            kinds.setdefault(kind, label)
    return tuple(kinds.values()) if len(kinds) > 1 else tuple(labels)
