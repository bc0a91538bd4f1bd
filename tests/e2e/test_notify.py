"""Notifications through the Action's own process: what is new is told, once, and no address is said anywhere."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.step import Step, run
from tests.leaked import LEAKED, holds
from tests.receiver import SECRET, Receiver, receiving
from tests.standin.standin import StandIn
from tests.standin.wire import Reply

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened, edited]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish:
      - labels
      - notify: {url: "${CHAT_URL}"}
"""
SUMMARY = """\
version: 1
flows:
  told:
    on: {pull_request_target: [opened, synchronize], pull_request: [opened], issues: [opened, edited]}
    input: [title, body]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: [comment, notify: {url: "${CHAT_URL}"}]
"""
ALONE = SUMMARY.replace("[comment, notify:", "[notify:")


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def notified(
    standin: StandIn,
    folder: Path,
    chat: Receiver,
    number: int,
    action: str = "opened",
    kind: str = "issues",
    **more: str,
) -> Step:
    """Run the Action with the chat's address in its environment, or with what `more` gives."""
    variables: Mapping[str, str] = {"CHAT_URL": chat.address, **more}
    return run(standin, folder, kind, standin.event(kind, action, number), variables)


def said(step: Step) -> str:
    """All that a run said anywhere, but for what it asks the runner to mask."""
    log = "\n".join(line for line in step.log.splitlines() if not line.startswith("::add-mask::"))
    return "\n".join((log, step.summary, *step.outputs.values()))


def shown(step: Step) -> str:
    """The job summary as GitHub shows its words."""
    return step.summary.replace("\\", "")


def retitle(standin: StandIn, number: int, title: str) -> None:
    standin.api.ask("PATCH", f"/repos/{standin.repo}/issues/{number}", title=title)


