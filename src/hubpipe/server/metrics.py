"""Turn what the bot does into numbers for Prometheus."""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from hubpipe.errors import HubpipeError

if TYPE_CHECKING:
    from hubpipe.server.ledger import Ledger

DELIVERIES = Counter("hubpipe_deliveries", "Requests to /webhooks, by what became of them", ["outcome"])
INGEST = Histogram(
    "hubpipe_ingest_seconds",
    "From a delivery's last byte until it is stored",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
STAGES = Histogram(
    "hubpipe_stage_seconds",
    "Each try of a stage of a run: configuration, resolve, read, infer, decide, labels, comment, ...",
    ["stage"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
EFFECTS = Counter("hubpipe_effects", "Effects that are done, by kind", ["kind"])
ERRORS = Counter("hubpipe_errors", "Tries of a stage that failed, by the error's name", ["stage", "error"])
REQUESTS_LEFT = Gauge(
    "hubpipe_github_requests_left",
    "Requests that GitHub allows an installation until the hour is over",
    ["installation"],
)
KINDS = frozenset({"labels", "comment", "check", "release", "notify", "reaction", "removal"})


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Measure one try of a stage; its name without the flow's, which a stranger's configuration chooses.

    A command counts its effects: what stands behind the kind is left out, too.
    """
    kind, started = name.rpartition(": ")[2].partition(" ")[0], time.monotonic()
    try:
        yield
    except HubpipeError as error:
        ERRORS.labels(kind, type(error).__name__).inc()
        raise
    else:
        if kind in KINDS:
            EFFECTS.labels(kind).inc()
    finally:
        STAGES.labels(kind).observe(time.monotonic() - started)


class Waiting(Collector):
    """What waits in the ledger, at the moment that somebody asks.

    To count reads all deliveries, and anybody who reaches the server may ask: it is done once in `seconds`.
    """

    def __init__(self, ledger: "Ledger", seconds: float = 1.0):
        self._ledger, self._seconds = ledger, seconds
        self._counting = Lock()
        self._counted: tuple[float, tuple[GaugeMetricFamily, ...]] = (-math.inf, ())

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Count, or tell what was counted just now."""
        with self._counting:
            if time.monotonic() - self._counted[0] >= self._seconds:
                families = tuple(self._count())
                self._counted = (time.monotonic(), families)
            return self._counted[1]

    def _count(self) -> Iterator[GaugeMetricFamily]:
        try:
            depth, counts = self._ledger.depth(), self._ledger.counts()
        except SQLAlchemyError:
            # Which /readyz tells; what the process has done itself is told still.
            return
        yield GaugeMetricFamily("hubpipe_queue_depth", "Deliveries that wait", value=depth.waiting)
        yield GaugeMetricFamily("hubpipe_queue_age_seconds", "How long the oldest has waited", value=depth.age)
        states = GaugeMetricFamily("hubpipe_deliveries_kept", "Deliveries in the database", labels=["state"])
        for state, count in counts.items():
            states.add_metric([state], count)
        yield states


def exposition(waiting: Waiting) -> tuple[bytes, str]:
    """Give all numbers as text, and its content type."""
    return generate_latest(REGISTRY) + generate_latest(waiting), CONTENT_TYPE_LATEST
