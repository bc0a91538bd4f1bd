"""Turn GitHub's answer about a repository into what it tells of the token that asked."""

from dataclasses import dataclass

from hubpipe.github.calls import Access, Deed

# Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
SCOPES = "x-oauth-scopes"
# The roles that may label: https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories
LABELLING = ("admin", "maintain", "push", "triage")


@dataclass(frozen=True)
class Granted:
    """What GitHub tells of a token in a repository.

    `scopes` are those of a classic token; None for every other one, of which GitHub tells nothing. `labels` is
    whether the token's owner has a role there that may label.
    """

    repo: str
    private: bool
    scopes: tuple[str, ...] | None
    labels: bool


def granted(access: Access) -> Granted:
    """Ask about a repository, and read what comes back of the token."""
    deed = Deed(f"find out what the token may do in {access.name}", "`contents: read`")
    headers, data = access.call(deed, lambda: access.repo.requester.requestJsonAndCheck("GET", access.repo.url))
    told = headers.get(SCOPES)
    role = data.get("permissions") or {}
    return Granted(
        repo=access.name,
        private=data.get("private") is True,
        scopes=None if told is None else tuple(scope.strip() for scope in told.split(",") if scope.strip()),
        labels=any(role.get(name) is True for name in LABELLING),
    )
