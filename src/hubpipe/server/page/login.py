"""Turn a token, or a code that somebody types on GitHub, into a session."""

import time
from dataclasses import dataclass, field
from math import ceil

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hubpipe.errors import GitHubError
from hubpipe.github.devices import Devices, Waiting
from hubpipe.server.page.attempts import Attempts
from hubpipe.server.page.guard import BY_GITHUB, BY_TOKEN, is_token, log_in, own_form, visitor
from hubpipe.server.page.pages import STRANGE_FORM, Pages

# Wrong tokens, and codes that are begun, of one address in so many seconds. GitHub gives an App 50 codes an hour.
WRONG_TOKENS, CODES, WINDOW = 10, 5, 600.0
# A browser asks every five seconds; the session that says when is the browser's, and can be sent again and again.
ASKED = 200
PAUSE = 1.0  # seconds that a wrong token costs
CODE = "code"  # where a session keeps the code that is waited for

WRONG = "That is not the token of this page."
MANY = "Too many attempts: try again in {minutes} minutes."
NOT_LISTED = "{login} is not among those who may look: somebody must add the login to HUBPIPE_PAGE_USERS."
TOO_OLD = "The code was not typed in time: begin again."
NOBODYS = "logged in by token"


@dataclass(frozen=True)
class Login:
    """Logs people in and out."""

    pages: Pages
    pause: float = PAUSE
    wrong: Attempts = field(default_factory=lambda: Attempts(WRONG_TOKENS, WINDOW))
    codes: Attempts = field(default_factory=lambda: Attempts(CODES, WINDOW))
    asked: Attempts = field(default_factory=lambda: Attempts(ASKED, WINDOW))

    async def form(self, request: Request) -> Response:
        """Show how to log in."""
        if visitor(request.session, self.pages.key):
            return RedirectResponse("/", 303)
        return self._form(request)

    async def by_token(self, request: Request) -> Response:
        """Log in whoever has the token."""
        form = await own_form(request)
        if form is None:
            return PlainTextResponse(STRANGE_FORM, 403)
        wait = self.wrong.wait(_address(request))
        if wait:
            return self._later(request, wait)
        if not is_token(form.get("token", "").strip(), self.pages.key):
            self.wrong.count(_address(request))
            await anyio.sleep(self.pause)
            return self._form(request, WRONG, 403)
        log_in(request.session, BY_TOKEN, NOBODYS)
        return RedirectResponse("/", 303)

    async def begin(self, request: Request) -> Response:
        """Ask GitHub for a code."""
        if await own_form(request) is None:
            return PlainTextResponse(STRANGE_FORM, 403)
        wait = self.codes.wait(_address(request))
        if wait:
            return self._later(request, wait)
        self.codes.count(_address(request))
        try:
            code = await run_in_threadpool(self._devices.begin)
        except GitHubError as error:
            return self._form(request, str(error), 502)
        # The browser can read its own session. The code is of use to nobody else: with the App's client id, which is no
        # secret, everybody can ask for such a code by himself.
        request.session[CODE] = {
            "user": code.user,
            "address": code.address,
            "device": code.device,
            "interval": code.interval,
            "next": time.time() + code.interval,
            "end": time.time() + code.expires,
        }
        return RedirectResponse("/login/github", 303)

    async def waiting(self, request: Request) -> Response:
        """Show the code, and ask GitHub whether it was typed; htmx asks for this again and again, or a person does."""
        code = request.session.get(CODE)
        if not isinstance(code, dict):
            return _to(request, "/login")
        if time.time() > code["end"]:
            return self._failed(request, TOO_OLD)
        # GitHub is asked when it may be, and not at the first look: the code was not even seen then.
        if time.time() >= code["next"]:
            wait = self.asked.wait(_address(request))
            if wait:
                return self._later(request, wait)
            self.asked.count(_address(request))
            try:
                found = await run_in_threadpool(self._devices.login, code["device"], code["interval"])
            except GitHubError as error:
                return self._failed(request, str(error))
            if not isinstance(found, Waiting):
                return self._known(request, found)
            request.session[CODE] = code | {"interval": found.interval, "next": time.time() + found.interval}
        if request.headers.get("hx-request"):
            return Response(status_code=204)
        return self.pages.html(request, "code.html.j2", code=code, every=ceil(code["interval"]) + 1)

    async def out(self, request: Request) -> Response:
        """End the session."""
        if await own_form(request) is None:
            return PlainTextResponse(STRANGE_FORM, 403)
        request.session.clear()
        return RedirectResponse("/login", 303)

    @property
    def _devices(self) -> Devices:
        found = self.pages.key.devices
        assert found is not None, "there is no route to here without them"  # noqa: S101
        return found

    def _known(self, request: Request, login: str) -> Response:
        if login.casefold() not in self.pages.key.users:
            return self._failed(request, NOT_LISTED.format(login=login))
        log_in(request.session, BY_GITHUB, login)
        return _to(request, "/")

    def _failed(self, request: Request, words: str) -> Response:
        request.session.pop(CODE)
        request.session["told"] = words
        return _to(request, "/login")

    def _later(self, request: Request, wait: float) -> Response:
        answer = self._form(request, MANY.format(minutes=ceil(wait / 60)), 429)
        answer.headers["Retry-After"] = str(ceil(wait))
        return answer

    def _form(self, request: Request, words: str = "", status: int = 200) -> Response:
        key = self.pages.key
        return self.pages.html(
            request, "login.html.j2", status, words=words, by_token=bool(key.token), by_github=key.devices is not None
        )


def _to(request: Request, path: str) -> Response:
    """Send a browser to a page; htmx would follow a redirect by itself and show that page inside this one."""
    if request.headers.get("hx-request"):
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
