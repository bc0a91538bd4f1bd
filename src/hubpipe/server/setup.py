"""Turn a browser's way over GitHub's page into an App and its credentials file: a door that is open until that is done.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import hmac
import json
import logging
import re
import secrets
from asyncio import Lock
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hubpipe.errors import GitHubError, UsageError
from hubpipe.github.app import convert, web_url
from hubpipe.server import credentials
from hubpipe.server.listening import listening
from hubpipe.server.manifest import EVENTS, PERMISSIONS, manifest

log = logging.getLogger("hubpipe")

ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")
COOKIE = "hubpipe-setup"
PAGES = Environment(loader=PackageLoader("hubpipe", "templates/setup"), autoescape=True, undefined=StrictUndefined)
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    # The address of the page may hold the key, and that of the last one holds the code.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {github}; base-uri 'none'; "
    "frame-ancestors 'none'"
)

NO_URL = (
    "--url is {url!r}: give the address that GitHub reaches the bot at, such as https://bot.example.org (http only "
    "for this machine itself)"
)
NO_ORGANIZATION = "--organization is {name!r}: write an organization's name as it stands in its address"
OPEN = "Open this in a browser to make the bot's GitHub App (nobody else may see it):\n\n    {address}\n"
MADE = "the App %s was made; its credentials are in %s"
NO_KEY = "Open the whole address that hubpipe printed when it started: its key is what lets you in."
WRONG_STATE = "This is not the answer to a form of this page. Begin again at /setup, in the same browser."
NO_CODE = "GitHub has sent no code: the App was not made. Begin again at /setup."
OVER = "The App is made, and this page is closed. Start the bot with the credentials file."


@dataclass(frozen=True)
class Setup:
    """What to make an App for: a bot that GitHub reaches at `url`, whose credentials go to a file.

    `api_url` and `server_url` are GitHub's; without an `organization` the App belongs to the person who makes it.
    """

    url: str
    credentials: Path
    api_url: str
    server_url: str | None = None
    organization: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what GitHub would refuse later, or take for something else."""
        if not _is_reachable(self.url):
            raise UsageError(NO_URL.format(url=self.url))
        if self.organization and not ORGANIZATION.fullmatch(self.organization):
            raise UsageError(NO_ORGANIZATION.format(name=self.organization))
        credentials.check_place(self.credentials)

    @property
    def home(self) -> str:
        """The bot's address, without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def github(self) -> str:
        """Where GitHub's pages are."""
        return web_url(self.api_url, self.server_url)

    def form_address(self, state: str) -> str:
        """Give the page of GitHub's that takes a manifest."""
        owner = f"/organizations/{self.organization}" if self.organization else ""
        return f"{self.github}{owner}/settings/apps/new?{urlencode({'state': state})}"


class Door:
    """The page's server: `key` opens it, a cookie keeps it open, and `over` is whether the App is made.

    `close` is called then, after the person was told.
    """

    def __init__(self, setup: Setup, close: Callable[[], None]) -> None:
        self.key = secrets.token_urlsafe()
        self.over = False
        self._setup, self._close = setup, close
        self._cookie, self._state = secrets.token_urlsafe(), secrets.token_urlsafe()
        self._one_at_a_time = Lock()

    @property
    def address(self) -> str:
        """Where a person begins: it holds the key, so that it is for their terminal and for no log."""
        return f"{self._setup.home}/setup?{urlencode({'key': self.key})}"

    def application(self) -> Starlette:
        """Make the server; nothing but the page is in it."""
        return Starlette(routes=[Route("/setup", self._begin), Route("/setup/done", self._done)])

    async def _begin(self, request: Request) -> Response:
        if self.over:
            return _told(self._setup, 410, OVER)
        if _is(request.query_params.get("key"), self.key):
            # The key does not stay in the address bar, nor in the browser's history.
            response = RedirectResponse("setup", 303, HEADERS)
            https = request.url.scheme == "https"
            response.set_cookie(COOKIE, self._cookie, secure=https, httponly=True, samesite="lax")
            return response
        if not _is(request.cookies.get(COOKIE), self._cookie):
            return _told(self._setup, 403, NO_KEY)
        form = {
            "action": self._setup.form_address(self._state),
            "manifest": json.dumps(manifest(self._setup.home, self._setup.name)),
            "permissions": PERMISSIONS,
            "events": EVENTS,
        }
        return _page(self._setup, 200, "form.html.j2", **form)

    async def _done(self, request: Request) -> Response:
        if not _is(request.query_params.get("state"), self._state):
            return _told(self._setup, 403, WRONG_STATE)
        code = request.query_params.get("code")
        if not code:
            return _told(self._setup, 400, NO_CODE)
        async with self._one_at_a_time:
            if self.over:
                return _told(self._setup, 410, OVER)
            try:
                made = await run_in_threadpool(_make, self._setup, code)
            except GitHubError as error:
                return _told(self._setup, 502, str(error))
            except UsageError as error:
                log.error(str(error))  # noqa: TRY400 - the words say all of it
                return _told(self._setup, 500, str(error))
            self.over = True
        log.info(MADE, made.slug, self._setup.credentials)
        response = _page(self._setup, 200, "done.html.j2", made=made, file=self._setup.credentials)
        response.background = BackgroundTask(self._close)
        return response


def serve_setup(setup: Setup, host: str, port: int, tell: Callable[[str], object]) -> bool:
    """Serve the page until the App is made, `tell` a person where it is, and give False where it was not made."""

    def close() -> None:
        server.should_exit = True

    door = Door(setup, close)
    # Its log of accesses would hold the key and GitHub's code.
    options = uvicorn.Config(
        door.application(), host=host, port=port, log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(options)
    sockets = listening(host, port)
    tell(OPEN.format(address=door.address))
    server.run(sockets=sockets)
    return door.over


def _make(setup: Setup, code: str) -> credentials.Credentials:
    """Get the credentials, and write them; where they have no place, GitHub is not asked for them."""
    credentials.check_place(setup.credentials)
    made = convert(code, setup.api_url)
    credentials.write(setup.credentials, made)
    return made


def _told(setup: Setup, status: int, words: str) -> Response:
    return _page(setup, status, "told.html.j2", words=words)


def _page(setup: Setup, status: int, name: str, **values: object) -> Response:
    nonce = secrets.token_urlsafe(16)
    policy = POLICY.format(nonce=nonce, github=setup.github)
    text = PAGES.get_template(name).render(nonce=nonce, github=setup.github, **values)
    return HTMLResponse(text, status, {**HEADERS, "Content-Security-Policy": policy})


def _is(given: str | None, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), wanted.encode())


def _is_reachable(url: str) -> bool:
    """Tell whether an address is one that a webhook can go to: https, or this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.query or parts.fragment or parts.username is not None or re.search(r"[\s<>\"']", url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
