"""Turn what happened on the stand-in, and what a test says happened, into GraphQL's answer about a history."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.standin.branches import Api
from tests.standin.servers import token_of
from tests.standin.wire import Reply, Request, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway
    from tests.standin.standin import StandIn

TIMELINE = 100  # GitHub's largest page
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
TYPES = {"labeled": "LabeledEvent", "unlabeled": "UnlabeledEvent"}


# What a test says happened


def actor(login: str | None) -> dict[str, str] | None:
    """Name somebody as GraphQL does: a bot without its ending, a deleted user not at all."""
    if login is None:
        return None
    return {"__typename": "Bot" if login.endswith("[bot]") else "User", "login": login.removesuffix("[bot]")}


def label(name: str) -> dict[str, str]:
    return {"id": f"LA_{name}", "name": name}


def event(kind: str, who: str | None, after: float, **more: object) -> dict[str, Any]:
    """Make an event of GraphQL's, some hours after the first day."""
    at = f"{FIRST_DAY + timedelta(hours=after):%Y-%m-%dT%H:%M:%SZ}"
    return {"__typename": kind, "createdAt": at, "actor": actor(who), **more}


def added(name: str, who: str | None, after: float) -> dict[str, Any]:
    return event("LabeledEvent", who, after, label=label(name))


def removed(name: str, who: str | None, after: float) -> dict[str, Any]:
    return event("UnlabeledEvent", who, after, label=label(name))


def closed(who: str | None, after: float, reason: str | None = "COMPLETED") -> dict[str, Any]:
    return event("ClosedEvent", who, after, stateReason=reason)


def repeats(number: int | None, after: float, *, marked: bool = True, elsewhere: bool = False) -> dict[str, Any]:
    """Mark it as a duplicate of an issue (None: of one that was deleted since), or take that back."""
    canonical = None if number is None else {"number": number}
    kind = "MarkedAsDuplicateEvent" if marked else "UnmarkedAsDuplicateEvent"
    return event(kind, "maintainer", after, canonical=canonical, isCrossRepository=elsewhere)


def issue(
    number: int,
    title: str = "Crash",
    body: str | None = "It crashes.",
    *,
    author: str | None = "outsider",
    labels: Sequence[str] = (),
    events: Sequence[dict[str, Any]] = (),
    kind: str = "issue",
) -> dict[str, Any]:
    """Make an issue or a pull request of GraphQL's that was opened `number` hours after the first day."""
    created = f"{FIRST_DAY + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "kind": kind,
        "number": number,
        "title": title,
        "body": body,
        "url": f"https://github.com/octo-org/octo-repo/issues/{number}",
        "createdAt": created,
        "updatedAt": max([created, *(one["createdAt"] for one in events)]),
        "state": "CLOSED" if any(one["__typename"] == "ClosedEvent" for one in events) else "OPEN",
        "author": actor(author),
        "labels": [label(name) for name in labels],
        "events": list(events),
    }


def remember(standin: StandIn, *nodes: dict[str, Any] | None) -> None:
    """Let the repository have had these issues; None is one that the token may not see."""
    hidden = {"kind": "issue", "hidden": True, "updatedAt": f"{FIRST_DAY:%Y-%m-%dT%H:%M:%SZ}", "number": 0}
    standin.gateway.past.setdefault(standin.repo, []).extend(node or hidden for node in nodes)


def close_as(standin: StandIn, user: str, number: int) -> None:
    """Close an issue in the name of somebody."""
    api = Api(standin.api.url, token_of(user))
    api.ask("PATCH", f"/repos/{standin.repo}/issues/{number}", state="closed", state_reason="completed")


# What GitHub notes


