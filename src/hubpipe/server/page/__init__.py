"""Turn the ledger into pages for people who may look: what came, what became of it, and what to try again."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from hubpipe.models.base import Places
from hubpipe.server.ledger import Ledger
from hubpipe.server.page.guard import Headers, Sessions, session_key
from hubpipe.server.page.key import PageKey, page_key
from hubpipe.server.page.login import PAUSE, Login
from hubpipe.server.page.pages import Pages

__all__ = ["PageKey", "page_key", "routes"]


def routes(key: PageKey, ledger: Ledger, secret: str, places: Places, pause: float = PAUSE) -> Sequence[BaseRoute]:
    """Make the page's routes; sessions are signed with what comes of `secret`, the webhook's.

    A wrong token is answered after `pause` seconds.
    """
    pages = Pages(ledger, key, places)
    login, own = Login(pages, pause), pages.for_people
    table = [
        ("/", "GET", own(pages.deliveries)),
        ("/live", "GET", pages.live_deliveries),
        ("/deliveries/{id}", "GET", own(pages.delivery)),
        ("/deliveries/{id}/live", "GET", pages.live_delivery),
        ("/deliveries/{id}/retry", "POST", own(pages.retry)),
        ("/repositories", "GET", own(pages.repositories)),
        ("/models", "GET", own(pages.models)),
        ("/login", "GET", login.form),
        ("/logout", "POST", login.out),
        *([("/login", "POST", login.by_token)] if key.token else []),
        *([("/login/github", "POST", login.begin), ("/login/github", "GET", login.waiting)] if key.devices else []),
    ]
    guards = [Middleware(Headers), Middleware(Sessions, key=session_key(secret, key))]
    return [
        *(Route(path, endpoint, methods=[method], middleware=guards) for path, method, endpoint in table),
        Route("/assets/{name}", pages.asset, middleware=[Middleware(Headers)]),
    ]
