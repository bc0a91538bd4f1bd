"""What is asked of an endpoint is counted, and ends at the budget."""

import socket

import pytest
from huggingface_hub import get_session

from hubpipe.config import Budget
from hubpipe.errors import BudgetError, EndpointError
from hubpipe.models.meter import Meter
from tests.models.endpoint_calls import Clock, summarise
from tests.models.endpoint_server import EndpointServer, Scripted, as_json, hangs_up
from tests.standin.wire import Reply, reply_json


def test_every_request_counts_for_the_budget_those_that_are_repeated_too(server: EndpointServer, clock: Clock) -> None:
    meter = Meter(Budget(calls=3))
    server.script = [Reply(500, b""), Reply(503, b"")]
    summarise(server, clock, meter)
    assert meter.calls == 3
    with pytest.raises(BudgetError, match=r"3 of 3 calls"):
        summarise(server, clock, meter)
    assert len(server.asked) == 3


def test_a_budget_that_ends_between_two_tries_ends_the_call(server: EndpointServer, clock: Clock) -> None:
    server.always = Reply(500, b"")
    with pytest.raises(BudgetError):
        summarise(server, clock, Meter(Budget(calls=2)))
    assert len(server.asked) == 2


def test_waiting_counts_for_the_budgets_seconds_and_goes_no_further(server: EndpointServer, clock: Clock) -> None:
    meter = Meter(Budget(seconds=10))
    server.script = [reply_json(503, {"estimated_time": 8})]
    summarise(server, clock, meter)
    assert meter.seconds == pytest.approx(8)
    server.script = [reply_json(503, {"estimated_time": 8})]
    with pytest.raises(EndpointError, match="asks to wait 8 seconds"):
        summarise(server, clock, meter)
    assert meter.seconds == pytest.approx(8)


def test_the_tokens_of_text_and_answer_are_estimated_where_the_server_does_not_count_them(
    server: EndpointServer, clock: Clock
) -> None:
    meter = Meter()
    summarise(server, clock, meter)
    assert meter.tokens == (len("It crashes at start.") + len("About It crashes at start.")) // 4 + 1


@pytest.mark.parametrize(
    ("reply", "tokens"),
    [
        (as_json("[]"), len("It crashes at start.") // 4 + 1),
        (Reply(200, b'[{"summary_text": "It', cut=5), 3 * (len("It crashes at start.") // 4 + 1)),
        (hangs_up, 3 * (len("It crashes at start.") // 4 + 1)),
        (as_json('{"usage": {"total_tokens": 42}}'), 42),
        (reply_json(500, {"usage": {"total_tokens": 42}}), 3 * 42),
        (reply_json(500, {"error": "broken"}), 0),
        (reply_json(422, {"error": "no"}), 0),
    ],
)
def test_an_answer_that_is_no_use_costs_what_it_cost(
    server: EndpointServer, clock: Clock, reply: Scripted, tokens: int
) -> None:
    meter = Meter()
    server.always = reply
    with pytest.raises(EndpointError):
        summarise(server, clock, meter)
    assert meter.tokens == tokens


def test_what_was_never_sent_costs_nothing(server: EndpointServer, clock: Clock) -> None:
    meter = Meter()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EndpointError):
            summarise(server, clock, meter)
    assert (meter.calls, meter.tokens) == (3, 0)


def test_other_requests_of_the_hubs_client_are_neither_counted_nor_cut(server: EndpointServer, clock: Clock) -> None:
    meter = Meter()
    summarise(server, clock, meter)
    server.hub["/weights"] = Reply(200, b"0" * 9_000_000)
    assert len(get_session().get(f"{server.url}/weights").content) == 9_000_000
    get_session().post(server.at("summarization"), json={"inputs": "x"})
    assert meter.calls == 1
