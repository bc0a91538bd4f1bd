"""Turn GitHub's deliveries into labels and comments, in a process that stays: the webhook door."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from hubpipe import world
from hubpipe.github import DEFAULT_API_URL
from hubpipe.github.app import App
from hubpipe.redaction import redaction_for
from hubpipe.server import words
from hubpipe.server.app import Front, application
from hubpipe.server.database import open_database
from hubpipe.server.hub import Hub
from hubpipe.server.ledger import Ledger
from hubpipe.server.missed import EVERY, Catcher, Claims
from hubpipe.server.settings import Asked, settings
from hubpipe.server.setup import Setup, serve_setup
from hubpipe.server.shelf import Warm
from hubpipe.server.worker import Tools, Worker

log = logging.getLogger("hubpipe")

LISTENING = "hubpipe serves as %s at http://%s:%d"

__all__ = ["Asked", "serve", "set_up"]


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
        config = uvicorn.Config(
            application(front),
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        # Whoever knocks while the worker starts waits: what was missed is sent again at once, and once.
        door = config.bind_socket()
        door.listen()
        if chosen.role != "web":
            app = world.connect_app(chosen.app.id, chosen.app.private_key, environ) if chosen.app else None
            tools = Tools(Hub(environ, app, chosen.token), Warm(world.places(environ)), redaction)
            worker = Worker(ledger, tools, chosen.pace, _rounds(app, ledger))
            worker.start()
            stack.callback(worker.drain)
        loaded.set()
        log.info(LISTENING, chosen.role, chosen.host, chosen.port)
        uvicorn.Server(config).run(sockets=[door])
    return 0


def set_up(
    url: str,
    file: Path,
    organization: str,
    where: tuple[str, int],
    environ: Mapping[str, str],
    tell: Callable[[str], object],
) -> int:
    """Let a person make the bot's App in a browser, and write its credentials; give the exit code.

    `where` is the host and the port to listen at, `url` where the world finds that. Raises UsageError.
    """
    asked = Setup(
        url=url,
        credentials=file,
        api_url=environ.get("GITHUB_API_URL") or DEFAULT_API_URL,
        server_url=environ.get("GITHUB_SERVER_URL") or None,
        organization=organization,
    )
    return 0 if serve_setup(asked, *where, tell) else 1


def _rounds(app: App | None, ledger: Ledger) -> Mapping[Callable[[], object], float]:
    """Look for what GitHub could not deliver, at the start and every few minutes; only an App can."""
    return {Catcher(app, ledger.known, Claims(ledger.engine)).once: EVERY} if app is not None else {}
