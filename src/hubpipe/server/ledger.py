"""Turn deliveries into durable workflows, and those into what became of them.

A delivery's GUID is its workflow's id: what is stored twice is there once.
Source: https://docs.dbos.dev/python/reference/client
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions, WorkflowStatus
from dbos._error import DBOSException  # there are no public names for these
from dbos._serialization import DBOSPortableJSON
from pydantic import ValidationError

from hubpipe.event import Event
from hubpipe.server.delivery import Delivery
from hubpipe.server.journal import read, write
from hubpipe.server.stages import Stage, again_at, moment, stage_of

APPLICATION = "hubpipe"
WORKFLOW = "deliver"
QUEUE = "deliveries"
# The order of a run's stages. What an older hubpipe has begun in another order is left to a worker of its own kind.
STAGES = "1"
SERIALIZER = DBOSPortableJSON  # never pickle: what stands in the database is data

State = Literal["waiting", "working", "done", "failed"]
STATES: dict[State, list[str]] = {
    "waiting": ["ENQUEUED", "DELAYED"],
    "working": ["PENDING"],
    "done": ["SUCCESS"],
    "failed": ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
}
STATE_OF: dict[str, State] = {theirs: ours for ours, names in STATES.items() for theirs in names}
SWEPT_AT_ONCE = 500
# Faults of the database, and not of what is to be stored.
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
# What a new delivery fills of the engine's tables; tests/server/test_ledger.py holds it against what the engine writes.
COLUMNS = {
    "workflow_status": (
        *("workflow_uuid", "status", "name", "queue_name", "queue_partition_key", "priority", "recovery_attempts"),
        *("serialization", "attributes", "is_debounced", "application_name", "created_at", "updated_at"),
    ),
    "workflow_input": ("workflow_uuid", "inputs", "retention_timestamp"),
}


@dataclass(frozen=True)
class Entry:
    """A delivery, and what became of it; `outcome` is the run's report as plain data, `error` why it failed."""

    id: str
    state: State
    event: Event
    installation: int
    received: datetime
    began: datetime | None
    ended: datetime | None
    worker: str = ""
    outcome: Any = None
    error: str = ""


@dataclass(frozen=True)
class Depth:
    """How many deliveries wait, and for how many seconds the oldest has."""

    waiting: int
    age: float


