"""Turn a code that a person types on GitHub into who that person is: OAuth's device flow, which PyGithub has not.

Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from hubpipe import __version__
from hubpipe.errors import GitHubError
from hubpipe.stop import within

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TIMEOUT = 15.0  # seconds in all, for one request
SLOWER = 5  # seconds more between two questions, when GitHub asks for it
PENDING, SLOW_DOWN = "authorization_pending", "slow_down"

NO_ANSWER = "GitHub did not answer the login ({reason}): try again in a minute"
REFUSED = "GitHub refused the login ({reason})"
ODD = "GitHub's answer to the login is not as it is documented: try again, or log in by the page's token"


@dataclass(frozen=True)
class Code:
    """What a person types at `address` within `expires` seconds.

    `device` is what hubpipe asks with whether he has, every `interval` seconds.
    """

    user: str
    address: str
    expires: int
    interval: int
    device: str = field(repr=False)


@dataclass(frozen=True)
class Waiting:
    """The person has not typed the code yet: ask again after `interval` seconds."""

    interval: int


@dataclass(frozen=True)
class Devices:
    """The device flow of one OAuth App; `server` is GitHub's own address, `api` that of its API."""

    client: str
    server: str
    api: str

    def begin(self) -> Code:
        """Ask for a code; it asks the person for no scope, so that it opens nothing but who he is.

        Raises GitHubError where GitHub gives none.
        """
        found = self._ask("POST", f"{self.server}/login/device/code", {"client_id": self.client})
        if "error" in found:
            raise GitHubError(REFUSED.format(reason=found["error"]))
        try:
            code = Code(
                str(found["user_code"]),
                str(found["verification_uri"]),
                int(found["expires_in"]),
                int(found.get("interval", SLOWER)),
                str(found["device_code"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise GitHubError(ODD) from error
        if not code.address.startswith(f"{self.server}/"):
            raise GitHubError(ODD)
        return code

    def login(self, device: str, interval: int) -> str | Waiting:
        """Give the login of who typed the code; the token that says so is forgotten at once.

        Raises GitHubError when the code is too old, or was refused.
        """
        asked = {"client_id": self.client, "device_code": device, "grant_type": GRANT}
        found = self._ask("POST", f"{self.server}/login/oauth/access_token", asked)
        if found.get("error") == PENDING:
            return Waiting(interval)
        if found.get("error") == SLOW_DOWN:
            given = found.get("interval")
            return Waiting(given if isinstance(given, int) else interval + SLOWER)
        token = found.get("access_token")
        if not isinstance(token, str):
            raise GitHubError(REFUSED.format(reason=found.get("error", "no token")))
        login = self._ask("GET", f"{self.api}/user", token=token).get("login")
        if not isinstance(login, str) or not login:
            raise GitHubError(ODD)
        return login

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None, token: str = "") -> dict[str, Any]:
        headers = {"Accept": "application/json", "User-Agent": f"hubpipe/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"

        def ask() -> requests.Response:
            # No password from a .netrc file, and no other host than the one that was asked.
            return requests.request(
                method,
                url,
                data=form,
                headers=headers,
                auth=lambda request: request,
                allow_redirects=False,
                timeout=TIMEOUT,
            )

        try:
            answer = within(TIMEOUT, ask)
            found = answer.json()
        except TimeoutError as error:
            raise GitHubError(NO_ANSWER.format(reason="it took too long")) from error
        except requests.RequestException as error:
            raise GitHubError(NO_ANSWER.format(reason=type(error).__name__)) from error
        if not isinstance(found, dict) or answer.status_code >= 500:
            raise GitHubError(NO_ANSWER.format(reason=answer.status_code))
        if answer.status_code >= 400 and "error" not in found:
            raise GitHubError(REFUSED.format(reason=answer.status_code))
        return found
