"""Turn emulate's people and comments into GitHub's: what each person may, and reactions, which emulate lacks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.standin.wire import Reply, Request, paged, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
LOCKED = "Unable to create reaction because issue is locked."
# What GitHub calls each of emulate's permissions: https://docs.github.com/en/rest/collaborators/collaborators
PERMISSIONS = {"admin": "admin", "maintain": "write", "push": "write", "triage": "read", "pull": "read"}


def permission(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """What a person may; anybody may read what is public, and GitHub knows no bots here."""
    reply = gateway.pass_on(request)
    if reply.status == 200:
        found = reply.json()
        return reply_json(200, found | {"permission": PERMISSIONS.get(found["permission"], found["permission"])})
    user = gateway.get(request, f"/users/{where['user']}") if reply.status == 404 else None
    return reply if user is None else reply_json(200, {"permission": "read", "role_name": "read", "user": user})


def react(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Keep one reaction of a kind from each person, for those who may comment."""
    path = request.path.removesuffix("/reactions")
    comment = gateway.get(request, path)
    content = (request.json() or {}).get("content")
    if comment is None:
        return reply_json(404, {"message": "Not Found", "status": "404"})
    if content not in CONTENTS:
        return reply_json(422, {"message": "Validation Failed", "status": "422"})
    number = str(comment["issue_url"]).rpartition("/")[2]
    if request.token in gateway.bots and f"{where['repo']}#{number}" in gateway.locked:
        return reply_json(403, {"message": LOCKED})
    # emulate refuses whoever may not write an edit that changes nothing.
    allowed = gateway.pass_on(replace(request, method="PATCH", path=path, body=_same(comment["body"])))
    if allowed.status != 200:
        return allowed
    login = gateway.logins[request.token]
    there = gateway.reactions.setdefault(where["number"], [])
    known = (login, content) in there
    if not known:
        there.append((login, content))
    return reply_json(200 if known else 201, {"id": 1, "content": content, "user": {"login": login}})


def _same(body: str) -> bytes:
    return json.dumps({"body": body}).encode()


def comments(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """All comments of a repository, on issues and on pull requests; emulate takes the word for an issue's number."""
    repo = f"/repos/{where['repo']}"
    everybody = {"state": "all", "per_page": "100"}
    subjects: list[Any] = [gateway.get(request, f"{repo}/{kind}", **everybody) for kind in ("issues", "pulls")]
    if None in subjects:
        return gateway.pass_on(replace(request, path=f"{repo}/issues"))
    numbers = sorted({one["number"] for some in subjects for one in some})
    found = [one for number in numbers for one in _of_issue(gateway, request, f"{repo}/issues/{number}")]
    fresh = [one for one in found if one["updated_at"] >= request.query.get("since", "")]
    fresh.sort(key=lambda one: int(one["id"]), reverse=request.query.get("direction") == "desc")
    return paged(request, fresh)


def _of_issue(gateway: "Gateway", request: Request, path: str) -> Iterator[dict[str, Any]]:
    page = 0
    while True:
        page += 1
        some = gateway.get(request, f"{path}/comments", per_page="100", page=str(page)) or []
        yield from some
        if len(some) < 100:
            return
