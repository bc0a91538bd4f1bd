"""What the bot did with a person's token starts nothing, though GitHub calls its sender a person."""

import pytest

from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, deliver, settle
from tests.standin.servers import token_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  summary:
    on: {pull_request: [edited, labeled]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: {comment: {mode: description}}
"""


def test_only_what_others_do_starts_what_the_token_s_person_would_start_over_and_over(
    bot: Bot, ledger: Ledger, standin: StandIn
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    number = standin.open_pull("Add a parser", "It reads `a`.", {"parser.py": "1\n"})
    with bot.running(GITHUB_TOKEN=token_of("octocat")) as process:
        for action in ("edited", "labeled"):
            own = standin.event("pull_request", action, number, sender={"login": "octocat", "type": "User"})
            assert deliver(process.url, "pull_request", own).status == 202
        settle(ledger, 2)
        assert standin.writes == [], process.words()
        others = standin.event("pull_request", "edited", number, sender={"login": "maintainer", "type": "User"})
        assert deliver(process.url, "pull_request", others).status == 202
        settle(ledger, 3)
        assert len(standin.writes) == 1, process.words()
    assert ledger.counts()["failed"] == 0
