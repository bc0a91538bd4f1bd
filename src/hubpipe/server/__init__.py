"""Turn GitHub's deliveries into labels and comments, in a process that stays: the webhook door."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import uvicorn

from hubpipe import world
from hubpipe.redaction import redaction_for
from hubpipe.server import words
from hubpipe.server.app import Front, application
from hubpipe.server.database import open_database
from hubpipe.server.hub import Hub
from hubpipe.server.ledger import Ledger
from hubpipe.server.settings import Asked, Settings, settings
from hubpipe.server.shelf import Warm
from hubpipe.server.worker import Tools, Worker

log = logging.getLogger("hubpipe")

LISTENING = "hubpipe serves as %s at http://%s:%d"

__all__ = ["Asked", "serve"]


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
        if chosen.role != "web":
            tools = Tools(_hub(chosen, environ), Warm(world.places(environ)), redaction)
            worker = Worker(ledger, tools, chosen.pace, _rounds(chosen, ledger))
            worker.start()
            stack.callback(worker.drain)
        loaded.set()
        front = Front(ledger, chosen.secret, redaction, loaded.is_set, chosen.role != "worker")
        log.info(LISTENING, chosen.role, chosen.host, chosen.port)
        config = uvicorn.Config(
            application(front),
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        front_door = uvicorn.Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            # At its end uvicorn raises the signal that it got once more: with nobody else to take it, that would end
            # the process before its worker has drained.
            signal.signal(number, front_door.handle_exit)
        front_door.run()
    return 0


def _hub(chosen: Settings, environ: Mapping[str, str]) -> Hub:
    return Hub(environ, None, chosen.token)


def _rounds(chosen: Settings, ledger: Ledger) -> Mapping[Callable[[], object], float]:
    return {}
