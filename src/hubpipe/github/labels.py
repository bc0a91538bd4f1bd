"""Turn the names of labels into those that a repository and an issue have."""

from collections.abc import Sequence
from textwrap import shorten
from typing import Any
from urllib.parse import quote

from github import GithubException

from hubpipe.errors import MissingError
from hubpipe.event import Label, LabelChange
from hubpipe.github.calls import Access, Deed
from hubpipe.github.comments import READ_ISSUE, WRITE_ISSUE
from hubpipe.github.replies import OddReplyError

# GitHub's own default for a label without a colour.
COLOR = "ededed"
DESCRIPTION_LIMIT = 100  # characters
NO_LIST = "it is no list of labels"
NOT_ADDED = "the issue lacks what was added"
NOT_REMOVED = "the issue has what was removed"


def listed(access: Access) -> tuple[Label, ...]:
    """List the labels that a repository has."""
    deed = Deed(f"list the labels of {access.name}", READ_ISSUE)
    return access.call(deed, lambda: tuple(Label(one.name, one.description or "") for one in access.repo.get_labels()))


def create(access: Access, name: str, description: str) -> None:
    """Add a label to a repository; one that exists stays as it is."""
    brief = shorten(description, DESCRIPTION_LIMIT, placeholder="…")

    def send() -> None:
        try:
            access.repo.create_label(name, COLOR, brief)
        except GithubException as fault:
            if not _exists_already(fault):
                raise

    access.call(Deed(f"create the label {name!r} in {access.name}", WRITE_ISSUE), send)


def exists(access: Access, name: str) -> bool:
    """Tell whether a repository has a label now."""
    try:
        access.ask(Deed(f"read the label {name!r} of {access.name}", READ_ISSUE), "GET", f"/labels/{_quoted(name)}")
    except MissingError:
        return False
    return True


def of_issue(access: Access, number: int) -> tuple[str, ...]:
    """List the labels that an issue has now."""
    deed, issue = Deed(f"list the labels of {access.name}#{number}", READ_ISSUE), access.repo.get_issue(number)
    return access.call(deed, lambda: tuple(one.name for one in issue.get_labels()))


def changes(access: Access, number: int) -> tuple[LabelChange, ...]:
    """List who added and who removed which label of an issue, oldest first."""
    deed, issue = Deed(f"read the history of {access.name}#{number}", READ_ISSUE), access.repo.get_issue(number)
    return access.call(
        deed,
        lambda: tuple(
            LabelChange(one.label.name, one.event == "labeled", one.actor.login if one.actor else None)
            for one in issue.get_events()
            if one.event in ("labeled", "unlabeled")
        ),
    )


def add(access: Access, number: int, names: Sequence[str]) -> None:
    """Add labels to an issue; a reply that does not name them is none."""
    # PyGithub sends a bare list, which GitHub takes and its description no longer has.
    url, body = f"{access.repo.url}/issues/{number}/labels", {"labels": list(names)}

    def send() -> None:
        _, found = access.repo.requester.requestJsonAndCheck("POST", url, input=body)
        if not _folded(names) <= _names(found):
            raise OddReplyError(NOT_ADDED)

    access.call(Deed(f"add labels to {access.name}#{number}", WRITE_ISSUE), send)


def remove(access: Access, number: int, name: str) -> None:
    """Remove a label from an issue; one that is not there is fine, an issue that is not there is not."""
    # PyGithub leaves the slash of a name like `area/ui` in the path.
    url = f"{access.repo.url}/issues/{number}/labels/{_quoted(name)}"

    def send() -> None:
        _, left = access.repo.requester.requestJsonAndCheck("DELETE", url)
        if _folded([name]) & _names(left):
            raise OddReplyError(NOT_REMOVED)

    try:
        access.call(Deed(f"remove the label {name!r} from {access.name}#{number}", WRITE_ISSUE), send)
    except MissingError:
        if _folded([name]) & _folded(of_issue(access, number)):
            raise


def _names(reply: Any) -> set[str]:
    if not isinstance(reply, list):
        raise OddReplyError(NO_LIST)
    return _folded([one["name"] for one in reply])


def _folded(names: Sequence[str]) -> set[str]:
    return {name.casefold() for name in names}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _exists_already(fault: GithubException) -> bool:
    data: dict[str, Any] = fault.data if isinstance(fault.data, dict) else {}
    return fault.status == 422 and any(one.get("code") == "already_exists" for one in data.get("errors", []))
