"""Turn the `emulate` server into a closer GitHub: what it lacks is answered here from what it has.

Each difference was measured against emulate 0.11.2; GitHub's side is in https://docs.github.com/rest.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from itertools import count
from typing import Any

from tests.standin import apps, checks, commands, histories, pulls
from tests.standin.comparison import Comparison
from tests.standin.servers import RELAY
from tests.standin.wire import Answer, Reply, Request, paged, reply_json

COMMENT_LIMIT = 65_536  # characters
CONTENTS_LIMIT = 1024 * 1024  # bytes; GitHub gives larger files without their content
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

NOT_FOR_INTEGRATIONS = "Resource not accessible by integration"
SCOPES = "repo, user, admin:org"  # those of a person's token, as in the seed
CLOSING = re.compile(r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)", re.IGNORECASE)
# What an app gets, whatever it may; people who may write to the repository go on writing:
# https://docs.github.com/articles/locking-conversations
LOCKED = "Unable to {deed} comment because issue is locked."
TOO_LONG = "Body is too long (maximum is 65536 characters)"

REPO = r"/repos/(?P<repo>[^/]+/[^/]+)"
NUMBER = r"(?P<number>\d+)"

Route = Callable[["Gateway", Request, dict[str, str]], Reply | None]


@dataclass
class Gateway:
    """In front of emulate; `logins` maps each token that is good to the login it speaks for."""

    ask: Answer
    logins: dict[str, str]
    bots: set[str] = field(default_factory=set)
    label_events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    happenings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    past: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    fork_heads: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    comparisons: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    check_runs: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    links: dict[str, list[int]] = field(default_factory=dict)
    deleted_forks: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    reactions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    dates: dict[str, dict[str, str]] = field(default_factory=dict)
    hooks: apps.Hooks = field(default_factory=apps.Hooks)
    clock: "count[int]" = field(default_factory=count)

    def answer(self, request: Request) -> Reply:
        """Answer what emulate lacks, and let it answer the rest."""
        if request.token and request.token not in self.logins and not request.token.startswith("eyJ"):
            return reply_json(401, {"message": "Bad credentials", "documentation_url": "", "status": "401"})
        reply = self._routed(request) or self.pass_on(request)
        if request.token in self.logins and request.token not in self.bots:
            # emulate tells the scopes of no token; GitHub does of every classic one.
            return replace(reply, headers={**reply.headers, "x-oauth-scopes": SCOPES})
        return reply

    def _routed(self, request: Request) -> Reply | None:
        for method, pattern, route in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if request.method == method and match:
                reply = route(self, request, match.groupdict())
                if reply is not None:
                    return reply
        return None

    def get(self, request: Request, path: str, **query: str) -> Any:
        """Ask emulate for JSON in the name of the one who asks us; None where it has nothing."""
        reply = self.ask(Request("GET", path, query, {"authorization": request.headers.get("authorization", "")}))
        return reply.json() if reply.status == 200 else None

    def pass_on(self, request: Request) -> Reply:
        """Let emulate answer, with GitHub's words where it refuses."""
        reply = self.ask(request)
        if reply.status == 403 and request.token in self.bots:
            return _forbidden(request)
        if reply.status == 201 and request.path.endswith("/access_tokens"):
            self._remember(reply.json()["token"])
        return reply

    def tick(self) -> str:
        """Tell the time: a minute after it was told last, so that no two things happen at once."""
        return f"{BEGINNING + timedelta(minutes=next(self.clock)):%Y-%m-%dT%H:%M:%SZ}"

    def keep_blob(self, data: bytes) -> None:
        """Remember a file's contents by Git's id of them."""
        self.blobs[sha1(b"blob %d\0" % len(data) + data).hexdigest()] = data

    def blob(self, request: Request, repo: str, sha: str) -> bytes:
        """Give a file's contents by Git's id of them."""
        if sha not in self.blobs:
            self.keep_blob(base64.b64decode(self.get(request, f"/repos/{repo}/git/blobs/{sha}")["content"]))
        return self.blobs[sha]

    def _remember(self, token: str) -> None:
        self.logins[token] = "github-actions[bot]"
        self.bots.add(token)


def _forbidden(request: Request) -> Reply:
    """GitHub says which permission it wanted; emulate only says no."""
    places = {"/contents/": "contents", "/releases": "contents", "/check-runs": "checks", "/pulls": "pull_requests"}
    name = next((name for place, name in places.items() if place in request.path), "issues")
    wanted = f"{name}={'read' if request.method == 'GET' else 'write'}"
    return reply_json(
        403, {"message": NOT_FOR_INTEGRATIONS, "status": "403"}, {"x-accepted-github-permissions": wanted}
    )


