"""Each key goes where it belongs, and nowhere else."""

import pytest

from hubpipe.config import Step
from hubpipe.errors import EndpointError, TaskError
from hubpipe.models import load
from hubpipe.models.base import Places
from hubpipe.models.remote.place import where
from hubpipe.world import places as from_environment
from tests.models.endpoint_server import EndpointServer
from tests.standin.wire import reply_json

HUB, OTHER = "hf_hubsecret", "sk-othersecret"
BOTH = Places(token=HUB, endpoint_key=OTHER)


def step_at(endpoint: str, task: str = "summarization") -> Step:
    return Step.model_validate({"task": task, "model": "org/name", "endpoint": endpoint})


@pytest.mark.parametrize("path", ["summarization", "v1"])
def test_a_server_of_ones_own_gets_the_endpoints_key(server: EndpointServer, path: str) -> None:
    load(step_at(f"{server.url}/{path}"), {}, BOTH).predict(["crash"])
    assert server.asked[0].headers["authorization"] == f"Bearer {OTHER}"


@pytest.mark.parametrize("path", ["summarization", "v1"])
def test_without_its_key_a_server_gets_none_even_where_the_environment_has_one(
    server: EndpointServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", HUB)
    load(step_at(f"{server.url}/{path}"), {}, Places(token=HUB)).predict(["crash"])
    assert "authorization" not in server.asked[0].headers
    assert not [value for value in server.asked[0].headers.values() if HUB in value]


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("hf-inference", HUB),
        ("together", HUB),
        ("https://router.huggingface.co/v1", HUB),
        ("https://huggingface.co/api", HUB),
        ("https://abc.us-east-1.aws.endpoints.huggingface.cloud", HUB),
        ("https://ABC.endpoints.huggingface.cloud/v1", HUB),
        ("https://models.example.org/v1", OTHER),
        ("https://huggingface.co.example.org/v1", OTHER),
        ("https://nothuggingface.co/v1", OTHER),
        ("https://huggingface.cloud/v1", OTHER),
        ("https://org-space.hf.space/v1", OTHER),
        ("http://localhost:11434/v1", OTHER),
        ("http://127.0.0.2:8080/v1", OTHER),
        ("http://[::1]:8080/v1", OTHER),
        ("http://models.example.org/v1", None),
        ("http://10.0.0.7:8000/v1", None),
        ("http://localhost.example.org/v1", None),
        ("http://127.0.0.1.example.org/v1", None),
        ("http://router.huggingface.co/v1", None),
    ],
)
def test_the_key_is_the_one_of_the_place_and_goes_nowhere_unencrypted(endpoint: str, key: str | None) -> None:
    place = where(step_at(endpoint), BOTH)
    assert place.key == key
    assert place.kept_back == (key is None)


def test_a_key_that_was_kept_back_is_told_where_the_server_wants_one(
    server: EndpointServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubpipe.models.remote.place._is_this_machine", lambda host: False)
    server.script = [reply_json(401, {})]
    model = load(step_at(f"{server.url}/summarization"), {}, BOTH)
    assert "the key in HUBPIPE_ENDPOINT_KEY (in the Action: endpoint-key) is not sent" in caplog.text
    with pytest.raises(EndpointError, match="is not sent over a connection that is not encrypted: use an https"):
        model.predict(["crash"])
    assert "authorization" not in server.asked[0].headers
    assert OTHER not in caplog.text


def test_an_address_that_holds_a_key_is_refused_without_repeating_it() -> None:
    with pytest.raises(TaskError, match="it holds a key") as caught:
        where(step_at(f"https://me:{OTHER}@models.example.org/v1"), BOTH)
    assert OTHER not in str(caught.value)


def test_a_provider_needs_a_token_of_hugging_face() -> None:
    with pytest.raises(EndpointError, match="needs a Hugging Face token: set HF_TOKEN"):
        where(step_at("together"), Places(endpoint_key=OTHER))
    with pytest.raises(EndpointError, match="HF_TOKEN is no Hugging Face token") as caught:
        where(step_at("together"), Places(token="gsk_elsewhere"))
    assert "gsk_" not in str(caught.value)


def test_no_key_is_in_what_python_shows_of_a_place() -> None:
    shown = repr((BOTH, where(step_at("together"), BOTH), load(step_at("https://h/v1"), {}, BOTH)))
    assert "secret" not in shown


def test_the_keys_come_from_the_environment() -> None:
    found = from_environment({"HF_TOKEN": f"{HUB}\n", "HUBPIPE_ENDPOINT_KEY": f" {OTHER}\n"})
    assert (found.token, found.endpoint_key) == (HUB, OTHER)
    assert from_environment({"HF_TOKEN": " "}) == Places()
