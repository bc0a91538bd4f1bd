"""Turn the stand-in's issues and pull requests into the payloads that GitHub would send about them."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tests.standin.servers import MODULES, NOT_INSTALLED

EXAMPLES = MODULES / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
# `pull_request_target` brings what `pull_request` brings.
RECORDED_AS = {"pull_request_target": "pull_request"}

Payload = dict[str, Any]
Ask = Callable[..., Any]


@cache
def recorded() -> tuple[tuple[str, Payload], ...]:
    """Read GitHub's own examples: every event's name and payload."""
    if not EXAMPLES.exists():
        raise FileNotFoundError(NOT_INSTALLED)
    index = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return tuple((event["name"], payload) for event in index for payload in event["examples"])


def event_payload(ask: Ask, repo: str, kind: str, action: str | None, number: int) -> Payload:
    """Put the stand-in's subject into GitHub's recorded payload of the same event."""
    payload = _recorded_like(RECORDED_AS.get(kind, kind), action)
    payload["repository"] |= ask("GET", f"/repos/{repo}")
    if action is not None:
        payload["action"] = action
    if "pull_request" in payload:
        payload["number"] = number
        payload["pull_request"] |= ask("GET", f"/repos/{repo}/pulls/{number}")
    if "issue" in payload:
        payload["issue"] = _issue(payload["issue"], ask("GET", f"/repos/{repo}/issues/{number}"))
    if "release" in payload:
        payload["release"] |= ask("GET", f"/repos/{repo}/releases/{number}")
    if kind == "issue_comment":
        payload["comment"] |= ask("GET", f"/repos/{repo}/issues/{number}/comments?per_page=100")[-1]
    return payload


def run_payload(ask: Ask, repo: str, number: int, more: Mapping[str, object]) -> Payload:
    """Put what GitHub says of a run for a pull request into its recorded payload; of a fork's it lists none."""
    payload = _recorded_like("workflow_run", "completed")
    payload["repository"] |= ask("GET", f"/repos/{repo}")
    head = ask("GET", f"/repos/{repo}/pulls/{number}")["head"]
    told = {"event": "pull_request", "conclusion": "success", "head_sha": head["sha"], "head_branch": head["ref"]}
    payload["workflow_run"] |= told | {"head_repository": head["repo"], "pull_requests": []} | dict(more)
    return payload


def _recorded_like(kind: str, action: str | None) -> Payload:
    examples = [payload for name, payload in recorded() if name == kind]
    fitting = [payload for payload in examples if payload.get("action") == action] or examples
    copy: Payload = json.loads(json.dumps(fitting[0]))
    return copy


def _issue(example: Payload, found: Payload) -> Payload:
    """An issue is a pull request exactly where it says so."""
    issue = example | found
    if "pull_request" not in found:
        issue.pop("pull_request", None)
    return issue
