"""A flow whose model is at an endpoint, through the Action's own process: keys, budget, what the log shows."""

from pathlib import Path

import pytest

from tests.e2e.step import run
from tests.models.endpoint_server import as_json, chat_answer, serving
from tests.standin.standin import StandIn
from tests.standin.wire import Reply, reply_json

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: text-generation, model: org/name, endpoint: "URL/v1", labels: [bug, question]}
    publish: labels
"""
ONLINE = {"HF_HUB_OFFLINE": "", "HF_TOKEN": "hf_from_the_environment"}


def test_a_chat_at_an_endpoint_labels_an_issue_and_its_key_is_only_ever_masked(
    standin: StandIn, tmp_path: Path
) -> None:
    for label in ("bug", "question"):
        standin.add_label(label)
    number = standin.open_issue("It crashes", "Every time.")
    payload = standin.event("issues", "opened", number)
    with serving() as server:
        server.script = [reply_json(200, chat_answer('{"labels": ["bug"]}'))]
        standin.put_file(".github/hubpipe.yml", CONFIG.replace("URL", server.url))
        step = run(standin, tmp_path, "issues", payload, ONLINE, endpoint_key="sk-from-a-secret")
        [request] = server.asked
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    assert request.headers["authorization"] == "Bearer sk-from-a-secret"
    for secret in ("sk-from-a-secret", ONLINE["HF_TOKEN"]):
        assert f"::add-mask::{secret}" in step.log
        assert secret not in step.log.replace(f"::add-mask::{secret}", "")
        assert secret not in step.summary + str(step.outputs)


def test_a_server_that_repeats_the_key_does_not_get_it_into_the_log(standin: StandIn, tmp_path: Path) -> None:
    number = standin.open_issue("It crashes", "Every time.")
    payload = standin.event("issues", "opened", number)
    with serving() as server:
        server.always = reply_json(401, {"error": {"message": "Incorrect API key provided: sk-from-a-secret"}})
        standin.put_file(".github/hubpipe.yml", CONFIG.replace("URL", server.url))
        step = run(standin, tmp_path, "issues", payload, ONLINE, endpoint_key="sk-from-a-secret")
    assert step.status == 1
    assert "does not accept the key for org/name (401: Incorrect API key provided: ***)" in step.log
    assert "HUBPIPE_ENDPOINT_KEY" in step.log
    shown = step.log.replace("::add-mask::sk-from-a-secret", "") + step.summary + str(step.outputs)
    assert "sk-from-a-secret" not in shown


FALLING_BACK = """\
version: 1
flows:
  sum:
    on: issues
    pipeline: {task: summarization, model: org/name, endpoint: "URL/summarization", timeout: 3, fallback: embedded}
    publish: comment
"""
BROKEN = {
    "a time without end": Reply(503, b'{"estimated_time": 1' + b"0" * 400 + b"}"),
    "a date without end": Reply(503, b"", {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_a_server_that_says_nonsense_is_stood_in_for_by_the_embedded_model(
    standin: StandIn, tmp_path: Path, reply: Reply
) -> None:
    number = standin.open_issue("It crashes", "Every time it starts. The window is black. Then it ends.")
    payload = standin.event("issues", "opened", number)
    with serving() as server:
        server.always = reply
        standin.put_file(".github/hubpipe.yml", FALLING_BACK.replace("URL", server.url))
        step = run(standin, tmp_path, "issues", payload, ONLINE)
    assert step.status == 0, step.log
    assert len(standin.comments_of(number)) == 1


def test_half_a_character_of_a_server_ends_no_step(standin: StandIn, tmp_path: Path) -> None:
    number = standin.open_issue("It crashes", "Every time it starts.")
    payload = standin.event("issues", "opened", number)
    with serving() as server:
        server.always = as_json('[{"summary_text": "a \\ud800 b"}]')
        standin.put_file(".github/hubpipe.yml", FALLING_BACK.replace("URL", server.url))
        step = run(standin, tmp_path, "issues", payload, ONLINE)
    assert step.status == 0, step.log
    assert step.outputs["summary"] == "a ? b"
    [comment] = standin.comments_of(number)
    assert "a ? b" in comment["body"]
