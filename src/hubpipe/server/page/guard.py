"""Turn requests of anybody into requests of people who may look: sessions, tokens of forms, and headers.

A form's POST holds a token of its session. The header Origin would not do instead: with the page's own Referrer-Policy
a browser sends `null`, and behind a proxy the server does not know its own name. The cookie's SameSite=Lax is the
second wall.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubpipe.server.bodies import Bodies
from hubpipe.server.delivery import RefusedError
from hubpipe.server.page.key import PageKey

HOURS = 12
LIFE = HOURS * 3600
SKEW = 60  # seconds that the clocks of two machines may differ
COOKIE = "hubpipe"
MOST_BYTES, MOST_FIELDS = 16 * 1024, 10  # of a form
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOT_KEPT = {"Cache-Control": "no-store"}

BY_TOKEN = "token"  # noqa: S105 - a way to log in
BY_GITHUB = "github"


class Sessions:
    """Gives every request its session; over https its cookie goes over https alone, and to this host alone."""

    def __init__(self, app: ASGIApp, key: str):
        self._plain = SessionMiddleware(app, key, COOKIE, max_age=LIFE)
        self._secure = SessionMiddleware(app, key, f"__Host-{COOKIE}", max_age=LIFE, https_only=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        chosen = self._secure if scope.get("scheme") == "https" else self._plain
        await chosen(scope, receive, send)


class Headers:
    """Adds to every answer what a browser is to be careful about; an answer's own word about caches stays."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (NOT_KEPT | HEADERS).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


def session_key(secret: str, key: PageKey) -> str:
    """Make what sessions are signed with: the same in every process, and another when a secret is changed."""
    return hmac.new(secret.encode(), f"hubpipe page sessions\0{key.token}".encode(), hashlib.sha256).hexdigest()


def is_token(given: str, key: PageKey) -> bool:
    """Tell in constant time whether somebody has the page's token."""
    both = [hashlib.sha256(word.encode("utf-8", "replace")).digest() for word in (given, key.token)]
    return bool(key.token) and hmac.compare_digest(*both)


def log_in(session: dict[str, Any], by: str, name: str) -> None:
    """Begin a session anew: nothing of what the browser brought along is kept."""
    session.clear()
    session.update({"by": by, "who": name, "since": int(time.time()), "form": secrets.token_urlsafe(24)})


def visitor(session: Mapping[str, Any], key: PageKey) -> str:
    """Tell who looks; empty where he may not, or may not any more."""
    by, who, since = session.get("by"), str(session.get("who", "")), session.get("since", 0)
    if not time.time() - LIFE < since <= time.time() + SKEW:
        return ""
    if by == BY_TOKEN and key.token:
        return who
    return who if by == BY_GITHUB and key.devices is not None and who.casefold() in key.users else ""


def form_token(session: dict[str, Any]) -> str:
    """Give the token that this session's forms hold."""
    if not session.get("form"):
        session["form"] = secrets.token_urlsafe(24)
    return str(session["form"])


async def own_form(request: Request) -> Mapping[str, str] | None:
    """Read a form of this session; None where a POST is none."""
    held = request.session.get("form")
    if not isinstance(held, str):
        return None
    try:
        # Starlette's own reading takes a gigabyte of fields, and files without end.
        body = await Bodies(MOST_BYTES).read(request)
        given = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except (RefusedError, ValueError):
        return None
    return given if hmac.compare_digest(given.get("form", "").encode("utf-8", "replace"), held.encode()) else None