class Ledger:
    """All deliveries, in the database that the workers read."""

    def __init__(self, engine: sa.Engine):
        self._client = DBOSClient(system_database_engine=engine, serializer=SERIALIZER, application_name=APPLICATION)
        # The tables of the engine of workflows, which has no call of its own to count them.
        self._workflows = self._client._sys_db.tables.workflow_status
        self._inputs = self._client._sys_db.tables.workflow_input
        self.engine = self._client._sys_db.engine

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Store deliveries, all of them in one transaction; one that is there stays as it is."""
        rows = {one.id: self._row(one) for one in reversed(deliveries)}
        # Always in the same order: two doors that store the same deliveries wait for each other, and not both for both.
        ordered = [rows[identifier] for identifier in sorted(rows)]
        with self.engine.begin() as connection:
            for table in (self._workflows, self._inputs):
                new = self._client._sys_db.dialect.insert(table).on_conflict_do_nothing(
                    index_elements=["workflow_uuid"]
                )
                connection.execute(new, [{name: row[name] for name in COLUMNS[table.name]} for row in ordered])

    def known(self, ids: Sequence[str]) -> set[str]:
        """Tell which of some deliveries are stored."""
        column = self._workflows.c.workflow_uuid
        with self.engine.connect() as connection:
            return set(connection.scalars(sa.select(column).where(column.in_(ids))))

    def entry(self, identifier: str) -> Entry | None:
        """Give a delivery; None where there is none of that id."""
        return next(iter(self._entries(workflow_ids=[identifier])), None)

    def recent(self, state: State | None = None, limit: int = 50, offset: int = 0) -> tuple[Entry, ...]:
        """Give the latest deliveries, of one state or of all."""
        statuses = STATES[state] if state else None
        return tuple(self._entries(status=statuses, limit=limit, offset=offset, sort_desc=True))

    def marks(self, state: State | None = None, limit: int = 50, offset: int = 0) -> tuple[tuple[str, str, int], ...]:
        """Give what is another as soon as `recent` gives something else: ids, statuses, and when they changed last."""
        light: dict[str, Any] = {"load_input": False, "load_output": False}
        statuses = STATES[state] if state else None
        found = self._client.list_workflows(
            name=WORKFLOW, status=statuses, limit=limit, offset=offset, sort_desc=True, **light
        )
        return tuple((one.workflow_id, one.status, one.updated_at or 0) for one in found)

    def stages(self, identifier: str) -> tuple[Stage, ...]:
        """Give the stages of a delivery that are done, in order."""
        return tuple(map(stage_of, self._client.list_workflow_steps(identifier)))

    def retry(self, identifier: str) -> bool:
        """Run a delivery that failed again, see `again_at`; False where it did not fail."""
        entry = self.entry(identifier)
        if entry is None or entry.state != "failed":
            return False
        try:
            self._client.rewind_workflow(
                identifier,
                start_step=again_at(self.stages(identifier)) + 1,  # the engine counts from 1
                queue_name=QUEUE,
                queue_partition_key=str(entry.installation),
            )
        except DBOSException:  # somebody else has just done so
            return False
        return True

    def begun(self, worker: str) -> frozenset[str]:
        """Give the deliveries that a worker has begun and not ended."""
        return frozenset(one.workflow_id for one in self._client._sys_db.get_pending_workflows(worker, STAGES))

    def busy(self) -> frozenset[str]:
        """Name the workers that have begun something and not ended it."""
        table = self._workflows.c
        asked = sa.select(table.executor_id).distinct().where(table.status == "PENDING", table.name == WORKFLOW)
        with self.engine.connect() as connection:
            return frozenset(name for name in connection.scalars(asked) if name)

    def give_back(self, worker: str, only: Collection[str] | None = None) -> int:
        """Let others do what a worker has begun, or some of it; give how many deliveries that were.

        What somebody else has begun meanwhile stays with him.
        """
        found = self.begun(worker) if only is None else only
        return sum(self._client._sys_db.reenqueue_for_recovery(one, [worker], QUEUE) for one in found)

    def put_off(self, identifier: str, worker: str, until: float) -> None:
        """Let a delivery that a worker has begun wait until a moment (seconds since 1970), and anybody go on then."""
        table = self._workflows
        mine = (table.c.workflow_uuid == identifier, table.c.status == "PENDING", table.c.executor_id == worker)
        later = {
            "status": "DELAYED",
            "delay_until_epoch_ms": round(until * 1000),
            "owner_xid": None,
            "started_at_epoch_ms": None,
            "recovery_attempts": table.c.recovery_attempts - 1,  # nothing has crashed
            "updated_at": time.time_ns() // 1_000_000,
        }
        with self.engine.begin() as connection:
            connection.execute(sa.update(table).where(*mine).values(later))

    def depth(self) -> Depth:
        """Tell how many deliveries wait for a worker, and how long; those that wait for GitHub are none."""
        table = self._workflows.c
        put_off = table.delay_until_epoch_ms
        since = sa.case((put_off > table.created_at, put_off), else_=table.created_at)
        asked = sa.select(sa.func.count(), sa.func.min(since)).where(
            table.queue_name == QUEUE, table.status == "ENQUEUED"
        )
        with self.engine.connect() as connection:
            count, oldest = connection.execute(asked).one()
        age = datetime.now(UTC).timestamp() - oldest / 1000 if oldest is not None else 0.0
        return Depth(count, max(0.0, age))

    def counts(self) -> dict[State, int]:
        """Tell how many deliveries there are of each state."""
        table = self._workflows.c
        asked = sa.select(table.status, sa.func.count()).where(table.name == WORKFLOW).group_by(table.status)
        with self.engine.connect() as connection:
            found = {str(status): int(count) for status, count in connection.execute(asked)}
        return {ours: sum(found.get(name, 0) for name in names) for ours, names in STATES.items()}

    def sweep(self, older: timedelta) -> int:
        """Forget what ended long ago, failed deliveries as well, a part at a time; give how many."""
        before, count = datetime.now(UTC) - older, 0
        while swept := self._swept(before):
            count += swept
        return count

    def _swept(self, before: datetime) -> int:
        ended = self._client.list_workflows(
            name=WORKFLOW,
            status=[*STATES["done"], *STATES["failed"]],
            completed_before=before.isoformat(),
            limit=SWEPT_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        self._client.delete_workflows([one.workflow_id for one in ended])
        return len(ended)

    def answers(self) -> bool:
        """Tell whether the database can be reached."""
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.select(1))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        self.engine.dispose()

    def _row(self, delivery: Delivery) -> dict[str, Any]:
        """Give what the engine of workflows would store: it has no call of its own for many at a time that is quick."""
        event, now = write(Event, delivery.event), time.time_ns() // 1_000_000
        _, row = self._client._build_enqueue_status(_options(delivery), event, delivery.installation)
        return {**row, "recovery_attempts": 0, "created_at": now, "updated_at": now, "retention_timestamp": now}

    def _entries(self, **asked: Any) -> Iterator[Entry]:
        yield from (_entry(one) for one in self._client.list_workflows(name=WORKFLOW, **asked))


def _options(delivery: Delivery) -> EnqueueOptions:
    return {
        "workflow_name": WORKFLOW,
        "queue_name": QUEUE,
        "workflow_id": delivery.id,
        "queue_partition_key": str(delivery.installation),
        "attributes": {"repo": delivery.event.repo, "event": delivery.event.name},
    }


def _entry(found: WorkflowStatus) -> Entry:
    event, installation = (found.input or {"args": ()})["args"]
    return Entry(
        id=found.workflow_id,
        state=STATE_OF[found.status],
        event=_event(event, found.attributes or {}),
        installation=installation,
        received=moment(found.created_at) or datetime.now(UTC),
        began=moment(found.dequeued_at),
        ended=moment(found.completed_at),
        worker=found.executor_id or "",
        outcome=found.output,
        error=str(found.error or ""),
    )


def _event(text: str, attributes: Mapping[str, Any]) -> Event:
    """Read a stored event; of one that another version has stored in another way, what is known of it."""
    try:
        return read(Event, text)  # type: ignore[no-any-return]
    except ValidationError:
        return Event(str(attributes.get("event", "")), None, str(attributes.get("repo", "")), None)
