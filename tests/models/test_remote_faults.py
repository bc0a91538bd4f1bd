"""Whatever happens at an endpoint: an answer after some patience, or an EndpointError that says what to change."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from huggingface_hub import constants

from hubpipe.config import Step
from hubpipe.errors import EndpointError
from hubpipe.models import load
from hubpipe.models.base import Places, Terms, Text
from hubpipe.models.meter import Meter
from tests.models.endpoint_calls import KEY, Clock, fault, summarise
from tests.models.endpoint_server import EndpointServer, Scripted, as_json, hangs_up
from tests.standin.wire import Reply, reply_json


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


BUSY: dict[str, tuple[Scripted, float]] = {
    "seconds": (reply_json(429, {"error": "slow down"}, {"Retry-After": "7"}), 7),
    "a date": (lambda request: Reply(503, b"", {"Retry-After": in_seconds(9)}), 9),
    "an estimate": (reply_json(503, {"error": "Model org/name is currently loading", "estimated_time": 20.5}), 20.5),
    "a rate limit": (reply_json(429, {}, {"RateLimit": '"api";r=0;t=55'}), 55),
    "nothing": (reply_json(429, {"error": "Model is overloaded", "error_type": "overloaded"}), 0.5),
    "at once": (reply_json(429, {}, {"Retry-After": "0"}), 0.5),
}


@pytest.mark.parametrize("how", BUSY)
def test_a_busy_server_is_asked_again_when_it_said(server: EndpointServer, clock: Clock, how: str) -> None:
    busy, seconds = BUSY[how]
    server.script = [busy]
    assert summarise(server, clock) == Text("About It crashes at start.")
    assert len(server.asked) == 2
    assert clock.slept == [pytest.approx(seconds, abs=2 if how == "a date" else 1e-6)]


def test_a_server_that_stays_busy_is_asked_ever_more_rarely_and_not_beyond_the_timeout(
    server: EndpointServer, clock: Clock
) -> None:
    server.always = reply_json(503, {"error": "overloaded"}, {"Retry-After": "0"})
    said = fault(server, clock)
    assert clock.slept == [0.5, 1, 2, 4, 8, 16]
    assert said.startswith(f"{server.url.removeprefix('http://')} asks to wait 32 seconds before org/name can answer")
    assert "503: overloaded" in said
    assert "raise them" in said


def test_nobody_waits_for_a_server_that_asks_for_more_than_the_timeout(server: EndpointServer, clock: Clock) -> None:
    said = fault(server, clock, reply_json(429, {}, {"Retry-After": "3600"}))
    assert "asks to wait 3600 seconds" in said
    assert clock.slept == []
    assert len(server.asked) == 1


def test_a_fault_that_may_pass_is_tried_twice_more(server: EndpointServer, clock: Clock) -> None:
    server.script = [reply_json(500, {"error": "CUDA error"}), Reply(502, b"<html>Bad gateway</html>")]
    assert summarise(server, clock) == Text("About It crashes at start.")
    assert clock.slept == [0.5, 1]


def test_a_server_that_keeps_failing_is_given_up_with_its_own_words(server: EndpointServer, clock: Clock) -> None:
    server.always = reply_json(500, {"error": "CUDA error: out of memory"})
    said = fault(server, clock)
    assert "failed to run org/name (500: CUDA error: out of memory)" in said
    assert len(server.asked) == 3


def test_an_error_page_of_a_proxy_is_no_words_of_the_server(server: EndpointServer, clock: Clock) -> None:
    server.always = Reply(502, b"<html><body>Bad gateway</body></html>", {"content-type": "text/html"})
    assert "(502): run this again" in fault(server, clock)


@pytest.mark.parametrize("how", [hangs_up, Reply(200, b'[{"summary_text": "It crashes"}]', cut=5)])
def test_a_connection_that_breaks_is_tried_again(server: EndpointServer, clock: Clock, how: Scripted) -> None:
    server.script = [how]
    assert summarise(server, clock) == Text("About It crashes at start.")
    server.always = how
    assert "org/name" in fault(server, clock)
    assert len(server.asked) == 2 + 3


def test_a_server_that_is_not_there_is_told_apart(server: EndpointServer, clock: Clock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        said = fault(server, clock)
    assert "cannot be reached for org/name (ConnectError): check endpoint and the network" in said
    assert clock.slept == [0.5, 1]


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_timeout(
    server: EndpointServer, clock: Clock
) -> None:
    said = fault(server, clock, server.hang, timeout=0.2)
    assert "did not answer for org/name within 0 seconds: raise timeout" in said
    assert len(server.asked) == 1


def test_a_reply_that_trickles_in_is_not_waited_for_beyond_the_timeout(server: EndpointServer, clock: Clock) -> None:
    def late(request: object) -> Reply:
        clock.now += 100
        return as_json('[{"summary_text": "It crashes"}]')

    assert "did not answer for org/name within 60 seconds" in fault(server, clock, late)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            reply_json(401, {"error": f"wrong key: {KEY}"}),
            r"does not accept the key .*401: wrong key: \*\*\*.*HUBPIPE_E",
        ),
        (Reply(403, b"", {"content-type": "text/plain"}), "does not accept the key .*HUBPIPE_ENDPOINT_KEY"),
        (reply_json(402, {"error": "You have exceeded your monthly credits"}), "no credit left .*monthly credits"),
        (reply_json(429, {"error": {"message": "quota", "code": "insufficient_quota"}}), "no credit left"),
        (
            reply_json(404, {"message": "no such model"}),
            "does not serve org/name there .*no such model.*check endpoint",
        ),
        (reply_json(413, {"error": "Payload too large"}), "too long .*413: Payload too large.*model that reads more"),
        (reply_json(422, {"error": "`inputs` must have less than 512 tokens"}), "too long .*less than 512 tokens"),
        (reply_json(400, {"error": {"message": "maximum context length is 4096"}}), "too long"),
        (reply_json(400, {"error": ["unknown parameter"]}), "refused the request .*400: unknown parameter"),
        (reply_json(400, ["a list"]), "refused the request .*400: a list"),
        (reply_json(422, {"detail": [{"msg": "Field required"}]}), "refused the request .*422: Field required"),
        (reply_json(405, None), "refused the request"),
        (reply_json(400, {"errors": "x", "error": 7}), "refused the request"),
    ],
)
def test_a_refusal_says_what_to_change_and_is_not_repeated(
    server: EndpointServer, clock: Clock, reply: Reply, said: str
) -> None:
    server.always = reply
    message = fault(server, clock)
    assert len(server.asked) == 1
    assert re.search(said, message), message


def test_a_key_that_is_missing_is_asked_for(server: EndpointServer) -> None:
    server.always = reply_json(401, {"error": "unauthorized"})
    with pytest.raises(EndpointError, match=r"wants a key for org/name \(401: unauthorized\).*HUBPIPE_ENDPOINT_KEY"):
        load(Step(task="summarization", model="org/name", endpoint=server.at("summarization")), {}, Places()).predict(
            ["x"]
        )


def test_a_machine_that_is_set_offline_says_so(
    server: EndpointServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in fault(server, clock)
    assert server.asked == []


def test_an_error_under_a_good_status_is_told_in_the_servers_words(server: EndpointServer, clock: Clock) -> None:
    said = fault(server, clock, as_json('{"error": "no such model"}'))
    assert "not of the shape that the task gives (no such model)" in said


def test_calls_in_several_threads_are_watched_each_by_itself(server: EndpointServer) -> None:
    large = as_json(json.dumps([{"summary_text": "x" * 9_000_000}]))
    server.always = lambda request: large if "large" in request.json()["inputs"] else as_json('[{"summary_text": "y"}]')
    meters = [Meter() for _ in range(8)]
    step = Step(task="summarization", model="org/name", endpoint=server.at("summarization"))

    def one(place: int) -> str:
        text = "large" if place % 2 else "small"
        try:
            [found] = load(step, {}, Places(), Terms(meter=meters[place])).predict([text])
        except EndpointError as error:
            return str(error)
        return found.text if isinstance(found, Text) else ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, range(8)))
    assert said[::2] == ["y"] * 4
    assert all("larger than" in text for text in said[1::2])
    assert [meter.calls for meter in meters] == [1] * 8