def _user(gateway: Gateway, request: Request, _: dict[str, str]) -> Reply | None:
    if request.token in gateway.bots:
        return reply_json(403, {"message": NOT_FOR_INTEGRATIONS, "status": "403"})
    return None


def _graphql(gateway: Gateway, request: Request, _: dict[str, str]) -> Reply | None:
    asked = request.json()
    if "closingIssuesReferences" in asked["query"]:
        return _closing(gateway, request, asked["variables"])
    if "timelineItems" in asked["query"]:
        return histories.answer(gateway, request)
    if "viewer" not in asked["query"]:
        return reply_json(200, {"errors": [{"message": "The stand-in knows only three questions"}]})
    return reply_json(200, {"data": {"viewer": {"login": gateway.logins[request.token]}}})


def _closing(gateway: Gateway, request: Request, asked: dict[str, Any]) -> Reply:
    """The issues that a pull request closes, by the words of its description and by hand."""
    repo = f"{asked['owner']}/{asked['name']}"
    found = gateway.get(request, f"/repos/{repo}/pulls/{asked['number']}")
    if found is None:
        missing = {"type": "NOT_FOUND", "path": ["repository", "pullRequest"], "message": "Could not resolve"}
        return reply_json(200, {"data": {"repository": {"pullRequest": None}}, "errors": [missing]})
    numbers = [int(number) for number in CLOSING.findall(found["body"] or "")]
    numbers = list(dict.fromkeys(numbers + gateway.links.get(f"{repo}#{asked['number']}", [])))
    issues = [gateway.get(request, f"/repos/{repo}/issues/{number}") for number in numbers]
    nodes = [
        {"number": issue["number"], "title": issue["title"], "repository": {"nameWithOwner": repo, "isPrivate": False}}
        for issue in issues
        if issue
    ]
    references = {"totalCount": len(nodes), "nodes": nodes[:20]}
    return reply_json(200, {"data": {"repository": {"pullRequest": {"closingIssuesReferences": references}}}})


