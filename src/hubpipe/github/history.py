"""Turn a repository's issues and pull requests into what became of them: who labelled and closed them, and when.

Source: https://docs.github.com/en/graphql/reference/objects
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from hubpipe.errors import ForbiddenError, GitHubError, MissingError, NoAnswerError
from hubpipe.github.calls import FAILED, FORBIDDEN, MISSING, REFUSED, Access, Deed

Kind = Literal["issue", "pull_request"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PAGE = 100  # GitHub's largest
SMALLEST_PAGE = 5
READ_PAST = {"issue": "`issues: read`", "pull_request": "`pull-requests: read`"}
CONNECTIONS = {"issue": "issues", "pull_request": "pullRequests"}
PLURALS = {"issue": "issues", "pull_request": "pull requests"}

WHO = "{ __typename login }"
WHICH = "... on Issue { number } ... on PullRequest { number }"
EVENTS = f"""
  pageInfo {{ hasNextPage endCursor }}
  nodes {{
    __typename
    ... on LabeledEvent {{ createdAt actor {WHO} label {{ id name }} }}
    ... on UnlabeledEvent {{ createdAt actor {WHO} label {{ id name }} }}
    ... on ClosedEvent {{ createdAt actor {WHO} stateReason }}
    ... on MarkedAsDuplicateEvent {{ createdAt isCrossRepository canonical {{ {WHICH} }} }}
    ... on UnmarkedAsDuplicateEvent {{ createdAt isCrossRepository canonical {{ {WHICH} }} }}
  }}
"""
TYPES = "LABELED_EVENT, UNLABELED_EVENT, CLOSED_EVENT, MARKED_AS_DUPLICATE_EVENT, UNMARKED_AS_DUPLICATE_EVENT"
# In the order of their last change, so that where a page ended is also where what changed since begins. An issue has at
# most a hundred labels.
PAGE_OF = (
    """
query($owner: String!, $name: String!, $size: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    allIssues: issues { totalCount }
    allPulls: pullRequests { totalCount }
    page: CONNECTION(first: $size, after: $after, orderBy: {field: UPDATED_AT, direction: ASC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number title body url createdAt updatedAt state author WHO
        labels(first: 100) { nodes { id name } }
        timelineItems(first: 100, itemTypes: [TYPES]) { EVENTS }
      }
    }
  }
}
""".replace("WHO", WHO)
    .replace("TYPES", TYPES)
    .replace("EVENTS", EVENTS)
)
REST_OF = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    issueOrPullRequest(number: $number) {
      ... on Issue { timelineItems(first: 100, after: $after, itemTypes: [TYPES]) { EVENTS } }
      ... on PullRequest { timelineItems(first: 100, after: $after, itemTypes: [TYPES]) { EVENTS } }
    }
  }
}
""".replace("TYPES", TYPES).replace("EVENTS", EVENTS)

# What GitHub says where a question took longer than ten seconds; a smaller one may not.
TOOK_TOO_LONG = ("something went wrong while executing your query", "timeout", "timed out")
STALE = ("INVALID_CURSOR_ARGUMENTS", "does not appear to be a valid cursor")
NOT_GITHUBS = "GitHub's reply is not what it describes when hubpipe wants to {what}: run this again."


class StaleCursorError(GitHubError):
    """GitHub does not know the place any more where a page ended: begin again."""


@dataclass(frozen=True)
class Actor:
    """Somebody who did something; `bot` says that it is an app."""

    login: str
    bot: bool = False


@dataclass(frozen=True)
class Tag:
    """A label on an issue; its `id` stays when it is renamed."""

    name: str
    id: str = ""


@dataclass(frozen=True)
class Labelling:
    """A label that somebody added or took off; `actor` is None for a deleted user."""

    label: Tag
    added: bool
    at: datetime
    actor: Actor | None = None


@dataclass(frozen=True)
class Closing:
    """When somebody closed it, and why (`completed`, `not_planned`, `duplicate`, or empty)."""

    at: datetime
    actor: Actor | None = None
    reason: str = ""


@dataclass(frozen=True)
class Duplicate:
    """Another issue of the repository that somebody said it repeats, or (`marked` is false) said that it does not."""

    number: int
    marked: bool
    at: datetime


