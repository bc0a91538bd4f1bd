"""Turn a repository's issues on GitHub into KnownIssues: those that changed since a moment, or one by its number."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hubpipe.errors import GitHubError, MissingError, MovedError
from hubpipe.event import Changes, KnownIssue
from hubpipe.github.calls import NOT_IT, Access, Deed
from hubpipe.github.replies import OddReplyError

READ_ISSUES = "`issues: read`"
PAGE = 100  # GitHub's largest
# Ours: each issue that is new costs a run a reading of the model.
MOST_PAGES = 3

NOT_AN_ISSUE = "GitHub's reply about the issues of {repo} is not what it describes: run this again."


def newest(access: Access, since: str | None) -> Changes:
    """List the issues that changed since a moment (ISO 8601), the last change first.

    No more than MOST_PAGES pages of issues and pull requests are looked at, those that changed last.
    """
    found: list[KnownIssue] = []
    until = since
    for number in range(1, MOST_PAGES + 1):
        listed = _page(access, since, number, "desc")
        until = _moment(access, listed[0]) if listed and number == 1 else until
        found += _issues(access, listed)
        if len(listed) < PAGE:
            return Changes(tuple(found), until, True)
    return Changes(tuple(found), until, False)


def onward(access: Access, since: str) -> Changes:
    """List the issues that changed right after a moment (ISO 8601), the first change first.

    About MOST_PAGES pages are looked at, and more where one moment has them all: the next time goes on behind it. Each
    page is asked for by the moment at which the last one ended: what changes meanwhile would move the others up, past
    the end of a page that is read already.
    """
    found: dict[int, KnownIssue] = {}
    until, number = since, 1
    for count in itertools.count(1):
        listed = _page(access, until, number, "asc")
        found |= {one.number: one for one in _issues(access, listed)}
        last = _moment(access, listed[-1]) if listed else until
        if len(listed) < PAGE:
            return Changes(tuple(found.values()), last, True)
        number = number + 1 if last == until else 1
        until = last
        if count >= MOST_PAGES and until != since:
            break
    return Changes(tuple(found.values()), until, False)


def issue(access: Access, number: int) -> KnownIssue | None:
    """Read an issue as it is now; None where it was deleted or moved to another repository, or is a pull request."""
    deed, url = Deed(f"read {access.name}#{number}", READ_ISSUES), f"{access.repo.url}/issues/{number}"

    def send() -> dict[str, Any]:
        _, data = access.repo.requester.requestJsonAndCheck("GET", url)
        return {**data, "repository_url": data["repository_url"]}

    try:
        found = access.call(deed, send)
    except (MissingError, MovedError):
        return None
    known = _issue(access, found)
    return known if known is not None and known.number == number else None


def _page(access: Access, since: str | None, number: int, direction: str) -> list[dict[str, Any]]:
    # Not PyGithub's own list: it asks once more for each issue that is no pull request.
    asked = {"state": "all", "sort": "updated", "direction": direction, "per_page": PAGE, "page": number}
    asked |= {"since": since} if since else {}

    def send() -> list[dict[str, Any]]:
        requester = access.repo.requester
        _, data = requester.requestJsonAndCheck("GET", f"{access.repo.url}/issues", parameters=asked)
        if not isinstance(data, list):
            raise OddReplyError(NOT_IT)
        return list(data)

    return access.call(Deed(f"list the issues of {access.name}", READ_ISSUES), send)


def _issues(access: Access, listed: Sequence[Mapping[str, Any]]) -> list[KnownIssue]:
    return [issue for issue in (_issue(access, one) for one in listed) if issue is not None]


def _moment(access: Access, found: Mapping[str, Any]) -> str:
    """Tell when an issue or a pull request changed last."""
    moment = found.get("updated_at")
    if not isinstance(moment, str):
        raise GitHubError(NOT_AN_ISSUE.format(repo=access.name))
    return moment


def _issue(access: Access, found: Mapping[str, Any]) -> KnownIssue | None:
    if found.get("pull_request") or not _is_here(access, found):
        return None
    try:
        return KnownIssue(
            number=int(found["number"]),
            title=str(found["title"] or ""),
            body=str(found["body"] or ""),
            labels=tuple(str(label["name"]) for label in found["labels"]),
            url=str(found["html_url"]),
            open=found["state"] == "open",
            updated_at=str(found["updated_at"]),
        )
    except (LookupError, TypeError, ValueError) as fault:
        raise GitHubError(NOT_AN_ISSUE.format(repo=access.name)) from fault


def _is_here(access: Access, found: Mapping[str, Any]) -> bool:
    """Tell whether an issue is one of the repository: GitHub leads from one that was moved to where it is now."""
    return str(found.get("repository_url", "")).lower().endswith(f"/repos/{access.name.lower()}")
