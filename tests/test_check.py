"""What `hubpipe check` tells of a flow, before anything is downloaded."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubpipe import config
from hubpipe.check import FlowNeeds, check, text
from hubpipe.config import TASKS
from hubpipe.config.endpoints import token_limit
from hubpipe.errors import ModelError
from hubpipe.models import load, load_media, resolve_flow
from hubpipe.models.base import Places, Terms
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached

WEIGHTS = "model.safetensors"
ARCHITECTURES = {
    "text-classification": "BertForSequenceClassification",
    "zero-shot-classification": "BertForSequenceClassification",
    "token-classification": "BertForTokenClassification",
    "question-answering": "BertForQuestionAnswering",
}
CARD = {"license": "mit", "language": ["en"]}
QUESTIONS = ("question-answering", "table-question-answering", "decision", "document-question-answering")


def stored(task: str, **card: Any) -> Stored:
    """Make a model that is all metadata: its weights cannot be loaded, and must not be asked for."""
    settings = {"architectures": [ARCHITECTURES.get(task, "OctoModel")], "max_position_embeddings": 512}
    files = {WEIGHTS: b"never sent", "config.json": json.dumps(settings).encode()}
    library = "sentence-transformers" if task == "sentence-similarity" else "transformers"
    metadata = {"pipeline_tag": task, "library_name": library, "cardData": {**CARD, **card}}
    return Stored(files, metadata, sizes={WEIGHTS: 50_000_000})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A Hub with one model a task, and one of a task that hubpipe does not do."""
    models = {f"octo-org/{task}": stored(task) for task in (*TASKS, "text-to-image")}
    with reached(LocalHub(models), monkeypatch) as running:
        yield running
    assert WEIGHTS not in running.downloaded


@pytest.fixture
def online(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache")


def flow_of(
    step: object, publish: object = "summary", inputs: tuple[str, ...] = ("title", "body"), **more: object
) -> str:
    flow = {"on": "issues", "input": list(inputs), "pipeline": step, "publish": publish}
    return json.dumps({"version": 1, "flows": {"one": flow}, **more})


def checked(file: str, places: Places) -> FlowNeeds:
    [needs] = check(config.parse(file), places)
    return needs


@pytest.mark.parametrize("task", TASKS)
def test_a_flow_of_each_task_prints_its_needs(hub: LocalHub, online: Places, task: str) -> None:
    inputs = {"text": (), "image": ("images",), "audio": ("audio",)}[TASKS[task].reads]
    step = {"model": f"octo-org/{task}", **({"questions": "What is it?"} if task in QUESTIONS else {})}
    needs = checked(flow_of(step, inputs=("title", "body", *inputs)), online)
    assert (needs.problems, needs.exit_code) == ((), 0)
    printed = text((needs,))
    assert f"octo-org/{task}@{COMMIT[:12]}" in printed
    assert f"  task         {task}\n" in printed
    assert "  size         50 MB on disk, about 480 MB in memory\n" in printed
    assert "  licence      mit\n" in printed
    assert "  languages    en\n" in printed
    assert f"  revision     may change: pin it with revision: {COMMIT}\n" in printed


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"task": "text-classification"}, "all of the text, 510 tokens at a time"),
        ({"task": "text-classification", "long_text": "head"}, "the first 510 tokens of the text at most"),
        ({"task": "zero-shot-classification", "labels": ["bug"]}, "the first 510 tokens of the text at most"),
        ({"task": "table-question-answering", "questions": "What?"}, "all of the text, by itself"),
        ({"task": "summarization", "model": "embedded"}, "all of the text, by itself"),
        ({"task": "feature-extraction", "model": "fake:"}, "all of the text, 512 tokens at a time"),
    ],
)
def test_how_much_of_a_text_is_read_is_told(hub: LocalHub, online: Places, step: dict[str, object], told: str) -> None:
    needs = checked(flow_of({"model": f"octo-org/{step['task']}", **step}), online)
    assert f"  reads        {told}\n" in text((needs,))


