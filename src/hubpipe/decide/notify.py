"""Turn a flow's `notify` and an event into a notification, of which render writes the words."""

from hubpipe.config import NotifyTarget, Publish
from hubpipe.decide.effects import NotifyEffect
from hubpipe.event import Event

# What changes a thing that was there before; a new commit does.
EDITS = frozenset({"edited", "synchronize"})


def notify_effect(flow: str, publish: Publish, target: NotifyTarget, event: Event) -> NotifyEffect:
    """Plan a notification; whether there is news, the flow's other effects tell once they are done."""
    lasting = (publish.labels, publish.comment, publish.check, publish.release)
    return NotifyEffect(
        flow=flow,
        variables=target.variables,
        service=target.service,
        template=target.template,
        alone=all(one is None for one in lasting),
        by_labels=target.labels is not None and publish.labels is not None,
        edited=event.action in EDITS,
        edits=target.edits,
    )
