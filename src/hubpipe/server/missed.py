"""Turn GitHub's list of attempts to deliver into the deliveries that never arrived, and have each sent again."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from hubpipe.errors import ForbiddenError, GitHubError, NoAnswerError, RateLimitError
from hubpipe.event import SUBJECTS
from hubpipe.github.app import Attempt
from hubpipe.server.database import TABLES

log = logging.getLogger("hubpipe")

# What is older can be sent again by nobody.
# Source: https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
KEPT = timedelta(days=3)
# An attempt may be listed a while after it was made.
OVERLAP = timedelta(minutes=10)
EVERY = 300.0  # seconds
# Ours: how long after the time before a delivery is asked for once more, as long as it does not arrive.
PAUSES = (timedelta(0), timedelta(minutes=15), timedelta(hours=4))
# A statement holds only so many values: SQLite's 32,766.
ASKED_AT_ONCE = 500
# Refusals that have nothing to do with the one delivery: it is worth another try.
PASSING = (ForbiddenError, NoAnswerError, RateLimitError)

SENT_AGAIN = "delivery %s (%s) never arrived: GitHub was asked to send it again (%d of %d)"
NOT_SENT_AGAIN = "delivery %s (%s) never arrived, and GitHub does not send it again: %s"

REDELIVERIES = sa.Table(
    "hubpipe_redelivery",
    TABLES,
    sa.Column("guid", sa.Text, primary_key=True),
    sa.Column("claimed_at", sa.Float, nullable=False),  # seconds since 1970
)


class Deliveries(Protocol):
    """What a GitHub App can be asked about its deliveries."""

    def attempts(self, since: datetime) -> Iterator[Attempt]:
        """List the attempts since a moment."""
        ...

    def redeliver(self, attempt: int) -> None:
        """Let GitHub send a delivery again."""
        ...


def missed(attempts: Iterable[Attempt], now: datetime, kinds: Collection[str] = SUBJECTS) -> tuple[Attempt, ...]:
    """Give the latest attempt of each delivery that never arrived and can be sent again, what waits longest first.

    `kinds` are the events that somebody here waits for. A redirection is no arrival: it was not us who answered.
    """
    arrived: set[str] = set()
    failed: dict[str, Attempt] = {}
    for one in attempts:
        if 200 <= one.status < 300:
            arrived.add(one.guid)
        elif one.event in kinds and now - one.at < KEPT:
            failed[one.guid] = max(failed.get(one.guid, one), one, key=_order)
    return tuple(sorted((one for guid, one in failed.items() if guid not in arrived), key=_order))


@dataclass(frozen=True)
class Claims:
    """How often deliveries were sent again, over restarts and among processes: each time is claimed once."""

    engine: sa.Engine
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def claim(self, guid: str) -> int:
        """Claim a delivery's next time, and give which it is, from 1 on; 0 where somebody has, or it is not due."""
        now = self.now().timestamp()
        try:
            with self.engine.begin() as connection:
                made = list(connection.scalars(_of(guid)))
                if len(made) == len(PAUSES) or now - max(made, default=0.0) < PAUSES[len(made)].total_seconds():
                    return 0
                connection.execute(sa.insert(REDELIVERIES).values(guid=_names(guid)[len(made)], claimed_at=now))
        except sa.exc.IntegrityError:
            return 0
        return len(made) + 1

    def release(self, guid: str, time: int) -> None:
        """Give the claim on one time back."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(REDELIVERIES).where(REDELIVERIES.c.guid == _names(guid)[time - 1]))

    def sweep(self) -> None:
        """Forget the claims on what GitHub has forgotten."""
        before = (self.now() - 2 * KEPT).timestamp()
        with self.engine.begin() as connection:
            connection.execute(sa.delete(REDELIVERIES).where(REDELIVERIES.c.claimed_at < before))


@dataclass
class Catcher:
    """Has each delivery that never arrived sent again, as often as `PAUSES` says, and until it does.

    `known` gives those of some GUIDs that are stored here.
    """

    deliveries: Deliveries
    known: Callable[[Sequence[str]], set[str]]
    claims: Claims
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _since: datetime | None = field(default=None, init=False)
    _away: tuple[Attempt, ...] = field(default=(), init=False)

    def once(self) -> tuple[str, ...]:
        """Look at what GitHub keeps, later at what is new, and give the GUIDs of what it is to send again.

        Raises GitHubError where it cannot be asked: the next time looks as far back as this one.
        """
        now = self.now()
        # What did not arrive yet is older than what is asked for later.
        found = missed([*self.deliveries.attempts(self._since or now - KEPT), *self._away], now)
        stored = self._stored([one.guid for one in found])
        away = tuple(one for one in found if one.guid not in stored)
        sent = tuple(one.guid for one in away if self._send_again(one))
        self.claims.sweep()
        self._since, self._away = now - OVERLAP, away
        return sent

    def _stored(self, guids: Sequence[str]) -> set[str]:
        batches = (guids[start : start + ASKED_AT_ONCE] for start in range(0, len(guids), ASKED_AT_ONCE))
        return set[str]().union(*map(self.known, batches))

    def _send_again(self, attempt: Attempt) -> bool:
        time = self.claims.claim(attempt.guid)
        if not time:
            return False
        try:
            self.deliveries.redeliver(attempt.id)
        except PASSING:
            # What GitHub sends twice is worked on once, for its GUID; what it does not send at all is lost.
            self.claims.release(attempt.guid, time)
            raise
        except GitHubError as error:
            log.warning(NOT_SENT_AGAIN, attempt.guid, attempt.event, error)
            return False
        log.info(SENT_AGAIN, attempt.guid, attempt.event, time, len(PAUSES))
        return True


def _names(guid: str) -> tuple[str, ...]:
    """Name each time that a delivery is sent again; the first has the GUID's own name, as it ever had."""
    return (guid, *(f"{guid}#{time}" for time in range(2, len(PAUSES) + 1)))


def _of(guid: str) -> sa.Select[float]:
    return sa.select(REDELIVERIES.c.claimed_at).where(REDELIVERIES.c.guid.in_(_names(guid)))


def _order(attempt: Attempt) -> tuple[datetime, int]:
    return attempt.at, attempt.id
