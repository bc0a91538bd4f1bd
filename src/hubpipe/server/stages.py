"""Turn what the engine of workflows keeps of a delivery into its stages, and those into where a retry begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import StepInfo

from hubpipe import errors
from hubpipe.errors import GitHubError
from hubpipe.server.journal import PAUSE


@dataclass(frozen=True)
class Stage:
    """A stage of a run that is done: its name, its result (or error) as plain data, when (UTC) and how many seconds."""

    name: str
    told: Any
    began: datetime | None
    seconds: float

    @property
    def failed(self) -> bool:
        """Tell whether this try of it did."""
        return isinstance(self.told, dict) and "error" in self.told


def stage_of(step: StepInfo) -> Stage:
    """Read what the engine of workflows keeps of a stage."""
    name, began, ended = step["function_name"], step.get("started_at_epoch_ms"), step.get("completed_at_epoch_ms")
    told = step["output"] if step["error"] is None else {"error": str(step["error"])}
    if name == PAUSE and isinstance(told, dict):
        ended = round(told["until"] * 1000)
    return Stage(name, told, moment(began), ((ended or 0) - (began or 0)) / 1000)


def again_at(stages: Sequence[Stage]) -> int:
    """Give the place of the stage that a retry begins with: the failed one where GitHub refused it, else the first.

    What fails otherwise may lie in the configuration, which is kept like all else: it has to be read anew.
    """
    place = _failed_at(stages)
    if place is None:
        return 0
    error = stages[place].told["error"]
    kind = getattr(errors, str(error.get("kind")), None) if isinstance(error, dict) else None
    return place if isinstance(kind, type) and issubclass(kind, GitHubError) else 0


def _failed_at(stages: Sequence[Stage]) -> int | None:
    """Give the place of the first stage that failed for good, that of its first try; None where each came through."""
    first = None
    for place, stage in enumerate(stages):
        if stage.name == PAUSE:
            continue
        again = place > 0 and stages[place - 1].name == PAUSE
        if first is not None and not again:
            return first
        first = (place if first is None else first) if stage.failed else None
    return first


def moment(milliseconds: int | None) -> datetime | None:
    """Give a time of the engine's."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
