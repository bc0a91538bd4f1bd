"""Turn the words of a command line about the bot into a call of its door."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from hubpipe import world
from hubpipe.errors import UsageError

NO_BOT = "hubpipe serve needs more libraries: install hubpipe[bot] (missing: {name})"
SETUP_NEEDS = "hubpipe serve --setup needs --url, where GitHub reaches the bot, and --credentials, the file to make"


@click.command()
@click.option("--role", type=click.Choice(["all", "web", "worker"]), default="all", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option("--database", metavar="URL", help="sqlite:///FILE or postgresql://...  [default: HUBPIPE_DATABASE_URL]")
@click.option("--credentials", type=click.Path(dir_okay=False, path_type=Path), help="The file that --setup made.")
@click.option("--at-once", type=click.IntRange(1, 256), default=16, show_default=True, help="Deliveries at a time.")
@click.option(
    "--per-minute", type=click.IntRange(1), default=60, show_default=True, help="Deliveries of an installation."
)
@click.option(
    "--keep", type=click.FloatRange(0.01), default=14.0, show_default=True, help="Days that deliveries are kept."
)
@click.option(
    "--take-over-after",
    "silence",
    type=click.FloatRange(1.0),
    default=15.0,
    show_default=True,
    help="Seconds of silence until a worker counts as dead.",
)
@click.option(
    "--trust",
    metavar="OWNER",
    multiple=True,
    help="Whose configurations may name models of the Hub, and endpoints: with an App, nobody else's.",
)
@click.option("--setup", is_flag=True, help="Serve a page that makes the bot's GitHub App, and nothing else.")
@click.option("--url", help="With --setup: where GitHub reaches the bot.")
@click.option("--organization", default="", help="With --setup: whose App it is, instead of yours.")
@click.option("--name", default="", help="With --setup: the App's name.")
def serve(setup: bool, url: str | None, organization: str, name: str, **asked: Any) -> NoReturn:
    """Serve GitHub's webhooks: the bot.

    HUBPIPE_WEBHOOK_SECRET is the webhook's secret. HUBPIPE_APP_ID and HUBPIPE_PRIVATE_KEY are the GitHub App's; without
    an App, GITHUB_TOKEN speaks for everything. NAME_FILE names a file that holds what NAME would. --credentials FILE
    stands for all of them.
    """
    try:
        from hubpipe import server
    except ImportError as error:
        raise UsageError(NO_BOT.format(name=error.name)) from error
    pace = server.Pace(**{name: asked.pop(name) for name in ("at_once", "per_minute", "keep", "silence")})
    wanted = server.Asked(**asked, pace=pace)
    if setup:
        if url is None or wanted.credentials is None:
            raise UsageError(SETUP_NEEDS)
        api_url, server_url = world.addresses(os.environ)
        made = server.Setup(url, wanted.credentials, api_url, server_url, organization, name)
        status = server.set_up(wanted, made, click.echo)
    else:
        status = server.serve(wanted, os.environ)
    # A model that still thinks in a thread does not keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
