"""Turn waiting deliveries into what hubpipe does about them, many at a time, each stage once."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from dbos import DBOS

from hubpipe import commands, config, run, world
from hubpipe.config import Config
from hubpipe.deadline import Deadline
from hubpipe.errors import HubpipeError
from hubpipe.event import Event
from hubpipe.redaction import Redaction
from hubpipe.report import FlowReport, Report
from hubpipe.report.plain import as_json
from hubpipe.server import metrics
from hubpipe.server.delivery import OWN
from hubpipe.server.fleet import BEATS, Fleet, new_name
from hubpipe.server.hub import Hub
from hubpipe.server.journal import Journal, Patience, PutOffError, read
from hubpipe.server.ledger import APPLICATION, QUEUE, SERIALIZER, STAGES, WORKFLOW, Ledger
from hubpipe.server.notices import Notices
from hubpipe.server.shelf import Warm
from hubpipe.sinks import to_github

log = logging.getLogger("hubpipe")

# A delivery that ended its worker so often is left alone: it would end every worker.
MOST_CRASHES = 20

HOUR = 3600.0
BEGUN = "worker %s works on deliveries"
DRAINING = "worker %s ends: %.0f seconds for what has begun"
HANDLED = "handled %s of %s in %d flows"
TOOK_OVER = "took over %d deliveries of a worker that is silent"
LEFT = "gave back %d deliveries whose end the database did not take"
SWEPT = "forgot %d deliveries that ended more than %g days ago"
ROUND_FAILED = "what the worker does every few seconds failed"
FAILED = "{flow}: {words}"
OWN_EFFECT = "whoever's token the bot has did this, as hubpipe does it"


@dataclass(frozen=True)
class Pace:
    """How much a worker does at once, and how fast.

    `per_minute` deliveries of one installation are begun, by all workers together: GitHub allows 80 requests a minute
    that make content. Source:
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
    """

    at_once: int = 16
    of_one_installation: int = 4
    per_minute: int = 60
    polling: float = 0.1  # seconds
    timeout: float = 600.0  # seconds for one delivery
    drain: float = 30.0  # seconds
    keep: float = 14.0  # days
    silence: float = 15.0  # seconds until a worker counts as dead


@dataclass(frozen=True)
class Tools:
    """What a worker works with."""

    hub: Hub
    models: Warm
    redaction: Redaction = field(default_factory=Redaction)
    patience: Patience = field(default_factory=Patience)
    notices: Notices = field(default_factory=Notices)


class DeliveryFailedError(HubpipeError):
    """A delivery did not get to its end: it waits among the failed ones for somebody to mend what it says."""


class Worker:
    """Works on the deliveries of a database until it is drained. There is one of it in a process."""

    def __init__(self, ledger: Ledger, tools: Tools, pace: Pace, rounds: Mapping[Callable[[], object], float]):
        """Take what to do besides, each with the seconds between two times."""
        self.name = new_name()
        self._tools, self._pace, self._ledger = tools, pace, ledger
        self._fleet = Fleet(ledger.engine, self.name, ledger.give_back, pace.silence, ledger.busy)
        self._over = threading.Event()
        self._running: set[str] = set()
        self._idle: frozenset[str] = frozenset()
        every: dict[Callable[[], object], float] = {
            self._fleet.beat: pace.silence / BEATS,
            self._take_over: pace.silence / BEATS,
            self._take_up: pace.silence,
            self._sweep: HOUR,
        }
        self._rounds = [
            threading.Thread(target=self._go_round, args=one, daemon=True) for one in (every | dict(rounds)).items()
        ]

    def start(self) -> None:
        """Begin to work."""
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_engine": self._ledger.engine,
                "executor_id": self.name,
                "application_version": STAGES,
                "serializer": SERIALIZER,
                # Those that somebody else took over wait in a thread each until he has ended them.
                "max_executor_threads": 2 * self._pace.at_once + 8,
                "log_level": "WARNING",
            }
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MOST_CRASHES)
        def deliver(event: str, installation: int) -> dict[str, Any]:
            return self._deliver(event, installation)

        self._fleet.beat()
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._pace.at_once,
            partition_worker_concurrency=self._pace.of_one_installation,
            partition_limiter={"limit": self._pace.per_minute, "period": 60},
            polling_interval_sec=self._pace.polling,
            on_conflict="always_update",
        )
        for one in self._rounds:
            one.start()
        log.info(BEGUN, self.name)

    def drain(self) -> None:
        """Begin nothing more, let what has begun end, and give the rest back."""
        log.info(DRAINING, self.name, self._pace.drain)
        self._over.set()
        DBOS.destroy(workflow_completion_timeout_sec=round(self._pace.drain))
        self._fleet.leave()

    def _deliver(self, event: str, installation: int) -> dict[str, Any]:
        """Handle a delivery; see `run.handle`. It ends as failed where a flow did not get to its end."""
        identifier = str(DBOS.workflow_id)
        self._running.add(identifier)
        try:
            report = self._handled(read(Event, event), installation)
        except PutOffError as wait:
            self._ledger.put_off(identifier, self.name, wait.until)
            raise
        finally:
            self._running.discard(identifier)
        failed = [FAILED.format(flow=flow.flow, words=_fault(flow)) for flow in report.flows if flow.failed]
        if failed:
            raise DeliveryFailedError("\n".join(failed))
        log.info(HANDLED, report.event.name, report.event.repo, len(report.flows))
        return as_json(report) | {"note": report.note}

    def _handled(self, event: Event, installation: int) -> Report:
        tools, deadline = self._tools, Deadline(self._pace.timeout)
        github = tools.hub.github(event.repo, installation, deadline)
        journal = Journal(
            tools.redaction, tools.patience, deadline.begin, lambda: tools.hub.renew(event.repo, installation)
        )
        # An App's own effects are forgotten at the door; whom a token speaks for is to be asked.
        alike = tools.hub.app is None and event.action in OWN.get(event.kind, ())
        if alike and event.actor == journal("login", str, github.login):
            return Report(event, note=OWN_EFFECT)
        settings = journal(
            "configuration", Config, lambda: world.configuration(event.repo, config.PATH, github)
        ).for_webhooks
        with tools.models.lent(event.repo, commands.flows_for(event, settings), github) as models:
            publish = to_github(github, tools.notices.notifier(event.repo, deadline.left))
            report = run.handle(event, settings, github, models, publish, tools.redaction, deadline, journal)
        if github.requests_left is not None:
            metrics.REQUESTS_LEFT.labels(str(installation)).set(github.requests_left)
        return report

    def _take_over(self) -> None:
        count = self._fleet.take_over()
        if count:
            log.warning(TOOK_OVER, count)

    def _take_up(self) -> None:
        """Give back what counts as begun here, and that nobody has done since the last look: a full disk, say.

        The engine waits for a database that is away, and gives up where one refuses to write.
        """
        idle = self._ledger.begun(self.name) - self._running
        count = self._ledger.give_back(self.name, idle & self._idle)
        self._idle = idle
        if count:
            log.warning(LEFT, count)

    def _sweep(self) -> None:
        count = self._ledger.sweep(timedelta(days=self._pace.keep))
        if count:
            log.info(SWEPT, count, self._pace.keep)

    def _go_round(self, deed: Callable[[], object], every: float) -> None:
        """Do something again and again; what goes wrong with it once is told, and it goes on."""
        while not self._over.is_set():
            try:
                deed()
            except Exception:  # whatever it is: a worker that says no more that it lives counts as dead
                log.exception(ROUND_FAILED)
            self._over.wait(every)


def _fault(flow: FlowReport) -> str:
    refused = "; ".join(outcome.detail for outcome in flow.outcomes if outcome.failed)
    return str(flow.error) if flow.error is not None else refused
