"""The Action against the stand-in: what people see on their issues and pull requests."""

import json
from pathlib import Path

import pytest

from hubpipe.decide import CommentEffect
from hubpipe.github import GitHub
from hubpipe.sinks import Target, to_github
from tests.e2e.step import run
from tests.standin.servers import token_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened, edited]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request_target: [opened, synchronize]}
    input: [title, body, commits, files]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""
LABELS = ("bug", "question", "documentation", "enhancement")


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository with labels and a configuration file."""
    for name in LABELS:
        standin.add_label(name)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return standin


def test_an_opened_issue_gets_its_label(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes", "Every time.")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert repo.labels_of(number) == ["bug"]
    assert json.loads(step.outputs["labels"]) == ["bug"]
    assert json.loads(step.outputs["scores"]) == {"bug": 1.0, "question": 0.0}
    assert step.outputs["published"] == "true"
    assert "added bug" in step.summary


def test_without_a_file_the_zero_day_head_chooses_among_the_kinds(standin: StandIn, tmp_path: Path) -> None:
    standin.add_label("kind/bug", "Something isn't working")
    standin.add_label("documentation", "Improvements or additions to documentation")
    standin.add_label("enhancement")
    for other in (*(f"area/{index}" for index in range(20)), "priority: high", "good first issue", "help wanted"):
        standin.add_label(other)
    number = standin.open_issue(
        "App crashes with a NullPointerException on start",
        "After the update the app crashes at once with an error. Expected: it starts. Stack trace attached.",
    )
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["kind/bug"]
    assert set(json.loads(step.outputs["scores"])) == {"kind/bug", "documentation", "enhancement"}
    assert "zero-day speaks: nothing was learned of this repository yet" in step.summary


def test_a_pull_request_keeps_one_comment_that_is_edited_when_it_changes(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads `a`.\n\n@octocat fixes #1 <b>now</b>")
    first = run(repo, tmp_path / "1", "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert first.status == 0, first.log
    [comment] = repo.comments_of(number)
    assert "It reads `a`." in comment["body"]
    assert "@&#8203;octocat fixes #&#8203;1" in comment["body"]
    assert first.outputs["comment-url"] == comment["html_url"]

    repo.push_to_pull(number, {"src/parser.py": "x = 1\n"}, "Read b as well")
    payload = repo.event("pull_request_target", "synchronize", number)
    second = run(repo, tmp_path / "2", "pull_request_target", payload)
    assert second.status == 0, second.log
    [edited] = repo.comments_of(number)
    assert edited["id"] == comment["id"]
    assert "Read b as well" in edited["body"]
    assert "src/parser.py" in edited["body"]


def test_two_runs_do_nothing_twice(repo: StandIn, tmp_path: Path) -> None:
    issue, pull = repo.open_issue("It crashes"), repo.open_pull("Add a parser", "It reads.")
    for kind, action, number in (("issues", "opened", issue), ("pull_request_target", "opened", pull)):
        assert run(repo, tmp_path / "1", kind, repo.event(kind, action, number)).status == 0
    written = list(repo.writes)
    for kind, action, number in (("issues", "opened", issue), ("pull_request_target", "opened", pull)):
        again = run(repo, tmp_path / "2", kind, repo.event(kind, action, number))
        assert again.outputs["published"] == "true", again.log
    assert repo.writes == written
    assert len(repo.comments_of(pull)) == 1


def test_a_label_that_a_person_removed_stays_away(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes")
    run(repo, tmp_path / "1", "issues", repo.event("issues", "opened", number))
    assert repo.labels_of(number) == ["bug"]
    repo.remove_label_as("maintainer", number, "bug")
    step = run(repo, tmp_path / "2", "issues", repo.event("issues", "edited", number))
    assert step.status == 0, step.log
    assert repo.labels_of(number) == []
    assert "bug was removed by a person: it stays away" in step.log


def test_a_label_that_a_person_set_is_kept(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes")
    repo.add_label_as("maintainer", number, "question")
    step = run(repo, tmp_path, "issues", repo.event("issues", "edited", number))
    assert step.status == 0, step.log
    assert repo.labels_of(number) == ["question"]


def test_the_configuration_is_never_read_from_a_pull_requests_head(repo: StandIn, tmp_path: Path) -> None:
    evil = CONFIG.replace("fake:echo", "fake:label=evil")
    number = repo.open_pull("Take over", "Mine.", files={".github/hubpipe.yml": evil}, from_fork=True)
    step = run(repo, tmp_path, "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert step.status == 0, step.log
    assert step.plan[0]["models"][0]["repo"].endswith("echo")


def test_an_organisations_defaults_are_extended(repo: StandIn, tmp_path: Path) -> None:
    defaults = repo.server.repository(f"{repo.repo.partition('/')[2]}-defaults")
    defaults.put_file(".github/hubpipe.yml", CONFIG)
    repo.put_file(".github/hubpipe.yml", f"version: 1\nextends: {defaults.repo}\n")
    number = repo.open_issue("It crashes")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert repo.labels_of(number) == ["bug"]


def test_the_inputs_alone_make_a_flow(standin: StandIn, tmp_path: Path) -> None:
    standin.add_label("docs")
    number = standin.open_issue("How does it work?")
    payload = standin.event("issues", "opened", number)
    given = {"task": "zero-shot-classification", "model": "fake:label=docs", "labels": "docs, bug", "max_labels": "1"}
    step = run(standin, tmp_path, "issues", payload, **given)
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["docs"]


def test_a_dry_run_changes_nothing_and_says_so(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number), dry_run="true")
    assert step.status == 0, step.log
    assert repo.writes == []
    assert step.outputs["published"] == "false"
    assert step.plan[0]["effects"] == [{"kind": "labels", "add": ["bug"], "remove": [], "create": []}]
    assert "dry run, would have added bug" in step.summary


def test_a_token_that_cannot_write_is_red_and_says_which_permission_is_missing(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes")
    payload = repo.event("issues", "opened", number)
    step = run(repo, tmp_path, "issues", payload, github_token=repo.read_only_token)
    assert step.status == 1
    assert step.outputs["published"] == "false"
    assert "::error::kind: labels:" in step.log
    assert "issues: write" in step.summary


def test_a_wrong_configuration_is_red_with_a_note_at_its_line(repo: StandIn, tmp_path: Path) -> None:
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("publish: comment", "publsh: comment"))
    number = repo.open_issue("It crashes")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number))
    assert step.status == 2
    assert "::error title=flows.summary.publsh,file=.github/hubpipe.yml,line=11" in step.log
    assert "did you mean 'publish'?" in step.log
    assert "did you mean 'publish'?" in step.summary


def test_an_event_that_nobody_handles_is_green_and_quiet(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes")
    step = run(repo, tmp_path, "issues", repo.event("issues", "closed", number))
    assert (step.status, step.plan, step.outputs["published"]) == (0, [], "false")
    other = run(repo, tmp_path / "star", "star", {"action": "created"})
    assert (other.status, other.plan) == (0, [])


def test_a_lost_reply_ends_with_one_comment(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    repo.server.recorder.forget()
    repo.lose_reply("POST", "/comments")
    step = run(repo, tmp_path, "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert step.status == 0, step.log
    assert len(repo.comments_of(number)) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "x" * 65_000,
        "🎉 שלום עולם \u200f \u202e <script>alert(1)</script> ![x](http://a.b/c.png)",
        "::error::fake\n::stop-commands::x\n::set-output name=labels::evil",
        "{{ 7 * 7 }} {% raw %} \x00",
        "> " * 2000 + "deep",
    ],
)
def test_strange_bodies_are_read_and_quoted_without_harm(repo: StandIn, tmp_path: Path, body: str | None) -> None:
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("commits, files", "commits"))
    number = repo.open_pull("Add a parser", "It reads.")
    payload = repo.event("pull_request_target", "opened", number)
    payload["pull_request"]["body"] = body
    payload["pull_request"]["user"] = None
    step = run(repo, tmp_path, "pull_request_target", payload)
    assert step.status == 0, step.log
    [comment] = repo.comments_of(number)
    assert len(comment["body"]) <= 65_536
    assert not any(word in comment["body"] for word in ("<script", "![x]", "\u202e", "\x00", "49"))


def commands(log: str) -> list[str]:
    """The lines that the runner would obey: it trims a line before it looks."""
    found = [line.strip() for line in log.splitlines() if line.strip().startswith("::") or "##[" in line]
    return [line for line in found if not line.startswith("::add-mask::")]


def test_commands_in_what_strangers_wrote_are_not_obeyed_by_the_runner(repo: StandIn, tmp_path: Path) -> None:
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("commits, files", "contents"))
    path = "src/a\n::error::owned.py"
    number = repo.open_pull("##[error]fake", "::error::fake\n::stop-commands::x", files={path: "x = 1\n"})
    repo.server.recorder.forget()
    repo.fail("GET", "/contents/src", 502)
    step = run(repo, tmp_path, "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert step.status == 0, step.log
    assert "owned" in step.log
    assert commands(step.log) == []


def test_with_a_personal_token_nothing_counts_as_hubpipes_own(repo: StandIn, tmp_path: Path) -> None:
    number, token = repo.open_issue("It crashes"), token_of("maintainer")
    run(repo, tmp_path / "1", "issues", repo.event("issues", "opened", number), github_token=token)
    assert repo.labels_of(number) == ["bug"]
    repo.remove_label_as("maintainer", number, "bug")
    step = run(repo, tmp_path / "2", "issues", repo.event("issues", "edited", number), github_token=token)
    assert step.status == 0, step.log
    assert repo.labels_of(number) == []


def test_an_earlier_comment_is_told_to_be_out_of_date_when_nothing_is_to_be_said(repo: StandIn, tmp_path: Path) -> None:
    always = CONFIG.replace("publish: labels", "publish: comment")
    repo.put_file(".github/hubpipe.yml", always)
    number = repo.open_issue("It crashes")
    run(repo, tmp_path / "1", "issues", repo.event("issues", "opened", number))
    repo.put_file(".github/hubpipe.yml", always.replace("fake:label=bug", "fake:label=none"))
    for turn in ("2", "3"):
        step = run(repo, tmp_path / turn, "issues", repo.event("issues", "edited", number))
        assert step.status == 0, step.log
    [comment] = repo.comments_of(number)
    assert "nothing to say about this one" in comment["body"]
    assert [method for method, _ in repo.writes].count("PATCH") == 1


def test_a_comment_on_a_text_that_is_gone_says_so(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    run(repo, tmp_path / "1", "pull_request_target", repo.event("pull_request_target", "opened", number))
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("[title, body, commits, files]", "body"))
    repo.edit_description_as("maintainer", number, "")
    payload = repo.event("pull_request_target", "synchronize", number)
    step = run(repo, tmp_path / "2", "pull_request_target", payload)
    assert step.status == 0, step.log
    [comment] = repo.comments_of(number)
    assert "nothing to say about this one" in comment["body"]


def test_a_comment_that_vanished_is_not_written_anew_to_say_that_it_does_not_hold(standin: StandIn) -> None:
    number = standin.open_issue("It crashes")
    github = GitHub(standin.token, standin.url, pacing=0)
    effect = CommentEffect("summary", body="Nothing to say.", holds=False)
    outcome = to_github(github)(effect, Target(standin.repo, number))
    assert (outcome.done, outcome.url, standin.comments_of(number)) == (True, "", [])


def test_the_label_of_an_issue_form_is_not_contradicted(standin: StandIn, tmp_path: Path) -> None:
    for name in LABELS:
        standin.add_label(name)
    text = "After the update the app crashes at once with an error. Expected: it starts. Stack trace attached."
    number = standin.open_issue("App crashes with a NullPointerException on start", text, labels=["question"])
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["question"]
    assert "question is there already" in step.summary


def test_nothing_to_say_is_no_comment(repo: StandIn, tmp_path: Path) -> None:
    config = CONFIG.replace("publish: labels", "publish: comment").replace("fake:label=bug", "fake:label=none")
    repo.put_file(".github/hubpipe.yml", config)
    number = repo.open_issue("It crashes")
    step = run(repo, tmp_path / "1", "issues", repo.event("issues", "opened", number))
    assert (step.status, step.outputs["published"], repo.writes) == (0, "true", [])
    dry = run(repo, tmp_path / "2", "issues", repo.event("issues", "opened", number), dry_run="true")
    assert dry.outputs["published"] == "false"


def test_another_workflows_comment_that_quotes_the_marker_is_left_alone(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.")
    quoting = "Somebody wrote:\n<!-- hubpipe: flow=summary -->\nhello"
    GitHub(repo.token, repo.url, pacing=0).create_comment(repo.repo, number, quoting, "no such marker")
    step = run(repo, tmp_path, "pull_request_target", repo.event("pull_request_target", "opened", number))
    assert step.status == 0, step.log
    assert len(repo.comments_of(number)) == 2
    assert repo.comments_of(number)[0]["body"] == quoting


@pytest.mark.parametrize(("author", "handled"), [("github-actions[bot]", False), ("outsider", True)])
def test_only_its_own_comments_start_nothing(repo: StandIn, tmp_path: Path, author: str, handled: bool) -> None:
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("{issues: [opened, edited]}", "issue_comment"))
    number = repo.open_issue("It crashes")
    comment = {"id": 1, "body": "<!-- hubpipe: flow=x -->\nSomething", "user": {"login": author}}
    step = run(
        repo,
        tmp_path,
        "issue_comment",
        repo.event("issues", "opened", number) | {"comment": comment, "action": "created"},
    )
    assert step.status == 0, step.log
    assert bool(step.plan) is handled
    assert ("the comment is hubpipe's own" in step.summary) is not handled


def test_no_request_breaks_githubs_own_description(examined_standin: StandIn, tmp_path: Path) -> None:
    repo = examined_standin
    repo.add_label("question")
    config = CONFIG.replace("publish: labels", "publish: {labels: {create: true}}")
    repo.put_file(
        ".github/hubpipe.yml", config.replace("[title, body, commits, files]", "[title, comments, patch, contents]")
    )
    issue, pull = repo.open_issue("It crashes"), repo.open_pull("Add a parser", "It reads.")
    repo.comment_as("maintainer", pull, "Looks good.")
    for turn in ("1", "2"):
        for kind, number in (("issues", issue), ("pull_request_target", pull)):
            repo.push_to_pull(pull, {"src/more.py": f"x = {turn}\n"}, f"More {turn}") if kind != "issues" else None
            step = run(repo, tmp_path / turn, kind, repo.event(kind, "opened", number))
            assert step.status == 0, step.log
    assert repo.labels_of(issue) == ["bug"]
    assert len(repo.conversation) > 20
    assert {one.method for one in repo.conversation} >= {"GET", "POST", "PATCH"}
    assert [one for one in repo.conversation if one.violations] == []
