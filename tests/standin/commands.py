"""Turn emulate's people and comments into GitHub's: what each person may, and reactions, which emulate lacks."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.standin.wire import Reply, Request, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
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
