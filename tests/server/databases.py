"""Fixtures: the databases that the bot keeps its deliveries in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standin import postgres as standin
from tests.standin.postgres import Postgres

NO_POSTGRES = "no PostgreSQL: run scripts/postgres.sh, or set POSTGRES=/path/to/its/programs"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of a run, which is fast because it waits for no disk."""
    yield from _server(durable=False)


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[Postgres]:
    """A PostgreSQL as it is run by people: what it said it wrote is on the disk."""
    yield from _server(durable=True)


def _server(*, durable: bool) -> Iterator[Postgres]:
    if standin.programs() is None:
        pytest.skip(NO_POSTGRES)
    with standin.running(durable=durable) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The address of an empty database."""
    return postgres.fresh()


@pytest.fixture
def durable_postgres_url(durable_postgres: Postgres) -> str:
    """The address of an empty database whose server may lose its power."""
    return durable_postgres.fresh()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'hubpipe.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind: a test that asks for it runs twice."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
