"""Turn the words of a command line about the bot into a call of its door."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from hubpipe.errors import UsageError

NO_BOT = "hubpipe serve needs more libraries: install hubpipe[bot] (missing: {name})"
NO_PLACE = "--setup needs --url, where GitHub reaches the bot, and --credentials, the file to write"
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--role", type=click.Choice(["all", "web", "worker"]), default="all", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option("--database", metavar="URL", help="sqlite:///FILE or postgresql://...  [default: HUBPIPE_DATABASE_URL]")
@click.option("--credentials", type=FILE, help="The App's credentials, as --setup writes them.")
@click.option("--setup", is_flag=True, help="Make the GitHub App in a browser, write its --credentials, and end.")
@click.option(
    "--url", metavar="URL", help="With --setup: where GitHub reaches the bot, such as https://bot.example.org"
)
@click.option("--organization", default="", metavar="NAME", help="With --setup: whose the App is; else it is yours.")
@click.option("--at-once", type=click.IntRange(1, 256), default=16, show_default=True, help="Deliveries at a time.")
@click.option(
    "--per-minute", type=click.IntRange(1), default=60, show_default=True, help="Deliveries of an installation."
)
@click.option(
    "--keep", type=click.FloatRange(0.01), default=14.0, show_default=True, help="Days that deliveries are kept."
)
@click.option(
    "--take-over-after",
    type=click.FloatRange(1.0),
    default=15.0,
    show_default=True,
    help="Seconds of silence until a worker counts as dead.",
)
def serve(
    role: str,
    host: str,
    port: int,
    database: str | None,
    credentials: Path | None,
    setup: bool,
    url: str | None,
    organization: str,
    at_once: int,
    per_minute: int,
    keep: float,
    take_over_after: float,
) -> NoReturn:
    """Serve GitHub's webhooks: the bot.

    HUBPIPE_WEBHOOK_SECRET is the webhook's secret. HUBPIPE_APP_ID and HUBPIPE_PRIVATE_KEY (or HUBPIPE_PRIVATE_KEY_FILE)
    are the GitHub App's, or all three are in a --credentials file; without an App, GITHUB_TOKEN speaks for everything.
    """
    try:
        from hubpipe import server
        from hubpipe.server.worker import Pace
    except ImportError as error:
        raise UsageError(NO_BOT.format(name=error.name)) from error
    if setup:
        if credentials is None or url is None:
            raise UsageError(NO_PLACE)
        sys.exit(server.set_up(url, credentials, organization, (host, port), os.environ, click.echo))
    pace = Pace(at_once=at_once, per_minute=per_minute, keep=keep, silence=take_over_after)
    status = server.serve(server.Asked(role, host, port, database, credentials, pace), os.environ)  # type: ignore[arg-type]
    # A model that still thinks in a thread does not keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
