"""Turn questions and effects into requests to GitHub: the only place that speaks HTTP to it.

Source: https://docs.github.com/en/rest, by way of PyGithub.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from github import Auth, Github
from github.Consts import DEFAULT_BASE_URL
from github.Repository import Repository

from hubpipe import __version__
from hubpipe.deadline import Deadline
from hubpipe.errors import ForbiddenError, GitHubError, MissingError, TokenError
from hubpipe.event import Annotation, Attachment, Changes, Comment, KnownIssue, Label, LabelChange, Material, Subject
from hubpipe.github import checks, history, issues, labels, people, pulls, releases
from hubpipe.github.attachments import Fetcher, attached, hosts_of
from hubpipe.github.calls import OF_AN_INSTALLATION, Access, Caller, Deed, Wording
from hubpipe.github.comments import Thread
from hubpipe.github.folders import READ_CONTENTS, folder
from hubpipe.github.granted import Granted, granted
from hubpipe.github.material import Reading, not_read, read, text_of
from hubpipe.github.replies import strict
from hubpipe.github.tokens import FreshToken

DEFAULT_API_URL = DEFAULT_BASE_URL  # where the environment names no server
PAGE = 100
TIMEOUT = 30  # seconds, for one request
# Who a workflow's own token speaks for.
ACTIONS_BOT = "github-actions[bot]"
VIEWER = "query { viewer { login } }"

UNREADABLE = "{path} of {repo} is no UTF-8 text of at most 1 MB: make it one, or remove it."


class GitHub:
    """What one token sees and may do.

    `pacing` is the time in seconds between two writes, as GitHub asks for; `patience` is how long one call may
    wait for GitHub in all, `timeout` how long one request may take, and nothing is sent after `deadline`. Every method
    raises ForbiddenError, LockedError, MissingError, RateLimitError or GitHubError. `token` may be what gives one: it
    is asked at each request.
    `repo` is "owner/name"; `number` is an issue's or a pull request's: for labels and comments they are one.
    """

    def __init__(
        self,
        token: str | Callable[[], str],
        api_url: str,
        *,
        graphql_url: str | None = None,
        server_url: str | None = None,
        pacing: float = 1.0,
        patience: float = 60.0,
        timeout: int = TIMEOUT,
        deadline: Deadline | None = None,
    ) -> None:
        self._hub = strict(
            lambda: Github(
                auth=_auth(token),
                base_url=api_url.rstrip("/"),
                user_agent=f"hubpipe/{__version__}",
                per_page=PAGE,
                timeout=timeout,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=pacing,
                lazy=True,
            )
        )
        self._graphql_url = graphql_url or self._hub.requester.graphql_url
        # What gives tokens anew is an App.
        self._caller = Caller(patience, deadline or Deadline(), OF_AN_INSTALLATION if callable(token) else Wording())
        self._fetcher = Fetcher(hosts_of(api_url, server_url), token if callable(token) else lambda: token)
        self._login: str | None = None

    @property
    def requests_left(self) -> int | None:
        """How many requests GitHub allows until the hour is over, as its last reply said; None before the first."""
        left, _ = self._hub.requester.rate_limiting
        return left if left >= 0 else None

    def login(self) -> str:
        """Give the login that the token speaks for."""
        if self._login is None:
            self._login = self._who()
        return self._login

    def file(self, repo: str, path: str) -> str | None:
        """Read a file of the default branch; None when there is none."""
        deed = Deed(f"read {path} of {repo}", READ_CONTENTS)
        try:
            found = self._caller.call(deed, lambda: self._repo(repo).get_contents(path))
        except MissingError:
            return None
        text = text_of(found)
        if text is None:
            raise GitHubError(UNREADABLE.format(path=path, repo=repo))
        return text

    def folder(self, repo: str, path: str) -> dict[str, bytes] | None:
        """Read the files of a folder of the default branch, and of those in it; None where there is no such folder."""
        return folder(self._access(repo), path)

    def granted(self, repo: str) -> Granted:
        """Tell what GitHub says of the token: a classic one's scopes, and what its owner may do in a repository."""
        return granted(self._access(repo))

    def labels(self, repo: str) -> tuple[Label, ...]:
        """List the labels that a repository has."""
        return labels.listed(self._access(repo))

    def create_label(self, repo: str, name: str, description: str = "") -> None:
        """Add a label to a repository; one that exists stays as it is."""
        labels.create(self._access(repo), name, description)

    def has_label(self, repo: str, name: str) -> bool:
        """Tell whether a repository has a label now."""
        return labels.exists(self._access(repo), name)

    def labels_of(self, repo: str, number: int) -> tuple[str, ...]:
        """List the labels that an issue has now."""
        return labels.of_issue(self._access(repo), number)

    def label_changes(self, repo: str, number: int) -> tuple[LabelChange, ...]:
        """List who added and who removed which label, oldest first."""
        return labels.changes(self._access(repo), number)

    def add_labels(self, repo: str, number: int, names: Sequence[str]) -> None:
        """Add labels to an issue. GitHub creates what the repository does not have: ask `has_label` before."""
        if names:
            labels.add(self._access(repo), number, names)

    def remove_label(self, repo: str, number: int, name: str) -> None:
        """Remove a label from an issue; one that is not there is fine."""
        labels.remove(self._access(repo), number, name)

    def history(
        self, repo: str, kind: history.Kind, after: str | None = None, size: int = history.PAGE
    ) -> history.Page:
        """Read a page of the past, behind the place where another page ended."""
        return history.page(self._access(repo), kind, after, size)

    def changed_issues(self, repo: str, since: str | None, *, onward: bool = False) -> Changes:
        """List issues that changed since a moment (ISO 8601): the last ones, or with `onward` those right after it."""
        access = self._access(repo)
        return issues.onward(access, since) if onward and since else issues.newest(access, since)

    def issue(self, repo: str, number: int) -> KnownIssue | None:
        """Read an issue as it is now; None where it is gone, moved elsewhere, or a pull request."""
        return issues.issue(self._access(repo), number)

    def own_comment(self, repo: str, number: int, marker: str) -> Comment | None:
        """Find the comment that this token's user began with a hidden marker, on whichever page it is."""
        return next(iter(self._thread(repo, number).own(marker)), None)

    def only_comment(self, repo: str, number: int, marker: str) -> Comment | None:
        """Find our own comment, and remove the younger ones that a run which was cut off has left beside it."""
        thread = self._thread(repo, number)
        return thread.alone(thread.own(marker))

    def create_comment(self, repo: str, number: int, body: str, marker: str) -> Comment:
        """Write a comment once, and give the one that is there then: where two runs write, the older one stays."""
        return self._thread(repo, number).create(body, marker)

    def edit_comment(self, repo: str, comment_id: int, body: str, number: int) -> Comment:
        """Replace the text of a comment."""
        return self._thread(repo, number).edit(comment_id, body)

    def own_comments(self, repo: str, number: int, marker: str) -> tuple[Comment, ...]:
        """Find the comments that this token's user began with a hidden marker, or with its beginning, oldest first."""
        return self._thread(repo, number).own(marker)

    def remove_comment(self, repo: str, number: int, comment_id: int) -> None:
        """Remove a comment; one that is gone is fine."""
        self._thread(repo, number).remove(comment_id)

    def comments_since(self, repo: str, since: datetime) -> tuple[Comment, ...]:
        """List a repository's comments that were written since a moment, the newest first."""
        return people.comments_since(self._access(repo), since)

    def role(self, repo: str, login: str) -> people.Role:
        """Tell what a person may do in a repository: none, read, triage or write."""
        return people.role(self._access(repo), login)

    def react(self, repo: str, number: int, comment_id: int, content: str) -> None:
        """React on a comment; a reaction that is there already is fine."""
        people.react(self._access(repo), number, comment_id, content)

    def material(self, repo: str, subject: Subject, inputs: Collection[str]) -> Material:
        """Read what `inputs` names of a subject; `unread` says what could not be read.

        Contents are those of the head commit; no file is ever executed.
        """
        if subject.kind == "release" and "pulls" in inputs:
            merged, rest = self.merged_pulls(repo, subject.tag), not_read(subject, inputs)
            return replace(rest, pulls=merged.pulls, unread=rest.unread + merged.unread, remarks=merged.remarks)
        if subject.number is None or subject.kind not in ("issue", "pull_request"):
            return not_read(subject, inputs)
        return read(Reading(self._access(repo), subject.number), subject, inputs)

    def pull(self, repo: str, number: int) -> Subject:
        """Read a pull request as it is now."""
        return pulls.pull(self._access(repo), number)

    def pulls_from(self, repo: str, head_repo: str, head_ref: str) -> tuple[int, ...]:
        """Give the numbers of the open pull requests of a branch, of a fork's as well."""
        return pulls.pulls_from(self._access(repo), head_repo, head_ref)

    def edit_description(self, repo: str, number: int, body: str) -> None:
        """Replace a pull request's description, and nothing else of it."""
        pulls.edit_description(self._access(repo), number, body)

    def check_run(self, repo: str, sha: str, name: str, external_id: str) -> int | None:
        """Find the newest of our own check runs of a commit."""
        return checks.check_run(self._access(repo), sha, name, external_id)

    def write_check(
        self,
        repo: str,
        sha: str,
        name: str,
        external_id: str,
        conclusion: str,
        title: str,
        summary: str,
        annotations: Sequence[Annotation] = (),
        existing_id: int | None = None,
    ) -> str:
        """Write a check run of a commit and give its address; `existing_id` is that of `check_run`."""
        check = checks.Check(sha, name, external_id, conclusion, title, summary, annotations)
        return checks.write_check(self._access(repo), check, existing_id)

    def merged_pulls(self, repo: str, tag: str | None) -> releases.Merged:
        """List what was merged for the release of a tag (None: for the next one), oldest first."""
        return releases.merged_pulls(self._access(repo), tag)

    def release(self, repo: str, release_id: int) -> tuple[str, str]:
        """Read a release's text and address."""
        return releases.release(self._access(repo), release_id)

    def edit_release(self, repo: str, release_id: int, body: str) -> None:
        """Replace a release's text, and nothing else of it."""
        releases.edit_release(self._access(repo), release_id, body)

    def attachments(
        self, texts: Sequence[str], kinds: Collection[str]
    ) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
        """Fetch the images and sounds that Markdown texts show, from GitHub's own hosts alone.

        `kinds` are `images`, `audio`, or both. The second part says in words what is not read: this never raises.
        """
        return attached(texts, kinds, self._fetcher)

    def _who(self) -> str:
        deed = Deed("find out who the token speaks for")
        # An installation's token, such as a workflow's, is no user: only GraphQL knows its bot.
        for ask in (self._user, self._viewer):
            try:
                return self._caller.call(deed, ask)
            except TokenError:
                raise
            except (ForbiddenError, MissingError):
                continue
        return ACTIONS_BOT

    def _user(self) -> str:
        _, data = self._hub.requester.requestJsonAndCheck("GET", "/user")
        return str(data["login"])

    def _viewer(self) -> str:
        _, data = self._hub.requester.requestJsonAndCheck("POST", self._graphql_url, input={"query": VIEWER})
        return str(data["data"]["viewer"]["login"])

    def _thread(self, repo: str, number: int) -> Thread:
        return Thread(self._access(repo), number, self.login)

    def _access(self, repo: str) -> Access:
        return Access(repo, self._repo(repo), self._caller, self._graphql_url)

    def _repo(self, repo: str) -> Repository:
        return self._hub.get_repo(repo)


def _auth(token: str | Callable[[], str]) -> Auth.Auth | None:
    if callable(token):
        return FreshToken(token)
    return Auth.Token(token) if token else None
