"""Notifications of the bot: by the addresses that its owner gives to a repository, once, over the death of a worker."""

import threading
import time
from collections.abc import Iterator

import pytest

from hubpipe.errors import UsageError
from hubpipe.server.ledger import Ledger
from hubpipe.server.notices import Notices
from hubpipe.server.settings import Asked, settings
from tests.receiver import SECRET, Receiver, receiving
from tests.server.bot import Bot, Process, deliver, settle
from tests.standin.standin import StandIn
from tests.standin.wire import Reply, Request, wait_until

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {task: text-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: [labels, notify: {url: "${CHAT_URL}"}]
"""
ENVIRON = {"HUBPIPE_WEBHOOK_SECRET": "x", "GITHUB_TOKEN": "y"}
ADDRESS = "https://chat.example.org/hook"


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def held(named: str, repo: str, **variables: str) -> object:
    found: Notices = settings(Asked(), ENVIRON | {"HUBPIPE_NOTIFY": named} | variables).notices
    return found.notifier(repo, lambda: 600.0).addresses


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize(
    ("named", "repo", "names"),
    [
        ("octo-org/editor=CHAT_URL", "octo-org/editor", {"CHAT_URL"}),
        ("octo-org/editor=CHAT_URL", "Octo-Org/Editor", {"CHAT_URL"}),
        ("octo-org/editor=CHAT_URL", "octo-org/editor2", set()),
        ("octo-org/editor=CHAT_URL", "other/editor", set()),
        ("octo-org=CHAT_URL", "octo-org/anything", {"CHAT_URL"}),
        ("octo_acme=CHAT_URL", "octo_acme/anything", {"CHAT_URL"}),
        ("octo-org=CHAT_URL", "octo-org-2/editor", set()),
        ("octo-org=CHAT_URL, octo-org/editor=PAGER_URL", "octo-org/editor", {"CHAT_URL", "PAGER_URL"}),
        ("octo-org=CHAT_URL\nocto-org/editor=PAGER_URL", "octo-org/other", {"CHAT_URL"}),
        ("", "octo-org/editor", set()),
    ],
)
def test_a_repository_has_the_addresses_that_the_owner_gave_it(named: str, repo: str, names: set[str]) -> None:
    found = held(named, repo, CHAT_URL=ADDRESS, PAGER_URL=ADDRESS, DATABASE_URL=ADDRESS)
    assert isinstance(found, dict)
    assert set(found) == names


@pytest.mark.parametrize(
    ("named", "value", "words"),
    [
        ("octo-org", ADDRESS, "write OWNER/NAME=VARIABLE"),
        ("*=CHAT_URL", ADDRESS, "write OWNER/NAME=VARIABLE"),
        ("octo-org=${CHAT_URL}", ADDRESS, "write OWNER/NAME=VARIABLE"),
        ("octo-org=CHAT_URL", "", "names CHAT_URL, which is not set"),
        ("octo-org=CHAT_URL", "syslog://a-value-of-some-length", "holds no address of a webhook"),
        ("octo-org=CHAT_URL", "http://chat.example.org/hook", "holds an http address"),
        ("octo-org=CHAT_URL", "https://169.254.169.254/latest", "is no chat's"),
    ],
)
def test_what_cannot_work_ends_the_bot_before_it_begins(named: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match="HUBPIPE_NOTIFY") as caught:
        settings(Asked(), ENVIRON | {"HUBPIPE_NOTIFY": named, "CHAT_URL": value})
    assert words in str(caught.value)
    assert not value or value not in str(caught.value)


def opened(process: Process, standin: StandIn, guid: str) -> int:
    number = standin.open_issue("It crashes", "Every time.")
    assert deliver(process.url, "issues", standin.event("issues", "opened", number), guid).status == 202
    return number


@pytest.mark.e2e
def test_the_bot_notifies_once_and_says_the_address_nowhere(
    bot: Bot, ledger: Ledger, standin: StandIn, chat: Receiver
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    given = {"HUBPIPE_NOTIFY": f"{standin.repo}=CHAT_URL", "CHAT_URL": chat.address}
    with bot.running(**given) as process:
        opened(process, standin, "one-guid")
        settle(ledger, 1)
        entry, words = ledger.entry("one-guid"), process.words()
        assert entry is not None
        assert (entry.state, len(chat.asked)) == ("done", 1), words
    stored = (bot.folder / "bot.sqlite").read_bytes() + (bot.folder / "bot.sqlite-wal").read_bytes()
    assert b"CHAT_URL" in stored
    assert SECRET.encode() not in stored
    assert SECRET not in words


@pytest.mark.e2e
@pytest.mark.threat("attack", "secrets")
def test_a_configuration_reaches_no_variable_that_its_repository_was_not_given(
    bot: Bot, ledger: Ledger, standin: StandIn, chat: Receiver
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG.replace("CHAT_URL", "PAGER_URL"))
    standin.add_label("bug")
    given = {"HUBPIPE_NOTIFY": f"{standin.repo}=CHAT_URL other-org=PAGER_URL", "CHAT_URL": chat.address}
    with bot.running(**given, PAGER_URL=chat.address) as process:
        number = opened(process, standin, "one-guid")
        settle(ledger, 1)
        entry = ledger.entry("one-guid")
        assert entry is not None
        assert (entry.state, chat.asked) == ("failed", []), process.words()
        assert standin.labels_of(number) == ["bug"]
        assert "this bot has no PAGER_URL for this repository" in process.words()


@pytest.mark.e2e
@pytest.mark.threat("fault", "faults")
def test_a_worker_that_dies_while_it_sends_is_taken_over_from_and_nothing_is_sent_twice(
    bot: Bot, ledger: Ledger, standin: StandIn, chat: Receiver
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    given = {"HUBPIPE_NOTIFY": f"{standin.repo}=CHAT_URL", "CHAT_URL": chat.address}
    reached, done = threading.Event(), threading.Event()

    def hold(request: Request) -> Reply:
        reached.set()
        done.wait(60)
        return Reply(200)

    chat.script = [hold]
    first = bot.start("all", "--take-over-after", "1", **given)
    number = opened(first, standin, "one-guid")
    wait_until(reached.is_set)
    first.kill()
    done.set()
    with bot.running("all", "--take-over-after", "1", **given) as second:
        settle(ledger, 1)
        entry = ledger.entry("one-guid")
        assert entry is not None
        time.sleep(1)
        assert (entry.state, len(chat.asked)) == ("failed", 1), second.words()
        assert "perhaps it was, and it is not sent again" in second.words()
    assert standin.labels_of(number) == ["bug"]
