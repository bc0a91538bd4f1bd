"""Turn requests into answers: deliveries in, health and numbers out."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hubpipe.redaction import Redaction
from hubpipe.server import delivery, metrics, openapi
from hubpipe.server.bodies import SMALL, Bodies
from hubpipe.server.delivery import Forgotten, RefusedError
from hubpipe.server.inbox import Inbox
from hubpipe.server.ledger import AWAY, Ledger

log = logging.getLogger("hubpipe")

NOT_STORED = "the delivery could not be stored: GitHub keeps it, and the bot asks for it again"
STORED = "stored %s of %s"
FORGOTTEN = "forgot a delivery: %s"
REFUSED = "refused a request with %d: %s"


@dataclass(frozen=True)
class Front:
    """What the server's answers are made from; `loaded` tells whether the models are, in a process that has some."""

    ledger: Ledger
    secret: str = field(repr=False)
    redaction: Redaction = field(default_factory=Redaction)
    loaded: Callable[[], bool] = lambda: True
    takes_deliveries: bool = True


def application(front: Front, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Make the server of one process; `more` are the routes of pages."""
    waiting = metrics.Waiting(front.ledger)

    async def ready(request: Request) -> Response:
        reached = await run_in_threadpool(front.ledger.answers)
        state = {"database": reached, "model": front.loaded()}
        return JSONResponse(state, 200 if all(state.values()) else 503)

    async def numbers(request: Request) -> Response:
        body, kind = await run_in_threadpool(metrics.exposition, waiting)
        return Response(body, media_type=kind)

    routes: list[BaseRoute] = [
        *([Route("/webhooks", _webhooks(front), methods=["POST"])] if front.takes_deliveries else []),
        Route("/healthz", _alive),
        Route("/readyz", ready),
        Route("/metrics", numbers),
        Route("/openapi.json", _described),
        *more,
    ]
    return Starlette(routes=routes)


def _webhooks(front: Front) -> Callable[[Request], Awaitable[Response]]:
    """Make what takes deliveries."""
    inbox, bodies = Inbox(front.ledger.put, AWAY), Bodies(delivery.MOST_BYTES)

    async def webhooks(request: Request) -> Response:
        started = time.monotonic()
        try:
            body = await bodies.read(request)
            headers = dict(request.headers)
            checked = (headers, body, front.secret, front.redaction)
            # A larger one is checked in a thread, so that nobody else waits for it.
            found = await run_in_threadpool(delivery.read, *checked) if len(body) > SMALL else delivery.read(*checked)
        except RefusedError as refusal:
            return _refused(refusal)
        if isinstance(found, Forgotten):
            metrics.DELIVERIES.labels("forgotten").inc()
            log.debug(FORGOTTEN, found.reason)
            return JSONResponse({"forgotten": found.reason}, 202)
        try:
            await inbox.put(found)
        except Exception:  # whatever it is, GitHub keeps the delivery only where it is told so
            log.exception(NOT_STORED)
            metrics.DELIVERIES.labels("not stored").inc()
            return JSONResponse({"error": NOT_STORED}, 503)
        metrics.DELIVERIES.labels("stored").inc()
        metrics.INGEST.observe(time.monotonic() - started)
        # It stands in the database now, and the worker tells of it: to tell of it here is a fifth of the door's work.
        log.debug(STORED, found.event.name, found.event.repo, extra={"delivery": found.id})
        return JSONResponse({"delivery": found.id}, 202)

    return webhooks


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _described(request: Request) -> Response:
    return JSONResponse(openapi.description())


def _refused(refusal: RefusedError) -> Response:
    metrics.DELIVERIES.labels("refused").inc()
    log.warning(REFUSED, refusal.status, refusal)
    # What may still come of the body is not waited for.
    return JSONResponse({"error": str(refusal)}, refusal.status, {"Connection": "close"})
