"""Fixtures: a bot on the GitHub stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.server.bot import SECRET, Bot
from tests.standin.standin import StandIn


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


def environ_of(standin: StandIn) -> dict[str, str]:
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
