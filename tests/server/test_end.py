"""Told to end, the bot lets what it has begun end, and says by its exit code that all went well."""

import signal

import pytest

from tests.server.bot import Bot

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_end_drains_before_it_does(bot: Bot, told: signal.Signals) -> None:
    with bot.running() as process:
        process.process.send_signal(told)
        assert process.process.wait(timeout=60) == 0
        assert "30 seconds for what has begun" in process.words()
        assert "Traceback" not in process.words()
