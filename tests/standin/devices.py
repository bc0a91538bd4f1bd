"""Turn GitHub's description of OAuth's device flow into a server that plays it, which emulate has not.

Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.standin.servers import token_of
from tests.standin.wire import HttpServer, Reply, Request, reply_json

CLIENT = "Iv1.0123456789abcdef"
USER_CODE = "WDJB-MJHT"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class DeviceFlow:
    """GitHub's part of the flow: `error` is what it says of a code, until somebody has typed it as `typed`.

    `instead` is a reply to everything; `asked` are the paths that were asked for, `tokens` those that were shown.
    """

    url: str = ""
    error: str = "authorization_pending"
    typed: str = ""
    interval: int = 0
    instead: Reply | None = None
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Answer as GitHub does."""
        self.asked.append(request.path)
        if self.instead is not None:
            return self.instead
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        match request.method, request.path:
            case "POST", "/login/device/code":
                return self._code(form)
            case "POST", "/login/oauth/access_token":
                return self._token(form)
            case "GET", "/api/v3/user":
                self.tokens.append(request.token)
                known = request.token == token_of(self.typed)
                return (
                    reply_json(200, {"login": self.typed}) if known else reply_json(401, {"message": "Bad credentials"})
                )
        return reply_json(404, {"message": "Not Found"})

    def _code(self, form: dict[str, str]) -> Reply:
        if form.get("client_id") != CLIENT:
            return reply_json(404, {"error": "Not Found"})
        assert not form.get("scope"), "who somebody is needs no scope"
        return reply_json(
            200,
            {
                "device_code": "3584d83530557fdd1f46af8289938c8ef79f9dc5",
                "user_code": USER_CODE,
                "verification_uri": f"{self.url}/login/device",
                "expires_in": 900,
                "interval": self.interval,
            },
        )

    def _token(self, form: dict[str, str]) -> Reply:
        assert form["grant_type"] == GRANT
        if self.typed:
            return reply_json(200, {"access_token": token_of(self.typed), "token_type": "bearer", "scope": ""})
        more = {"interval": 10} if self.error == "slow_down" else {}
        return reply_json(200, {"error": self.error} | more)


@contextmanager
def device_flow() -> Iterator[DeviceFlow]:
    """Play the flow on a free port."""
    flow = DeviceFlow()
    with HttpServer(flow.answer) as server:
        flow.url = server.url
        yield flow
