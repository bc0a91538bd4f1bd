"""What a configuration may say of endpoints."""

import pytest

from hubpipe.config import parse
from hubpipe.config.endpoints import speech, token_limit
from hubpipe.errors import ConfigError

FLOW = """\
version: 1
flows:
  kind:
    on: issues
    pipeline:
{step}
    publish: summary
"""
SERVER = "https://models.example.org/v1"


def configured(**keys: object) -> list[str]:
    """Give the problems of a step."""
    keys = {"task": "text-generation", "model": "org/name", **keys}
    step = "\n".join(f"      {name}: {value}" for name, value in keys.items() if value is not None)
    try:
        parse(FLOW.format(step=step), "hubpipe.yml")
    except ConfigError as error:
        return [f"{problem.key.rpartition('.')[2]}: {problem.message}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "endpoint",
    [
        "hf-inference",
        "together",
        "auto",
        SERVER,
        "http://localhost:11434/v1/",
        "http://[::1]:8080/v1",
        "https://abc.us-east-1.aws.endpoints.huggingface.cloud",
        "https://models.example.org/v1?api-version=2026-01-01",
    ],
)
def test_a_provider_or_an_address_is_an_endpoint(endpoint: str) -> None:
    assert configured(endpoint=f'"{endpoint}"') == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "HF Inference",
        "models.example.org/v1",
        "ftp://models.example.org",
        "https://",
        "https:///v1",
        "https://a b",
        "https://host:port/v1",
        "https://[::1/v1",
        r"https://huggingface.co\\@example.org/v1",
        "../v1",
    ],
)
def test_anything_else_is_refused_with_what_to_write(endpoint: str) -> None:
    [problem] = configured(endpoint=f"'{endpoint}'")
    assert problem.startswith("endpoint: name a provider, such as hf-inference, or a server's address")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://me:hunter2@models.example.org/v1",
        "https://hunter2@models.example.org/v1",
        "https://models.example.org/v1?api_key=hunter2",
        "https://models.example.org/v1?version=1&Token=hunter2",
        "https://models.example.org/v1?sig=hunter2",
        "https://models.example.org/v1?subscription-key=hunter2",
    ],
)
def test_a_key_in_the_address_is_refused_and_not_repeated(endpoint: str) -> None:
    [problem] = configured(endpoint=f'"{endpoint}"')
    assert "it holds a key" in problem
    assert "endpoint-key" in problem
    assert "hunter2" not in problem


def test_an_endpoint_needs_to_be_told_the_task_and_the_model() -> None:
    assert configured(endpoint=SERVER, task=None) == ["task: an endpoint does not tell the task: name it"]
    assert configured(endpoint=SERVER, model="embedded") == [
        "model: embedded runs on the runner: name the model that the endpoint serves"
    ]


def test_a_chat_server_does_not_do_a_classifiers_task() -> None:
    [problem] = configured(endpoint=SERVER, task="zero-shot-classification", labels="[bug, question]")
    assert problem.startswith("task: models.example.org is the address of a chat server")
    assert "For labels use text-generation with labels" in problem
    assert configured(endpoint="https://models.example.org/", task="zero-shot-classification", labels="[a, b]") == []


def test_no_endpoint_does_a_decision() -> None:
    [problem] = configured(endpoint="hf-inference", task="decision", questions="Is it a bug?")
    assert problem.startswith("task: no endpoint does decision")


def test_a_chat_must_be_told_the_language_to_translate_into() -> None:
    assert configured(endpoint=SERVER, task="translation", target_language="French") == []
    [problem] = configured(endpoint=SERVER, task="translation", source_language="French")
    assert problem.startswith("target_language: say what to translate into")


def test_a_translators_languages_come_in_pairs() -> None:
    assert configured(endpoint="hf-inference", task="translation") == []
    assert configured(endpoint="hf-inference", task="translation", source_language="fr", target_language="en") == []
    [problem] = configured(endpoint="hf-inference", task="translation", target_language="en")
    assert problem.startswith("source_language: an endpoint takes source_language and target_language together")


def test_only_what_the_embedded_model_does_can_fall_back_to_it() -> None:
    assert configured(endpoint=SERVER, task="summarization", fallback="embedded") == []
    [problem] = configured(endpoint=SERVER, task="text-generation", fallback="embedded")
    assert problem.startswith("fallback: embedded does not do text-generation")


def test_timeout_and_fallback_are_nothing_without_an_endpoint() -> None:
    keys = configured(task="summarization", timeout=5, fallback="embedded")
    assert [problem.partition(":")[0] for problem in keys] == ["fallback", "timeout"]


@pytest.mark.parametrize(
    ("endpoint", "task", "how"),
    [
        ("https://h/v1", "summarization", "chat"),
        ("https://h/openai/v1/", "summarization", "chat"),
        ("https://h/v1beta/openai/chat/completions", "summarization", "chat"),
        ("https://h/models/v1/x", "summarization", "task"),
        ("https://h", "summarization", "task"),
        ("https://h", "text-generation", "chat"),
        ("hf-inference", "summarization", "task"),
        ("auto", "translation", "task"),
        ("together", "translation", "chat"),
        ("together", "feature-extraction", "task"),
    ],
)
def test_the_address_and_the_task_tell_how_a_server_is_spoken_to(endpoint: str, task: str, how: str) -> None:
    assert speech(endpoint, task) == how


@pytest.mark.parametrize(
    ("task", "endpoint", "most"),
    [
        ("summarization", "https://models.example.org/v1", 8_000),
        ("summarization", "https://models.example.org/bart", 1_000),
        ("feature-extraction", "hf-inference", 250),
        ("text-classification", "hf-inference", 480),
    ],
)
def test_a_request_is_taken_to_hold_what_the_usual_models_of_its_task_read(task: str, endpoint: str, most: int) -> None:
    assert token_limit(task, endpoint) == most
