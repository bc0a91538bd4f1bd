"""Turn the bytes that a webhook brings into a Delivery, or into why there is none.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from hubpipe.errors import EventError
from hubpipe.event import Declined, Event, parse
from hubpipe.redaction import FORMS, Redaction

# GitHub's own cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
MOST_BYTES = 25 * 1024 * 1024
IDENTIFIER = re.compile(r"[0-9A-Za-z-]{1,100}")
ACTION = re.compile(r"\w{1,100}", re.ASCII)
JSON = "application/json"
SIGNATURE = "sha256="
BOT = "Bot"
# What a bot may bring about: something new to read. Nothing of it is what hubpipe itself does, so that no effect of
# hubpipe's, and no comment or label of another bot in answer to one, is ever handled (docs/adr/0018-the-bot.md).
NEW = {
    "issues": frozenset({"opened"}),
    "pull_request": frozenset({"opened", "synchronize", "ready_for_review"}),
    "discussion": frozenset({"created"}),
    "release": frozenset({"published", "released", "prereleased"}),
    "push": frozenset({None}),
}
# What hubpipe itself does, beside comments, which it knows by their marker. With a person's token all of it is that
# person's, and only the worker knows whose token it has.
OWN = {
    "issues": frozenset({"labeled", "unlabeled"}),
    "pull_request": frozenset({"labeled", "unlabeled", "edited"}),
    "pull_request_target": frozenset({"labeled", "unlabeled", "edited"}),
    "discussion": frozenset({"labeled", "unlabeled"}),
    "release": frozenset({"edited"}),
}
# They bring no text: a schedule is no webhook, and what a run of a workflow left is for `mode: apply`.
TEXTLESS = frozenset({"schedule", "workflow_run", "workflow_dispatch"})

UNSIGNED = "the delivery is not signed with this bot's secret: compare the webhook's secret with HUBPIPE_WEBHOOK_SECRET"
NO_IDENTIFIER = "the header X-GitHub-Delivery is no delivery's GUID"
NO_NAME = "the header X-GitHub-Event is missing"
NOT_JSON = "the body is not a JSON object"
OTHER_TYPE = "the body is {type}: set the webhook's content type to application/json"
NO_ACTION = "the payload's action is no word, as each of GitHub's is"
NO_KIND = "hubpipe does not handle {kind}"
FROM_A_BOT = "{event} by a bot brings nothing new"


@dataclass(frozen=True)
class Delivery:
    """An event that GitHub delivered.

    `id` is GitHub's GUID, the same when it delivers again. `installation` is the App's installation that it is for, 0
    where the webhook is a repository's own.
    """

    id: str
    event: Event
    installation: int = 0


@dataclass(frozen=True)
class Forgotten:
    """A delivery that hubpipe has no use for."""

    reason: str


class RefusedError(Exception):
    """A request that is answered with an HTTP status and words."""

    def __init__(self, status: int, words: str):
        self.status = status
        super().__init__(words)


def read(headers: Mapping[str, str], body: bytes, secret: str, redaction: Redaction = FORMS) -> Delivery | Forgotten:
    """Read a request; `headers` have lower-case names.

    Nothing of the body is looked at before its signature holds. Raises RefusedError with 401 for a wrong one, and with
    400 for what is not as GitHub sends it, with 415 for a form.
    """
    if not is_signed(headers.get("x-hub-signature-256", ""), body, secret):
        raise RefusedError(401, UNSIGNED)
    identifier, kind = headers.get("x-github-delivery", ""), headers.get("x-github-event", "")
    if not IDENTIFIER.fullmatch(identifier):
        raise RefusedError(400, NO_IDENTIFIER)
    if not kind:
        raise RefusedError(400, NO_NAME)
    # A webhook that a person adds to a repository sends forms, unless told otherwise.
    kind_of_body = headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind_of_body != JSON:
        raise RefusedError(415, OTHER_TYPE.format(type=kind_of_body))
    payload = _json(body)
    if kind in TEXTLESS:
        return Forgotten(NO_KIND.format(kind=kind))
    try:
        event = parse(kind, payload)
    except EventError as error:
        raise RefusedError(400, str(error)) from error
    if isinstance(event, Declined):
        return Forgotten(NO_KIND.format(kind=kind))
    if event.action is not None and not ACTION.fullmatch(event.action):
        raise RefusedError(400, NO_ACTION)
    if _is_a_bots(payload) and event.action not in NEW.get(kind, frozenset()):
        return Forgotten(FROM_A_BOT.format(event=event.name))
    return Delivery(identifier, redaction.all(event), _installation(payload))


def signature(body: bytes, secret: str) -> str:
    """Sign a body as GitHub does."""
    return SIGNATURE + hmac.digest(secret.encode(), body, "sha256").hex()


def is_signed(given: str, body: bytes, secret: str) -> bool:
    """Tell in constant time whether a signature is that of a body."""
    return hmac.compare_digest(signature(body, secret).encode(), given.encode("utf-8", "replace"))


def _json(body: bytes) -> Any:
    try:
        payload = _quick_json(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, NOT_JSON) from error
    if not isinstance(payload, dict):
        raise RefusedError(400, NOT_JSON)
    return payload


def _quick_json(body: bytes) -> Any:
    try:
        return from_json(body, cache_strings="keys")
    except ValueError:
        # It does not take half characters and deep nests, which are JSON all the same.
        return json.loads(body)


def _is_a_bots(payload: Mapping[str, Any]) -> bool:
    comment = payload.get("comment")
    people = (payload.get("sender"), comment.get("user") if isinstance(comment, dict) else None)
    return any(isinstance(one, dict) and one.get("type") == BOT for one in people)


def _installation(payload: Mapping[str, Any]) -> int:
    found = payload.get("installation")
    number = found.get("id") if isinstance(found, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 0
