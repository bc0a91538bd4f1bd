"""A server that answers whatever it likes: no bytes of it end a run, lead away, or show a key."""

import json
from dataclasses import replace

import pytest
from huggingface_hub import InferenceClient

from hubpipe.errors import EndpointError, TaskError
from hubpipe.models.remote.tasks import asking
from hubpipe.models.remote.watch import Watch
from tests.models.endpoint_calls import KEY, LABELS, Clock, caller_of, fault, step_of
from tests.models.endpoint_server import EndpointServer, as_json, serving
from tests.standin.wire import Reply, reply_json


@pytest.mark.parametrize(
    "busy",
    [
        as_json('{"estimated_time": 1' + "0" * 400 + "}"),
        Reply(200, b"", {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
    ],
)
def test_a_time_that_nobody_can_count_is_none(server: EndpointServer, clock: Clock, busy: Reply) -> None:
    assert "asks to wait 2 seconds" in fault(server, clock, *[replace(busy, status=503)] * 9, timeout=3)
    assert clock.slept == [0.5, 1]


@pytest.mark.parametrize(
    "unforeseen", [KeyError("x"), OverflowError(), MemoryError(), UnicodeError(), Exception("odd")]
)
def test_whatever_reading_an_answer_raises_is_a_fault_of_the_endpoint(
    server: EndpointServer, clock: Clock, unforeseen: Exception
) -> None:
    def broken() -> None:
        raise unforeseen

    def ask(client: InferenceClient, watch: Watch) -> None:
        client.summarization("It crashes.")
        broken()

    caller, said = caller_of(server, clock), "gave no usable answer for org/name: it is not of the shape"
    with pytest.raises(EndpointError, match=said):
        caller.call(ask, 0)
    with pytest.raises(EndpointError, match=said):
        caller.read(broken)


def test_what_hubpipe_foresaw_passes_unchanged(server: EndpointServer, clock: Clock) -> None:
    def told(*given: object) -> None:
        raise TaskError("choose another task")

    with pytest.raises(TaskError, match="choose another task"):
        caller_of(server, clock).call(told, 0)
    with pytest.raises(TaskError, match="choose another task"):
        caller_of(server, clock).read(told)


def test_an_answer_that_is_too_large_is_not_read_to_its_end(server: EndpointServer, clock: Clock) -> None:
    large = as_json(json.dumps([{"summary_text": "x" * 9_000_000}]))
    assert "larger than 8000000 bytes" in fault(server, clock, large)
    assert len(server.asked) == 1


def test_an_answer_that_could_unpack_into_anything_is_not_read(server: EndpointServer, clock: Clock) -> None:
    said = fault(server, clock, Reply(200, b"\x1f\x8b", {"content-encoding": "gzip"}))
    assert "packed (gzip)" in said
    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_text_is_not_carried_to_an_address_that_nobody_configured(
    server: EndpointServer, clock: Clock, status: int
) -> None:
    with serving() as stranger:
        said = fault(server, clock, Reply(status, b"", {"location": stranger.at("summarization")}))
        assert f"leads to another address, {stranger.url}" in said
        assert stranger.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_way_on_is_told_and_not_followed_also_at_the_same_server(
    server: EndpointServer, clock: Clock, status: int
) -> None:
    server.always = Reply(status, b"", {"location": "/elsewhere?to=sum"})
    said = fault(server, clock)
    assert f"leads to another address, {server.url}/elsewhere: write that one as endpoint" in said
    assert len(server.asked) == 1


def test_an_address_that_is_none_is_not_followed(server: EndpointServer, clock: Clock) -> None:
    assert "no usable answer" in fault(server, clock, Reply(307, b"", {"location": "http://[::"}))


@pytest.mark.parametrize(
    "reply",
    [
        as_json(json.dumps([{"label": KEY, "score": 0.5}, {"label": "bug", "score": 0.5}])),
        Reply(200, b"x", {"content-encoding": KEY}),
        Reply(200, b"x", {"content-encoding": "x" * 490 + KEY}),
        Reply(307, b"", {"location": f"http://{KEY.upper()}.example.org/{KEY}"}),
        reply_json(400, {"error": f"wrong key {KEY.upper()}"}),
    ],
)
def test_no_word_of_a_server_brings_the_key_into_a_message(server: EndpointServer, clock: Clock, reply: Reply) -> None:
    task = "zero-shot-classification"
    server.always = reply
    with pytest.raises(EndpointError) as caught:
        asking(step_of(server, task), LABELS, caller_of(server, clock, task=task))("It crashes at start.")
    assert "***" in str(caught.value) or "…" in str(caught.value)
    assert "secret" not in str(caught.value).lower()
