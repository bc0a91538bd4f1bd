"""Turn what the bot handles and does into the manifest that GitHub makes an App from: the least that is enough.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hubpipe.event import SUBJECTS
from hubpipe.permissions import READ, WRITE
from hubpipe.server.delivery import TEXTLESS

NAME_ROOM = 34  # characters, GitHub's own limit
WEBHOOKS, DONE = "/webhooks", "/setup/done"
DESCRIPTION = (
    "Runs a model of the Hugging Face Hub on issues, pull requests and discussions: labels, summaries, comments."
)


@dataclass(frozen=True)
class Permission:
    """What the App may, and what for."""

    level: str
    why: str


# Not `contents: write`, which only a flow that writes release notes needs: it is the permission to push code, and one
# bot has it in every repository at once. Who wants release notes raises it in the App's settings.
PERMISSIONS = {
    "checks": Permission(WRITE, "check runs with annotations on the changed lines"),
    "contents": Permission(READ, "the configuration, a learned model, changed files, pushes and releases"),
    "discussions": Permission(READ, "discussions, and the events about them"),
    "issues": Permission(WRITE, "labels, comments and reactions on issues, and the search for similar ones"),
    "metadata": Permission(READ, "what every App has: names of repositories, and who may do what in them"),
    "pull_requests": Permission(WRITE, "labels, comments and descriptions of pull requests"),
}
# The rest of what hubpipe knows are events of workflows alone.
EVENTS = tuple(kind for kind in SUBJECTS if kind not in TEXTLESS | {"pull_request_target"})


def manifest(url: str, name: str = "") -> dict[str, Any]:
    """Describe the App of a bot that the world reaches at `url`; on GitHub its owner may still change the name."""
    return {
        "name": (name or f"hubpipe {urlsplit(url).hostname}")[:NAME_ROOM],
        "url": url,
        "description": DESCRIPTION,
        "hook_attributes": {"url": url + WEBHOOKS, "active": True},
        "redirect_url": url + DONE,
        "public": False,
        "default_events": list(EVENTS),
        "default_permissions": {scope: found.level for scope, found in PERMISSIONS.items()},
    }
