"""Turn emulate's App into one that is made from a manifest, and whose deliveries GitHub keeps and sends again.

emulate signs webhooks and sends them to the App's address, under a number for a GUID, and forgets them. So it sends
them here (`relay`), and what goes on to the App is those same bytes, as GitHub sends them.
Source: https://docs.github.com/en/rest/apps/webhooks and
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

import urllib3

from tests.standin.servers import APP_ID, BOT, RELAY_SECRET
from tests.standin.wire import Reply, Request, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway

SENT_WITHIN = 10.0  # seconds: GitHub waits no longer
CURSOR = "v1_"
NO_HOST = "failed to connect to host"
JWT_NEEDED = {"message": "A JSON web token could not be decoded", "status": "401"}
NOT_FOUND = {"message": "Not Found", "status": "404"}
# What GitHub takes for a manifest, and wants in it.
WANTED = {"url", "hook_attributes", "redirect_url"}
KNOWN = WANTED | {
    *("name", "description", "public", "default_events", "default_permissions", "callback_urls", "setup_url"),
    *("request_oauth_on_install", "setup_on_update"),
}
# The permission without which GitHub refuses a manifest that asks for the event.
SUBSCRIBED_WITH = {
    "issues": ("issues",),
    "issue_comment": ("issues", "pull_requests"),
    "pull_request": ("pull_requests",),
    "pull_request_review_comment": ("pull_requests",),
    "discussion": ("discussions",),
    "discussion_comment": ("discussions",),
    "push": ("contents",),
    "release": ("contents",),
    "workflow_run": ("actions",),
}


@dataclass(frozen=True)
class Sent:
    """One attempt to deliver something; `status` is 0 where nobody answered."""

    id: int
    guid: str
    event: str
    body: bytes
    status: int
    at: datetime
    duration: float = 0.0
    redelivery: bool = False


@dataclass
class Hooks:
    """What GitHub knows of the App's webhook; nothing is sent while `url` is empty."""

    key: str = field(default="", repr=False)
    url: str = ""
    secret: str = field(default="", repr=False)
    events: set[str] = field(default_factory=set)
    manifest: dict[str, Any] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def send(self, event: str, payload: object, guid: str = "") -> Sent:
        """Deliver a payload as GitHub does, and remember what came back."""
        return self.send_bytes(event, json.dumps(payload).encode(), guid)

    def send_bytes(self, event: str, body: bytes, guid: str = "") -> Sent:
        """Deliver what is JSON already."""
        again = any(one.guid == guid for one in self.sent)
        attempt = Sent(next(self.numbers), guid or str(uuid4()), event, body, 0, datetime.now(UTC), redelivery=again)
        started = time.monotonic()
        attempt = replace(attempt, status=self._post(attempt), duration=time.monotonic() - started)
        self.sent.append(attempt)
        return attempt

    def again(self, number: int) -> Sent | None:
        """Deliver anew what was delivered once, under its GUID."""
        found = next((one for one in self.sent if one.id == number), None)
        return found and self.send_bytes(found.event, found.body, found.guid)

    def headers(self, attempt: Sent) -> dict[str, str]:
        """Give the head that GitHub sends with a delivery."""
        return {
            "accept": "*/*",
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/044aadd",
            "x-github-delivery": attempt.guid,
            "x-github-event": attempt.event,
            "x-github-hook-id": "1",
            "x-github-hook-installation-target-id": str(APP_ID),
            "x-github-hook-installation-target-type": "integration",
            "x-hub-signature": f"sha1={hmac.new(self.secret.encode(), attempt.body, 'sha1').hexdigest()}",
            "x-hub-signature-256": signature(self.secret, attempt.body),
        }

    def _post(self, attempt: Sent) -> int:
        try:
            reply = urllib3.request(
                "POST",
                self.url,
                body=attempt.body,
                headers=self.headers(attempt),
                timeout=SENT_WITHIN,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            return 0
        return reply.status


def signature(secret: str, body: bytes) -> str:
    """Sign a body as GitHub does."""
    return f"sha256={hmac.new(secret.encode(), body, 'sha256').hexdigest()}"


def relay(gateway: "Gateway", request: Request, _: dict[str, str]) -> Reply:
    """Take what emulate signed and sent, and send it on as GitHub would."""
    signed = request.headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(signed, signature(RELAY_SECRET, request.body)):
        return reply_json(401, {"message": "That was not signed by emulate"})
    event = request.headers["x-github-event"]
    if gateway.hooks.url and event in gateway.hooks.events:
        gateway.hooks.send_bytes(event, request.body)
    return Reply(204)


def register(gateway: "Gateway", request: Request, _: dict[str, str]) -> Reply:
    """Take a manifest from a form, as a person would who agrees to it, and send the browser back with a code."""
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    manifest = json.loads(form["manifest"])
    wrong = _wrong(manifest)
    if wrong:
        return Reply(422, "; ".join(wrong).encode(), {"content-type": "text/plain"})
    code = token_hex(20)
    gateway.hooks.codes.add(code)
    gateway.hooks.manifest = manifest
    query = urlencode({"code": code, "state": request.query.get("state", "")})
    return Reply(302, b"", {"location": f"{manifest['redirect_url']}?{query}"})


def convert(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Trade a code, once, for the App that the seed has; its webhook goes where the manifest says from now on."""
    hooks = gateway.hooks
    if where["code"] not in hooks.codes:
        return reply_json(404, NOT_FOUND)
    hooks.codes.remove(where["code"])
    hooks.url, hooks.secret = hooks.manifest["hook_attributes"]["url"], token_hex(20)
    hooks.events = set(hooks.manifest.get("default_events", ()))
    slug = BOT.removesuffix("[bot]")
    made = {
        "id": APP_ID,
        "slug": slug,
        "name": hooks.manifest.get("name", slug),
        "html_url": f"http://{request.headers['host']}/apps/{slug}",
        "client_id": f"Iv1.{token_hex(8)}",
        "client_secret": token_hex(20),
        "webhook_secret": hooks.secret,
        "pem": hooks.key,
        "permissions": hooks.manifest.get("default_permissions", {}),
        "events": sorted(hooks.events),
    }
    return reply_json(201, made)


def deliveries(gateway: "Gateway", request: Request, _: dict[str, str]) -> Reply:
    """The attempts, newest first, in pages that follow a cursor."""
    if not _is_app(gateway, request):
        return reply_json(401, JWT_NEEDED)
    size, cursor = min(100, int(request.query.get("per_page", 30))), request.query.get("cursor", "")
    older_than = int(cursor.removeprefix(CURSOR)) if cursor else None
    newest = [one for one in reversed(gateway.hooks.sent) if older_than is None or one.id < older_than]
    shown = newest[:size]
    link: dict[str, str] = {}
    if len(newest) > size:
        query = urlencode({"per_page": size, "cursor": f"{CURSOR}{shown[-1].id}"})
        link = {"link": f'<http://{request.headers["host"]}{request.path}?{query}>; rel="next"'}
    return reply_json(200, [_listed(one) for one in shown], link)


def redeliver(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Send a delivery again."""
    if not _is_app(gateway, request):
        return reply_json(401, JWT_NEEDED)
    sent = gateway.hooks.again(int(where["number"]))
    return reply_json(202, {}) if sent else reply_json(404, NOT_FOUND)


def access_token(gateway: "Gateway", request: Request, _: dict[str, str]) -> Reply | None:
    """A token that asks for no permission by name has all of the installation's; emulate gives it none."""
    asked = request.json() or {}
    if asked.get("permissions") or "permissions" not in asked:
        return None
    rest = {name: value for name, value in asked.items() if name != "permissions"}
    return gateway.pass_on(replace(request, body=json.dumps(rest).encode()))


def _is_app(gateway: "Gateway", request: Request) -> bool:
    return gateway.get(request, "/app") is not None


def _listed(sent: Sent) -> dict[str, Any]:
    payload = json.loads(sent.body)
    good = 200 <= sent.status < 300
    return {
        "id": sent.id,
        "guid": sent.guid,
        "delivered_at": f"{sent.at:%Y-%m-%dT%H:%M:%SZ}",
        "redelivery": sent.redelivery,
        "duration": round(sent.duration, 2),
        "status": "OK" if good else f"Invalid HTTP Response: {sent.status}" if sent.status else NO_HOST,
        "status_code": sent.status,
        "event": sent.event,
        "action": payload.get("action"),
        "installation_id": (payload.get("installation") or {}).get("id"),
        "repository_id": (payload.get("repository") or {}).get("id"),
        "throttled_at": None,
    }


def _wrong(manifest: Mapping[str, Any]) -> list[str]:
    """Say what GitHub would not take."""
    allowed = set(manifest.get("default_permissions", {}))
    unsubscribed = [
        event for event in manifest.get("default_events", ()) if not allowed & set(SUBSCRIBED_WITH.get(event, ()))
    ]
    return [
        *(f"{name} is missing" for name in sorted(WANTED - set(manifest))),
        *(f"{name} is unknown" for name in sorted(set(manifest) - KNOWN)),
        *(f"Default events are not supported by permissions: {event}" for event in unsubscribed),
    ]
