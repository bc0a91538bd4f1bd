"""The least `permissions:` of a configuration, and what a workflow's jobs have too much or too little of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe import permissions
from hubpipe.config import PATH, Config, parse
from hubpipe.github import GitHub
from hubpipe.github.granted import Granted
from hubpipe.permissions import Held, held_against, needed
from hubpipe.workflow import Verdict, compare
from tests.standin.servers import token_of
from tests.standin.standin import StandIn

CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, model: embedded, labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request: [opened], pull_request_target: [opened]}
    input: [title, body, linked]
    pipeline: {task: summarization, model: embedded}
    publish: comment
  notes:
    on: release
    input: pulls
    pipeline: {task: summarization, model: embedded}
    publish: release
"""
WORKFLOW = """\
name: hubpipe
on: {events}
permissions: {{}}
jobs:
  one:
    runs-on: ubuntu-latest
    permissions: {permissions}
    steps:
      - uses: hubpipe/hubpipe@v0
        with: {given}
"""


@pytest.fixture(scope="module")
def settings() -> Config:
    return parse(CONFIG)


def verdict(settings: Config, events: str, given: str, inputs: str = "{}") -> Verdict:
    text = WORKFLOW.format(events=events, permissions=given, given=inputs)
    return compare(text, "w.yml", settings, ".github/hubpipe.yml")


def told(found: Verdict) -> list[str]:
    return [str(problem) for problem in (*found.too_little, *found.too_much, *found.notes)]


@pytest.mark.parametrize(
    ("events", "mode", "wanted"),
    [
        (["issues"], "run", {"contents": "read", "issues": "write"}),
        (["pull_request_target"], "run", {"contents": "read", "issues": "read", "pull-requests": "write"}),
        (["release"], "run", {"contents": "write", "pull-requests": "read"}),
        (["push"], "run", {"contents": "read"}),
        (
            ["issues", "pull_request", "release"],
            "run",
            {"contents": "write", "issues": "write", "pull-requests": "write"},
        ),
        (["pull_request"], "analyse", {"contents": "read", "issues": "read", "pull-requests": "read"}),
        (
            ["workflow_run"],
            "apply",
            {"actions": "read", "contents": "read", "issues": "read", "pull-requests": "write"},
        ),
        (["schedule"], "train", {"contents": "read", "issues": "read", "pull-requests": "read"}),
    ],
)
def test_each_event_and_mode_needs_no_more_than_its_flows_write(
    settings: Config, events: list[str], mode: str, wanted: dict[str, str]
) -> None:
    assert needed(settings, events, mode) == wanted


@pytest.mark.threat("fault", "permissions")
def test_commands_need_to_write_where_a_workflow_starts_on_comments(settings: Config) -> None:
    wanted = {"contents": "read", "issues": "write", "pull-requests": "write"}
    assert needed(settings, ["issue_comment"]) == wanted
    assert verdict(settings, "issue_comment", str(wanted)) == Verdict()
    assert "  issue_comment (commands)     contents: read, issues: write, pull-requests: write" in list(
        permissions.lines(settings)
    )
    off = settings.model_copy(update={"commands": None})
    assert needed(off, ["issue_comment"]) == {"contents": "read"}
    assert not any("commands" in line for line in permissions.lines(off))
    # They are none of what the flows' own events need.
    assert permissions.joined(permissions.by_event(settings).values()) == permissions.joined(
        permissions.by_event(off).values()
    )


def test_a_dry_run_needs_to_read_alone(settings: Config) -> None:
    assert set(needed(settings, ["issues", "release"], dry=True).values()) == {"read"}


@pytest.mark.threat("fault", "permissions")
def test_what_is_needed_and_no_more_is_alright(settings: Config) -> None:
    assert verdict(settings, "issues", "{contents: read, issues: write}") == Verdict()
    assert verdict(settings, "[release]", "{contents: write, pull-requests: read}") == Verdict()


@pytest.mark.threat("fault", "permissions")
def test_too_little_and_too_much_are_told_at_their_lines(settings: Config) -> None:
    found = verdict(settings, "issues", "\n      contents: write\n      issues: read\n      packages: write")
    assert [str(problem) for problem in found.too_little] == [
        "w.yml:9: jobs.one.permissions.issues: issues: read is too little: hubpipe needs write here"
    ]
    assert [str(problem) for problem in found.too_much] == [
        "w.yml:8: jobs.one.permissions.contents: contents: write is too much: hubpipe needs read here",
        "w.yml:10: jobs.one.permissions.packages: packages: write is too much: hubpipe needs none here",
    ]
    assert found.exit_code == 2


@pytest.mark.threat("fault", "permissions")
def test_what_is_missing_is_told_at_the_permissions(settings: Config) -> None:
    found = verdict(settings, "workflow_run", "{contents: read, issues: read, pull-requests: write}", "{mode: apply}")
    assert told(found) == ["w.yml:7: jobs.one.permissions: actions: none is too little: hubpipe needs read here"]