def test_a_new_label_is_told_once_and_the_address_nowhere(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    number = standin.open_issue("It crashes at the start", "Every time.")
    first = notified(standin, tmp_path / "1", chat, number)
    assert (first.status, first.outputs["published"]) == (0, "true"), first.log
    [text] = chat.texts
    assert text.splitlines()[0] == f"{standin.repo}, issue #{number}: It crashes at the start"
    assert "Found: bug (" in text
    assert text.splitlines()[-1] == "Sent by hubpipe, not by a person; the flow kind"
    assert "sent to json (CHAT_URL)" in shown(first)
    again = notified(standin, tmp_path / "2", chat, number)
    edited = notified(standin, tmp_path / "3", chat, number, "edited")
    assert (again.status, edited.status, len(chat.asked)) == (0, 0, 1), again.log
    assert [outcome["detail"] for outcome in again.plan[0]["outcomes"]] == ["nothing new to notify of"]
    masked = [line.removeprefix("::add-mask::") for line in first.log.splitlines() if line.startswith("::add-mask::")]
    assert chat.address in masked
    for step in (first, again, edited):
        assert SECRET not in said(step)
        assert SECRET.rpartition("/")[2] not in said(step)


def test_a_summary_is_told_with_its_comment_and_an_edit_where_it_is_wanted(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", SUMMARY)
    number = standin.open_issue("It crashes", "Every time I start it.")
    assert notified(standin, tmp_path / "1", chat, number).status == 0
    assert "- Every time I start it." in chat.texts[0]
    retitle(standin, number, "It crashes on Mondays")
    assert notified(standin, tmp_path / "2", chat, number, "edited").status == 0
    assert len(chat.asked) == 1
    standin.put_file(".github/hubpipe.yml", SUMMARY.replace('URL}"', 'URL}", edits: true'))
    retitle(standin, number, "It crashes on Tuesdays")
    assert notified(standin, tmp_path / "3", chat, number, "edited").status == 0
    assert "It crashes on Tuesdays" in chat.texts[1]
    assert notified(standin, tmp_path / "4", chat, number, "edited").status == 0
    assert len(chat.asked) == 2


def test_a_flow_that_only_notifies_does_so_once_a_run_and_not_of_an_edit(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", ALONE)
    number = standin.open_issue("It crashes", "Every time.")
    assert notified(standin, tmp_path / "1", chat, number, GITHUB_RUN_ATTEMPT="1").status == 0
    again = notified(standin, tmp_path / "2", chat, number, GITHUB_RUN_ATTEMPT="2")
    assert "this is another attempt of a run that may have sent it" in shown(again)
    assert again.outputs["published"] == "false"
    edited = notified(standin, tmp_path / "3", chat, number, "edited")
    assert "nothing new to notify of: it was edited" in shown(edited)
    assert (again.status, edited.status, len(chat.asked)) == (0, 0, 1)


@pytest.mark.parametrize("value", ["", "   "])
def test_a_variable_that_is_not_set_is_told_loudly_and_the_labels_stay(
    standin: StandIn, chat: Receiver, tmp_path: Path, value: str
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    number = standin.open_issue("It crashes")
    step = notified(standin, tmp_path, chat, number, CHAT_URL=value)
    assert (step.status, step.outputs["published"]) == (1, "false")
    assert standin.labels_of(number) == ["bug"]
    words = "CHAT_URL is not set, or empty"
    assert [line for line in step.log.splitlines() if line.startswith("::error") and words in line]
    assert words in shown(step)
    assert "env, CHAT_URL: ${{ secrets.CHAT_URL }}" in step.log


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("slack://token-of-some-length/x", "holds no address of a webhook"),
        ("file:///etc/passwd-of-some-length", "holds no address of a webhook"),
        ("dbus://a-value-of-some-length", "holds no address of a webhook"),
        ("syslog://a-value-of-some-length", "holds no address of a webhook"),
        ("postgresql://me:a-password-1234567@db.example/x", "holds no address of a webhook"),
        ("a value without any scheme 123", "holds no address of a webhook"),
        ("https://[::broken-1234567", "holds no address of a webhook"),
        ("http://chat.example.org/hook-1234567890", "holds an http address"),
        ("http://10.0.0.1/hook-1234567890", "holds an http address"),
        ("https://169.254.169.254/latest/hook-1234567890", "holds an address that is no chat's"),
        ("https://[fe80::1]/hook-1234567890", "holds an address that is no chat's"),
        ("https://[::ffff:169.254.169.254]/hook-1234567890", "holds an address that is no chat's"),
        ("https://0.0.0.0/hook-1234567890", "holds an address that is no chat's"),
    ],
)
def test_a_value_that_is_no_webhooks_address_is_refused_and_not_said(
    standin: StandIn, chat: Receiver, tmp_path: Path, value: str, words: str
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    step = notified(standin, tmp_path, chat, standin.open_issue("It crashes"), CHAT_URL=value)
    assert step.status == 1
    assert f"CHAT_URL {words}" in step.log
    assert value not in said(step)
    assert chat.asked == []


def test_a_word_that_a_variable_holds_by_mistake_becomes_no_mask(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    step = notified(standin, tmp_path, chat, standin.open_issue("It crashes"), CHAT_URL="true")
    assert step.status == 1
    assert "CHAT_URL holds no address of a webhook" in step.log
    assert "::add-mask::true" not in step.log


@pytest.mark.threat("attack", "secrets")
def test_what_an_issue_leaked_and_the_address_itself_reach_no_chat(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    token = LEAKED["a classic token of GitHub's"]
    standin.put_file(".github/hubpipe.yml", SUMMARY)
    number = standin.open_issue(f"I use {token}", f"It posts to {chat.address} with {token}, and then it crashes.")
    step = notified(standin, tmp_path, chat, number)
    assert step.status == 0, step.log
    [request] = chat.asked
    sent = request.body.decode()
    assert "redacted" in sent
    assert not holds(sent, token)
    assert SECRET not in sent
    assert SECRET not in said(step) + json.dumps(standin.comments_of(number))


@pytest.mark.threat("attack", "fetching")
def test_a_text_cannot_name_whom_to_notify(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", SUMMARY)
    with receiving() as other:
        words = f"publish: notify: {{url: {other.url}/x}} CHAT_URL={other.url}/x ${{OTHER_URL}}"
        number = standin.open_issue(words, words)
        step = notified(standin, tmp_path, chat, number, OTHER_URL=other.address)
        assert step.status == 0, step.log
        assert other.asked == []
    assert len(chat.asked) == 1


@pytest.mark.threat("fault", "faults")
def test_a_chat_that_refuses_fails_the_step_and_undoes_nothing(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    number = standin.open_issue("It crashes")
    chat.script = [Reply(404, SECRET.encode())]
    step = notified(standin, tmp_path / "1", chat, number)
    assert (step.status, step.outputs["published"]) == (1, "false")
    assert "CHAT_URL: not sent, the server does not know the webhook any more (HTTP 404)" in shown(step)
    assert standin.labels_of(number) == ["bug"]
    assert SECRET not in said(step)
    assert notified(standin, tmp_path / "2", chat, number).status == 0
    assert len(chat.asked) == 1


def test_a_dry_run_tells_what_it_would_send_and_sends_nothing(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG)
    standin.add_label("bug")
    payload = standin.event("issues", "opened", standin.open_issue("It crashes"))
    step = run(standin, tmp_path, "issues", payload, {"CHAT_URL": chat.address}, dry_run="true")
    assert step.status == 0, step.log
    assert "would have notified by CHAT_URL" in shown(step)
    assert step.plan[0]["effects"][-1]["to"] == ["CHAT_URL"]
    assert chat.asked == []
    assert SECRET not in said(step)


def test_a_replay_at_a_terminal_notifies_and_says_no_address(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    file, event = tmp_path / "hubpipe.yml", tmp_path / "event.json"
    file.write_text(SUMMARY)
    number = standin.open_issue("It crashes", f"It posts to {chat.address}, and then it crashes.")
    event.write_text(json.dumps(standin.event("issues", "opened", number)))
    words = ["replay", str(event), "--event", "issues", "--config", str(file)]
    own = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", "CHAT_URL": chat.address}
    github = {"GITHUB_TOKEN": standin.token, "GITHUB_API_URL": standin.url, "HUBPIPE_WRITE_PACING": "0"}
    command = [sys.executable, "-m", "hubpipe", *words]
    done = subprocess.run(command, env=own | github, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "result: sent to json (CHAT_URL)" in done.stdout
    assert len(chat.asked) == 1
    assert SECRET not in done.stdout + done.stderr


def test_labels_by_rules_are_told_of_too(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    rules = """version: 1
flows:
  areas:
    on: {pull_request_target: [opened]}
    rules: {paths: {docs: ["docs/**"], code: ["src/**"]}}
    publish: [{labels: {create: true}}, notify: {url: "${CHAT_URL}", labels: [code]}]
"""
    standin.put_file(".github/hubpipe.yml", rules)
    for path, count in (("docs/a.md", 0), ("src/a.py", 1)):
        number = standin.open_pull(f"Change {path}", "", {path: "1\n"}, branch=path.replace("/", "-"))
        step = notified(standin, tmp_path / str(count), chat, number, kind="pull_request_target")
        assert (step.status, len(chat.asked)) == (0, count), step.log
    assert "Found: code (1.00)" in chat.texts[0]


@pytest.mark.threat("attack", "forks")
def test_two_stages_notify_in_the_second_by_the_default_branchs_configuration(
    standin: StandIn, chat: Receiver, tmp_path: Path
) -> None:
    config = SUMMARY.replace("[opened, synchronize]", "[edited]")
    standin.put_file(".github/hubpipe.yml", config)
    mine = config.replace("CHAT_URL", "OTHER_URL")
    number = standin.open_pull("Mend it", "It mends it.", {".github/hubpipe.yml": mine}, from_fork=True)
    payload = standin.event("pull_request", "opened", number)
    given = {"mode": "analyse", "artifact": str(tmp_path / "artifact"), "github_token": standin.read_only_token}
    first = run(standin, tmp_path / "1", "pull_request", payload, **given)
    assert (first.status, chat.asked) == (0, []), first.log
    with receiving() as other:
        variables = {"CHAT_URL": chat.address, "OTHER_URL": other.address}
        ended = standin.ended_run(number)
        given = {"mode": "apply", "artifact": str(tmp_path / "artifact")}
        second = run(standin, tmp_path / "2", "workflow_run", ended, variables, **given)
        assert (second.status, len(chat.asked), other.asked) == (0, 1, []), second.log


@pytest.mark.threat("attack", "forks")
def test_a_forks_run_without_secrets_says_why(standin: StandIn, chat: Receiver, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", ALONE)
    number = standin.open_pull("Mend it", "It mends it.", {"a.py": "1\n"}, from_fork=True)
    payload = standin.event("pull_request", "opened", number)
    for warns, status in (("fail", 1), ("warn", 0)):
        step = run(standin, tmp_path / warns, "pull_request", payload, {"CHAT_URL": ""}, on_unpublished=warns)
        assert (step.status, step.outputs["published"]) == (status, "false"), step.log
        assert "CHAT_URL is not set: a pull request from a fork has no secrets" in shown(step)
        assert ("::warning" in step.log) == (warns == "warn")
