"""Ask an endpoint as a step does, with a clock that only sleep moves on."""

from dataclasses import dataclass, field

import pytest

from hubpipe.config import Step
from hubpipe.errors import EndpointError
from hubpipe.models.base import Places, Prediction
from hubpipe.models.meter import Meter
from hubpipe.models.remote.calls import Caller
from hubpipe.models.remote.place import where
from hubpipe.models.remote.tasks import asking
from tests.models.endpoint_server import EndpointServer, Scripted

KEY = "sk-very-secret"
LABELS = {"bug": "", "question": "asks something"}


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> float:
        return self.now


def step_of(server: EndpointServer, task: str = "summarization") -> Step:
    return Step.model_validate({"task": task, "model": "org/name", "endpoint": server.at(task)})


def caller_of(
    server: EndpointServer,
    clock: Clock,
    meter: Meter | None = None,
    timeout: float = 60,
    task: str = "summarization",
) -> Caller:
    place = where(step_of(server, task), Places(endpoint_key=KEY))
    return Caller(place, "org/name", task, timeout, meter or Meter(), clock.sleep, clock.time)


def summarise(server: EndpointServer, clock: Clock, meter: Meter | None = None, timeout: float = 60) -> Prediction:
    """Ask the server for a summary."""
    return asking(step_of(server), {}, caller_of(server, clock, meter, timeout))("It crashes at start.")


def fault(server: EndpointServer, clock: Clock, *script: Scripted, timeout: float = 60) -> str:
    """Give what is said of a fault, and see that it never holds the key."""
    server.script = list(script)
    with pytest.raises(EndpointError) as caught:
        summarise(server, clock, timeout=timeout)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)
