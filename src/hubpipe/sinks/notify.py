"""Turn a NotifyEffect into messages at the addresses that the environment holds, when there is something new."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from hubpipe.decide import Effect, News, NotifyEffect
from hubpipe.errors import NotifyError
from hubpipe.sinks.addresses import address_of
from hubpipe.sinks.outcome import Outcome
from hubpipe.sinks.post import post
from hubpipe.sinks.webhooks import body_of, service_of

SECONDS = 30.0  # for all addresses together
# What is left for the run to tell of it.
MARGIN = 1.0

SENT = "sent to {names}"
NAMED = "{service} ({variable})"
AND = "; "
NOT_SENT = "{variable}: {reason}"
NOTHING_NEW = "nothing new to notify of"
AN_EDIT = "nothing new to notify of: it was edited (publish.notify.edits)"
RUN_AGAIN = (
    "not sent: this is another attempt of a run that may have sent it, and nothing that the flow publishes tells "
    "whether it did"
)
NOT_PUBLISHED = "not sent: what it would tell of could not be published"
UNSET = (
    "{variable} is not set, or empty: put the address into a secret of the repository, and give it to hubpipe's step "
    "by env, {variable}: ${{{{ secrets.{variable} }}}}"
)
NO_SECRETS = (
    "{variable} is not set: a pull request from a fork has no secrets on pull_request; notify on pull_request_target, "
    "or in two stages (docs/forks.md)"
)
NOWHERE = "not sent: there is nothing here to send it with"


@dataclass(frozen=True)
class Notifier:
    """What a door sends notifications with: `addresses` by the variables that hold them, never shown.

    `unset` says what to do where there is none for a variable; `secretless` that this is no fault of the workflow's.
    `again` tells that an earlier attempt of the same run may have sent them. `left` gives the run's seconds.
    """

    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)
    unset: str = UNSET
    secretless: bool = False
    again: bool = False
    left: Callable[[], float] = lambda: math.inf


def with_news(effect: Effect, outcomes: Iterable[Outcome]) -> Effect:
    """Tell a notification what the effects before it changed, or that they failed."""
    if not isinstance(effect, NotifyEffect):
        return effect
    done = tuple(one for one in outcomes if one.kind == "labels" or not effect.by_labels)
    if any(one.failed for one in done):
        return replace(effect, news="failed")
    # Each new commit has a check run of its own.
    kinds = {"edited" if one.kind == "check" and effect.edited else one.news for one in done if one.news}
    found: News = "new" if "new" in kinds else "edited" if kinds else ""
    return replace(effect, news=found)


def publish(effect: NotifyEffect, notifier: Notifier | None) -> Outcome:
    """Send a notification to each of its addresses, at most once; what is not sent is told, and never the address."""
    reason = _left_out(effect, notifier)
    if reason is not None:
        return reason
    if notifier is None:
        return Outcome(effect.kind, False, NOWHERE, failed=True)
    sent: list[str] = []
    faults: list[str] = []
    seconds = min(SECONDS, notifier.left() - MARGIN)
    for variable in effect.variables:
        try:
            sent.append(_sent(effect, variable, notifier, seconds / len(effect.variables)))
        except NotifyError as fault:
            faults.append(str(fault))
    told = ([SENT.format(names=", ".join(sent))] if sent else []) + faults
    unset = all(variable not in notifier.addresses for variable in effect.variables)
    forbidden = bool(faults) and notifier.secretless and unset
    return Outcome(effect.kind, not faults, AND.join(told), failed=bool(faults), forbidden=forbidden)


def _left_out(effect: NotifyEffect, notifier: Notifier | None) -> Outcome | None:
    """Give the outcome where nothing is to be sent."""
    if effect.news == "failed":
        return Outcome(effect.kind, False, NOT_PUBLISHED)
    if effect.alone:
        if effect.edited and not effect.edits:
            return Outcome(effect.kind, True, AN_EDIT)
        return Outcome(effect.kind, False, RUN_AGAIN) if notifier is not None and notifier.again else None
    news = effect.news == "new" or (effect.news == "edited" and effect.edits)
    return None if news else Outcome(effect.kind, True, NOTHING_NEW)


def _sent(effect: NotifyEffect, variable: str, notifier: Notifier, seconds: float) -> str:
    value = notifier.addresses.get(variable, "").strip()
    if not value:
        raise NotifyError((NO_SECRETS if notifier.secretless else notifier.unset).format(variable=variable))
    url = address_of(variable, value)
    service = effect.service or service_of(url.host)
    try:
        post(url, body_of(effect, service), seconds)
    except NotifyError as fault:
        raise NotifyError(NOT_SENT.format(variable=variable, reason=fault)) from None
    return NAMED.format(service=service, variable=variable)
