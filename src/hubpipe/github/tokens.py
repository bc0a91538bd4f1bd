"""Turn whatever gives a token into what PyGithub signs requests with."""

from collections.abc import Callable

from github import Auth


class FreshToken(Auth.Auth):
    """Asks for the token at each request: an installation's is valid for an hour."""

    def __init__(self, give: Callable[[], str]):
        self._give = give

    @property
    def token_type(self) -> str:
        """What stands before the token."""
        return "token"

    @property
    def token(self) -> str:
        """The token as it is now."""
        return self._give()

    @property
    def _masked_token(self) -> str:
        return "(fresh token)"
