"""Turn requests of people who may look into pages: deliveries, repositories, models."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from hubpipe.models.base import Places
from hubpipe.server.delivery import IDENTIFIER
from hubpipe.server.ledger import Entry, Ledger, State
from hubpipe.server.page.cards import cards
from hubpipe.server.page.details import details
from hubpipe.server.page.guard import form_token, own_form, visitor
from hubpipe.server.page.key import PageKey
from hubpipe.server.page.live import Live
from hubpipe.server.page.rows import row
from hubpipe.server.page.shown import assets, sheets
from hubpipe.server.page.tally import repositories

ON_A_PAGE = 25
MOST_PAGES = 400
# So many deliveries, the latest, are counted for repositories and models.
COUNTED, AT_ONCE = 2_000, 200
MOST_CORRECTIONS = 20  # are shown of a repository, the latest

Endpoint = Callable[[Request], Awaitable[Response]]

RUNS_AGAIN = "Delivery {id} waits to run again. What stands on GitHub already is not written twice."
RUNS_NOT = "Nothing was done: delivery {id} is not among the failed ones (any more)."
STRANGE_FORM = "this form is not of your session, or too old: go back, reload the page, and send it again\n"
NOT_IN = "log in first\n"


@dataclass(frozen=True)
class View:
    """Which deliveries a list shows; `live` tells whether it keeps itself up to date."""

    state: State | None = None
    page: int = 1
    live: bool = True

    def but(self, **other: Any) -> str:
        """Give the address of a list that differs in something."""
        asked = {"state": self.state or "", "page": self.page, "live": self.live} | other
        query = {
            **({"state": asked["state"]} if asked["state"] else {}),
            **({"page": asked["page"]} if asked["page"] != 1 else {}),
            **({} if asked["live"] else {"live": "off"}),
        }
        return "/?" + urlencode(query) if query else "/"

    @property
    def stream(self) -> str:
        """The address that tells of changes in this list."""
        return "/live" + self.but(live=True)[1:]


def view_of(query: Mapping[str, str]) -> View:
    """Read which deliveries somebody wants to see; what is no such thing is taken for nothing."""
    state, page = query.get("state"), query.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 5 else 1
    known: Any = state if state in get_args(State) else None
    return View(known, min(max(1, number), MOST_PAGES), query.get("live") != "off")


@dataclass(frozen=True)
class Pages:
    """Answers people's requests."""

    ledger: Ledger
    key: PageKey
    places: Places
    files: Mapping[str, tuple[bytes, str]] = field(default_factory=assets)
    live: Live = field(default_factory=Live)
    sheets: Environment = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sheets", sheets(self.files))

    def html(self, request: Request, sheet: str, status: int = 200, **values: Any) -> Response:
        """Write a page."""
        told = request.session.pop("told", "") if request.session.get("told") else ""
        who, form = visitor(request.session, self.key), form_token(request.session)
        common = {"who": who, "form": form, "told": told, "here": request.url.path}
        return HTMLResponse(self.sheets.get_template(sheet).render(common | values), status)

    def for_people(self, endpoint: Endpoint) -> Endpoint:
        """Let only people through who may look; the others are sent to the login."""

        async def guarded(request: Request) -> Response:
            if not visitor(request.session, self.key):
                return RedirectResponse("/login", 303)
            return await endpoint(request)

        return guarded

    async def deliveries(self, request: Request) -> Response:
        """List deliveries."""
        view = view_of(request.query_params)
        found = await run_in_threadpool(self._list, view)
        return self.html(request, "deliveries.html.j2", **found)

    async def live_deliveries(self, request: Request) -> Response:
        """Tell of changes in a list."""
        view, form = view_of(request.query_params), request.session.get("form", "")
        if not visitor(request.session, self.key):
            return PlainTextResponse(NOT_IN, 401)

        def write() -> str:
            return self.sheets.get_template("list.html.j2").render(self._list(view) | {"form": form})

        return self.live.stream(request, lambda: self._marks(view), write)

    async def delivery(self, request: Request) -> Response:
        """Show a delivery."""
        found = await run_in_threadpool(self._details, request.path_params["id"])
        if found is None:
            return self.html(request, "nothing.html.j2", 404)
        return self.html(request, "delivery.html.j2", **found)

    async def live_delivery(self, request: Request) -> Response:
        """Tell of changes of a delivery."""
        identifier, form = request.path_params["id"], request.session.get("form", "")
        if not visitor(request.session, self.key):
            return PlainTextResponse(NOT_IN, 401)

        def write() -> str:
            found = self._details(identifier)
            return self.sheets.get_template("details.html.j2").render((found or {}) | {"form": form}) if found else ""

        return self.live.stream(request, lambda: self._mark(identifier), write)

    async def retry(self, request: Request) -> Response:
        """Let a delivery that failed run again."""
        identifier = request.path_params["id"]
        if await own_form(request) is None:
            return PlainTextResponse(STRANGE_FORM, 403)
        again = await run_in_threadpool(self._retry, identifier)
        request.session["told"] = (RUNS_AGAIN if again else RUNS_NOT).format(id=identifier)
        return RedirectResponse(f"/deliveries/{identifier}", 303)

    async def repositories(self, request: Request) -> Response:
        """Show what became of each repository's deliveries."""
        found = await run_in_threadpool(lambda: repositories(self._counted()))
        latest = {one.repo: one.corrections[: -MOST_CORRECTIONS - 1 : -1] for one in found if one.corrections}
        return self.html(request, "repositories.html.j2", repositories=found, corrections=latest, counted=COUNTED)

    async def models(self, request: Request) -> Response:
        """Show the models that spoke."""
        found = await run_in_threadpool(lambda: cards(self._counted(), self.key.server, self.places))
        return self.html(request, "models.html.j2", cards=found, counted=COUNTED)

    async def asset(self, request: Request) -> Response:
        """Give a file that pages ask for; its address changes with it."""
        found = self.files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("there is no such file\n", 404)
        data, kind = found
        return Response(data, headers={"Content-Type": kind, "Cache-Control": "public, max-age=86400"})

    def _list(self, view: View) -> dict[str, Any]:
        first = (view.page - 1) * ON_A_PAGE
        entries = self.ledger.recent(view.state, ON_A_PAGE + 1, first)
        rows = tuple(map(row, entries[:ON_A_PAGE]))
        return {
            "view": view,
            "rows": rows,
            "more": len(entries) > ON_A_PAGE and view.page < MOST_PAGES,
            "counts": self.ledger.counts(),
        }

    def _marks(self, view: View) -> tuple[Any, ...]:
        return self.ledger.marks(view.state, ON_A_PAGE + 1, (view.page - 1) * ON_A_PAGE)

    def _details(self, identifier: str) -> dict[str, Any] | None:
        entry = self.ledger.entry(identifier) if IDENTIFIER.fullmatch(identifier) else None
        return {"delivery": details(entry, self.ledger.stages(identifier))} if entry is not None else None

    def _mark(self, identifier: str) -> tuple[Any, ...]:
        stages = len(self.ledger.stages(identifier))
        entry = self.ledger.entry(identifier)
        return (stages, entry.state if entry else None)

    def _retry(self, identifier: str) -> bool:
        return IDENTIFIER.fullmatch(identifier) is not None and self.ledger.retry(identifier)

    def _counted(self) -> Iterator[Entry]:
        for start in range(0, COUNTED, AT_ONCE):
            found = self.ledger.recent(None, AT_ONCE, start)
            yield from found
            if len(found) < AT_ONCE:
                return
