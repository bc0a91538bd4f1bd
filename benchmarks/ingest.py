"""Turn signed deliveries into a table: answers a second and milliseconds to each, of hubpipe and of Probot.

    python -m benchmarks.ingest [--rounds 5] [--seconds 3] [--database postgresql://...] [--only NAME ...]

The servers run at the same time and are asked in turn, round by round: a busy machine slows all alike. They are:

probot          an app that does nothing on issues.opened; it keeps nothing, and logs warnings alone
keeps nothing   hubpipe's door with a ledger that throws away: what the way to the database costs
sqlite          `hubpipe serve --role web`: each delivery is on the disk before 202 goes out
postgresql      the same, on the database that --database names; without one it is skipped, and this is said

The payloads are GitHub's own examples of issues.opened, as compact as GitHub sends them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from socket import create_connection
from statistics import median

import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.load import Measured, Prepared, measure
from benchmarks.machine import machine
from hubpipe.redaction import redaction_for
from hubpipe.server import answering, words
from hubpipe.server.app import Front, application
from hubpipe.server.delivery import Delivery, signature
from hubpipe.server.ledger import Depth, State

PEERS = Path(__file__).parent / "peers"
EXAMPLES = Path(__file__).parents[1] / "tests/standin/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
HOST, SECRET, START_LIMIT = "127.0.0.1", "It's a Secret to Everybody", 60
CONNECTIONS = (1, 16, 64)
ROW = "| {name} | {connections} | {rate:,.0f} ({low:,.0f} to {high:,.0f}) | {half:.2f} | {most:.2f} | {cpu} |"
HEAD = (
    "| server | connections | a second (lowest to highest round) | p50 ms | p99 ms | CPU ms a delivery |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: |"
)
NO_DATABASE = "postgresql: SKIPPED, no --database postgresql://USER:PASSWORD@HOST/NAME was given"
NOT_STARTED = "{name} did not start:\n{words}"


class Nothing:
    """A ledger that keeps nothing: it is here alone, hubpipe stores what it answers for."""

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Throw deliveries away."""

    def answers(self) -> bool:
        """There is always room."""
        return True

    def depth(self) -> Depth:
        """Nothing waits."""
        return Depth(0, 0.0)

    def counts(self) -> dict[State, int]:
        """Nothing is there."""
        return {}


@dataclass(frozen=True)
class Server:
    """A server that runs: where, and what is sent to it."""

    name: str
    port: int
    requests: tuple[Prepared, ...]
    process: "subprocess.Popen[bytes]"

    def cpu(self) -> float | None:
        """Give the seconds that it has kept a processor busy: what a machine that others use does not change."""
        try:
            told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """What a server did in one round, and how many seconds of a processor that took."""

    measured: Measured
    cpu: float | None


def prepared(path: str, wanted: bytes) -> tuple[Prepared, ...]:
    """Make GitHub's examples of issues.opened into requests, signed."""
    index = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    examples = next(event["examples"] for event in index if event["name"] == "issues")
    opened = [payload for payload in examples if payload["action"] == "opened"]
    return tuple(_prepared(path, wanted, payload) for payload in opened)


