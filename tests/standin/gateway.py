"""Turn the `emulate` server into a closer GitHub: what it lacks is answered here from what it has.

Each difference was measured against emulate 0.11.2; GitHub's side is in https://docs.github.com/rest.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from tests.standin.wire import Answer, Reply, Request, reply_json

COMMENT_LIMIT = 65_536  # characters
CONTENTS_LIMIT = 1024 * 1024  # bytes; GitHub gives larger files without their content
LISTED_FILES = 3_000
LISTED_COMMITS = 250

NOT_FOR_INTEGRATIONS = "Resource not accessible by integration"
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
    fork_heads: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Answer what emulate lacks, and let it answer the rest."""
        if request.token and request.token not in self.logins and not request.token.startswith("eyJ"):
            return reply_json(401, {"message": "Bad credentials", "documentation_url": "", "status": "401"})
        for method, pattern, route in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if request.method == method and match:
                reply = route(self, request, match.groupdict())
                if reply is not None:
                    return reply
        return self._ask(request)

    def get(self, request: Request, path: str, **query: str) -> Any:
        """Ask emulate for JSON in the name of the one who asks us; None where it has nothing."""
        reply = self.ask(Request("GET", path, query, {"authorization": request.headers.get("authorization", "")}))
        return reply.json() if reply.status == 200 else None

    def _ask(self, request: Request) -> Reply:
        reply = self.ask(request)
        if reply.status == 403 and request.token in self.bots:
            return _forbidden(request)
        if reply.status == 201 and request.path.endswith("/access_tokens"):
            self._remember(reply.json()["token"])
        return reply

    def _remember(self, token: str) -> None:
        self.logins[token] = "github-actions[bot]"
        self.bots.add(token)


def _forbidden(request: Request) -> Reply:
    """GitHub says which permission it wanted; emulate only says no."""
    name = "contents" if "/contents/" in request.path else "issues"
    wanted = f"{name}={'read' if request.method == 'GET' else 'write'}"
    return reply_json(
        403, {"message": NOT_FOR_INTEGRATIONS, "status": "403"}, {"x-accepted-github-permissions": wanted}
    )


def _user(gateway: Gateway, request: Request, _: dict[str, str]) -> Reply | None:
    if request.token in gateway.bots:
        return reply_json(403, {"message": NOT_FOR_INTEGRATIONS, "status": "403"})
    return None


def _graphql(gateway: Gateway, request: Request, _: dict[str, str]) -> Reply | None:
    if "viewer" not in request.json()["query"]:
        return reply_json(200, {"errors": [{"message": "The stand-in knows only `viewer { login }`"}]})
    return reply_json(200, {"data": {"viewer": {"login": gateway.logins[request.token]}}})


def _changes(gateway: Gateway, request: Request, where: dict[str, str]) -> tuple[Any, Any] | None:
    """The pull request and emulate's comparison of its base with the present tip of its branch.

    emulate leaves a pull request's head where it was opened, and its forks share no commit with their origin:
    there the fork's own copy of the base branch is what the head is compared with.
    """
    pull = gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}")
    if pull is None:
        return None
    head, head_repo = pull["head"], pull["head"]["repo"]["full_name"]
    base = pull["base"]["sha" if head_repo == where["repo"] else "ref"]
    branch = gateway.get(request, f"/repos/{head_repo}/branches/{head['ref']}")
    head["sha"] = branch["commit"]["sha"]
    gateway.fork_heads[head["sha"]] = head_repo
    comparison = gateway.get(request, f"/repos/{head_repo}/compare/{base}...{head['sha']}")
    return pull, comparison


