"""Secrets that somebody leaked, and our own, through the Action's own process: nowhere does one come out."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe.change.memory import recalled
from hubpipe.redaction import REDACTED
from tests.e2e.step import Step, run
from tests.leaked import LEAKED, holds, private_key
from tests.models.endpoint_server import chat_answer, serving
from tests.standin.standin import StandIn
from tests.standin.wire import reply_json

pytestmark = pytest.mark.e2e

ECHO = """\
version: 1
flows:
  said:
    on: {issues: [opened], issue_comment: [created]}
    input: [title, body, comments]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: [comment, summary]
"""
PULL = """\
version: 1
flows:
  said:
    on: {pull_request_target: [opened]}
    input: [title, body, commits, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: {comment: {}, summary: {}}
  checked:
    on: {pull_request_target: [opened]}
    each: hunk
    pipeline: {task: zero-shot-classification, model: "fake:label=risky", labels: [risky, fine]}
    publish: {check: {level: warning}}
  described:
    on: {pull_request_target: [opened]}
    input: [title, commits]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: {comment: {mode: description}}
"""
NOTES = """\
version: 1
flows:
  notes:
    on: {release: [published]}
    input: pulls
    pipeline: {task: summarization, model: "fake:echo"}
    publish: release
"""
TOKEN = LEAKED["a classic token of GitHub's"]
NPM = LEAKED["a token of npm's"]
MASK = "::add-mask::"
OWN_KEY = "this/endpoint's own+key of no form"


def left_behind(step: Step, *stored: object) -> str:
    """All that a run said anywhere, but for what it asks the runner to mask; `stored` is what GitHub keeps of it."""
    log = "\n".join(line for line in step.log.splitlines() if not line.startswith(MASK))
    outputs = "\n".join(step.outputs.values())
    return "\n".join((log, step.summary, outputs, *(json.dumps(one, ensure_ascii=False) for one in stored)))


def masks(step: Step) -> list[str]:
    """What the runner is asked to mask, as the runner reads it."""
    lines = [line for line in step.log.splitlines() if line.startswith(MASK)]
    return [line.removeprefix(MASK).replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for line in lines]


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("name", LEAKED)
def test_what_an_issue_leaked_is_not_said_again(standin: StandIn, tmp_path: Path, name: str) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    secret = LEAKED[name]
    number = standin.open_issue(f"It breaks with {secret.splitlines()[0]}", f"I set it like this:\n\n{secret}\n\nWhy?")
    payload = standin.event("issues", "opened", number)
    step = run(standin, tmp_path, "issues", payload)
    assert step.status == 0, step.log
    [comment] = standin.comments_of(number)
    assert not holds(left_behind(step, comment), secret)
    assert "redacted" in comment["body"]
    assert "I set it like this" in comment["body"]
    assert REDACTED in step.outputs["summary"]


@pytest.mark.threat("attack", "secrets")
def test_what_a_pull_request_leaked_is_in_no_comment_check_memory_or_description(
    standin: StandIn, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", PULL)
    key, token, written = private_key(), LEAKED["a token of npm's"], f"I wrote {TOKEN} here."
    files = {"deploy/key.pem": f"{key}\n", "src/config.py": f'TOKEN = "{token}"\n', f"src/{TOKEN}.py": "x = 1\n"}
    number = standin.open_pull(f"Add the key {token}", written, files)
    standin.push_to_pull(number, {"src/more.py": f'"""Uses {token}."""\n'}, f"Use {TOKEN}")
    payload = standin.event("pull_request_target", "opened", number)
    step = run(standin, tmp_path, "pull_request_target", payload)
    assert step.status == 0, step.log
    [comment] = standin.comments_of(number)
    memory = recalled(comment["body"])
    assert memory is not None
    [check] = standin.checks_of(payload["pull_request"]["head"]["sha"])
    description = standin.description_of(number)
    assert written in description
    said = left_behind(step, comment, check, description.replace(written, ""), str(memory))
    assert not any(holds(said, secret) for secret in (key, token, TOKEN))


@pytest.mark.threat("attack", "secrets")
def test_what_merged_pull_requests_leaked_is_in_no_releases_notes(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", NOTES)
    standin.merged_pull(f"Use {TOKEN}", (), f"It is {TOKEN}, as before.")
    release = standin.release("v1.0.0", "Our first release.")
    payload = standin.event("release", "published", release)
    step = run(standin, tmp_path, "release", payload)
    assert step.status == 0, step.log
    stored = standin.api.ask("GET", f"/repos/{standin.repo}/releases/{release}")
    assert "redacted" in stored["body"]
    assert not holds(left_behind(step, stored), TOKEN)


@pytest.mark.threat("attack", "secrets")
def test_our_own_secrets_are_masked_and_said_nowhere_however_they_are_written(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    hub = LEAKED["a token of Hugging Face's"]
    own = (standin.token, hub, OWN_KEY)
    basic = [base64.b64encode(f"x-access-token:{secret}".encode()).decode() for secret in own]
    number = standin.open_issue("Our keys", "\n\n".join((*own, *basic, "and so on")))
    payload = standin.event("issues", "opened", number)
    step = run(standin, tmp_path, "issues", payload, {"HF_TOKEN": hub}, endpoint_key=OWN_KEY)
    assert step.status == 0, step.log
    assert "and so on" in standin.comments_of(number)[0]["body"]
    assert set(own) <= set(masks(step))
    said = left_behind(step, standin.comments_of(number))
    for secret in (*own, *basic):
        assert secret not in said
        assert secret.replace("_", "\\_") not in said


@pytest.mark.threat("attack", "secrets")
def test_what_an_issue_leaked_is_masked_for_the_rest_of_the_job_before_anything_is_said_of_it(
    standin: StandIn, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    key = private_key()
    number = standin.open_issue("It crashes", f"With {TOKEN} it works.\n\n{key}\n")
    standin.comment_as("octocat", number, f"With {NPM}, too.")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    found = masks(step)
    assert found[1:] == [TOKEN, *key.splitlines()[1:-1], NPM]
    assert all(line.startswith(MASK) for line in step.log.splitlines()[: len(found)]), step.log
    # GitHub drops an output of the job that holds a mask.
    assert not [name for name, value in step.outputs.items() if any(mask in value for mask in found)]


@pytest.mark.threat("attack", "secrets")
def test_a_hostile_issue_can_have_nothing_masked_but_what_is_a_secret_by_itself(
    standin: StandIn, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    commit = standin.api.ask("GET", f"/repos/{standin.repo}/git/ref/heads/main")["object"]["sha"]
    head, *_, tail = private_key().splitlines()
    body = (
        f"circleci_token={commit}\nDEPLOY_TOKEN={commit}\nhttps://x:published-true-labels@h.example\n"
        f"https://x:{standin.repo.partition('/')[2]}-main-7@h.example\n{head}\nnpm test\ntrue\n{commit}\n{tail}\n"
    )
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", standin.open_issue("It crashes", body)))
    assert step.status == 0, step.log
    assert REDACTED in step.outputs["summary"]
    assert masks(step) == [standin.token]


@pytest.mark.threat("attack", "secrets")
def test_an_issue_full_of_tokens_does_not_flood_the_runner_and_that_is_told(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    tokens = [f"{TOKEN[:-6]}{number:06}" for number in range(1_500)]
    number = standin.open_issue("It crashes", "\n".join(tokens))
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert masks(step)[1:] == tokens[:100]
    [warning] = [line for line in step.log.splitlines() if line.startswith("::warning::")]
    assert "so many secrets that not all are registered as masks (at most 100)" in warning
    assert not holds(left_behind(step, standin.comments_of(number)), TOKEN[:-6])


@pytest.mark.threat("attack", "secrets")
def test_nothing_is_printed_as_a_mask_where_no_runner_reads_it(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO)
    number = standin.open_issue("It crashes", f"With {TOKEN} it works.")
    payload = standin.event("issues", "opened", number)
    step = run(standin, tmp_path, "issues", payload, {"GITHUB_ACTIONS": ""})
    assert step.status == 0, step.log
    assert masks(step) == []
    assert not holds(step.log, TOKEN)


@pytest.mark.threat("attack", "secrets")
def test_a_wrong_configuration_that_holds_a_token_is_told_without_it(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", f"{ECHO}    {TOKEN}: {TOKEN}\n")
    payload = standin.event("issues", "opened", standin.open_issue("It crashes"))
    step = run(standin, tmp_path, "issues", payload)
    assert step.status == 2
    assert "::error" in step.log
    assert REDACTED in step.log
    assert not holds(left_behind(step), TOKEN)


@pytest.mark.threat("attack", "secrets")
def test_a_model_that_knows_a_token_by_itself_says_it_to_nobody(standin: StandIn, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", ECHO.replace("fake:echo", f"fake:label=It is {TOKEN}, surely."))
    number = standin.open_issue("It crashes", "Every time.")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    body = standin.comments_of(number)[0]["body"]
    assert "It is" in body
    assert not holds(body.partition("Read by")[0], TOKEN)
    assert not holds(step.outputs["summary"], TOKEN)


@pytest.mark.threat("attack", "secrets")
def test_an_endpoint_is_not_sent_what_was_leaked(standin: StandIn, tmp_path: Path) -> None:
    number = standin.open_issue(f"Token {TOKEN}", f"It is {TOKEN}.\n\n{private_key()}")
    with serving() as server:
        server.script = [reply_json(200, chat_answer("It is a token."))]
        config = ECHO.replace('"fake:echo"', f'org/name, endpoint: "{server.url}/v1"')
        standin.put_file(".github/hubpipe.yml", config)
        payload = standin.event("issues", "opened", number)
        step = run(standin, tmp_path, "issues", payload, {"HF_HUB_OFFLINE": ""}, endpoint_key=OWN_KEY)
        [request] = server.asked
    assert step.status == 0, step.log
    assert b"redacted" in request.body
    assert not holds(request.body.decode(), TOKEN)


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_terminal_is_told_none(standin: StandIn, tmp_path: Path, form: str) -> None:
    config, event = tmp_path / "hubpipe.yml", tmp_path / "event.json"
    config.write_text(ECHO)
    number = standin.open_issue(f"Token {TOKEN}", f"It is {TOKEN}, and ours is {OWN_KEY}")
    event.write_text(json.dumps(standin.event("issues", "opened", number)))
    words = ["replay", str(event), "--event", "issues", "--config", str(config), "--dry-run", "--format", form]
    environ = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", "HUBPIPE_ENDPOINT_KEY": OWN_KEY}
    command = [sys.executable, "-m", "hubpipe", *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "redacted" in done.stdout
    assert "add-mask" not in done.stdout + done.stderr
    assert not holds(done.stdout + done.stderr, TOKEN)
    assert OWN_KEY not in done.stdout + done.stderr
