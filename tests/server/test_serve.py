"""The bot on the GitHub stand-in: a delivery in, labels out, each once."""

import json
import time

import pytest

from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, deliver, settle
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CRASH = "The application crashes with a segmentation fault on startup"
CRASH_BODY = "Steps to reproduce: start it. It crashes with an exception every time. Expected: it does not crash."


def test_an_issue_that_is_delivered_is_labelled(bot: Bot, ledger: Ledger, standin: StandIn) -> None:
    standin.add_label("bug")
    standin.add_label("enhancement")
    number = standin.open_issue(CRASH, CRASH_BODY)
    with bot.running() as process:
        answer = deliver(process.url, "issues", standin.event("issues", "opened", number))
        settle(ledger, 1)
        assert answer.status == 202, answer.data
        assert standin.labels_of(number) == ["bug"], process.words()


def test_a_delivery_that_comes_twice_is_handled_once(bot: Bot, ledger: Ledger, standin: StandIn) -> None:
    standin.add_label("bug")
    number = standin.open_issue(CRASH, CRASH_BODY)
    payload = standin.event("issues", "opened", number)
    with bot.running() as process:
        answers = [deliver(process.url, "issues", payload, "the-same-guid").status for _ in range(3)]
        settle(ledger, 1)
        time.sleep(1)
        answers.append(deliver(process.url, "issues", payload, "the-same-guid").status)
    assert answers == [202] * 4
    assert ledger.counts() == {"waiting": 0, "working": 0, "done": 1, "failed": 0}
    assert standin.writes.count(("POST", f"/issues/{number}/labels")) == 1


def test_the_log_is_json_that_names_the_delivery_and_no_text_of_the_issue(
    bot: Bot, ledger: Ledger, standin: StandIn
) -> None:
    number = standin.open_issue("Zanzibar in the title", "Ouagadougou in the body crashes")
    with bot.running() as process:
        deliver(process.url, "issues", standin.event("issues", "opened", number), "a-guid")
        settle(ledger, 1)
        process.end()
        lines = [json.loads(line) for line in process.words().splitlines()]
    assert {line.get("delivery") for line in lines} >= {"a-guid", None}
    assert any("handled" in line["message"] for line in lines)
    assert "Zanzibar" not in process.words()
    assert "Ouagadougou" not in process.words()
