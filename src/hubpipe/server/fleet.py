"""Turn the silence of a worker into work for the others.

The engine gives the workflows of a process that ended back only to a process of the same name. So every worker has a
name of its own and says every few seconds that it lives, by the database's clock; what a silent one was doing, the
first that notices takes over. One that only slept goes on at its own risk: the engine lets one of the two record a
stage, and every effect of hubpipe's is done once however often it is done.
"""

import socket
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from hubpipe.server.database import TABLES

SILENCE = 15.0  # seconds
BEATS = 5  # in that time

WORKERS = sa.Table(
    "hubpipe_worker",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("beat_at", sa.Float, nullable=False),
    sa.Column("claimed_at", sa.Float),
)


def new_name() -> str:
    """Name a worker as no other is named."""
    return f"{socket.gethostname()[:40]}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Fleet:
    """The workers of a database, as one of them sees them.

    `give_back` gives a worker's deliveries to the others, `busy` names all that have begun some.
    """

    engine: sa.Engine
    name: str
    give_back: Callable[[str], int] = field(repr=False)
    silence: float = SILENCE
    busy: Callable[[], Collection[str]] = field(default=frozenset, repr=False)
    _now: sa.ColumnElement[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        clock = sa.text("extract(epoch from clock_timestamp())")
        if self.engine.dialect.name == "sqlite":
            clock = sa.text("(julianday('now') - 2440587.5) * 86400.0")
        object.__setattr__(self, "_now", sa.literal_column(clock.text, sa.Float))

    def beat(self) -> None:
        """Say that this worker lives."""
        with self.engine.begin() as connection:
            alive = sa.update(WORKERS).where(WORKERS.c.name == self.name)
            if connection.execute(alive.values(beat_at=self._now, claimed_at=None)).rowcount == 0:
                connection.execute(sa.insert(WORKERS).values(name=self.name, beat_at=self._now))

    def take_over(self) -> int:
        """Give what silent workers were doing back to the queue; give how many deliveries that were."""
        self._notice()
        return sum(self._recover(name) for name in self._silent() if self._claims(name))

    def leave(self) -> None:
        """Give back what is left, and be a worker no more."""
        self._recover(self.name)

    def _notice(self) -> None:
        """Count whoever has begun something without having said that it lives as one that has said so now.

        A worker that woke when it had been taken over from, began something, and was killed before its next beat would
        else be missed by nobody.
        """
        with self.engine.connect() as connection:
            known = set(connection.scalars(sa.select(WORKERS.c.name)))
        for name in set(self.busy()) - known:
            with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # it says so itself meanwhile
                connection.execute(sa.insert(WORKERS).values(name=name, beat_at=self._now))

    def _silent(self) -> list[str]:
        with self.engine.connect() as connection:
            # After a pause of the whole machine, this look may come before the beat: nobody takes over from himself.
            others = sa.select(WORKERS.c.name).where(WORKERS.c.name != self.name)
            late = others.where(WORKERS.c.beat_at < self._now - self.silence)
            return list(connection.scalars(late))

    def _claims(self, name: str) -> bool:
        """Be the one that takes a silent worker's work over; a claim whose holder fell silent, too, is void."""
        free = sa.or_(WORKERS.c.claimed_at.is_(None), WORKERS.c.claimed_at < self._now - self.silence)
        late = WORKERS.c.beat_at < self._now - self.silence
        with self.engine.begin() as connection:
            claim = sa.update(WORKERS).where(WORKERS.c.name == name, free, late)
            return connection.execute(claim.values(claimed_at=self._now)).rowcount == 1

    def _recover(self, name: str) -> int:
        count = self.give_back(name)
        with self.engine.begin() as connection:
            connection.execute(sa.delete(WORKERS).where(WORKERS.c.name == name))
        return count