@dataclass(frozen=True)
class Past:
    """One issue or pull request as it is now, and what became of it, each list oldest first.

    `state` is `open`, `closed` or `merged`; `author` is None for a deleted user.
    """

    kind: Kind
    number: int
    title: str
    body: str
    url: str
    created_at: datetime
    updated_at: datetime
    state: str
    author: Actor | None = None
    labels: tuple[Tag, ...] = ()
    labellings: tuple[Labelling, ...] = ()
    closings: tuple[Closing, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of the past, what changed longest ago first.

    `until` is where it ended (None where it is empty), `more` says that another one follows, `total` is how many
    issues and pull requests the repository has, and `size` is how many fitted into one question.
    """

    past: tuple[Past, ...]
    until: str | None
    more: bool
    total: int
    size: int


def page(access: Access, kind: Kind, after: str | None = None, size: int = PAGE) -> Page:
    """Read the page behind the place where another one ended; where it takes too long, a smaller one.

    Raises StaleCursorError where GitHub knows no such place, and what `Caller.call` raises.
    """
    deed = Deed(f"read the {PLURALS[kind]} of {access.name}", READ_PAST[kind])
    query = PAGE_OF.replace("CONNECTION", CONNECTIONS[kind])
    while True:
        try:
            found = _asked(access, deed, query, size=size, after=after)
        except NoAnswerError:
            if size <= SMALLEST_PAGE:
                raise
            size = max(size // 2, SMALLEST_PAGE)
        else:
            break
    try:
        # A node is null where the token may not see it.
        past = tuple(_past(access, deed, kind, node) for node in found["page"]["nodes"] if node)
        total = found["allIssues"]["totalCount"] + found["allPulls"]["totalCount"]
        place = found["page"]["pageInfo"]
        return Page(past, place["endCursor"], bool(place["hasNextPage"]), total, size)
    except (LookupError, TypeError, ValueError) as fault:
        raise GitHubError(NOT_GITHUBS.format(what=deed.what)) from fault


def _past(access: Access, deed: Deed, kind: Kind, node: Mapping[str, Any]) -> Past:
    events = list(_events(access, deed, node))
    return Past(
        kind=kind,
        number=node["number"],
        title=node["title"] or "",
        body=node["body"] or "",
        url=node["url"] or "",
        created_at=_time(node["createdAt"]),
        updated_at=_time(node["updatedAt"]),
        state=str(node["state"]).lower(),
        author=_actor(node["author"]),
        labels=tuple(map(_tag, (node["labels"] or {}).get("nodes") or ())),
        labellings=tuple(map(_labelling, _of_types(events, "LabeledEvent", "UnlabeledEvent"))),
        closings=tuple(map(_closing, _of_types(events, "ClosedEvent"))),
        duplicates=tuple(_duplicates(events)),
    )


def _events(access: Access, deed: Deed, node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give all that happened to one, its further pages too."""
    part = node["timelineItems"]
    while True:
        yield from filter(None, part["nodes"])
        if not part["pageInfo"]["hasNextPage"]:
            return
        after = part["pageInfo"]["endCursor"]
        found = _asked(access, deed, REST_OF, number=node["number"], after=after)["issueOrPullRequest"]
        part = found["timelineItems"]


def _of_types(events: list[Mapping[str, Any]], *names: str) -> Iterator[Mapping[str, Any]]:
    return (event for event in events if event["__typename"] in names)


def _labelling(event: Mapping[str, Any]) -> Labelling:
    added = event["__typename"] == "LabeledEvent"
    return Labelling(_tag(event["label"]), added, _time(event["createdAt"]), _actor(event["actor"]))


def _closing(event: Mapping[str, Any]) -> Closing:
    return Closing(_time(event["createdAt"]), _actor(event["actor"]), str(event.get("stateReason") or "").lower())


def _duplicates(events: list[Mapping[str, Any]]) -> Iterator[Duplicate]:
    for event in _of_types(events, "MarkedAsDuplicateEvent", "UnmarkedAsDuplicateEvent"):
        # Null where the other one was deleted.
        if event["canonical"] and not event["isCrossRepository"]:
            marked = event["__typename"] == "MarkedAsDuplicateEvent"
            yield Duplicate(event["canonical"]["number"], marked, _time(event["createdAt"]))


def _tag(label: Mapping[str, Any]) -> Tag:
    return Tag(label["name"], str(label.get("id") or ""))


def _actor(found: Mapping[str, Any] | None) -> Actor | None:
    if not found:
        return None
    return Actor(found["login"], found["__typename"] == "Bot" or found["login"].endswith("[bot]"))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _asked(access: Access, deed: Deed, query: str, **variables: object) -> dict[str, Any]:
    """Ask about a repository; a reply without it, or one that broke off, is an error."""
    owner, _, name = access.name.partition("/")
    reply = access.query(deed, query, owner=owner, name=name, **variables)
    errors = [one for one in reply.get("errors") or () if isinstance(one, dict)]
    data = reply.get("data")
    found = data.get("repository") if isinstance(data, dict) else None
    if isinstance(found, dict) and not any(map(_is_timeout, errors)):
        return found
    raise _fault(deed, errors)


def _is_timeout(error: Mapping[str, Any]) -> bool:
    return any(words in str(error.get("message")).lower() for words in TOOK_TOO_LONG)


def _fault(deed: Deed, errors: list[dict[str, Any]]) -> GitHubError:
    says = "; ".join(str(one.get("message") or one.get("type")) for one in errors) or "nothing"
    types = {one.get("type") for one in errors}
    if any(words in types or words in says for words in STALE):
        return StaleCursorError(REFUSED.format(what=deed.what, status="GraphQL", says=says))
    if any(map(_is_timeout, errors)):
        return NoAnswerError(FAILED.format(what=deed.what, status="it took too long"))
    if "NOT_FOUND" in types:
        return MissingError(MISSING.format(what=deed.what))
    if "FORBIDDEN" in types or "INSUFFICIENT_SCOPES" in types:
        return ForbiddenError(FORBIDDEN.format(what=deed.what, needs=deed.needs, says=says))
    return GitHubError(REFUSED.format(what=deed.what, status="GraphQL", says=says))