def test_a_limit_that_is_not_known_is_not_told_as_none(hub: LocalHub, online: Places) -> None:
    hub.models["octo-org/fill-mask"].files["config.json"] = b"{}"
    needs = checked(flow_of("octo-org/fill-mask"), online)
    assert "  reads        as much of the text as the loaded model will tell\n" in text((needs,))


def test_images_are_told_as_such(hub: LocalHub, online: Places) -> None:
    needs = checked(flow_of("octo-org/object-detection", inputs=("images",)), online)
    assert "  reads        images, one by one\n" in text((needs,))


def test_a_gated_model_and_a_base_model_are_told(hub: LocalHub, online: Places) -> None:
    hub.models["octo-org/fill-mask"] = stored("fill-mask", base_model="octo-org/base")
    hub.models["octo-org/fill-mask"].metadata["gated"] = "manual"
    printed = text((checked(flow_of("octo-org/fill-mask"), online),))
    assert "  base model   octo-org/base\n" in printed
    assert "  access       gated: its terms must be accepted, and hub-token set\n" in printed


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("https://models.example/v1", "HUBPIPE_ENDPOINT_KEY"),
        ("https://x.endpoints.huggingface.cloud/v1", "HF_TOKEN"),
        ("hf-inference", "HF_TOKEN"),
    ],
)
def test_an_endpoint_tells_its_key_and_how_much_it_is_taken_to_read(
    hub: LocalHub, online: Places, endpoint: str, key: str
) -> None:
    step = {"task": "summarization", "model": "octo-org/large", "endpoint": endpoint}
    needs = checked(flow_of(step), online)
    limit = token_limit("summarization", endpoint)
    printed = text((needs,))
    assert f"{limit} tokens at a time (assumed: the endpoint does not tell)\n" in printed
    assert f"  key          {key} (in the Action: " in printed
    assert (needs.problems, hub.asked) == ((), [])


def test_the_fallback_of_an_endpoint_is_told_and_held_against_the_rules(hub: LocalHub, online: Places) -> None:
    step = {
        "task": "summarization",
        "model": "o/large",
        "endpoint": "https://models.example/v1",
        "fallback": "embedded",
    }
    needs = checked(flow_of(step), online)
    assert [model.library for model in needs.models] == ["endpoint", "sentence-transformers"]
    assert "  fallback     sentence-transformers:sentence-transformers/all-MiniLM-L6-v2@" in text((needs,))
    assert needs.problems == ()
    strict = checked(flow_of(step, models={"licenses": ["mit"], "max_memory": 300}), online)
    assert strict.exit_code == 2
    licence, memory = strict.problems
    assert "all-MiniLM-L6-v2 has the licence apache-2.0" in licence
    assert "300 MB are allowed by models.max_memory" in memory


IMPOSSIBLE = {
    "a task of the Hub that hubpipe does not do": (flow_of("octo-org/text-to-image"), "does text-to-image"),
    "a task that the model has no head for": (
        flow_of({"task": "token-classification", "model": "octo-org/text-classification"}),
        "was not trained for token-classification",
    ),
    "a task that the library does not do": (
        flow_of({"task": "fill-mask", "model": "octo-org/sentence-similarity"}),
        "sentence-transformers does not do fill-mask",
    ),
    "another language": (
        flow_of({"task": "translation", "model": "octo-org/translation", "target_language": "fr"}),
        "is for en, not for target_language: fr",
    ),
    "another licence": (
        flow_of("octo-org/fill-mask", models={"licenses": ["apache-2.0"]}),
        "has the licence mit",
    ),
    "an open revision": (flow_of("octo-org/fill-mask", models={"require_pinned": True}), f"write revision: {COMMIT}"),
    "too much memory": (flow_of("octo-org/fill-mask", models={"max_memory": 100}), "480 MB of memory"),
    "a pickle": (flow_of("octo-org/pickle"), "only in pytorch_model.bin"),
    "code of its own": (flow_of("octo-org/code"), "brings its own code"),
    "a gated model without a token": (flow_of("octo-org/gated"), "accept its terms"),
    "no such model": (flow_of("octo-org/none"), "the Hub has no such model"),
    "labels from a text": (flow_of("octo-org/summarization", "labels"), "publish.labels: summarization gives text"),
    "a comment of a vector": (flow_of("octo-org/feature-extraction", "comment"), "publish.comment: feature-extraction"),
    "images without the input": (flow_of("octo-org/object-detection"), "add images to the flow's input"),
    "a question that is missing": (flow_of("octo-org/question-answering"), "ask at least one"),
}


