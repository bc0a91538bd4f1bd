"""Turn what an issue or pull request holds on GitHub into Material."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from github.ContentFile import ContentFile
from github.File import File
from github.IssueComment import IssueComment

from hubpipe.errors import GitHubError, MissingError
from hubpipe.event import ChangedFile, Comment, Commit, LinkedIssue, Material, Subject
from hubpipe.github import pulls
from hubpipe.github.calls import NOT_IT, Access, Deed
from hubpipe.github.diffs import patches_of
from hubpipe.github.replies import OddReplyError

# GitHub's own limits. Source: https://docs.github.com/en/rest/pulls/pulls
LISTED_FILES = 3_000
LISTED_COMMITS = 250
# Beyond these GitHub refuses the diff of the whole.
DIFF_FILES = 300
DIFF_LINES = 20_000
# Ours: the contents of each file cost one request.
READ_FILES = 100
READ_BYTES = 1_000_000
READ_CHARACTERS = 2_000_000  # in all: a model reads some thousand, and counting the tokens of more takes long

ATTRIBUTES = ".gitattributes"
FILE_INPUTS = frozenset({"files", "path", "patch", "contents"})
NOT_READ = "{inputs}: not read for a {kind}"
MORE_COMMITS = f"commits: GitHub lists the first {LISTED_COMMITS} only"
MORE_FILES = f"files: GitHub lists the first {LISTED_FILES:,} only"
NO_PATCH = "patch of {files}: GitHub gives none (binary, empty or too large)"
MANY_FILES = f"patch of {{files}}: too large for GitHub's list, and of over {DIFF_FILES} files it gives no diff"
MANY_LINES = f"patch of {{files}}: too large for GitHub's list, and of over {DIFF_LINES:,} lines it gives no diff"
NO_DIFF = "patch of {files}: too large for GitHub's list, and GitHub refused the diff"
NO_ATTRIBUTES = f"{ATTRIBUTES}: GitHub does not give it, so that generated files are known by their names alone"
NO_TEXT = "contents of {files}: not text, empty, or over 1 MB"
NOT_THERE = "contents of {files}: not found at the pull request's last commit"
MORE_CONTENTS = f"contents of {{files}}: only the first {READ_FILES} files are read"
MUCH_CONTENTS = f"contents of {{files}}: {READ_CHARACTERS:,} characters of other files are enough"
MUCH_COMMENTS = f"comments: the {{count}} oldest of {{all}}; {READ_CHARACTERS:,} characters of newer ones are enough"
NAMED_FILES = 3


@dataclass(frozen=True)
class Reading:
    """One reading of an issue or pull request; `_missed` fills up on the way: the files by what went wrong."""

    access: Access
    number: int
    _missed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, a sentence a reason."""
        return tuple(reason.format(files=named(paths)) for reason, paths in self._missed.items())

    def comments(self) -> tuple[Comment, ...]:
        """Read every comment, oldest first."""
        issue = self.access.repo.get_issue(self.number)
        deed = Deed(f"read the comments of #{self.number}", "`issues: read`")
        found = self.access.call(deed, lambda: tuple(map(comment_of, issue.get_comments())))
        return self._within_room(found)

    def _within_room(self, comments: Sequence[Comment]) -> tuple[Comment, ...]:
        """Leave the oldest comments empty where all of them are too much; they count as they did."""
        room, kept = READ_CHARACTERS, []
        for comment in reversed(comments):
            room -= len(comment.body)
            kept.append(comment if room >= 0 else replace(comment, body=""))
        left_out = sum(now.body != before.body for now, before in zip(reversed(kept), comments, strict=True))
        if left_out:
            self._miss(MUCH_COMMENTS.format(count=left_out, all=len(comments)))
        return tuple(reversed(kept))

    def commits(self) -> tuple[Commit, ...]:
        """Read the commits, oldest first."""
        pull = self.access.repo.get_pull(self.number)
        deed = Deed(f"read the commits of #{self.number}", "`pull-requests: read`")
        commits = self.access.call(
            deed, lambda: tuple(Commit(one.sha, one.commit.message) for one in pull.get_commits())
        )
        if len(commits) >= LISTED_COMMITS:
            self._miss(MORE_COMMITS)
        return commits

    def files(self) -> tuple[ChangedFile, ...]:
        """List the changed files with their patches."""
        pull = self.access.repo.get_pull(self.number)
        deed = Deed(f"list the files of #{self.number}", "`pull-requests: read`")
        files = self.access.call(deed, lambda: tuple(map(_changed_file, pull.get_files())))
        if len(files) >= LISTED_FILES:
            self._miss(MORE_FILES)
        return files

    def attributes(self, branch: str) -> str:
        """Read `.gitattributes` of the branch that a pull request goes to; empty where there is none."""
        deed, ref = Deed(f"read {ATTRIBUTES}", "`contents: read`"), {"ref": branch} if branch else {}
        try:
            text = text_of(self.access.call(deed, lambda: self.access.repo.get_contents(ATTRIBUTES, **ref)))
        except MissingError:
            return ""
        except GitHubError:
            text = None
        if text is None:
            self._miss(NO_ATTRIBUTES)
        return text or ""

    def linked(self, body: str) -> tuple[LinkedIssue, ...]:
        """Read the titles of the issues that the pull request closes."""
        issues, unread = pulls.linked(self.access, self.number, body)
        for note in unread:
            self._miss(note)
        return issues

    def with_patches(self, files: Sequence[ChangedFile], *, listed: bool) -> tuple[ChangedFile, ...]:
        """Add the patches that are too large for the list, out of the diff of the whole.

        Of what is binary or empty there is no patch to read: where the files are listed too, the list tells of it.
        """
        lacking = [file.path for file in files if file.patch is None and file.additions + file.deletions]
        if not listed:
            self._miss(NO_PATCH, *(file.path for file in files if _is_opaque(file)))
        if not lacking:
            return tuple(files)
        reason = _why_no_diff(files)
        patches = {} if reason else self._patches()
        self._miss(reason or NO_DIFF, *(path for path in lacking if path not in patches))
        return tuple(replace(file, patch=file.patch or patches.get(file.path)) for file in files)

    def with_contents(self, files: Sequence[ChangedFile], head_sha: str | None) -> tuple[ChangedFile, ...]:
        """Add the contents of the files that are still there, as of the head commit."""
        present = [file for file in files if file.status != "removed"]
        self._miss(MORE_CONTENTS, *(file.path for file in present[READ_FILES:]))
        sha = head_sha or self._head_sha()
        read: dict[str, str | None] = {}
        for file in present[:READ_FILES]:
            if sum(len(text or "") for text in read.values()) >= READ_CHARACTERS:
                self._miss(MUCH_CONTENTS, file.path)
            else:
                read[file.path] = self._contents(file, sha)
        return tuple(replace(file, contents=read.get(file.path)) for file in files)

    def _miss(self, reason: str, *paths: str) -> None:
        if paths or "{files}" not in reason:
            self._missed.setdefault(reason, []).extend(paths)

    def _patches(self) -> dict[str, str]:
        deed = Deed(f"read the diff of #{self.number}", "`pull-requests: read`")
        repo, headers = self.access.repo, {"Accept": "application/vnd.github.diff"}
        url = f"{repo.url}/pulls/{self.number}"

        def send() -> str:
            _, data = repo.requester.requestJsonAndCheck("GET", url, headers=headers)
            # PyGithub wraps what is no JSON.
            return str(data["data"])

        try:
            return patches_of(self.access.call(deed, send))
        except GitHubError:
            return {}

    def _head_sha(self) -> str:
        deed = Deed(f"read #{self.number}", "`pull-requests: read`")
        return self.access.call(deed, lambda: self.access.repo.get_pull(self.number).head.sha)

    def _contents(self, file: ChangedFile, sha: str) -> str | None:
        if not _may_hold_text(file):
            self._miss(NO_TEXT, file.path)
            return None
        deed = Deed(f"read {file.path}", "`contents: read`")
        try:
            text = text_of(self.access.call(deed, lambda: self.access.repo.get_contents(file.path, ref=sha)))
        except MissingError:
            self._miss(NOT_THERE, file.path)
            return None
        if text is None:
            self._miss(NO_TEXT, file.path)
        return text