@pytest.mark.threat("fault", "permissions")
@pytest.mark.parametrize(
    ("given", "little", "much"),
    [
        ("write-all", [], ["contents: write", "every other scope: write"]),
        ("read-all", ["issues: read"], ["every other scope: read"]),
        ("{}", ["contents: none", "issues: none"], []),
    ],
)
def test_words_for_all_scopes_are_understood(settings: Config, given: str, little: list[str], much: list[str]) -> None:
    found = verdict(settings, "issues", given)
    assert [problem.message.partition(" is too")[0] for problem in found.too_little] == little
    assert [problem.message.partition(" is too")[0] for problem in found.too_much] == much


def test_a_job_inherits_the_workflows_permissions(settings: Config) -> None:
    text = WORKFLOW.format(events="issues", permissions="x", given="{}").replace("    permissions: x\n", "")
    assert told(compare(text, "w.yml", settings, "x"))[0].startswith("w.yml:3: permissions: contents: none")
    nothing = text.replace("permissions: {}\n", "")
    [note] = told(compare(nothing, "w.yml", settings, "x"))
    assert "so that the repository's settings decide" in note
    assert "contents: read, issues: write" in note


def test_more_may_be_for_other_steps_of_the_job(settings: Config) -> None:
    text = WORKFLOW.format(events="issues", permissions="{contents: write, issues: write}", given="{}")
    [problem] = compare(f"{text}      - run: git push\n", "w.yml", settings, "x").too_much
    assert problem.message.endswith("(other steps of the job may need it)")


def test_a_flow_in_the_inputs_stands_for_the_file(settings: Config) -> None:
    inputs = "{task: summarization, publish: comment}"
    assert verdict(settings, "pull_request_target", "{contents: read, pull-requests: write}", inputs) == Verdict()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("{github-token: '${{ secrets.PAT }}'}", "has a token of its own"),
        ("{mode: '${{ inputs.mode }}'}", "only the run knows mode"),
        ("{config: .github/other.yml}", "reads another configuration (.github/other.yml)"),
        ("{task: no-such-task}", "no-such-task"),
    ],
)
def test_what_cannot_be_compared_is_told(settings: Config, inputs: str, words: str) -> None:
    found = verdict(settings, "issues", "{}", inputs)
    assert (found.too_little, found.too_much, found.exit_code) == ((), (), 0)
    assert words in told(found)[0]


def test_the_jobs_own_token_given_by_name_is_the_jobs_own(settings: Config) -> None:
    for token in ("${{ github.token }}", "${{secrets.GITHUB_TOKEN}}"):
        given = f"{{github-token: '{token}'}}"
        assert verdict(settings, "issues", "{contents: read, issues: write}", given) == Verdict()


def test_names_are_read_in_any_case_as_github_reads_them(settings: Config) -> None:
    text = WORKFLOW.format(events="issues", permissions="{}", given="{github-token: '${{ GitHub.Token }}'}")
    found = compare(text.replace("hubpipe/hubpipe@", "HubPipe/Hubpipe@"), "w.yml", settings, ".github/hubpipe.yml")
    assert [problem.message for problem in found.too_little] == [
        "contents: none is too little: hubpipe needs read here",
        "issues: none is too little: hubpipe needs write here",
    ]


@pytest.mark.parametrize("text", ["", "[]", "jobs: 1", "jobs: {one: 1}", "jobs: {one: {steps: [1, {uses: a/b@v1}]}}"])
def test_a_workflow_without_hubpipe_is_told(settings: Config, text: str) -> None:
    assert "no job of this workflow runs hubpipe" in told(compare(text, "w.yml", settings, "x"))[0]


WRITES = {"contents": "read", "issues": "write"}


@pytest.mark.threat("fault", "permissions")
@pytest.mark.parametrize(
    ("need", "token", "little", "much"),
    [
        (WRITES, Granted("o/r", False, ("public_repo",), True), [], []),
        (WRITES, Granted("o/r", True, ("repo",), True), [], []),
        (WRITES, Granted("o/r", True, ("public_repo",), True), ["give it the scope repo"], ["public_repo"]),
        (WRITES, Granted("o/r", False, (), True), ["no scope: give it the scope public_repo"], []),
        (WRITES, Granted("o/r", False, ("public_repo",), False), ["may only read"], []),
        (
            WRITES,
            Granted("o/r", False, ("repo", "admin:org"), True),
            [],
            ["admin:org, repo are not needed: public_repo"],
        ),
        ({"contents": "read"}, Granted("o/r", False, ("repo",), False), [], ["no scope at all"]),
        ({"checks": "write"}, Granted("o/r", False, ("public_repo",), True), ["a check run can only be made"], []),
    ],
)
def test_a_classic_tokens_scopes_are_held_against_the_need(
    need: dict[str, str], token: Granted, little: list[str], much: list[str]
) -> None:
    found = held_against(need, token)
    for words, said in ((little, found.too_little), (much, found.too_much)):
        assert len(words) == len(said)
        assert all(word in one for word, one in zip(words, said, strict=True))


def test_of_other_tokens_it_is_told_that_nobody_knows() -> None:
    assert held_against(WRITES, Granted("o/r", False, None, True)) == Held(note=permissions.NOT_TOLD)


