"""Turn GitHub's list of attempts to deliver into the deliveries that never arrived, and have each sent again once."""

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
# A statement holds only so many values: SQLite's 32,766.
ASKED_AT_ONCE = 500
# Refusals that have nothing to do with the one delivery: it is worth another try.
PASSING = (ForbiddenError, NoAnswerError, RateLimitError)

SENT_AGAIN = "delivery %s (%s) never arrived: GitHub was asked to send it again"
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
    """Which deliveries were sent again, over restarts and among processes: each is claimed once."""

    engine: sa.Engine
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def claim(self, guid: str) -> bool:
        """Claim a delivery; False where somebody has."""
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(REDELIVERIES).values(guid=guid, claimed_at=self.now().timestamp()))
        except sa.exc.IntegrityError:
            return False
        return True

    def release(self, guid: str) -> None:
        """Give a claim back."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(REDELIVERIES).where(REDELIVERIES.c.guid == guid))

    def sweep(self) -> None:
        """Forget the claims on what GitHub has forgotten."""
        before = (self.now() - 2 * KEPT).timestamp()
        with self.engine.begin() as connection:
            connection.execute(sa.delete(REDELIVERIES).where(REDELIVERIES.c.claimed_at < before))


@dataclass
class Catcher:
    """Has each delivery that never arrived sent again, once; `known` gives those of some GUIDs that are stored here."""

    deliveries: Deliveries
    known: Callable[[Sequence[str]], set[str]]
    claims: Claims
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _since: datetime | None = field(default=None, init=False)

    def once(self) -> tuple[str, ...]:
        """Look at what GitHub keeps, later at what is new, and give the GUIDs of what it is to send again.

        Raises GitHubError where it cannot be asked: the next time looks as far back as this one.
        """
        now = self.now()
        found = missed(self.deliveries.attempts(self._since or now - KEPT), now)
        stored = self._stored([one.guid for one in found])
        sent = tuple(one.guid for one in found if one.guid not in stored and self._send_again(one))
        self.claims.sweep()
        self._since = now - OVERLAP
        return sent

    def _stored(self, guids: Sequence[str]) -> set[str]:
        batches = (guids[start : start + ASKED_AT_ONCE] for start in range(0, len(guids), ASKED_AT_ONCE))
        return set[str]().union(*map(self.known, batches))

    def _send_again(self, attempt: Attempt) -> bool:
        if not self.claims.claim(attempt.guid):
            return False
        try:
            self.deliveries.redeliver(attempt.id)
        except PASSING:
            # What GitHub sends twice is worked on once, for its GUID; what it does not send at all is lost.
            self.claims.release(attempt.guid)
            raise
        except GitHubError as error:
            log.warning(NOT_SENT_AGAIN, attempt.guid, attempt.event, error)
            return False
        log.info(SENT_AGAIN, attempt.guid, attempt.event)
        return True


def _order(attempt: Attempt) -> tuple[datetime, int]:
    return attempt.at, attempt.id
