"""Turn a test's words into a running bot: its processes, and deliveries signed as GitHub signs them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3

from hubpipe.server.delivery import signature
from hubpipe.server.ledger import Ledger
from tests.standin.servers import free_port
from tests.standin.wire import LOOPBACK

SECRET = "It's a Secret to Everybody"
START_LIMIT = 90  # seconds, until a process is ready
DONE_LIMIT = 180  # seconds, until nothing waits any more


@dataclass
class Process:
    """One process of the bot."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it as a machine that fails would."""
        self.process.kill()
        self.process.wait()

    def end(self, limit: float = 60) -> int:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=limit)

    def words(self) -> str:
        """All that it logged."""
        return self.log.read_text()

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", f"{self.url}{path}", retries=False, timeout=30)


@dataclass(frozen=True)
class Bot:
    """A bot's database, and how its processes are started."""

    folder: Path
    database: str
    environ: Mapping[str, str] = field(repr=False)

    @contextmanager
    def running(self, role: str = "all", *options: str, **more: str) -> Iterator[Process]:
        """Run a process until the test is done with it."""
        process = self.start(role, *options, **more)
        try:
            yield process
        finally:
            if process.process.poll() is None:
                process.kill()

    def start(self, role: str = "all", *options: str, **more: str) -> Process:
        """Start a process, and wait until it is ready."""
        port, log = free_port(), self.folder / f"{role}-{uuid4().hex[:6]}.log"
        words = ["serve", "--role", role, "--port", str(port), "--database", self.database, *options]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "hubpipe", *words],
                env={**os.environ, **self.environ, **more},
                stdout=out,
                stderr=out,
                cwd=self.folder,
            )
        found = Process(f"http://{LOOPBACK}:{port}", process, log)
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end and process.poll() is None:
            try:
                if found.get("/readyz").status == 200:
                    return found
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.1)
        process.kill()
        raise RuntimeError(f"the bot did not start:\n{found.words()}")


def deliver(
    url: str, kind: str, payload: Mapping[str, Any], guid: str | None = None, secret: str = SECRET, **headers: str
) -> urllib3.BaseHTTPResponse:
    """Send what GitHub would send."""
    body = json.dumps(payload).encode()
    signed = {
        "content-type": "application/json",
        "x-github-event": kind,
        "x-github-delivery": guid or str(uuid4()),
        "x-hub-signature-256": signature(body, secret),
    }
    return urllib3.request("POST", f"{url}/webhooks", body=body, headers=signed | headers, retries=False, timeout=60)


def settle(ledger: Ledger, count: int, limit: float = DONE_LIMIT) -> None:
    """Wait until so many deliveries have come to their end."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        counts = ledger.counts()
        if counts["done"] + counts["failed"] >= count:
            return
        time.sleep(0.1)
    raise AssertionError(f"after {limit} seconds: {ledger.counts()}")
