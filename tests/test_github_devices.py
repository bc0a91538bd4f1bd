"""The device flow: a code for a person, and then who typed it."""

from collections.abc import Iterator

import pytest

from hubpipe.errors import GitHubError
from hubpipe.github.devices import Code, Devices, Waiting
from tests.standin.devices import CLIENT, USER_CODE, DeviceFlow, device_flow
from tests.standin.servers import token_of
from tests.standin.wire import Reply, reply_json


@pytest.fixture
def flow() -> Iterator[DeviceFlow]:
    with device_flow() as found:
        yield found


def devices(flow: DeviceFlow, client: str = CLIENT) -> Devices:
    return Devices(client, flow.url, f"{flow.url}/api/v3")


def test_a_person_gets_a_code_and_the_address_to_type_it_at(flow: DeviceFlow) -> None:
    flow.interval = 5
    found = devices(flow).begin()
    assert found == Code(USER_CODE, f"{flow.url}/login/device", 900, 5, found.device)
    assert found.device
    assert found.device not in repr(found)


def test_whoever_types_it_is_known_by_his_login_and_the_token_is_used_once(flow: DeviceFlow) -> None:
    asking = devices(flow)
    device = asking.begin().device
    assert asking.login(device, 5) == Waiting(5)
    flow.typed = "octocat"
    assert asking.login(device, 5) == "octocat"
    assert flow.tokens == [token_of("octocat")]


def test_it_asks_more_slowly_when_github_says_so(flow: DeviceFlow) -> None:
    flow.error = "slow_down"
    assert devices(flow).login("a", 5) == Waiting(10)


@pytest.mark.parametrize("error", ["expired_token", "access_denied", "incorrect_device_code", "device_flow_disabled"])
def test_a_code_that_is_over_is_told_by_githubs_word(error: str, flow: DeviceFlow) -> None:
    flow.error = error
    with pytest.raises(GitHubError, match=error):
        devices(flow).login("a", 5)


def test_a_client_that_github_does_not_know_gets_no_code(flow: DeviceFlow) -> None:
    with pytest.raises(GitHubError, match="Not Found"):
        devices(flow, "Iv1.other").begin()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>"),
        reply_json(200, []),
        reply_json(200, {}),
        reply_json(502, {"message": "Server Error"}),
        Reply(302, b"", {"location": "http://127.0.0.1:1/elsewhere"}),
        reply_json(
            200, {"user_code": "A", "verification_uri": "https://elsewhere.example/login/device", "device_code": "b"}
        ),
    ],
)
def test_an_answer_that_is_none_is_told(reply: Reply, flow: DeviceFlow) -> None:
    flow.instead = reply
    with pytest.raises(GitHubError):
        devices(flow).begin()


def test_a_code_is_typed_on_the_configured_server_alone(flow: DeviceFlow) -> None:
    foreign = {
        "user_code": "A",
        "device_code": "b",
        "expires_in": 900,
        "verification_uri": f"{flow.url}.evil.example/x",
    }
    flow.instead = reply_json(200, foreign)
    with pytest.raises(GitHubError, match="not as it is documented"):
        devices(flow).begin()
