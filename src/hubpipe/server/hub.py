"""Turn an installation's number into GitHub as that installation sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from hubpipe import world
from hubpipe.deadline import Deadline
from hubpipe.github import GitHub


class Tokens(Protocol):
    """A GitHub App: it gives each of its installations a token of its own."""

    def token(self, installation: int) -> str:
        """Give a token that is valid for some minutes more."""
        ...

    def forget(self, installation: int) -> None:
        """Make the next token anew."""
        ...

    def installation_of(self, repo: str) -> int:
        """Find the installation that a repository belongs to."""
        ...


@dataclass(frozen=True)
class Hub:
    """GitHub for every installation; without an App one token speaks for all of them."""

    environ: Mapping[str, str] = field(repr=False)
    app: Tokens | None = None
    token: str = field(default="", repr=False)

    def github(self, repo: str, installation: int, deadline: Deadline) -> GitHub:
        """Open GitHub for a repository; nothing is asked of it yet."""
        return world.connect(self._token(repo, installation), self.environ, deadline)

    def renew(self, repo: str, installation: int) -> None:
        """Make the next token of an installation anew: GitHub does not know the last one any more."""
        if self.app is not None:
            self.app.forget(installation or self.app.installation_of(repo))

    def _token(self, repo: str, installation: int) -> str | Callable[[], str]:
        app = self.app
        if app is None:
            return self.token

        @cache
        def owner() -> int:
            # A delivery of a repository's own webhook names no installation. The token is asked for at each request.
            return installation or app.installation_of(repo)

        return lambda: app.token(owner())