def opened(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply:
    """Whoever opens an issue sets the labels that it begins with."""
    reply = gateway.pass_on(request)
    if reply.status == 201:
        found = reply.json()
        noted = [
            {"event": "labeled", "label": one, "actor": _who(gateway, request), "created_at": _now()}
            for one in found["labels"]
        ]
        gateway.label_events.setdefault(f"{request.path}/{found['number']}", []).extend(noted)
    return reply


def edited(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply:
    reply = gateway.pass_on(request)
    if reply.status == 200 and (request.json() or {}).get("state") == "closed":
        who, reason = gateway.logins[request.token], (request.json().get("state_reason") or "").upper() or None
        done = {"__typename": "ClosedEvent", "createdAt": _now(), "actor": actor(who), "stateReason": reason}
        gateway.happenings.setdefault(request.path, []).append(done)
    return reply


def _who(gateway: Gateway, request: Request) -> dict[str, str]:
    return {"login": gateway.logins[request.token], "type": "Bot" if request.token in gateway.bots else "User"}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


# What GraphQL answers


def answer(gateway: Gateway, request: Request) -> Reply:
    """A page of the issues or the pull requests in the order of their last change, or the rest of one's events."""
    query, asked = request.json()["query"], request.json()["variables"]
    repo = f"{asked['owner']}/{asked['name']}"
    if gateway.get(request, f"/repos/{repo}") is None:
        fault = {"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve to a Repository"}
        return reply_json(200, {"data": {"repository": None}, "errors": [fault]})
    known = {kind: _nodes(gateway, request, repo, kind) for kind in ("issue", "pull_request")}
    if "issueOrPullRequest" in query:
        (node,) = [one for nodes in known.values() for one in nodes if one["number"] == asked["number"]]
        return reply_json(200, {"data": {"repository": {"issueOrPullRequest": _timeline(node, asked["after"])}}})
    nodes = known["pull_request" if re.search(r"page: pullRequests\(", query) else "issue"]
    try:
        page = _page(nodes, asked["after"], asked["size"])
    except ValueError:
        says = f"`{asked['after']}` does not appear to be a valid cursor."
        return reply_json(200, {"data": None, "errors": [{"type": "INVALID_CURSOR_ARGUMENTS", "message": says}]})
    counts = {"allIssues": {"totalCount": len(known["issue"])}, "allPulls": {"totalCount": len(known["pull_request"])}}
    return reply_json(200, {"data": {"repository": {**counts, "page": page}}})


def _page(nodes: list[dict[str, Any]], after: str | None, size: int) -> dict[str, Any]:
    begin = _placed(after) if after is not None else None
    behind = [node for node in sorted(nodes, key=_place) if begin is None or _place(node) > begin]
    here = behind[:size]
    info = {"hasNextPage": len(behind) > size, "endCursor": _cursor(here[-1]) if here else None}
    return {"pageInfo": info, "nodes": [None if node.get("hidden") else _node(node) for node in here]}


def _place(node: dict[str, Any]) -> tuple[datetime, int]:
    return datetime.fromisoformat(node["updatedAt"]), node["number"]


def _cursor(node: dict[str, Any]) -> str:
    return base64.b64encode(f"cursor:{node['updatedAt']}|{node['number']}".encode()).decode()


def _placed(cursor: str) -> tuple[datetime, int]:
    at, _, number = base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:").partition("|")
    return datetime.fromisoformat(at), int(number)


def _node(node: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in node.items() if name not in ("kind", "events", "labels")}
    return {**kept, "labels": {"nodes": node["labels"]}, **_timeline(node, None)}


def _timeline(node: dict[str, Any], after: str | None) -> dict[str, Any]:
    begin = int(after or 0)
    end = begin + TIMELINE
    info = {"hasNextPage": len(node["events"]) > end, "endCursor": str(end)}
    return {"timelineItems": {"pageInfo": info, "nodes": node["events"][begin:end]}}


def _nodes(gateway: Gateway, request: Request, repo: str, kind: str) -> list[dict[str, Any]]:
    path = f"/repos/{repo}/{'issues' if kind == 'issue' else 'pulls'}"
    found: list[dict[str, Any]] = []
    while more := gateway.get(request, path, state="all", per_page="100", page=str(len(found) // 100 + 1)):
        found += more
        if len(found) % 100:
            break
    said = [node for node in gateway.past.get(repo, []) if node["kind"] == kind]
    return said + [_lived(gateway, repo, kind, one) for one in found]


def _lived(gateway: Gateway, repo: str, kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """What people did through the API."""
    path = f"/repos/{repo}/issues/{found['number']}"
    noted = [
        {
            "__typename": TYPES[one["event"]],
            "createdAt": one["created_at"],
            "actor": actor(one["actor"]["login"]),
            "label": label(one["label"]["name"]),
        }
        for one in gateway.label_events.get(path, [])
    ]
    events = sorted(noted + gateway.happenings.get(path, []), key=lambda one: one["createdAt"])
    state = "MERGED" if found.get("merged_at") else found["state"].upper()
    times = [found["updated_at"], *(one["createdAt"] for one in events)]
    return {
        "kind": kind,
        "number": found["number"],
        "title": found["title"],
        "body": found["body"],
        "url": found["html_url"],
        "createdAt": found["created_at"],
        "updatedAt": max(times, key=datetime.fromisoformat),
        "state": state,
        "author": actor(found["user"]["login"]) if found["user"] else None,
        "labels": [label(one["name"]) for one in found["labels"]],
        "events": events,
    }
