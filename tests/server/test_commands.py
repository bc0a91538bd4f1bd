"""Commands through the bot: carried out once, by who may, and no answer starts another."""

import pytest

from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, deliver, settle
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
"""


def test_a_command_is_carried_out_once_and_its_answer_starts_nothing(
    bot: Bot, ledger: Ledger, standin: StandIn
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    number = standin.open_issue("It crashes", "Every time.")
    comment = standin.comment_as("octocat", number, "/hubpipe label")
    payload = standin.event("issue_comment", "created", number)
    payload["sender"] |= {"login": "octocat", "type": "User"}
    with bot.running() as process:
        answers = [deliver(process.url, "issue_comment", payload, "the-same-guid").status for _ in range(2)]
        settle(ledger, 1)
        assert standin.labels_of(number) == ["bug"], process.words()
        assert standin.reactions_of(comment) == ["eyes", "+1"]
        [answer] = [one for one in standin.comments_of(number) if one["id"] != comment]
        assert "- added bug\n" in answer["body"]
        writes = len(standin.writes)
        # As GitHub delivers what the bot wrote, and as a server that did not tell a bot's comment would.
        own = standin.event("issue_comment", "created", number, comment=answer)
        answers.append(deliver(process.url, "issue_comment", own, "its-own-comment").status)
        own["sender"] |= {"type": "User"}
        own["comment"] = {**answer, "user": {**answer["user"], "type": "User"}}
        answers.append(deliver(process.url, "issue_comment", own, "its-own-comment-untold").status)
        settle(ledger, 2)
    assert answers == [202] * 4
    assert len(standin.writes) == writes == 4
