"""Turn the stages of a run into steps of a durable workflow: each is done once, its result kept as JSON.

Source: https://docs.dbos.dev/python/tutorials/step-tutorial
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS
from pydantic import TypeAdapter

from hubpipe import errors
from hubpipe.errors import (
    BudgetError,
    EndpointError,
    HubError,
    HubpipeError,
    NoAnswerError,
    RateLimitError,
    TokenError,
)
from hubpipe.redaction import Redaction
from hubpipe.server import metrics

log = logging.getLogger("hubpipe")

Result = TypeVar("Result")

# What another try may mend: the other side was away, or asks to wait. A token that is known no more is made anew.
PASSING = (NoAnswerError, RateLimitError, HubError, EndpointError, TokenError)
NOT_KEPT = "the database took nothing of {stage} ({reason})"
PAUSE = "pause"  # the stage between two tries
# A delivery that waits longer goes back to the queue: it would hold one of a worker's places, of which there are few.
LONGEST_HELD = 10.0  # seconds
PUT_OFF = "to be gone on with in {seconds:.0f} seconds"
AGAIN = "%s did not come through (%s): again in %.0f seconds"


class NotKeptError(BaseException):
    """The database failed at a stage: no flow's fault, so that none may take it for its own end."""


class PutOffError(BaseException):
    """The delivery waits until a moment (seconds since 1970): no flow's fault, so that none may take it for its end."""

    def __init__(self, until: float):
        self.until = until
        super().__init__(PUT_OFF.format(seconds=until - time.time()))


@dataclass(frozen=True)
class Patience:
    """How often a stage is tried in all, and how long it waits: twice as long each time, `longest` at most."""

    tries: int = 6
    first: float = 2.0  # seconds
    longest: float = 3600.0

    def pause(self, error: HubpipeError, tried: int) -> float | None:
        """Give the seconds before the next try; None to give up."""
        if tried >= self.tries or not isinstance(error, PASSING) or isinstance(error, BudgetError):
            return None
        waits = self.first * 2.0 ** (tried - 1)
        if isinstance(error, RateLimitError) and error.until is not None:
            waits = max(waits, (error.until - datetime.now(UTC)).total_seconds())
        # Not all at the same moment, where many were refused at one.
        return min(waits, self.longest) * random.uniform(1.0, 1.2)  # noqa: S311 - no secret


@dataclass(frozen=True)
class Journal:
    """Keeps the stages of the workflow that calls it; see `run.Keep`.

    `begin` is called before each try of a stage, `renew` before one after GitHub did not know the token any more.
    """

    redaction: Redaction
    patience: Patience
    begin: Callable[[], None]
    renew: Callable[[], None]

    def __call__(self, stage: str, kind: Any, work: Callable[[], Result]) -> Result:
        """Do a stage, or give what it gave before a crash; what may pass is waited for, over crashes as well.

        Raises NotKeptError or PutOffError, which ends the delivery's run and leaves it to another.
        """
        try:
            return self._kept(stage, kind, work)
        except sa.exc.SQLAlchemyError as error:
            raise NotKeptError(NOT_KEPT.format(stage=stage, reason=error)) from error

    def _kept(self, stage: str, kind: Any, work: Callable[[], Result]) -> Result:
        tried = 0
        while True:
            told: dict[str, Any] = DBOS.run_step({"name": stage}, self._told, stage, kind, work)
            tried += 1
            if "error" not in told:
                return read(kind, told["value"])  # type: ignore[no-any-return]
            error = _error(told["error"])
            pause = self.patience.pause(error, tried)
            if pause is None:
                raise error
            _wait(pause, AGAIN, stage, type(error).__name__, pause)
            if isinstance(error, TokenError):
                self.renew()

    def _told(self, stage: str, kind: Any, work: Callable[[], Any]) -> dict[str, Any]:
        """Do a stage, and tell its result, or what went wrong, as plain data."""
        self.begin()
        try:
            with metrics.stage(stage):
                return {"value": write(kind, work())}
        except HubpipeError as error:
            return {"error": _written(self.redaction.all(error))}


def _wait(pause: float, *words: object) -> None:
    """Wait, over crashes as well, a short while here, a long one in the queue; say so once."""

    def begin() -> dict[str, float]:
        log.warning(*words)
        return {"until": time.time() + pause}

    told: dict[str, float] = DBOS.run_step({"name": PAUSE}, begin)
    left = told["until"] - time.time()
    if left > LONGEST_HELD:
        raise PutOffError(told["until"])
    time.sleep(max(0.0, left))


def write(kind: Any, value: Any) -> str:
    """Write a value of a type as JSON; half characters, which no database takes, become question marks."""
    plain = _adapter(kind).dump_python(value, mode="json", by_alias=True, exclude_unset=True)
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode()


def read(kind: Any, text: str) -> Any:
    """Read a value of a type back."""
    return _adapter(kind).validate_json(text)


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _written(error: HubpipeError) -> dict[str, Any]:
    until = error.until if isinstance(error, RateLimitError) else None
    return {"kind": type(error).__name__, "words": str(error), "until": until.isoformat() if until else None}


def _error(told: Mapping[str, Any]) -> HubpipeError:
    """Make an error of the same kind anew, with its words alone."""
    kind = getattr(errors, told["kind"], HubpipeError)
    error: HubpipeError = kind.__new__(kind)
    error.args = (told["words"],)
    if isinstance(error, RateLimitError):
        error.until = datetime.fromisoformat(told["until"]) if told["until"] else None
    return error
