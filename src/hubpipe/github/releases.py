"""Turn a release on GitHub into its text, and into the pull requests that were merged for it."""

from collections.abc import Iterator
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

NONE_BEFORE = "pulls: no release was published before, so that everything merged until then is listed"
MORE_MERGED = f"pulls: only {MERGED_PULLS:,} merged pull requests are listed, those that changed last"
MORE_PULLS = f"pulls: only those of the {READ_PULLS:,} closed pull requests that changed last are listed"

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


def release(access: Access, release_id: int) -> tuple[str, str]:
    """Read a release's text and address."""
    found = access.ask(Deed(f"read a release of {access.name}", READ_RELEASE), "GET", f"/releases/{release_id}")
    return str(found.get("body") or ""), str(found.get("html_url") or "")


def edit_release(access: Access, release_id: int, body: str) -> None:
    """Replace a release's text, and nothing else of it."""
    deed = Deed(f"edit a release of {access.name}", WRITE_RELEASE)
    access.ask(deed, "PATCH", f"/releases/{release_id}", {"body": body})


def merged_pulls(access: Access, tag: str | None) -> tuple[tuple[MergedPull, ...], tuple[str, ...]]:
    """List what was merged into the default branch between the release before and that of `tag`, oldest first.

    Without a tag, or with that of a release that is not published, it is what was merged until now. The second
    part says in words what is not listed.
    """
    since, until = _span(access, tag)
    branch = str(access.ask(Deed(f"read {access.name}", "`metadata: read`"), "GET", "").get("default_branch") or "")
    deed = Deed(f"list the pull requests of {access.name}", "`pull-requests: read`")
    seen, merged = access.call(deed, lambda: _merged(access, branch, since, until))
    notes = (
        (NONE_BEFORE, since == BEGINNING),
        (MORE_MERGED, len(merged) > MERGED_PULLS),
        (MORE_PULLS, seen >= READ_PULLS),
    )
    kept = sorted(merged[:MERGED_PULLS], key=lambda pull: pull.merged_at or BEGINNING)
    return tuple(map(_merged_pull, kept)), tuple(note for note, holds in notes if holds)


def _span(access: Access, tag: str | None) -> tuple[datetime, datetime]:
    """Say after and until when a release's pull requests were merged."""
    deed = Deed(f"list the releases of {access.name}", READ_RELEASE)
    published = access.call(deed, lambda: dict(_published(islice(access.repo.get_releases(), READ_RELEASES))))
    until = published.get(tag or "", END)
    return max((date for date in published.values() if date < until), default=BEGINNING), until


def _published(releases: Iterator[GitRelease]) -> Iterator[tuple[str, datetime]]:
    return ((one.tag_name, one.published_at) for one in releases if not one.draft and one.published_at)


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