def read(reading: Reading, subject: Subject, inputs: Collection[str]) -> Material:
    """Read what `inputs` names of an issue or pull request, with as few requests as GitHub allows."""
    wanted = frozenset(inputs)
    comments = reading.comments() if "comments" in wanted else ()
    if subject.kind == "issue":
        return Material(comments, unread=reading.unread)
    commits = reading.commits() if "commits" in wanted else ()
    linked = reading.linked(subject.body) if "linked" in wanted else ()
    files = reading.files() if wanted & FILE_INPUTS else ()
    attributes = reading.attributes(subject.base_ref) if files else ""
    if "patch" in wanted:
        files = reading.with_patches(files, listed="files" in wanted)
    if "contents" in wanted:
        files = reading.with_contents(files, subject.head_sha)
    return Material(comments, commits, files, attributes, linked, unread=reading.unread)


def not_read(subject: Subject, inputs: Collection[str]) -> Material:
    """Say what a push or a discussion has and is not read; a push brings its commits with it."""
    missing = frozenset(inputs) & ({"comments"} if subject.kind == "discussion" else FILE_INPUTS)
    note = NOT_READ.format(inputs=", ".join(sorted(missing)), kind=subject.kind)
    return Material(unread=(note,) if missing else ())


def comment_of(comment: IssueComment) -> Comment:
    """Take over a comment of PyGithub's."""
    # A deleted user is null, which PyGithub's types do not say.
    author = comment.user.login if comment.user else None
    return Comment(comment.id, author, comment.body or "", comment.html_url, comment.author_association or "")