def _pull(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    found = _changes(gateway, request, where)
    if found is None:
        return None
    pull, comparison = found
    if "diff" in request.headers.get("accept", ""):
        return Reply(200, _diff(comparison["files"]).encode(), {"content-type": "application/vnd.github.diff"})
    counts = {key: sum(file[key] for file in comparison["files"]) for key in ("additions", "deletions")}
    return reply_json(
        200, pull | counts | {"changed_files": len(comparison["files"]), "commits": len(comparison["commits"])}
    )


def _pull_files(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    found = _changes(gateway, request, where)
    return found and _page(request, found[1]["files"][:LISTED_FILES])


def _pull_commits(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    found = _changes(gateway, request, where)
    return found and _page(request, found[1]["commits"][:LISTED_COMMITS])


def _pull_as_issue(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    """Every pull request of GitHub's is an issue too."""
    pull = gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}")
    if pull is None:
        return None
    shared = {key: pull[key] for key in ("number", "title", "body", "state", "user", "labels", "html_url")}
    return reply_json(200, shared | {"pull_request": {key: pull[key] for key in ("url", "html_url", "diff_url")}})


def _diff(files: Sequence[dict[str, Any]]) -> str:
    return "\n".join(_file_diff(file) for file in files) + "\n"


def _file_diff(file: dict[str, Any]) -> str:
    new, old = file["filename"], file.get("previous_filename", file["filename"])
    heading = f"diff --git a/{old} b/{new}"
    if "patch" not in file:
        return f"{heading}\nBinary files a/{old} and b/{new} differ"
    before = "/dev/null" if file["status"] == "added" else f"a/{old}"
    after = "/dev/null" if file["status"] == "removed" else f"b/{new}"
    return f"{heading}\n--- {before}\n+++ {after}\n{file['patch']}"


def _page(request: Request, items: Sequence[object]) -> Reply:
    size = min(100, int(request.query.get("per_page", 30)))
    number = int(request.query.get("page", 1))
    last = max(1, -(-len(items) // size))
    links = [
        f'<http://{request.headers["host"]}{request.path}?{urlencode({"page": page, "per_page": size})}>; rel="{rel}"'
        for rel, page in (("next", number + 1), ("last", last))
        if number < last
    ]
    return reply_json(200, items[(number - 1) * size : number * size], {"link": ", ".join(links)} if links else None)


def _contents(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    """A fork's commits are seen from the base repository too, and large files come without content."""
    home = gateway.fork_heads.get(request.query.get("ref", ""), where["repo"])
    reply = gateway._ask(replace(request, path=f"/repos/{home}/contents/{where['path']}"))
    found = reply.json() if reply.status == 200 else None
    if isinstance(found, dict) and found.get("size", 0) > CONTENTS_LIMIT:
        return reply_json(200, found | {"content": "", "encoding": "none"})
    return reply


def _comment(gateway: Gateway, request: Request, _: dict[str, str]) -> Reply | None:
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
    reply = gateway._ask(request)
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
        "created_at": "2026-01-01T00:00:00Z",
    }


def _pull_events(gateway: Gateway, request: Request, where: dict[str, str]) -> Reply | None:
    if gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}") is None:
        return None
    return _page(request, gateway.label_events.get(request.path.removesuffix("/events"), []))


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
    ("GET", f"{REPO}/pulls/{NUMBER}", _pull),
    ("GET", f"{REPO}/pulls/{NUMBER}/files", _pull_files),
    ("GET", f"{REPO}/pulls/{NUMBER}/commits", _pull_commits),
    ("GET", f"{REPO}/contents/(?P<path>.+)", _contents),
    ("GET", f"{REPO}/issues/{NUMBER}", _pull_as_issue),
    ("POST", f"{REPO}/issues/{NUMBER}/comments", _comment),
    ("PATCH", f"{REPO}/issues/comments/{NUMBER}", _comment),
    ("POST", f"{REPO}/labels", _new_label),
    ("POST", f"{REPO}/issues/{NUMBER}/labels", _label_write),
    ("DELETE", f"{REPO}/issues/{NUMBER}/labels/.+", _label_write),
    ("GET", f"{REPO}/issues/{NUMBER}/events", _pull_events),
    ("PUT", "/user-attachments/assets/(?P<id>[^/]+)", _attachment),
    ("GET", "/user-attachments/assets/(?P<id>[^/]+)", _attachment),
)
