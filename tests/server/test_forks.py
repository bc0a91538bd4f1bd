"""A fork's pull request through the bot: read as text, by the default branch's configuration, written on by the App."""

import pytest

from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, deliver, settle
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {pull_request_target: [opened]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request: [opened], pull_request_target: [opened]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""
FORKS_OWN = CONFIG.replace("label=bug", "label=question")


@pytest.mark.threat("attack", "forks")
def test_a_forks_pull_request_is_read_as_text_and_written_on_once(bot: Bot, ledger: Ledger, standin: StandIn) -> None:
    for name in ("bug", "question"):
        standin.add_label(name)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    files = {".github/hubpipe.yml": FORKS_OWN, "conftest.py": "exit(1)\n"}
    number = standin.open_pull("Add a parser", "It reads `a`.", files, from_fork=True)
    with bot.running() as process:
        answer = deliver(process.url, "pull_request", standin.event("pull_request", "opened", number))
        settle(ledger, 1)
        assert answer.status == 202
        assert standin.labels_of(number) == ["bug"], process.words()
    [comment] = standin.comments_of(number)
    assert comment["user"]["login"] == "github-actions[bot]"
    [entry] = ledger.recent()
    assert [flow["flow"] for flow in entry.outcome["flows"]] == ["kind", "summary"]
