"""Workers that fall silent: one of the others takes over, once."""

import time
from collections.abc import Collection, Iterator

import pytest
import sqlalchemy as sa

from hubpipe.server.database import open_database
from hubpipe.server.fleet import WORKERS, Fleet, new_name

SILENCE = 0.3


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    found = open_database(database_url)
    yield found
    found.dispose()


def fleet(
    engine: sa.Engine, name: str, gave_back: list[str], silence: float = SILENCE, busy: Collection[str] = ()
) -> Fleet:
    def give_back(worker: str) -> int:
        gave_back.append(worker)
        return 2

    return Fleet(engine, name, give_back, silence, lambda: busy)


def silent(engine: sa.Engine) -> None:
    """Let all workers' last beat be long ago."""
    with engine.begin() as connection:
        connection.execute(sa.update(WORKERS).values(beat_at=0))


def test_two_workers_never_have_one_name() -> None:
    assert new_name() != new_name()


def test_a_living_worker_is_left_alone(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one, other = fleet(engine, "one", gave_back, 60), fleet(engine, "other", gave_back, 60)
    one.beat()
    other.beat()
    assert one.take_over() == 0
    assert gave_back == []


def test_a_worker_that_slept_with_its_whole_machine_takes_nothing_over_from_itself(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one = fleet(engine, "one", gave_back)
    one.beat()
    silent(engine)
    assert one.take_over() == 0
    one.beat()
    assert gave_back == []


def test_a_silent_workers_deliveries_are_given_back_once(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one, other, third = (fleet(engine, name, gave_back) for name in ("one", "other", "third"))
    one.beat()
    silent(engine)
    assert [other.take_over(), third.take_over()] == [2, 0]
    assert gave_back == ["one"]


def test_whoever_falls_silent_in_the_middle_of_taking_over_is_taken_over_from(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one, other, third = (fleet(engine, name, gave_back) for name in ("one", "other", "third"))
    one.beat()
    silent(engine)
    assert other._claims("one")
    assert third.take_over() == 0
    time.sleep(SILENCE * 2)
    assert third.take_over() == 2


def test_a_worker_that_only_slept_is_one_again(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one, other = fleet(engine, "one", gave_back, 60), fleet(engine, "other", gave_back, 60)
    one.beat()
    silent(engine)
    other.take_over()
    one.beat()
    other.take_over()
    assert gave_back == ["one"]
    with engine.connect() as connection:
        assert list(connection.scalars(sa.select(WORKERS.c.name))) == ["one"]


def test_a_worker_that_nobody_knows_of_is_missed_like_any_other(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one = fleet(engine, "one", gave_back, 60, {"one", "unknown"})
    one.beat()
    assert one.take_over() == 0
    silent(engine)
    one.beat()
    assert one.take_over() == 2
    assert gave_back == ["unknown"]


def test_a_worker_that_leaves_gives_back_what_it_did_not_end(engine: sa.Engine) -> None:
    gave_back: list[str] = []
    one = fleet(engine, "one", gave_back)
    one.beat()
    one.leave()
    assert gave_back == ["one"]
    with engine.connect() as connection:
        assert list(connection.scalars(sa.select(WORKERS.c.name))) == []
