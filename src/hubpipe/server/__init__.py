"""Turn GitHub's deliveries into labels and comments, in a process that stays: the webhook door."""

import gc
import logging
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from hubpipe import world
from hubpipe.errors import HubpipeError
from hubpipe.github.app import App
from hubpipe.redaction import Redaction, redaction_for
from hubpipe.server import setup, words
from hubpipe.server.app import Front, application
from hubpipe.server.database import open_database
from hubpipe.server.hub import Hub
from hubpipe.server.ledger import Ledger
from hubpipe.server.listening import listening
from hubpipe.server.missed import EVERY, Catcher, Claims
from hubpipe.server.page import routes
from hubpipe.server.protocol import OneWrite
from hubpipe.server.settings import Asked, Settings, settings
from hubpipe.server.setup import Setup
from hubpipe.server.shelf import Warm
from hubpipe.server.worker import Pace, Tools, Worker

log = logging.getLogger("hubpipe")

NOT_BEGUN = "the worker could not begin: please report it with the lines above"
LAST_ANSWERS = 5  # seconds
LISTENING = "hubpipe serves as %s at http://%s:%d"

__all__ = ["Asked", "Pace", "Setup", "answering", "serve", "set_up"]


def serve(asked: Asked, environ: Mapping[str, str]) -> int:
    """Serve until somebody ends it with SIGTERM or SIGINT; give the exit code.

    Raises UsageError where something is missing.
    """
    chosen = settings(asked, environ)
    redaction = redaction_for(environ, *chosen.secrets)
    words.log_as_json(redaction)
    ledger = Ledger(open_database(chosen.database))
    with ExitStack() as stack:
        stack.callback(ledger.close)
        loaded = threading.Event()
        front = Front(ledger, chosen.secret, redaction, loaded.is_set, chosen.role != "worker")
        pages = routes(chosen.page, ledger, chosen.secret, world.places(environ)) if chosen.page else ()
        sockets = listening(chosen.host, chosen.port)
        server = answering(application(front, pages), chosen.host, chosen.port)
        beginning = Beginning(_worker(chosen, ledger, redaction, environ), loaded, server)
        if chosen.role == "web":
            loaded.set()
        else:
            stack.callback(beginning.drain)
            beginning.start()
        log.info(LISTENING, chosen.role, chosen.host, chosen.port)
        server.run(sockets=sockets)
        return 1 if beginning.failed else 0


def set_up(asked: Asked, wanted: Setup, tell: Callable[[str], object]) -> int:
    """Serve the page that makes the bot's App, until it is made; `tell` a person where it is. Give the exit code."""
    return 0 if setup.serve_setup(wanted, asked.host, asked.port, tell) else 1


@dataclass
class _Begun:
    """A worker, and what it needs to begin."""

    worker: Worker
    models: Warm


class Beginning(threading.Thread):
    """Begins to work while deliveries are taken already: to load models takes seconds."""

    def __init__(self, begun: _Begun, loaded: threading.Event, server: uvicorn.Server):
        super().__init__(name="beginning", daemon=True)
        self.failed = False
        self._begun, self._loaded, self._server = begun, loaded, server

    def run(self) -> None:
        """Load, and begin; where that fails the process ends."""
        try:
            self._begun.models.up()
            self._begun.worker.start()
            self._loaded.set()
            _stay()
        except HubpipeError as error:
            log.critical("%s", error)
            self.failed = self._server.should_exit = True
        except Exception:
            log.exception(NOT_BEGUN)
            self.failed = self._server.should_exit = True

    def drain(self) -> None:
        """End what has begun."""
        self.join()
        if self._loaded.is_set():
            self._begun.worker.drain()


def answering(app: Starlette, host: str, port: int) -> uvicorn.Server:
    """Make the server of one process, which answers until a signal ends it."""
    config = uvicorn.Config(
        app,
        http=OneWrite,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Whoever looks at the page live would keep the process for ever.
        timeout_graceful_shutdown=LAST_ANSWERS,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # At its end uvicorn raises the signal that it got once more: with nobody else to take it, that would end
        # the process before its worker has drained.
        signal.signal(number, server.handle_exit)
    _stay()
    return server


def _stay() -> None:
    """Let what is there stay: a look at all libraries and models, in search of garbage, lets every request wait."""
    gc.collect()
    gc.freeze()


def _worker(chosen: Settings, ledger: Ledger, redaction: Redaction, environ: Mapping[str, str]) -> _Begun:
    app = world.connect_app(chosen.app.id, chosen.app.private_key, environ) if chosen.app else None
    models = Warm(world.places(environ), chosen.trust, chosen.reach)
    tools = Tools(Hub(environ, app, chosen.token), models, redaction, notices=chosen.notices)
    return _Begun(Worker(ledger, tools, chosen.pace, _rounds(app, ledger)), models)


def _rounds(app: App | None, ledger: Ledger) -> Mapping[Callable[[], object], float]:
    """Look for what GitHub could not deliver, at the start and every few minutes; only an App can."""
    return {Catcher(app, ledger.known, Claims(ledger.engine)).once: EVERY} if app is not None else {}
