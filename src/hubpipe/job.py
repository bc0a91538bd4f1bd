"""Turn a flow and an event into one piece of work, with what GitHub knows of the labels."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hubpipe.choices import USUAL_LABELS, choices
from hubpipe.config import Flow, Step
from hubpipe.decide import LabelState
from hubpipe.event import BOT, Event, Label
from hubpipe.redaction import FORMS, Redaction

if TYPE_CHECKING:
    from hubpipe.github import GitHub


@dataclass(frozen=True)
class Job:
    """One flow on one event.

    `describing` are the flows that write into descriptions.
    """

    name: str
    flow: Flow
    event: Event
    github: "GitHub | None"
    describing: frozenset[str] = frozenset()
    redaction: Redaction = FORMS

    @cached_property
    def repository_labels(self) -> tuple[Label, ...]:
        """The repository's labels, asked for once; GitHub's usual ones where there is nobody to ask."""
        return self.github.labels(self.event.repo) if self.github else USUAL_LABELS

    def labels(self, step: Step) -> tuple[Label, ...]:
        """Give the labels that a step chooses from."""
        return choices(step, lambda: self.repository_labels)

    def label_state(self) -> LabelState:
        """Ask GitHub what is on the subject and who put it there; the event's own word without a token."""
        subject = self.event.subject
        if subject is None or subject.number is None or self.flow.publish.labels is None:
            return LabelState()
        if self.github is None:
            return LabelState(present=subject.labels)
        repo, number = self.event.repo, subject.number
        return LabelState(
            present=self.github.labels_of(repo, number),
            history=self.github.label_changes(repo, number),
            existing=self.repository_labels,
            me=bot(self.github.login()),
            respects_undo=self.flow.command is None and not self.flow.publish.labels.remove_stale,
        )


def bot(login: str) -> str | None:
    """Give a login that is a bot's; None for a person's."""
    return login if login.endswith(BOT) else None
