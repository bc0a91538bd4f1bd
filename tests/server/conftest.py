"""Fixtures: a bot on the GitHub stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hubpipe.models.base import Places
from hubpipe.server.app import Front, application
from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from hubpipe.server.page import PageKey, routes
from tests.server.bot import SECRET, Bot
from tests.server.scene import TOKEN
from tests.server.visitor import Browse
from tests.standin.standin import Server, StandIn


@pytest.fixture
def bot(standin: StandIn, tmp_path: Path) -> Bot:
    """A bot with a database of its own that speaks to the stand-in with a job's token."""
    return Bot(tmp_path, f"sqlite:///{tmp_path}/bot.sqlite", environ_of(standin))


@pytest.fixture
def ledger(bot: Bot) -> Iterator[Ledger]:
    """The bot's deliveries."""
    found = Ledger(open_database(bot.database))
    yield found
    found.close()


def environ_of(standin: StandIn | Server) -> dict[str, str]:
    """What the bot's processes find in their environment."""
    return {
        "HUBPIPE_WEBHOOK_SECRET": SECRET,
        "GITHUB_TOKEN": standin.token,
        "GITHUB_API_URL": standin.url,
        "GITHUB_GRAPHQL_URL": f"{standin.url}/graphql",
        "GITHUB_SERVER_URL": standin.url,
        "HUBPIPE_WRITE_PACING": "0",
        "HF_HUB_OFFLINE": "1",
    }


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    """Deliveries on which nobody works."""
    found = Ledger(open_database(f"sqlite:///{tmp_path}/page.sqlite"))
    yield found
    found.close()


@pytest.fixture
def browse(book: Ledger) -> Browse:
    """Open a browser, of nobody yet, on a server with a page."""

    def opened(key: PageKey | None = None, secret: str = SECRET, url: str = "http://testserver") -> TestClient:
        key = key or PageKey("https://github.example", TOKEN)
        more = routes(key, book, secret, Places(offline=True), pause=0)
        return TestClient(application(Front(book, secret), more), base_url=url, follow_redirects=False)

    return opened