@pytest.mark.parametrize(("file", "told"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_flow_that_asks_an_impossible_thing_is_refused_before_any_download(
    hub: LocalHub, online: Places, file: str, told: str
) -> None:
    hub.models |= {f"octo-org/{name}": stored("fill-mask") for name in ("pickle", "code", "gated")}
    hub.models["octo-org/pickle"].files = {"config.json": b"{}", "pytorch_model.bin": b"never sent"}
    hub.models["octo-org/code"].files["config.json"] = b'{"auto_map": {"AutoModel": "own.Model"}}'
    hub.models["octo-org/gated"].gated = True
    needs = checked(file, online)
    assert needs.exit_code > 0
    assert told in "\n".join(needs.problems)
    assert f"  PROBLEM      {needs.problems[0]}" in text((needs,))
    with pytest.raises(ModelError) as caught:
        run_models(file, online)
    assert told in str(caught.value)
    assert not {WEIGHTS, "pytorch_model.bin"} & set(hub.downloaded)


def run_models(file: str, places: Places) -> None:
    """Load a flow's models as a run does."""
    settings = config.parse(file)
    flow = settings.flows["one"]
    assert flow is not None
    for step in resolve_flow(flow, places).pipeline:
        take = load if step.reads_text else load_media
        take(step, {"bug": ""}, places, Terms(settings.models))


def test_every_step_of_a_flow_is_told_also_when_one_is_wrong(hub: LocalHub, online: Places) -> None:
    steps = [{"model": "octo-org/none"}, {"model": "octo-org/summarization"}, {"model": "octo-org/text-to-image"}]
    needs = checked(flow_of(steps), online)
    assert [model.repo for model in needs.models] == ["octo-org/summarization"]
    assert len(needs.problems) == 2


def test_the_command_asks_the_hub_that_the_environment_names(hub: LocalHub, tmp_path: Path) -> None:
    file = tmp_path / "hubpipe.yml"
    file.write_text(flow_of("octo-org/summarization", models={"licenses": ["apache-2.0"]}))
    environ = {"PATH": os.defpath, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "hubpipe", "check", str(file), "--format", "json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    [flow] = json.loads(done.stdout)["flows"]
    [model] = flow["models"]
    assert (model["task"], model["license"], model["languages"]) == ("summarization", "mit", ["en"])
    assert (model["revision"], model["pinned"], model["gated"]) == (COMMIT, False, False)
    assert flow["problems"] == model["problems"]


OF_PULLS = {"on": "pull_request_target", "pipeline": {"task": "summarization", "model": "fake:"}}
OF_FILES = {**OF_PULLS, "pipeline": {"task": "zero-shot-classification", "model": "fake:", "labels": ["a", "b"]}}
OF_RELEASES = {**OF_PULLS, "on": "release", "input": "pulls"}


@pytest.mark.parametrize(
    ("flow", "permissions"),
    [
        ({**OF_PULLS, "publish": "summary"}, {"pull-requests": "read"}),
        ({**OF_PULLS, "publish": "comment"}, {"pull-requests": "write"}),
        ({**OF_PULLS, "publish": {"comment": {"mode": "description"}}}, {"pull-requests": "write"}),
        (
            {**OF_PULLS, "input": ["title", "linked"], "publish": "comment"},
            {"issues": "read", "pull-requests": "write"},
        ),
        ({**OF_FILES, "each": "file", "publish": "check"}, {"pull-requests": "read", "checks": "write"}),
        (
            {"on": "pull_request_target", "rules": {"size": True}, "publish": "labels"},
            {"pull-requests": "write"},
        ),
        ({**OF_RELEASES, "publish": "release"}, {"contents": "write", "pull-requests": "read"}),
        ({**OF_RELEASES, "on": "workflow_dispatch", "publish": "summary"}, {"pull-requests": "read"}),
        ({**OF_PULLS, "on": "issue_comment", "command": "summarize", "publish": "comment"},
         {"issues": "write", "pull-requests": "write"}),
    ],
)  # fmt: skip
def test_the_least_permissions_of_a_flow_are_told(
    online: Places, flow: dict[str, object], permissions: dict[str, str]
) -> None:
    needs = checked(json.dumps({"version": 1, "flows": {"one": flow}}), online)
    assert needs.problems == ()
    assert needs.permissions == {"contents": "read", **permissions}


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        ({**OF_PULLS, "publish": "comment"}, "7 a run"),
        ({**OF_PULLS, "publish": {"comment": {"mode": "description"}}}, "5 a run"),
        (
            {**OF_PULLS, "input": ["title", "linked", "patch"], "publish": "comment"},
            "9 a run; linked: 1; files: 1 a 100 files; patch: 1 for patches that the list leaves out",
        ),
        (
            {**OF_PULLS, "input": ["title", "contents"], "publish": "summary"},
            "3 a run; files: 1 a 100 files; contents: 1 a changed file",
        ),
        (
            {**OF_FILES, "each": "file", "input": "path", "publish": "check"},
            "5 a run; files: 1 a 100 files; check: 1 a further 50 annotations",
        ),
        ({"on": "pull_request", "rules": {"size": True}, "publish": "labels"}, "10 a run; files: 1 a 100 files"),
        (
            {**OF_RELEASES, "publish": "release"},
            "4 a run; pulls: 1 a 100 releases, 1 a 100 closed pull requests",
        ),
        ({**OF_PULLS, "at_least": {"comments": 10}, "publish": "comment"}, "7 a run; comments: 1 a 100 comments"),
    ],
)
def test_the_calls_of_a_flow_are_told(online: Places, flow: dict[str, object], told: str) -> None:
    needs = checked(json.dumps({"version": 1, "flows": {"one": flow}}), online)
    assert needs.problems == ()
    assert text((needs,)).endswith(f"  API calls    {told}")


def test_a_search_over_past_issues_reads_issues_and_its_calls_are_counted() -> None:
    step = {"against": "issues"}
    flow = {"on": {"issues": ["opened"]}, "pipeline": step, "publish": "comment"}
    [needs] = check(config.Config.model_validate({"version": 1, "flows": {"one": flow}}), Places(offline=True))
    assert needs.permissions == {"contents": "read", "issues": "write"}
    assert "against: 1 an issue that is alike" in text((needs,))


def test_names_the_variables_that_flows_notify_by(online: Places) -> None:
    step = {"task": "summarization", "model": "embedded"}
    [needs] = check(config.parse(flow_of(step, {"notify": {"url": ["${CHAT_URL}", "${TEAM_URL}"]}})), online)
    assert needs.variables == ("CHAT_URL", "TEAM_URL")
    assert "  variables    CHAT_URL, TEAM_URL: secrets, which the step's env gives" in text((needs,))
    assert needs.permissions == {"contents": "read", "issues": "read"}
    [bad] = check(config.parse(flow_of(step, {"notify": {"url": "${A}", "template": "{{ nobody }}"}})), online)
    assert "flows.one.publish.notify.template" in bad.problems[0]
    assert bad.exit_code == 2