def _release(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply:
    """A release is published by the stand-in's own clock."""
    reply = gateway.pass_on(request)
    data = reply.json() if reply.status < 300 else None
    if data and data["published_at"] and str(data["id"]) not in gateway.dates:
        gateway.dates[str(data["id"])] = {"published_at": gateway.tick()}
    return reply_json(reply.status, _dated(gateway, data)) if data else reply


def _releases(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply:
    reply = gateway.pass_on(request)
    if reply.status != 200:
        return reply
    return reply_json(200, [_dated(gateway, one) for one in reply.json()], reply.headers)


def _dated(gateway: Gateway, release: dict[str, Any]) -> dict[str, Any]:
    return release | gateway.dates.get(str(release["id"]), {})


def _contents(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    """A fork's commits are seen from the base repository too, and large files come without content."""
    home = gateway.fork_heads.get(request.query.get("ref", ""), where["repo"])
    reply = gateway.pass_on(replace(request, path=f"/repos/{home}/contents/{where['path']}"))
    found = reply.json() if reply.status == 200 else None
    if isinstance(found, dict) and found.get("size", 0) > CONTENTS_LIMIT:
        return reply_json(200, found | {"content": "", "encoding": "none"})
    return reply


def _comment(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    number = where["number"]
    if request.method == "PATCH":
        number = str((gateway.get(request, request.path) or {}).get("issue_url")).rpartition("/")[2]
    if request.token in gateway.bots and f"{where['repo']}#{number}" in gateway.locked:
        return reply_json(403, {"message": LOCKED.format(deed="create" if request.method == "POST" else "update")})
    if len(str((request.json() or {}).get("body"))) > COMMENT_LIMIT:
        return reply_json(422, {"message": "Validation Failed", "errors": [{"message": TOO_LONG}]})
    return None


def _new_label(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    name = str(request.json().get("name", "")).lower()
    known = gateway.get(request, request.path, per_page="100") or []
    if name in {label["name"].lower() for label in known}:
        fault = {"resource": "Label", "code": "already_exists", "field": "name"}
        return reply_json(422, {"message": "Validation Failed", "errors": [fault]})
    return None


def _label_write(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply:
    """Note who labelled: emulate has no events for pull requests."""
    issue = f"/repos/{where['repo']}/issues/{where['number']}"
    before = {label["name"] for label in gateway.get(request, f"{issue}/labels") or []}
    reply = gateway.pass_on(request)
    if reply.status < 300:
        after = {label["name"] for label in gateway.get(request, f"{issue}/labels")}
        notes = gateway.label_events.setdefault(issue, [])
        for event, names in (("labeled", after - before), ("unlabeled", before - after)):
            notes += [_label_event(gateway, request, len(notes), event, name) for name in sorted(names)]
    return reply


def _label_event(gateway: Gateway, request: Request, number: int, event: str, name: str) -> dict[str, Any]:
    login = gateway.logins[request.token]
    return {
        "id": number + 1,
        "event": event,
        "label": {"name": name, "color": "ededed"},
        "actor": {"login": login, "type": "Bot" if request.token in gateway.bots else "User"},
        "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def _pull_events(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    if gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}") is None:
        return None
    return paged(request, gateway.label_events.get(request.path.removesuffix("/events"), []))


def _attachment(gateway: Gateway, request: Request, names: dict[str, str]) -> Reply | None:
    """Keep what somebody dropped into a text, and give it back; emulate has no such place."""
    if request.method == "PUT":
        gateway.attachments[names["id"]] = request.body
        return reply_json(201, {})
    data = gateway.attachments.get(names["id"])
    return Reply(404) if data is None else Reply(200, data, {"content-type": "application/octet-stream"})


ROUTES: tuple[tuple[str, str, Route], ...] = (
    ("GET", "/user", _user),
    ("POST", "/graphql", _graphql),
    ("POST", RELAY, apps.relay),
    ("POST", "(?:/organizations/[^/]+)?/settings/apps/new", apps.register),
    ("POST", "/app-manifests/(?P<code>[^/]+)/conversions", apps.convert),
    ("GET", "/app/hook/deliveries", apps.deliveries),
    ("POST", f"/app/hook/deliveries/{NUMBER}/attempts", apps.redeliver),
    ("POST", f"/app/installations/{NUMBER}/access_tokens", apps.access_token),
    ("GET", f"{REPO}/pulls", pulls.listed),
    ("GET", f"{REPO}/pulls/{NUMBER}", pulls.pull),
    ("PATCH", f"{REPO}/pulls/{NUMBER}", pulls.edit),
    ("PUT", f"{REPO}/pulls/{NUMBER}/merge", pulls.merge),
    ("GET", f"{REPO}/pulls/{NUMBER}/files", pulls.files),
    ("GET", f"{REPO}/pulls/{NUMBER}/commits", pulls.commits),
    ("POST", f"{REPO}/git/trees", pulls.note_contents),
    ("POST", f"{REPO}/check-runs", checks.write),
    ("PATCH", f"{REPO}/check-runs/{NUMBER}", checks.write),
    ("GET", f"{REPO}/check-runs/{NUMBER}", checks.one),
    ("GET", f"{REPO}/check-runs/{NUMBER}/annotations", checks.annotations),
    ("GET", f"{REPO}/commits/(?P<ref>[^/]+)/check-runs", checks.listed),
    ("GET", f"{REPO}/releases", _releases),
    ("POST", f"{REPO}/releases", _release),
    ("GET", f"{REPO}/releases/{NUMBER}", _release),
    ("PATCH", f"{REPO}/releases/{NUMBER}", _release),
    ("GET", f"{REPO}/contents/(?P<path>.+)", _contents),
    ("GET", f"{REPO}/issues/{NUMBER}", pulls.as_issue),
    ("POST", f"{REPO}/issues", histories.opened),
    ("PATCH", f"{REPO}/issues/{NUMBER}", histories.edited),
    ("POST", f"{REPO}/issues/{NUMBER}/comments", _comment),
    ("PATCH", f"{REPO}/issues/comments/{NUMBER}", _comment),
    ("GET", f"{REPO}/issues/comments", commands.comments),
    ("POST", f"{REPO}/issues/comments/{NUMBER}/reactions", commands.react),
    ("GET", f"{REPO}/collaborators/(?P<user>[^/]+)/permission", commands.permission),
    ("POST", f"{REPO}/labels", _new_label),
    ("POST", f"{REPO}/issues/{NUMBER}/labels", _label_write),
    ("DELETE", f"{REPO}/issues/{NUMBER}/labels/.+", _label_write),
    ("GET", f"{REPO}/issues/{NUMBER}/events", _pull_events),
    ("PUT", "/user-attachments/assets/(?P<id>[^/]+)", _attachment),
    ("GET", "/user-attachments/assets/(?P<id>[^/]+)", _attachment),
)
