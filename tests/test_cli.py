"""The command line: what it prints, and with which exit code it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ISSUE = str(ROOT / "examples" / "issue-opened.json")
CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, model: "fake:label=question", labels: [bug, question]}
    publish: [labels, comment]
"""
FILES = """\
version: 1
flows:
  kind:
    on: pull_request
    input: [title, files]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hubpipe.yml"
    path.write_text(CONFIG)
    return path


def hubpipe(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hubpipe", *words]
    clean = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", **environ}
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=120, check=False)


def flows(*words: str) -> list[dict[str, Any]]:
    done = hubpipe("replay", *words, "--dry-run", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["flows"]
    return found


def test_a_dry_run_prints_the_plan_as_json_without_a_token(config: Path) -> None:
    [flow] = flows(ISSUE, "--event", "issues", "--config", str(config))
    assert flow["flow"] == "kind"
    assert flow["predictions"] == [{"label": "question", "score": 1.0}, {"label": "bug", "score": 0.0}]
    labels, comment = flow["effects"]
    assert (labels["kind"], labels["add"], labels["remove"]) == ("labels", ["question"], [])
    assert comment["kind"] == "comment"
    assert comment["body"].startswith("<!-- hubpipe: flow=kind -->")


@pytest.mark.parametrize("event", ["push", "star", "no-such-event"])
def test_an_event_that_no_flow_handles_gives_no_flows(config: Path, event: str) -> None:
    assert flows(ISSUE, "--event", event, "--config", str(config)) == []


def test_what_needs_github_is_named_when_there_is_no_token(tmp_path: Path) -> None:
    path = tmp_path / "files.yml"
    path.write_text(FILES)
    [flow] = flows(
        str(ROOT / "examples" / "pull-request-opened.json"), "--event", "pull_request", "--config", str(path)
    )
    assert flow["read"]["unread"] == ["files come from GitHub, which was not asked (no token)"]


def test_publishing_without_a_token_is_a_usage_error(config: Path) -> None:
    done = hubpipe("replay", ISSUE, "--event", "issues", "--config", str(config))
    assert done.returncode == 2
    assert "set GITHUB_TOKEN, or add --dry-run" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["replay", ISSUE, "--dry-run"], "Missing option '--event'"),
        (["replay", "missing.json", "--event", "issues", "--dry-run"], "missing.json cannot be read: No such file"),
        (["replay", str(ROOT / "README.md"), "--event", "issues", "--dry-run"], "is not JSON"),
        (["replay", ISSUE, "--event", "pull_request", "--dry-run"], "is --event the name of the event"),
        (["replay", ISSUE, "--event", "issues", "--dry-run", "--config", "missing.yml"], "missing.yml cannot be read"),
        (["replay", ISSUE, "--event", "issues", "--dry-run", "--repo", "nonsense"], "OWNER/NAME"),
        (["check", "missing.yml"], "missing.yml cannot be read"),
        (["run"], "GITHUB_EVENT_NAME is not set"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_change(words: list[str], message: str) -> None:
    done = hubpipe(*words)
    assert done.returncode == 2
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_ends_with_2_and_every_problem(config: Path) -> None:
    config.write_text(CONFIG.replace("task:", "tusk:").replace("labels, comment", "lables"))
    done = hubpipe("check", str(config))
    assert done.returncode == 2
    assert f"{config}:5: flows.kind.pipeline.tusk: unknown key: did you mean 'task'?" in done.stderr
    assert f"{config}:6: flows.kind.publish.lables: unknown key: did you mean 'labels'?" in done.stderr


def test_a_wrong_template_is_found_by_check(config: Path) -> None:
    config.write_text(CONFIG.replace("comment]", "{comment: {template: '{% if %}'}}]"))
    done = hubpipe("check", str(config))
    assert done.returncode == 2
    assert "flows.kind.publish.comment.template, line 1" in done.stdout


def test_check_tells_of_every_flow_also_when_one_has_a_problem(config: Path) -> None:
    other = "  other:\n    on: issues\n    pipeline: {task: text-classification}\n    publish: labels\n"
    config.write_text(CONFIG + other)
    done = hubpipe("check", str(config))
    assert done.returncode == 2
    assert "PROBLEM      sentence-transformers does not do text-classification" in done.stdout
    assert "kind\n  events       issues (opened, edited, reopened)" in done.stdout


def test_check_without_a_file_tells_the_default_configuration(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hubpipe", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "no .github/hubpipe.yml here: this is the default configuration" in done.stderr
    assert "issue-labels" in done.stdout


def test_a_slip_in_an_events_name_is_told() -> None:
    done = hubpipe("replay", ISSUE, "--event", "issue", "--dry-run")
    assert done.returncode == 0
    assert "did you mean issues?" in done.stderr


def test_a_model_that_is_not_there_ends_with_1_and_what_to_do(config: Path) -> None:
    config.write_text(CONFIG.replace("fake:label=question", "octo-org/no-such-model"))
    done = hubpipe("replay", ISSUE, "--event", "issues", "--config", str(config), "--dry-run")
    assert done.returncode == 1
    assert "octo-org/no-such-model" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_replay_ends_in_time_and_says_what_was_not_done() -> None:
    done = hubpipe("replay", "examples/issue-opened.json", "--event", "issues", "--dry-run", "--timeout", "0.001")
    assert done.returncode == 1
    assert "the run's time is up after 0.001 seconds (timeout)" in done.stdout + done.stderr
    assert "run this again" in done.stdout + done.stderr
    wrong = hubpipe("replay", "examples/issue-opened.json", "--event", "issues", "--dry-run", "--timeout", "soon")
    assert wrong.returncode == 2
    assert "timeout is 'soon': write seconds" in wrong.stderr


def test_check_tells_what_each_flow_needs(config: Path) -> None:
    config.write_text(CONFIG.replace("fake:label=question", "embedded"))
    done = hubpipe("check", str(config), "--format", "json")
    assert done.returncode == 0, done.stderr
    [flow] = json.loads(done.stdout)["flows"]
    assert flow["events"] == {"issues": ["opened", "edited", "reopened"]}
    assert flow["permissions"] == {"contents": "read", "issues": "write"}
    [model] = flow["models"]
    assert 80e6 < model["disk_bytes"] < 100e6
    assert model["limit"] == 254
    assert flow["calls"] == 10


def test_starting_loads_neither_torch_nor_transformers_nor_pygithub() -> None:
    code = "import sys, hubpipe.cli, hubpipe.replay, hubpipe.action; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "transformers", "sentence_transformers", "github", "huggingface_hub"} & set(loaded) == set()


@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_report_on_strangers_issues_gives_the_runner_no_command(tmp_path: Path, form: str) -> None:
    told = [
        {"title": f"::error::How do I use it with {name}? ##[group]", "body": "", "labels": [label]}
        for name, label in (("Linux", "bug"), ("macOS", "bug"), ("Windows", "question"))
    ]
    data = tmp_path / "issues.jsonl"
    data.write_text("\n".join(map(json.dumps, told)))
    done = hubpipe("evaluate", "--data", str(data), "--model", "zero-day", "--format", form)
    assert done.returncode == 0, done.stderr
    assert "with macOS" in done.stdout
    assert "##[" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]
