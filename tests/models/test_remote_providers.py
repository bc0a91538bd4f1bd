"""Inference Providers, with a router and a Hub of this machine in the place of Hugging Face's."""

from collections.abc import Iterator

import pytest
from huggingface_hub import constants
from huggingface_hub.inference._providers import CONVERSATIONAL_AUTO_ROUTER, PROVIDERS, hf_inference
from huggingface_hub.inference._providers._common import _fetch_inference_provider_mapping

from hubpipe.config import Step
from hubpipe.errors import EndpointError
from hubpipe.models import answers, load, load_media
from hubpipe.models.base import Media, Places, Prediction, Scores, Terms, Text
from hubpipe.models.remote.calls import Caller
from hubpipe.models.remote.place import where
from hubpipe.models.remote.tasks import asking
from tests.models.endpoint_server import EndpointServer, chat_answer, serving
from tests.standin.wire import reply_json

TOKEN = "hf_secret"
PLACES = Places(token=TOKEN, endpoint_key="sk-other")
MODEL = "/api/models/org/name"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EndpointServer]:
    _fetch_inference_provider_mapping.cache_clear()
    hf_inference._check_supported_task.cache_clear()
    with serving() as running:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(constants, "INFERENCE_PROXY_TEMPLATE", running.url + "/{provider}")
        monkeypatch.setattr(CONVERSATIONAL_AUTO_ROUTER, "base_url", running.url + "/auto")
        for helper in PROVIDERS["hf-inference"].values():
            monkeypatch.setattr(helper, "base_url", running.url + "/hf-inference")
        yield running
    _fetch_inference_provider_mapping.cache_clear()
    hf_inference._check_supported_task.cache_clear()


def answer(task: str, provider: str, terms: Terms | None = None) -> Prediction:
    step = Step.model_validate({"task": task, "model": "org/name", "endpoint": provider})
    [prediction] = load(step, {}, PLACES, terms).predict(["it crashes"])
    return prediction


def test_the_hubs_own_inference_is_asked_by_task_with_the_hubs_token(server: EndpointServer) -> None:
    server.hub[MODEL] = reply_json(
        200, {"id": "org/name", "pipeline_tag": "feature-extraction", "tags": ["feature-extraction"]}
    )
    terms = Terms()
    answer("feature-extraction", "hf-inference", terms)
    [request] = server.asked
    assert request.path == "/hf-inference/models/org/name/pipeline/feature-extraction"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert terms.meter.calls == 1


def test_a_picture_is_sent_to_the_hubs_own_inference_with_its_kind(server: EndpointServer) -> None:
    server.hub[MODEL] = reply_json(200, {"id": "org/name", "pipeline_tag": "image-to-text"})
    server.script = [reply_json(200, [{"generated_text": "a button"}])]
    step = Step(task="image-to-text", model="org/name", endpoint="hf-inference")
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 9
    assert load_media(step, {}, PLACES).predict([Media("a.png", png)]) == [Text("a button")]
    assert server.asked[0].headers["content-type"] == "image/png"


def test_another_provider_is_asked_by_chat_under_its_own_name_of_the_model(server: EndpointServer) -> None:
    mapping = {"together": {"status": "live", "providerId": "served/name", "task": "conversational"}}
    server.hub[MODEL] = reply_json(200, {"id": "org/name", "inferenceProviderMapping": mapping})
    assert isinstance(answer("summarization", "together"), Text)
    [request] = server.asked
    assert request.path == "/together/v1/chat/completions"
    assert request.json()["model"] == "served/name"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_provider_is_given_the_schema_of_the_labels(server: EndpointServer) -> None:
    labels = {"bug": "", "question": ""}
    server.script = [reply_json(200, chat_answer('{"labels": ["question"]}'))]
    step = Step.model_validate({"task": "text-generation", "model": "org/name", "endpoint": "auto", "labels": labels})
    [found] = load(step, labels, PLACES).predict(["how do I?"])
    assert isinstance(found, Scores)
    assert found.scores[0].label == "question"
    wanted = server.bodies[0]["response_format"]
    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"]["schema"] == answers.schema(labels, multi_label=False)


def test_the_router_chooses_a_provider_for_a_chat(server: EndpointServer) -> None:
    assert isinstance(answer("text-generation", "auto"), Text)
    [request] = server.asked
    assert request.path == "/auto/v1/chat/completions"
    assert request.json()["model"] == "org/name"
    assert server.looked_up == []


@pytest.mark.parametrize(
    ("task", "provider", "said"),
    [
        ("text-generation", "together", "together does not serve org/name for text-generation: Model org/name is not"),
        ("fill-mask", "together", "Task 'fill-mask' not supported for provider 'together'"),
        ("fill-mask", "nobody", "Provider 'nobody' not supported"),
        ("fill-mask", "hf-inference", "Model 'org/name' doesn't support task 'fill-mask'"),
    ],
)
def test_what_a_provider_does_not_serve_is_told_before_anything_is_sent(
    server: EndpointServer, task: str, provider: str, said: str
) -> None:
    server.hub[MODEL] = reply_json(
        200, {"id": "org/name", "pipeline_tag": "summarization", "inferenceProviderMapping": {}}
    )
    terms = Terms()
    with pytest.raises(EndpointError) as caught:
        answer(task, provider, terms)
    assert said in str(caught.value)
    assert server.asked == []
    assert terms.meter.calls == 0


def test_a_model_that_the_hub_does_not_know_is_told(server: EndpointServer) -> None:
    with pytest.raises(EndpointError, match=r"the Hub has no model org/name that together could run \(404"):
        answer("text-generation", "together")


def test_a_hub_that_says_nothing_is_not_waited_for_without_end(server: EndpointServer) -> None:
    server.hub[MODEL] = server.hang
    step = Step(task="fill-mask", model="org/name", endpoint="hf-inference")
    caller = Caller(where(step, PLACES), "org/name", "fill-mask", 0.3, Terms().meter)
    with pytest.raises(EndpointError, match="did not answer for org/name"):
        asking(step, {}, caller)("it crashes")