@pytest.mark.e2e
@pytest.mark.threat("fault", "permissions")
def test_github_tells_of_a_classic_token_and_not_of_a_jobs(standin: StandIn) -> None:
    person = GitHub(token_of("octocat"), standin.url, pacing=0).granted(standin.repo)
    assert person == Granted(standin.repo, False, ("repo", "user", "admin:org"), True)
    assert GitHub(standin.token, standin.url, pacing=0).granted(standin.repo).scopes is None


def check(folder: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hubpipe", "-q", "check", *words]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command, cwd=folder, env={**known, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.e2e
@pytest.mark.threat("fault", "permissions")
def test_the_command_tells_needs_workflows_and_the_token(standin: StandIn, tmp_path: Path) -> None:
    (tmp_path / "hubpipe.yml").write_text(CONFIG)
    workflow = WORKFLOW.format(events="issues", permissions="{contents: read, issues: read}", given="{}")
    (tmp_path / "w.yml").write_text(workflow)
    words = ("hubpipe.yml", "--workflow", "w.yml", "--repo", standin.repo)
    done = check(tmp_path, *words, GITHUB_TOKEN=token_of("octocat"), GITHUB_API_URL=standin.url, HF_HUB_OFFLINE="1")
    assert done.returncode == 2, done.stderr
    assert "  issues                       contents: read, issues: write\n" in done.stdout
    assert "      contents: write\n      issues: write\n      pull-requests: write\n" in done.stdout
    assert "PROBLEM      w.yml:7: jobs.one.permissions.issues: issues: read is too little" in done.stdout
    assert "note         of its scopes admin:org, repo, user are not needed: public_repo is enough" in done.stdout
    again = check(tmp_path, "hubpipe.yml", "--workflow", "w.yml", "--format", "json", HF_HUB_OFFLINE="1")
    data = json.loads(again.stdout)
    assert data["permissions"] == {"contents": "write", "issues": "write", "pull-requests": "write"}
    assert data["permissions_by_event"]["issues"] == {"contents": "read", "issues": "write"}
    assert len(data["workflows"]["w.yml"]["too_little"]) == 1
    assert "token" not in data


@pytest.mark.e2e
@pytest.mark.threat("fault", "permissions")
def test_what_is_known_is_told_also_where_github_does_not_tell_of_the_token(standin: StandIn, tmp_path: Path) -> None:
    (tmp_path / "hubpipe.yml").write_text(CONFIG)
    words = ("hubpipe.yml", "--repo", standin.repo)
    environ = {"GITHUB_TOKEN": "unknown", "GITHUB_API_URL": standin.url, "HF_HUB_OFFLINE": "1"}
    done = check(tmp_path, *words, **environ)
    assert done.returncode == 1, done.stderr
    assert "  issues                       contents: read, issues: write\n" in done.stdout
    assert "PROBLEM      not compared with what the flows need: GitHub does not accept the token" in done.stdout
    again = check(tmp_path, *words, "--format", "json", **environ)
    data = json.loads(again.stdout)
    assert (again.returncode, data["permissions"]["issues"]) == (1, "write")
    assert data["token_not_compared"].startswith("GitHub does not accept the token")


@pytest.mark.e2e
@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_strangers_workflow_gives_the_runner_no_command(tmp_path: Path, form: str) -> None:
    (tmp_path / "hubpipe.yml").write_text(CONFIG)
    sent = r'{"\n::stop-commands::x": write, "##[set-output name=a]b": write}'
    (tmp_path / "w.yml").write_text(WORKFLOW.format(events="issues", permissions=sent, given="{}"))
    done = check(tmp_path, "hubpipe.yml", "--workflow", "w.yml", "--format", form, HF_HUB_OFFLINE="1")
    assert done.returncode == 2, done.stderr
    assert "stop-commands" in done.stdout
    assert "##[" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]


NOTIFYING = """\
version: 1
flows:
  told:
    on: issues
    pipeline: {task: summarization, model: embedded}
    publish: [comment, notify: {url: "${CHAT_URL}"}]
"""
TOLD = """\
on: issues
jobs:
  hubpipe:
    permissions: {contents: read, issues: write}
    steps:
      - uses: hubpipe/hubpipe@v0
"""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (TOLD, 1),
        (TOLD + "        env: {OTHER: x}\n", 1),
        (TOLD + "        env: {CHAT_URL: x}\n", 0),
        (TOLD.replace("on: issues", "env: {CHAT_URL: x}\non: issues"), 0),
        (TOLD.replace("    steps", "    env: {CHAT_URL: x}\n    steps"), 0),
        (TOLD.replace("on: issues", "on: push"), 0),
        (TOLD + "        with: {dry-run: true}\n", 0),
    ],
)
def test_a_variable_that_no_env_gives_is_told_at_its_step(text: str, count: int) -> None:
    found = [one for one in compare(text, "w.yml", parse(NOTIFYING), PATH).too_little if one.line == 6]
    assert [one.message for one in found] == [
        "the step has no CHAT_URL, which flows notify by: give it by env, CHAT_URL: ${{ secrets.CHAT_URL }}"
    ] * count
