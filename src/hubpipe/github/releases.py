"""Turn a release on GitHub into its text, and into the pull requests that were merged for it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from github.GitRelease import GitRelease
from github.PullRequest import PullRequest

from hubpipe.event import MergedPull
from hubpipe.github.calls import Access, Deed

READ_RELEASE = "`contents: read`"
WRITE_RELEASE = "`contents: write`"
# Ours: a page of a hundred is one request.
READ_RELEASES = 1_000
MERGED_PULLS = 1_000
READ_PULLS = 3_000

NONE_BEFORE = "no {kind} of {branch} was published before, so that everything merged into it until then is listed"
MORE_MERGED = f"pulls: only {MERGED_PULLS:,} merged pull requests are listed, those that changed last"
MORE_PULLS = f"pulls: only those of the {READ_PULLS:,} closed pull requests that changed last are listed"

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
# What a release is made of: a branch, or the whole id of a commit. Where the tag was there already GitHub keeps the
# default branch: https://docs.github.com/rest/releases/releases#create-a-release
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Merged:
    """What was merged for a release, oldest first; `unread` says what is not listed, `remarks` what else there is."""

    pulls: tuple[MergedPull, ...]
    unread: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Release:
    """A release by its tag: of which branch it is, and when it was published, END where it is not."""

    tag: str
    branch: str
    published: datetime = END
    final: bool = True

    def follows(self, other: "_Release") -> bool:
        """Tell whether this one goes on where another ended: a final one does not at a prerelease."""
        return self.branch == other.branch and self.published > other.published and (other.final or not self.final)


def release(access: Access, release_id: int) -> tuple[str, str]:
    """Read a release's text and address."""
    deed = Deed(f"read a release of {access.name}", READ_RELEASE)
    found = access.ask(deed, "GET", f"/releases/{release_id}", about={"id": release_id})
    return str(found.get("body") or ""), str(found.get("html_url") or "")


def edit_release(access: Access, release_id: int, body: str) -> None:
    """Replace a release's text, and nothing else of it."""
    deed = Deed(f"edit a release of {access.name}", WRITE_RELEASE)
    access.ask(deed, "PATCH", f"/releases/{release_id}", {"body": body}, about={"id": release_id})


def merged_pulls(access: Access, tag: str | None) -> Merged:
    """List what was merged into the branch of the release of `tag` between the release before and this one.

    Without a tag it is what was merged into the default branch for the next final release, until now.
    """
    own, since = _span(access, tag)
    deed = Deed(f"list the pull requests of {access.name}", "`pull-requests: read`")
    seen, merged = access.call(deed, lambda: _merged(access, own.branch, since, own.published))
    unread = ((MORE_MERGED, len(merged) > MERGED_PULLS), (MORE_PULLS, seen >= READ_PULLS))
    kept = sorted(merged[:MERGED_PULLS], key=lambda pull: pull.merged_at or BEGINNING)
    remark = NONE_BEFORE.format(kind="final release" if own.final else "release", branch=own.branch)
    return Merged(
        tuple(map(_merged_pull, kept)),
        tuple(words for words, holds in unread if holds),
        (remark,) if since == BEGINNING else (),
    )


def _span(access: Access, tag: str | None) -> tuple[_Release, datetime]:
    """Give the release of a tag, and when the one before it was published."""
    default = str(access.ask(Deed(f"read {access.name}", "`metadata: read`"), "GET", "").get("default_branch") or "")
    deed = Deed(f"list the releases of {access.name}", READ_RELEASE)
    known = access.call(
        deed, lambda: [_release(one, default) for one in islice(access.repo.get_releases(), READ_RELEASES)]
    )
    of_tag = (one for one in known if one.tag == tag)
    own = min(of_tag, key=lambda one: one.published, default=_Release("", default))
    return own, max((one.published for one in known if own.follows(one)), default=BEGINNING)


def _release(found: GitRelease, default: str) -> _Release:
    # A draft's date and a target that is not named are null, which PyGithub's types do not say.
    target = (found.target_commitish or default).removeprefix("refs/heads/")
    published = END if found.draft else found.published_at or END
    return _Release(found.tag_name, default if COMMIT.fullmatch(target) else target, published, not found.prerelease)


def _merged(access: Access, branch: str, since: datetime, until: datetime) -> tuple[int, list[PullRequest]]:
    """Give how many pull requests were looked at, and the merged ones among them, one more than are kept."""
    closed = access.repo.get_pulls(state="closed", base=branch, sort="updated", direction="desc")
    seen = 0
    merged: list[PullRequest] = []
    for one in islice(closed, READ_PULLS):
        if (one.updated_at or END) <= since or len(merged) > MERGED_PULLS:
            break
        seen += 1
        if one.merged_at and since < one.merged_at <= until:
            merged.append(one)
    return seen, merged


def _merged_pull(pull: PullRequest) -> MergedPull:
    # A deleted user and an empty description are null, which PyGithub's types do not say.
    author = pull.user.login if pull.user else None
    labels = tuple(label.name for label in pull.labels)
    return MergedPull(pull.number, pull.title, pull.body or "", author, labels, pull.html_url)
