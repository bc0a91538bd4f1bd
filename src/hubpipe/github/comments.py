"""Turn a flow's words into its one comment: found by its marker and its author, written once, without a twin."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hubpipe.errors import GitHubError, MissingError, NoAnswerError
from hubpipe.event import Comment
from hubpipe.github.calls import NOT_IT, Access, Deed
from hubpipe.github.material import comment_of
from hubpipe.github.replies import OddReplyError

READ_ISSUE = "`issues: read` (`pull-requests: read` for a pull request)"
WRITE_ISSUE = "`issues: write` (`pull-requests: write` for a pull request)"
TRIES = 2
NOT_ALONE = (
    "The comment is written, but hubpipe cannot tell whether another run wrote one at the same time: run this again. "
    "{fault}"
)


@dataclass(frozen=True)
class Thread:
    """The comments of an issue or pull request, as one token sees them; `login` tells who it speaks for."""

    access: Access
    number: int
    login: Callable[[], str]

    @property
    def name(self) -> str:
        """Name it as people do."""
        return f"{self.access.name}#{self.number}"

    def own(self, marker: str, me: str | None = None) -> tuple[Comment, ...]:
        """Find the comments that `me` (None: this token's user) began with a hidden marker, oldest first.

        One that only quotes the marker is another's: every workflow of a repository writes under one login.
        """
        deed, issue = Deed(f"read the comments of {self.name}", READ_ISSUE), self.access.repo.get_issue(self.number)

        def send() -> tuple[Comment, ...]:
            begun = (one for one in issue.get_comments() if (one.body or "").lstrip().startswith(marker))
            mine = (comment_of(one) for one in begun if one.user and one.user.login == (me or self.login()))
            return tuple(sorted(mine, key=lambda one: one.id))

        return self.access.call(deed, send)

    def create(self, body: str, marker: str) -> Comment:
        """Write a comment once, and give the one that is there then.

        Where the reply was lost the marker is looked for before anything is written again. Where another run has
        written at the same time, the older comment stays, with its own text, and the younger one goes.
        """
        written = self._written(body, marker)
        try:
            return self.alone(self.own(marker, written.author)) or written
        except MissingError:
            raise
        except GitHubError as fault:
            raise GitHubError(NOT_ALONE.format(fault=fault)) from fault

    def alone(self, found: Sequence[Comment]) -> Comment | None:
        """Keep the oldest of our own comments and remove its twins, so that every run keeps the same one."""
        for twin in found[1:]:
            self.remove(twin.id)
        return found[0] if found else None

    def edit(self, comment_id: int, body: str) -> Comment:
        """Replace the text of a comment."""
        deed = Deed(f"edit a comment on {self.name}", WRITE_ISSUE)
        return self.access.call(deed, lambda: self._sent("PATCH", f"/issues/comments/{comment_id}", body))

    def remove(self, comment_id: int) -> None:
        """Remove a comment; one that is gone is fine, one that GitHub only says so of is not."""
        path = f"/issues/comments/{comment_id}"
        url, requester = f"{self.access.repo.url}{path}", self.access.repo.requester
        deed = Deed(f"remove one of hubpipe's comments on {self.name}", WRITE_ISSUE)

        def send() -> None:
            _, data = requester.requestJsonAndCheck("DELETE", url)
            if data:
                raise OddReplyError(NOT_IT)

        try:
            self.access.call(deed, send)
        except MissingError:
            if self._is_there(path):
                raise

    def _is_there(self, path: str) -> bool:
        with suppress(MissingError):
            self.access.ask(Deed(f"read a comment on {self.name}", READ_ISSUE), "GET", path)
            return True
        return False

    def _written(self, body: str, marker: str) -> Comment:
        deed, path = Deed(f"comment on {self.name}", WRITE_ISSUE), f"/issues/{self.number}/comments"
        tried = 0
        while True:
            try:
                return self.access.call(deed, lambda: self._sent("POST", path, body), repeatable=False)
            except NoAnswerError:
                found, tried = self.own(marker), tried + 1
                if found:
                    return found[0]
                if tried == TRIES:
                    raise

    def _sent(self, method: str, path: str, body: str) -> Comment:
        _, data = self.access.repo.requester.requestJsonAndCheck(
            method, self.access.repo.url + path, input={"body": body}
        )
        return _comment(data)


def _comment(data: Any) -> Comment:
    """Take over a comment; what is none breaks off the call."""
    author = (data["user"] or {}).get("login")
    return Comment(int(data["id"]), author, data["body"] or "", data["html_url"], data.get("author_association") or "")