def text_of(content: ContentFile | list[ContentFile]) -> str | None:
    """Decode a file; None for a folder, a submodule, a dead link, a large file and what is not UTF-8 text."""
    if isinstance(content, list) or content.encoding != "base64" or content.size > READ_BYTES:
        return None
    data = content.decoded_content
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _changed_file(file: File) -> ChangedFile:
    if not file.filename or not file.status:
        raise OddReplyError(NOT_IT)
    return ChangedFile(
        path=file.filename,
        status=file.status,
        additions=file.additions,
        deletions=file.deletions,
        patch=file.patch,
        previous_path=file.previous_filename,
        sha=file.sha,
    )


def named(paths: Sequence[str]) -> str:
    """Name the first files of many."""
    if len(paths) == 1:
        return paths[0]
    rest = len(paths) - NAMED_FILES
    return f"{len(paths)} files ({', '.join(paths[:NAMED_FILES])}{f' and {rest} more' if rest > 0 else ''})"


def _only_moved(file: ChangedFile) -> bool:
    return file.status == "renamed" and not file.additions + file.deletions


def _is_opaque(file: ChangedFile) -> bool:
    """GitHub counts no lines of what is binary, empty, or a mode alone."""
    return file.patch is None and not file.additions + file.deletions and file.status != "renamed"


def _why_no_diff(files: Sequence[ChangedFile]) -> str | None:
    if len(files) > DIFF_FILES:
        return MANY_FILES
    lines = sum(file.additions + file.deletions for file in files)
    return MANY_LINES if lines > DIFF_LINES else None


def _may_hold_text(file: ChangedFile) -> bool:
    """GitHub counts no lines and gives no patch for a binary file: that spares a request."""
    return file.patch is not None or file.additions + file.deletions > 0 or _only_moved(file)
