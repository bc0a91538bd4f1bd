"""A bot that cannot listen where it is to says what to change, as any wrong usage is told."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe.errors import UsageError
from hubpipe.server.listening import listening
from tests.standin.wire import LOOPBACK


@pytest.fixture
def taken() -> socket.socket:
    """A port that somebody listens at."""
    return socket.create_server((LOOPBACK, 0))


def test_a_free_port_is_listened_at() -> None:
    [sock] = listening(LOOPBACK, 0)
    with sock, socket.create_connection(sock.getsockname(), timeout=5) as client:
        assert client.getpeername() == sock.getsockname()


def test_a_port_that_is_taken_is_named_with_what_to_change(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with taken, pytest.raises(UsageError, match=rf"port {port} of 127.0.0.1 is taken: .* choose another by --port"):
        listening(LOOPBACK, port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    with pytest.raises(UsageError, match=rf"cannot listen at port 8080 of {host} \(.+\): choose others by --host"):
        listening(host, 8080)


@pytest.mark.e2e
def test_the_bot_ends_with_2_where_its_port_is_taken(taken: socket.socket, tmp_path: Path) -> None:
    port = taken.getsockname()[1]
    environ = {"PATH": os.environ["PATH"], "HUBPIPE_WEBHOOK_SECRET": "of the hook, long", "GITHUB_TOKEN": "t"}
    words = ["serve", "--role", "web", "--port", str(port), "--database", f"sqlite:///{tmp_path}/bot.sqlite"]
    with taken:
        done = subprocess.run(
            [sys.executable, "-m", "hubpipe", *words], env=environ, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 2, done.stderr
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
