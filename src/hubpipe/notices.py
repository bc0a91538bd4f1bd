"""Turn the environment into what a run may notify with, and into the secrets that its addresses are."""

from collections.abc import Mapping

from hubpipe.config import Config
from hubpipe.deadline import Deadline
from hubpipe.event import Event
from hubpipe.sinks import Notifier
from hubpipe.sinks.addresses import secrets_of

__all__ = ["addresses", "notifier", "secrets_of"]

ATTEMPT, EVENT = "GITHUB_RUN_ATTEMPT", "GITHUB_EVENT_NAME"
# The event on which a fork's pull request has no secrets.
SECRETLESS = "pull_request"


def addresses(settings: Config, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the addresses that a configuration names and the environment holds."""
    found = {name: environ.get(name, "").strip() for name in settings.variables}
    return {name: value for name, value in found.items() if value}


def notifier(held: Mapping[str, str], event: Event, environ: Mapping[str, str], deadline: Deadline) -> Notifier:
    """Give what a run in a workflow, or at a terminal, notifies with."""
    subject, attempt = event.subject, environ.get(ATTEMPT, "1")
    return Notifier(
        addresses=held,
        secretless=environ.get(EVENT) == SECRETLESS and subject is not None and subject.from_fork,
        again=attempt.isdecimal() and int(attempt) > 1,
        left=deadline.left,
    )
