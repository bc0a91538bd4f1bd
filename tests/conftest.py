"""Fixtures: GitHub's stand-in and GitHub's own example payloads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from github import Auth, GithubIntegration
from hypothesis import settings

from tests.standin.apps import Hooks
from tests.standin.enterprise import REST, enterprise
from tests.standin.examiner import prism
from tests.standin.gateway import Gateway
from tests.standin.payloads import recorded
from tests.standin.recorder import Recorder
from tests.standin.servers import (
    APP_ID,
    INSTALLATION,
    PEOPLE,
    PERMISSIONS,
    RELAY,
    emulate,
    free_port,
    new_key,
    token_of,
)
from tests.standin.standin import Server, StandIn
from tests.standin.wire import LOOPBACK, Answer, HttpServer, forward
from tests.tally import Tally

REPOSITORIES = count(1)
COUNTED_BY_ONE = "--tally counts in one process: leave -n out"
pytest_plugins = ["tests.server.databases"]

# The same examples in every run: a property that fails for one text in a million fails for its author, not at random.
# `--hypothesis-profile=wide` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("wide", max_examples=5_000, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run write what it has tried against hubpipe."""
    parser.addoption("--tally", metavar="FILE", help="write how many attacks, faults and payloads were tried")


def pytest_configure(config: pytest.Config) -> None:
    """Count what is tried."""
    named = config.getoption("--tally")
    if named and config.getoption("numprocesses"):
        raise pytest.UsageError(COUNTED_BY_ONE)
    config.pluginmanager.register(Tally(Path(named) if named else None))


@pytest.fixture(scope="module")
def github_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """GitHub for one file of tests: recorder, gateway, emulate, which answers 5,000 requests an hour of one token."""
    with running_github(tmp_path_factory.mktemp("github")) as server:
        yield server


@pytest.fixture(scope="module")
def enterprise_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A GitHub whose API lies under a path, as on GitHub Enterprise Server."""
    with running_github(tmp_path_factory.mktemp("enterprise"), enterprise, REST) as server:
        yield server


@pytest.fixture(scope="module")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A GitHub that sends webhooks, once an App was made from a manifest (`gateway.hooks`)."""
    with running_github(tmp_path_factory.mktemp("app"), hooked=True) as server:
        yield server


@contextmanager
def running_github(
    folder: Path,
    laid_out: Callable[[Answer], Answer] = lambda answer: answer,
    rest: str = "",
    *,
    hooked: bool = False,
) -> Iterator[Server]:
    """Run a GitHub of one's own; a `hooked` one sends webhooks."""
    port, key = free_port(), new_key()
    logins = {token_of(login): login for login in PEOPLE}
    gateway = Gateway(forward(f"http://{LOOPBACK}:{port}"), logins, hooks=Hooks(key))
    recorder = Recorder(gateway.answer)
    with HttpServer(laid_out(recorder.answer)) as front, HttpServer(gateway.answer) as setup:
        url = front.url + rest
        with emulate(port, url, key, folder, setup.url + RELAY if hooked else ""):
            job, reader, twin = (_installation_token(url, key, level) for level in ("write", "read", "write"))
            yield Server(url, setup.url, job, reader, twin, recorder, gateway, key)


@pytest.fixture(scope="module")
def examined_server(github_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same GitHub behind Prism, which holds every request against GitHub's own description."""
    with prism(github_server.setup_url, tmp_path_factory.mktemp("prism")) as ask:
        recorder = Recorder(ask)
        with HttpServer(recorder.answer) as front:
            yield replace(github_server, url=front.url, recorder=recorder)


@pytest.fixture
def standin(github_server: Server) -> StandIn:
    """A new repository on the stand-in."""
    return github_server.repository(f"octo-repo-{next(REPOSITORIES)}")


@pytest.fixture
def enterprise_standin(enterprise_server: Server) -> StandIn:
    """A new repository on a server of another layout."""
    return enterprise_server.repository(f"octo-repo-{next(REPOSITORIES)}")


@pytest.fixture
def examined_standin(examined_server: Server) -> StandIn:
    """A new repository, where `conversation` names each rule of GitHub's that a request broke."""
    return examined_server.repository(f"octo-repo-{next(REPOSITORIES)}")


@pytest.fixture(scope="session")
def examples() -> tuple[tuple[str, dict[str, Any]], ...]:
    """GitHub's example payloads, each with its event's name."""
    return recorded()


def _installation_token(url: str, key: str, level: str) -> str:
    """Get a token as a workflow's job has it."""
    app = GithubIntegration(auth=Auth.AppAuth(APP_ID, key), base_url=url)
    wanted = {name: "read" if name == "metadata" else level for name in PERMISSIONS}
    return app.get_access_token(INSTALLATION, permissions=wanted).token
