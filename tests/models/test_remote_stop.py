"""One answer takes no longer than timeout and budget.seconds, however a server spends the time."""

from collections.abc import Callable
from contextvars import ContextVar
from itertools import chain, repeat
from threading import Event, get_ident

import pytest

from hubpipe.config import Budget, Step
from hubpipe.errors import EndpointError
from hubpipe.models.base import Places
from hubpipe.models.meter import Meter
from hubpipe.models.remote.calls import Caller
from hubpipe.models.remote.place import where
from hubpipe.models.remote.talk import talker
from hubpipe.models.remote.tasks import asking
from hubpipe.stop import within
from tests.models.endpoint_server import EndpointServer, Scripted, dripping
from tests.standin.wire import Reply, Request, reply_json

BODY = b'[{"summary_text": "It crashes"}]'
END = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
# How a server keeps a client waiting for the head of its reply; after four seconds it gives a right answer.
DRIPS = {
    "a head by the letter": (b"HTTP/1.1 200 OK\r\nx-slow: ", b"a", b"\r\n" + END),
    "a head by the line": (b"HTTP/1.1 200 OK\r\n", b"x-slow: a\r\n", END),
    "news of its work": (b"", b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + END),
}


def caller_of(
    address: str, task: str, timeout: float, meter: Meter, clock: Callable[[], float] | None = None
) -> Caller:
    place = where(Step.model_validate(keys(address, task)), Places())
    caller = Caller(place, "org/name", task, timeout, meter)
    return caller if clock is None else Caller(place, "org/name", task, timeout, meter, clock=clock)


def keys(address: str, task: str) -> dict[str, object]:
    return {"task": task, "model": "org/name", "endpoint": address}


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize(("timeout", "spent"), [(0.3, 0), (60, 0.7)])
def test_a_head_that_drips_in_is_not_waited_for(drip: str, timeout: float, spent: float) -> None:
    head, drop, end = DRIPS[drip]
    meter = Meter(Budget(seconds=1), seconds=spent)
    with dripping(head, chain(repeat(drop, 40), [end])) as address:
        caller = caller_of(address, "summarization", timeout, meter)
        ask = asking(Step.model_validate(keys(address, "summarization")), {}, caller)
        with pytest.raises(EndpointError, match=r"did not answer .* raise timeout or budget\.seconds"):
            ask("It crashes at start.")
    assert meter.calls == 1


def slow(clock: list[float], said: str) -> Scripted:
    def refuse(request: Request) -> Reply:
        clock[0] += 2
        return reply_json(400, {"error": {"message": said}})

    return refuse


def test_what_a_chat_is_asked_again_without_comes_out_of_the_same_time(server: EndpointServer) -> None:
    clock = [0.0]
    server.script = [slow(clock, f"no {word}") for word in ("temperature", "max_completion_tokens", "system")]
    address = f"{server.url}/v1"
    caller = caller_of(address, "text-generation", 3, Meter(), lambda: clock[0])
    chat = talker(Step.model_validate(keys(address, "text-generation")), {}, caller)
    with pytest.raises(EndpointError, match="did not answer for org/name within 3 seconds"):
        chat.answer("it crashes")
    assert len(server.asked) == 2


def test_another_mask_comes_out_of_the_same_time(server: EndpointServer) -> None:
    clock = [0.0]
    server.always = slow(clock, "No mask_token (<blank>) found on the input")
    address = server.at("fill-mask")
    caller = caller_of(address, "fill-mask", 3, Meter(), lambda: clock[0])
    with pytest.raises(EndpointError, match="did not answer for org/name within 3 seconds"):
        asking(Step.model_validate(keys(address, "fill-mask")), {}, caller)("it crashes")
    assert len(server.asked) == 2


def test_work_gives_its_result_or_its_fault_as_if_it_were_done_here() -> None:
    here: ContextVar[int] = ContextVar("here", default=0)
    here.set(7)
    assert within(60, here.get) == 7
    assert within(60, get_ident) != get_ident()
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)


def test_work_is_left_behind_when_its_time_is_over_and_not_begun_without_any() -> None:
    over, begun = Event(), Event()
    with pytest.raises(TimeoutError):
        within(0.05, over.wait)
    over.set()
    with pytest.raises(TimeoutError):
        within(0, begun.set)
    assert not begun.is_set()


def test_an_answer_that_was_given_up_is_not_asked_for_any_more(server: EndpointServer) -> None:
    clock, meter = [0.0], Meter()
    caller = caller_of(server.at("summarization"), "summarization", 3, meter, lambda: clock[0])

    def ask(client: object, watch: object) -> object:
        clock[0] += 4  # a look-up that took too long
        return client.summarization("x")  # type: ignore[attr-defined]

    with pytest.raises(EndpointError, match="did not answer"):
        caller.call(ask, 1)
    assert server.asked == []
    assert meter.calls == 0
