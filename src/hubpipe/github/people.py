"""Turn a comment that gives a command into its author's role, what came before it, and a reaction on it."""

from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from hubpipe.errors import MissingError
from hubpipe.event import Comment, comment
from hubpipe.github.calls import Access, Deed
from hubpipe.github.comments import READ_ISSUE, WRITE_ISSUE

# What a person may in a repository, the least first.
Role = Literal["none", "read", "triage", "write"]
# GitHub has no word of its own here for maintain (write) and triage (read); custom roles have any name.
# Source: https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
WRITING = ("admin", "maintain", "write", "push")
READING = ("read", "pull", "triage")
PAGE = 100  # GitHub's largest
# Ours: more comments in an hour tell nothing that would change the answer.
MOST_PAGES = 3


def role(access: Access, login: str) -> Role:
    """Tell what a person may in a repository, as GitHub knows it now."""
    deed = Deed(f"find out what {login} may do in {access.name}", "`metadata: read`")
    url = f"{access.repo.url}/collaborators/{quote(login, safe='')}/permission"

    def send() -> dict[str, Any]:
        _, data = access.repo.requester.requestJsonAndCheck("GET", url)
        return {**data, "permission": data["permission"]}

    try:
        found = access.call(deed, send)
    except MissingError:
        return "none"
    if found.get("permission") in WRITING:
        return "write"
    may = (found.get("user") or {}).get("permissions") or {}
    if found.get("role_name") == "triage" or may.get("triage") is True:
        return "triage"
    return "read" if found.get("permission") in READING else "none"


def comments_since(access: Access, since: datetime) -> tuple[Comment, ...]:
    """List the comments on issues and pull requests that were written since a moment (in UTC), the newest first."""
    moment, found = f"{since:%Y-%m-%dT%H:%M:%SZ}", list[Comment]()
    for number in range(1, MOST_PAGES + 1):
        listed = _page(access, moment, number)
        # GitHub lists those that were edited since, too.
        fresh = [one for one in listed if str(one.get("created_at", "")) >= moment]
        found += [one for one in map(comment, fresh) if one is not None]
        if len(fresh) < PAGE:
            break
    return tuple(found)


def react(access: Access, number: int, comment_id: int, content: str) -> None:
    """React on a comment; a reaction that is there already is fine."""
    deed = Deed(f"react on a comment on {access.name}#{number}", WRITE_ISSUE)
    path, said = f"/issues/comments/{comment_id}/reactions", {"content": content}
    access.ask(deed, "POST", path, said, about=said)


def _page(access: Access, since: str, number: int) -> list[dict[str, Any]]:
    asked = {"sort": "created", "direction": "desc", "since": since, "per_page": PAGE, "page": number}

    def send() -> list[dict[str, Any]]:
        url = f"{access.repo.url}/issues/comments"
        _, data = access.repo.requester.requestJsonAndCheck("GET", url, parameters=asked)
        return [dict(one) for one in data]

    return access.call(Deed(f"list the newest comments of {access.name}", READ_ISSUE), send)
