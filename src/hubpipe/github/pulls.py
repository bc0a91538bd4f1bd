"""Turn a pull request on GitHub into its Subject as it is now, and what it closes into LinkedIssues."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hubpipe.errors import EventError, GitHubError, MissingError
from hubpipe.event import Event, LinkedIssue, Subject, parse
from hubpipe.github.calls import Access, Deed

READ_PULL = "`pull-requests: read`"
WRITE_PULL = "`pull-requests: write`"

LINKED = 20  # of one page: more than anybody reads
LINKED_BY_WORDS = 10  # ours: each costs one request
CLOSING = f"""
query($owner: String!, $name: String!, $number: Int!) {{
  repository(owner: $owner, name: $name) {{
    pullRequest(number: $number) {{
      closingIssuesReferences(first: {LINKED}) {{
        totalCount nodes {{ number title repository {{ nameWithOwner isPrivate }} }}
      }}
    }}
  }}
}}
"""
# Source: https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
CLOSING_WORDS = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s{1,10}"
    r"(?:(?:https?://[^\s/]{1,100}/)?(?P<repo>[\w.-]{1,100}/[\w.-]{1,100})(?:#|/issues/)|#)(?P<number>\d{1,9})\b",
    re.IGNORECASE,
)
# Templates tell in such comments how to write one.
HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)

NO_PULL = "GitHub's reply about {repo}#{number} tells of no pull request: run this again."
MORE_LINKED = f"linked: only the first {LINKED} of {{count}} issues are read"
MORE_WORDS = f"linked: only the first {LINKED_BY_WORDS} issues that the description names are read"
NOT_LINKED = "linked: GitHub did not give the titles of the issues that the pull request closes"

Linked = tuple[tuple[LinkedIssue, ...], tuple[str, ...]]


def pull(access: Access, number: int) -> Subject:
    """Read a pull request as it is now."""
    deed = Deed(f"read {access.name}#{number}", READ_PULL)
    data = access.ask(deed, "GET", f"/pulls/{number}", about={"number": number})
    # An event brings what a question brings.
    with suppress(EventError):
        event = parse("pull_request", {"pull_request": data}, access.name)
        if isinstance(event, Event) and event.subject:
            return event.subject
    raise GitHubError(NO_PULL.format(repo=access.name, number=number))


def pulls_from(access: Access, head_repo: str, head_ref: str) -> tuple[int, ...]:
    """Give the open pull requests of a branch, of a fork's as well.

    Of a run for a fork's pull request GitHub's own list (`workflow_run.pull_requests`) is empty.
    """
    deed = Deed(f"list the pull requests from {head_repo} in {access.name}", READ_PULL)
    owner = head_repo.partition("/")[0]
    return access.call(
        deed,
        lambda: tuple(
            pull.number
            for pull in access.repo.get_pulls(state="open", head=f"{owner}:{head_ref}")
            if pull.head.ref == head_ref and pull.head.repo is not None and pull.head.repo.full_name == head_repo
        ),
    )


def edit_description(access: Access, number: int, body: str) -> None:
    """Replace a pull request's description, and nothing else of it."""
    deed = Deed(f"edit the description of {access.name}#{number}", WRITE_PULL)
    access.ask(deed, "PATCH", f"/pulls/{number}", {"body": body}, about={"number": number})


def linked(access: Access, number: int, body: str) -> Linked:
    """Read the titles of the issues that a pull request closes; the second part says what could not be read.

    Where GraphQL does not tell, the closing words of the description do, for issues of the same repository.
    """
    owner, _, name = access.name.partition("/")
    deed = Deed(f"read what {access.name}#{number} closes", READ_PULL)
    try:
        reply = access.query(deed, CLOSING, owner=owner, name=name, number=number)
        return _of_graphql(access.name, reply["data"]["repository"]["pullRequest"]["closingIssuesReferences"])
    except (GitHubError, LookupError, TypeError):
        return _of_words(access, body)


def _of_graphql(repo: str, found: dict[str, Any]) -> Linked:
    # A node is null where the token may not see the issue. An App's token sees all repositories of its installation:
    # the title of a private one's issue would stand in a comment for everybody.
    nodes = [node for node in found["nodes"] if node and _is_for_everybody(repo, node["repository"])]
    issues = tuple(LinkedIssue(one["number"], one["title"], one["repository"]["nameWithOwner"]) for one in nodes)
    count = found.get("totalCount") or 0
    return issues, ((MORE_LINKED.format(count=count),) if count > LINKED else ())


def _is_for_everybody(repo: str, other: dict[str, Any]) -> bool:
    """Tell whether whoever sees a repository may see another one's issues."""
    return other["nameWithOwner"].lower() == repo.lower() or other.get("isPrivate") is False


def _of_words(access: Access, body: str) -> Linked:
    numbers = list(dict.fromkeys(_closed(access.name, body)))
    unread = (MORE_WORDS,) if len(numbers) > LINKED_BY_WORDS else ()
    try:
        found = [_issue(access, number) for number in numbers[:LINKED_BY_WORDS]]
    except GitHubError:
        return (), (NOT_LINKED,)
    return tuple(issue for issue in found if issue), unread


def _closed(repo: str, body: str) -> Iterator[int]:
    for match in CLOSING_WORDS.finditer(HTML_COMMENT.sub("", body)):
        if (match["repo"] or repo).lower() == repo.lower():
            yield int(match["number"])


def _issue(access: Access, number: int) -> LinkedIssue | None:
    deed = Deed(f"read {access.name}#{number}", "`issues: read`")
    try:
        found = access.ask(deed, "GET", f"/issues/{number}", about={"number": number})
    except MissingError:
        return None
    return None if found.get("pull_request") else LinkedIssue(number, str(found.get("title") or ""), access.name)