def _prepared(path: str, wanted: bytes, payload: object) -> Prepared:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    before = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: */*\r\nuser-agent: GitHub-Hookshot/044aadd\r\n"
    before += "content-type: application/json\r\nx-github-event: issues\r\nx-github-delivery: "
    after = f"\r\nx-hub-signature-256: {signature(body, SECRET)}\r\ncontent-length: {len(body)}\r\n\r\n"
    return Prepared(before.encode(), after.encode() + body, wanted)


@contextmanager
def running(
    name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path, port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server until its port answers, and end it afterwards."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | environ, stdout=out, stderr=out, cwd=folder)
    try:
        end = time.monotonic() + START_LIMIT
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(NOT_STARTED.format(name=name, words=log.read_text()))
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    try:
        create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def probot(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Install Probot where it is not, and give the command that starts it, and its environment."""
    if not (PEERS / "node_modules" / "probot").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEERS, check=True)  # noqa: S607
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    environ = {"APP_ID": "1", "PRIVATE_KEY": key.decode(), "WEBHOOK_SECRET": SECRET, "NODE_ENV": "production"}
    # A line of the log for each delivery is what hubpipe's door does not write, either.
    environ["LOG_LEVEL"] = "warn"
    return ["node", str(PEERS / "probot.js")], environ | {"HOST": HOST, "PORT": str(port)}


def hubpipe(database: str, port: int) -> list[str]:
    """Give the command of a door that stores in a database."""
    command = [sys.executable, "-m", "hubpipe", "serve", "--role", "web", "--port", str(port)]
    return [*command, "--database", database]


def servers(stack: ExitStack, folder: Path, database: str | None, only: Sequence[str]) -> Iterator[Server]:
    """Start the servers that are measured."""
    secret = {"HUBPIPE_WEBHOOK_SECRET": SECRET}
    ours, theirs = prepared("/webhooks", b"202"), prepared("/api/github/webhooks", b"200")
    first = 18_080
    rows = {
        "probot": (*probot(folder, first), theirs),
        "keeps nothing": ([sys.executable, "-m", "benchmarks.ingest", "--serve", str(first + 1)], _here(secret), ours),
        "sqlite": (hubpipe(f"sqlite:///{folder}/bot.sqlite", first + 2), secret, ours),
    }
    if database is not None:
        rows["postgresql"] = (hubpipe(database, first + 3), secret, ours)
    for port, (name, (command, environ, requests)) in enumerate(rows.items(), first):
        if not only or name in only:
            process = stack.enter_context(running(name, command, environ, folder, port))
            yield Server(name, port, requests, process)


def _here(environ: Mapping[str, str]) -> dict[str, str]:
    """Let a process in another folder find this module."""
    return {**environ, "PYTHONPATH": str(PEERS.parents[1])}


def serve_nothing(port: int) -> None:
    """Serve as `hubpipe serve --role web` does, but for the ledger."""
    redaction = redaction_for(os.environ, SECRET)
    words.log_as_json(redaction)
    answering(application(Front(Nothing(), SECRET, redaction)), HOST, port).run()  # type: ignore[arg-type]


def row(name: str, connections: int, rounds: Sequence[Round]) -> str:
    """Describe a server's rounds: the median of each figure, and the spread of what is a second."""
    rates = [one.measured.rate for one in rounds]
    costs = [1000 * one.cpu / len(one.measured.seconds) for one in rounds if one.cpu is not None]
    return ROW.format(
        name=name,
        connections=connections,
        rate=median(rates),
        low=min(rates),
        high=max(rates),
        half=1000 * median(one.measured.quantile(0.5) for one in rounds),
        most=1000 * median(one.measured.quantile(0.99) for one in rounds),
        cpu=f"{median(costs):.2f}" if costs else "unknown",
    )


async def compare(found: Sequence[Server], rounds: int, seconds: float) -> None:
    """Measure the servers in turn, and print a row each."""
    for server in found:  # what is compiled or opened at first is no part of the figures
        await measure(HOST, server.port, server.requests, 4, seconds)
    for connections in CONNECTIONS:
        taken: dict[str, list[Round]] = {server.name: [] for server in found}
        for _ in range(rounds):
            for server in found:
                taken[server.name].append(await one_round(server, connections, seconds))
        for name, measured in taken.items():
            print(row(name, connections, measured), flush=True)


async def one_round(server: Server, connections: int, seconds: float) -> Round:
    """Measure one server once."""
    before = server.cpu()
    measured = await measure(HOST, server.port, server.requests, connections, seconds)
    after = server.cpu()
    return Round(measured, None if before is None or after is None else after - before)


def settings(rounds: int, seconds: float, requests: Sequence[Prepared]) -> str:
    """Describe what the figures depend on."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    peer = json.loads((PEERS / "package.json").read_text())["dependencies"]["probot"]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("hubpipe", "starlette", "uvicorn", "dbos"))
    sizes = sorted(len(one.after) for one in requests)
    return (
        f"{machine()}\n{libraries}; probot {peer} on Node {node}\n"
        f"medians of {rounds} rounds of {seconds:g} s in turn; bodies of {sizes[0]:,} to {sizes[-1]:,} bytes"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each server is asked in each round")
    parser.add_argument("--database", help="postgresql://USER:PASSWORD@HOST/NAME")
    parser.add_argument("--only", action="append", default=[], help="a server's name, as in the table")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve_nothing(arguments.serve)
        return
    if arguments.database is None:
        print(NO_DATABASE)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = tuple(servers(stack, Path(folder), arguments.database, arguments.only))
        print(settings(arguments.rounds, arguments.seconds, found[-1].requests))
        print(HEAD)
        uvloop.run(compare(found, arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    main()
