"""Turn emulate's check runs into GitHub's: only Apps write them, annotations add up, lists have pages."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.standin.wire import Reply, Request, paged, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway

A_REQUEST = 50
SUMMARY_LIMIT = 65_535
NO_APP = "You must authenticate via a GitHub App."


def write(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Create or update a check run; an update adds to the annotations that are there."""
    if request.token not in gateway.bots:
        return reply_json(403, {"message": NO_APP, "status": "403"})
    body = request.json()
    output = body.get("output") or {}
    remarks = output.pop("annotations", [])
    if len(remarks) > A_REQUEST or len(output.get("summary") or "") > SUMMARY_LIMIT or not _complete(output):
        return reply_json(422, {"message": "Invalid request.", "status": "422"})
    if body.get("conclusion"):
        body["status"] = "completed"
    reply = gateway.pass_on(replace(request, body=json.dumps(body).encode()))
    if reply.status >= 300:
        return reply
    run = reply.json()
    gateway.annotations.setdefault(run["id"], []).extend(remarks)
    gateway.check_runs.setdefault(where["repo"], {})[run["id"]] = run
    return reply_json(reply.status, _shown(gateway, run))


def one(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """One check run."""
    reply = gateway.pass_on(request)
    return reply_json(200, _shown(gateway, reply.json())) if reply.status == 200 else reply


def listed(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """The check runs of a commit, newest first; emulate does not know the commits of forks."""
    allowed = gateway.pass_on(replace(request, path=f"/repos/{where['repo']}/commits/main/check-runs"))
    if allowed.status != 200:
        return allowed
    runs = [run for run in gateway.check_runs.get(where["repo"], {}).values() if run["head_sha"] == where["ref"]]
    named = [run for run in runs if request.query.get("check_name") in (None, run["name"])]
    if request.query.get("filter") != "all":
        named = list({run["name"]: run for run in named}.values())
    page = paged(request, [_shown(gateway, run) for run in reversed(named)])
    return reply_json(200, {"total_count": len(named), "check_runs": page.json()}, page.headers)


def annotations(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """The annotations of a check run."""
    allowed = gateway.pass_on(request)
    remarks = gateway.annotations.get(int(where["number"]), [])
    return paged(request, [{"title": None} | remark for remark in remarks]) if allowed.status == 200 else allowed


def _complete(output: dict[str, Any]) -> bool:
    return not output or (isinstance(output.get("title"), str) and isinstance(output.get("summary"), str))


def _shown(gateway: "Gateway", run: dict[str, Any]) -> dict[str, Any]:
    count = len(gateway.annotations.get(run["id"], []))
    return run | {"output": run["output"] | {"annotations_count": count}}
