"""Commands in comments through the Action's own process: who may give them, what is done, answered and taken back."""

import json
from pathlib import Path
from typing import Any

import pytest

from hubpipe.event import command_in
from hubpipe.event.commands import WORDS
from tests.e2e.step import Step, run
from tests.judge import acts
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

FAKE = 'model: "fake:label=bug", labels: [bug, question]'
CONFIG = f"""\
version: 1
flows:
  kind:
    on: {{issues: [opened, edited]}}
    pipeline: {{task: text-classification, {FAKE}}}
    publish: labels
  kind-of-pull:
    on: {{pull_request_target: [opened]}}
    pipeline: {{task: text-classification, model: "fake:label=question", labels: [bug, question]}}
    publish: labels
"""
SUMMARY = """\
  digest:
    on: {issues: [opened], pull_request_target: [opened]}
    at_least: {words: 1000}
    pipeline: {task: summarization, model: "fake:"}
    publish: comment
"""
DESCRIBING = """\
  about:
    on: {pull_request_target: [opened, synchronize]}
    input: [title, body, commits]
    pipeline: {task: summarization, model: "fake:"}
    publish: {comment: {mode: description}}
"""
BODY = "The reader keeps the whole archive in memory, and fails with a MemoryError on files over 4 GB."
CAUSE = "The profile shows that the decoder copies every block three times before it writes one."
ANSWER = "<!-- hubpipe: flow=hubpipe.commands -->"


def prepared(repo: StandIn, config: str = CONFIG) -> None:
    repo.put_file(".github/hubpipe.yml", config)
    for name in ("bug", "question"):
        repo.add_label(name)


def issue(repo: StandIn, config: str = CONFIG) -> int:
    prepared(repo, config)
    return repo.open_issue("Large archives cannot be read", BODY)


def says(
    repo: StandIn,
    folder: Path,
    number: int,
    body: str,
    user: str = "octocat",
    /,
    action: str = "created",
    posted: str | None = None,
    inputs: dict[str, str] | None = None,
    **told: object,
) -> tuple[Step, int]:
    """Let a person comment, and run the Action on the event of it; give the comment's id, too.

    `posted` is what the stand-in gets instead of the body, `told` what the event tells of the comment.
    """
    identifier = repo.comment_as(user, number, body if posted is None else posted)
    payload = repo.event("issue_comment", action, number)
    author = {**payload["comment"]["user"], "login": user, "type": "User"}
    payload["comment"] |= {"id": identifier, "body": body, "user": author, **told}
    return run(repo, folder, "issue_comment", payload, **(inputs or {})), identifier


def of_hubpipe(repo: StandIn, number: int) -> list[str]:
    return [one["body"] for one in repo.comments_of(number) if one["body"].startswith("<!-- hubpipe")]


def answer_of(repo: StandIn, number: int) -> str:
    [answer] = [body for body in of_hubpipe(repo, number) if body.startswith(ANSWER)]
    return answer


# What each command does


def test_label_runs_the_flows_that_label_such_a_subject_now(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    assert standin.reactions_of(comment) == ["eyes", "+1"]
    assert "- added bug\n" in answer_of(standin, number)
    assert json.loads(step.outputs["labels"]) == ["bug"]
    assert step.outputs["published"] == "true"
    assert step.outputs["comment-url"].endswith(f"/issues/{number}#issuecomment-{comment + 1}")
    assert [flow["flow"] for flow in step.plan] == ["/hubpipe label", "kind"]


def test_a_pull_request_gets_the_labels_of_its_own_flows(standin: StandIn, tmp_path: Path) -> None:
    prepared(standin)
    number = standin.open_pull("Read archives in blocks", BODY)
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["question"]
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_a_label_that_a_person_removed_stays_away_on_command_too(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.label_as_bot(number, "bug")
    standin.remove_label_as("maintainer", number, "bug")
    step, _ = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == []
    assert "bug was removed by a person: it stays away" in answer_of(standin, number)


def test_a_repository_whose_flows_set_no_labels_is_told_so(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, f"version: 1\nflows:\n{SUMMARY}")
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert "no flow of the configuration sets labels on such a subject" in answer_of(standin, number)
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_summarize_chooses_sentences_of_the_thread_and_reads_no_command(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.comment_as("maintainer", number, f"/hubpipe label\r\n{CAUSE}")
    standin.comment_as("outsider", number, "It is slow.\n\n/hubpipe undo\n\nWhy does @octocat close it? Fixes #1.")
    step, comment = says(standin, tmp_path, number, "/hubpipe summarize")
    assert step.status == 0, step.log
    answer = answer_of(standin, number)
    assert f"- {CAUSE} — maintainer\n" in answer
    assert "/hubpipe " not in answer
    assert "hubpipe label" not in answer
    assert "@octocat" not in answer
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_summarize_runs_the_configurations_own_flow_which_keeps_its_comment(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG + SUMMARY)
    for folder in ("first", "second"):
        step, comment = says(standin, tmp_path / folder, number, "/hubpipe summarize")
        assert step.status == 0, step.log
        assert standin.reactions_of(comment) == ["eyes", "+1"]
    [digest] = [body for body in of_hubpipe(standin, number) if "flow=digest" in body]
    assert "words, beginning with: Large archives" in digest
    assert "the comment is up to date" in answer_of(standin, number)
    assert f"/issues/{number}#issuecomment-" in answer_of(standin, number)
    assert standin.labels_of(number) == []


def test_explain_says_who_set_what_and_what_the_flows_find_and_changes_nothing(
    standin: StandIn, tmp_path: Path
) -> None:
    number = issue(standin)
    standin.add_label_as("maintainer", number, "question")
    step, comment = says(standin, tmp_path, number, "/hubpipe explain")
    assert step.status == 0, step.log
    answer = answer_of(standin, number)
    assert "- question is on it: maintainer set it\n" in answer
    assert "- `bug` 1.00 **chosen**\n- `question` 0.00\n" in answer
    assert standin.labels_of(number) == ["question"]
    reaction = ("POST", f"/issues/comments/{comment}/reactions")
    assert standin.writes == [reaction, ("POST", f"/issues/{number}/comments"), reaction]
    assert [flow["effects"] for flow in step.plan[1:]] == [[]]


def test_similar_looks_among_the_newest_issues_where_nothing_was_learned(standin: StandIn, tmp_path: Path) -> None:
    first = issue(standin)
    for place in range(4):
        standin.open_issue(f"Theme {place} has wrong colours in the dark mode", f"Button {place} is white on white.")
    number = standin.open_issue("Big archives can't be read", f"{BODY} A MemoryError is raised.")
    step, comment = says(standin, tmp_path, number, "/hubpipe similar")
    assert step.status == 0, step.log
    answer = answer_of(standin, number)
    assert f"#&#8203;{first} Large archives cannot be read (0." in answer
    assert "dark mode" not in answer
    assert json.loads(step.outputs["similar"]) == [first]
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_help_names_every_command_those_of_flows_too_and_who_may_give_them(standin: StandIn, tmp_path: Path) -> None:
    own = SUMMARY.replace("{issues: [opened], pull_request_target: [opened]}", "issue_comment\n    command: tidy")
    number = issue(standin, f"{CONFIG}{own}commands: {{roles: triage, per_person: 7}}\n")
    step, comment = says(standin, tmp_path, number, "/hubpipe")
    assert step.status == 0, step.log
    answer = answer_of(standin, number)
    for word in (*WORDS, "tidy"):
        assert f"<code>&#47;hubpipe {word}</code>" in answer
    assert "the role triage or more" in answer
    assert "7 an hour each and 60 in all" in answer
    assert acts(answer, "<!--", "ul", "li", "strong", "sub") == []
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_an_unknown_command_is_answered_with_those_that_are_known(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, comment = says(standin, tmp_path, number, "/hubpipe close <img src=x> @octocat")
    assert step.status == 0, step.log
    answer = answer_of(standin, number)
    assert "it knows: label, summarize, explain, similar, undo, help" in answer
    assert "close" not in answer
    assert standin.reactions_of(comment) == ["eyes", "confused"]


def test_a_flows_own_command_goes_before_the_one_of_the_same_name(standin: StandIn, tmp_path: Path) -> None:
    own = SUMMARY.replace("{issues: [opened], pull_request_target: [opened]}", "issue_comment\n    command: summarize")
    number = issue(standin, CONFIG + own.replace("    at_least: {words: 1000}\n", ""))
    step, comment = says(standin, tmp_path, number, "/hubpipe summarize", author_association="MEMBER")
    assert step.status == 0, step.log
    [digest] = of_hubpipe(standin, number)
    assert digest.startswith("<!-- hubpipe: flow=digest -->")
    assert standin.reactions_of(comment) == []


def test_answers_stand_in_one_comment_that_is_edited(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    for place, word in enumerate(("help", "label", "nonsense", "explain")):
        step, _ = says(standin, tmp_path / str(place), number, f"/hubpipe {word}")
        assert step.status == 0, step.log
    assert len(of_hubpipe(standin, number)) == 1
    assert "bug is on it: hubpipe set it" in answer_of(standin, number)


# What is taken back


def test_undo_takes_back_what_hubpipe_did_and_nothing_of_peoples(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG + SUMMARY.replace("    at_least: {words: 1000}\n", ""))
    standin.add_label("docs")
    standin.add_label_as("maintainer", number, "docs")
    forged = standin.comment_as("outsider", number, "<!-- hubpipe: flow=digest -->\nForged words of mine.")
    opened = run(standin, tmp_path / "opened", "issues", standin.event("issues", "opened", number))
    assert opened.status == 0, opened.log
    assert sorted(standin.labels_of(number)) == ["bug", "docs"]
    step, comment = says(standin, tmp_path / "undo", number, "/hubpipe undo")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["docs"]
    assert [body.partition("\n")[0] for body in of_hubpipe(standin, number)] == [
        "<!-- hubpipe: flow=digest -->",
        ANSWER,
    ]
    assert standin.comments_of(number)[0]["id"] == forged
    answer = answer_of(standin, number)
    assert "- removed bug\n- removed the comment of digest\n" in answer
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_what_was_undone_stays_away_until_somebody_asks_for_it(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.label_as_bot(number, "bug")
    says(standin, tmp_path / "undo", number, "/hubpipe undo")
    assert standin.labels_of(number) == []
    edited = run(standin, tmp_path / "edited", "issues", standin.event("issues", "edited", number))
    assert standin.labels_of(number) == []
    assert "bug was taken back" in edited.log
    says(standin, tmp_path / "label", number, "/hubpipe label")
    assert standin.labels_of(number) == ["bug"]


def test_a_label_that_a_person_set_before_is_not_taken_back(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.add_label_as("maintainer", number, "bug")
    standin.remove_label_as("maintainer", number, "bug")
    standin.label_as_bot(number, "bug")
    step, _ = says(standin, tmp_path, number, "/hubpipe undo")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    assert "bug stays: a person set it, too" in answer_of(standin, number)


def test_a_label_that_only_another_workflow_can_have_set_is_not_taken_back(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.add_label("stale")
    standin.label_as_bot(number, "stale")
    step, _ = says(standin, tmp_path, number, "/hubpipe undo")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["stale"]
    assert "stale stays: no flow of the configuration sets it" in answer_of(standin, number)


def test_undo_takes_hubpipes_part_off_a_description_also_of_a_closed_pull_request(
    standin: StandIn, tmp_path: Path
) -> None:
    prepared(standin, f"version: 1\nflows:\n{DESCRIBING}")
    number = standin.open_pull("Read archives in blocks", BODY)
    opened = standin.event("pull_request_target", "opened", number)
    assert run(standin, tmp_path / "opened", "pull_request_target", opened).status == 0
    assert "hubpipe: begin flow=about" in standin.description_of(number)
    standin.close(number)
    step, _ = says(standin, tmp_path / "undo", number, "/hubpipe undo")
    assert step.status == 0, step.log
    assert standin.description_of(number) == BODY
    assert "took its part off the description" in answer_of(standin, number)


def test_undo_where_nothing_was_done_says_so(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, _ = says(standin, tmp_path, number, "/hubpipe undo")
    assert step.status == 0, step.log
    assert "there is nothing here that hubpipe did" in answer_of(standin, number)


# Who may


@pytest.mark.threat("attack", "injection", cases=3)
@pytest.mark.parametrize("role", [None, "pull", "triage"])
def test_a_stranger_gets_nothing_at_all_but_a_note_in_the_report(
    standin: StandIn, tmp_path: Path, role: str | None
) -> None:
    number = issue(standin)
    if role:
        standin.invite("outsider", role)
    for place, word in enumerate(("undo", "help", "nonsense")):
        step, comment = says(
            standin, tmp_path / str(place), number, f"/hubpipe {word}", "outsider", author_association="OWNER"
        )
        assert step.status == 0, step.log
        assert standin.reactions_of(comment) == []
    assert standin.writes == []
    shown = {None: "read", "pull": "read", "triage": "triage"}[role]
    assert f"outsider has the role {shown}" in step.log


@pytest.mark.parametrize(("role", "rules"), [("push", ""), ("maintain", ""), ("triage", "commands: {roles: triage}\n")])
def test_a_person_with_the_role_may(standin: StandIn, tmp_path: Path, role: str, rules: str) -> None:
    number = issue(standin, CONFIG + rules)
    standin.invite("outsider", role)
    step, comment = says(standin, tmp_path, number, "/hubpipe label", "outsider", author_association="NONE")
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    assert standin.reactions_of(comment) == ["eyes", "+1"]


@pytest.mark.threat("attack", "injection", cases=3)
@pytest.mark.parametrize(
    "told",
    [
        {"user": {"login": "helper[bot]", "type": "User"}},
        {"user": {"login": "octocat", "type": "Bot"}},
        {"performed_via_github_app": {"id": 1, "slug": "helper"}},
    ],
    ids=["login", "type", "app"],
)
def test_no_program_gives_commands(standin: StandIn, tmp_path: Path, told: dict[str, Any]) -> None:
    number = issue(standin)
    step, comment = says(standin, tmp_path, number, "/hubpipe label", **told)
    assert step.status == 0, step.log
    assert standin.writes == []
    assert standin.reactions_of(comment) == []
    assert "takes no commands" in step.log


def test_commands_can_be_switched_off(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG + "commands: false\n")
    step, _ = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.writes == []
    assert "no flow handles issue_comment.created" in step.log


# What is no command

LOOKALIKES = {
    "quoted": "> /hubpipe label",
    "in the middle": "Please\n/hubpipe label",
    "in a sentence": "Say /hubpipe label, please",
    "indented code": "    /hubpipe label",
    "fenced code": "```\n/hubpipe label\n```",
    "inline code": "`/hubpipe label`",
    "hidden": "<!-- /hubpipe label -->",
    "zero width before": "\u200b/hubpipe label",
    "zero width within": "/hub\u200bpipe label",
    "right to left": "\u202e/hubpipe label",
    "isolated": "\u2066/hubpipe label\u2069",
    "of another script": "/hubp\u0456pe label",
    "dotless": "/hubp\u0131pe label",
    "full width": "\uff0fhubpipe label",
    "another bot's": "/hubpipes label",
    "a path": "/hubpipe/label",
    "a list": "- /hubpipe label",
    "marked as ours": f"{ANSWER}\n/hubpipe label",
}


@pytest.mark.threat("attack", "injection", cases=len(LOOKALIKES))
def test_what_only_looks_like_a_command_is_none(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    for place, body in enumerate(LOOKALIKES.values()):
        step, comment = says(standin, tmp_path / str(place), number, body)
        assert step.status == 0, step.log
        assert standin.reactions_of(comment) == []
    assert standin.writes == []


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_only_a_new_comment_gives_a_command(standin: StandIn, tmp_path: Path, action: str) -> None:
    number = issue(standin)
    step, _ = says(standin, tmp_path, number, "/hubpipe label", action=action)
    assert step.status == 0, step.log
    assert standin.writes == []


@pytest.mark.threat("attack", "input")
def test_seventy_thousand_characters_are_one_command_or_none(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    long = f"/hubpipe label\n{'/hubpipe undo ' * 5_000}"
    step, comment = says(standin, tmp_path / "first", number, long, posted="/hubpipe label")
    assert step.status == 0, step.log
    assert standin.reactions_of(comment) == ["eyes", "+1"]
    assert standin.labels_of(number) == ["bug"]
    step, comment = says(standin, tmp_path / "second", number, f"/hubpipe {'label ' * 11_600}", posted="/hubpipe")
    assert standin.reactions_of(comment) == ["eyes", "confused"]
    assert len(answer_of(standin, number)) < 1_000


# Loops, limits, faults


def test_hubpipes_own_answer_starts_nothing(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    says(standin, tmp_path / "first", number, "/hubpipe help")
    [answer] = [one for one in standin.comments_of(number) if one["body"].startswith(ANSWER)]
    assert command_in(answer["body"]) is None
    before = len(standin.writes)
    step = run(standin, tmp_path / "second", "issue_comment", standin.event("issue_comment", "created", number))
    assert step.status == 0, step.log
    assert len(standin.writes) == before
    assert "own" in step.summary


def test_who_gives_too_many_commands_sees_a_reaction_and_no_answer(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG + "commands: {per_person: 2}\n")
    for _ in range(2):
        standin.comment_as("octocat", number, "/hubpipe help")
    step, comment = says(standin, tmp_path / "third", number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.reactions_of(comment) == ["confused"]
    assert of_hubpipe(standin, number) == []
    assert standin.labels_of(number) == []
    assert "octocat has given 3 commands within an hour" in step.log
    step, comment = says(standin, tmp_path / "other", number, "/hubpipe label", "maintainer")
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_a_repository_has_a_limit_that_no_stranger_and_no_program_uses_up(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG + "commands: {per_repository: 2}\n")
    other = standin.open_issue("Another one", BODY)
    said = [
        {"id": place, "body": "/hubpipe help", "user": {"login": login, "type": kind}, "author_association": who}
        for place, (login, kind, who) in enumerate(
            [("maintainer", "User", "MEMBER"), ("outsider", "User", "NONE"), ("helper[bot]", "Bot", "MEMBER")], 1
        )
    ]
    listed = [{**one, "created_at": "2100-01-01T00:00:00Z", "html_url": ""} for one in said]
    standin.answer("GET", r"/issues/comments$", listed)
    step, comment = says(standin, tmp_path / "first", number, "/hubpipe label", id=1_000)
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    more = {**listed[0], "id": 4, "user": {"login": "second", "type": "User"}}
    standin.answer("GET", r"/issues/comments$", [*listed, more])
    step, _ = says(standin, tmp_path / "second", other, "/hubpipe label", id=1_001)
    assert standin.labels_of(other) == []
    assert "3 commands were given here within an hour" in step.log
    assert comment


@pytest.mark.threat("fault", "faults", cases=4)
@pytest.mark.parametrize("harm", ["lose_reply", "cut_reply"])
@pytest.mark.parametrize("request_", [("POST", r"/reactions$"), ("POST", r"/issues/\d+/comments$")])
def test_a_lost_reply_leaves_one_answer_and_one_reaction_of_a_kind(
    standin: StandIn, tmp_path: Path, harm: str, request_: tuple[str, str]
) -> None:
    number = issue(standin)
    getattr(standin, harm)(*request_)
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert standin.reactions_of(comment) == ["eyes", "+1"]
    assert "added bug" in answer_of(standin, number)


@pytest.mark.parametrize("path", [r"/collaborators/", r"/issues/comments$"])
def test_nothing_is_done_where_github_does_not_tell_who_may_and_how_many_there_were(
    standin: StandIn, tmp_path: Path, path: str
) -> None:
    number = issue(standin)
    standin.fail("GET", path, 403, "Resource not accessible by integration")
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 1
    assert standin.writes == []
    assert standin.reactions_of(comment) == []
    assert "The token may not" in step.log


def test_the_same_event_twice_is_the_same_once(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, comment = says(standin, tmp_path / "first", number, "/hubpipe help")
    before = [one["body"] for one in standin.comments_of(number)]
    payload = standin.event("issue_comment", "created", number, comment=standin.comments_of(number)[0])
    payload["comment"]["author_association"] = "MEMBER"
    step = run(standin, tmp_path / "second", "issue_comment", payload)
    assert step.status == 0, step.log
    assert [one["body"] for one in standin.comments_of(number)] == before
    assert standin.reactions_of(comment) == ["eyes", "+1"]


def test_a_dry_run_shows_what_would_be_done(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.label_as_bot(number, "bug")
    step, comment = says(standin, tmp_path, number, "/hubpipe undo", inputs={"dry_run": "true"})
    assert step.status == 0, step.log
    assert standin.writes == []
    assert standin.labels_of(number) == ["bug"]
    kinds = [effect["kind"] for effect in step.plan[0]["effects"]]
    assert kinds == ["reaction", "labels", "comment", "reaction"]
    assert "dry run, would have removed bug" in step.summary
    assert step.outputs["published"] == "false"
    assert standin.reactions_of(comment) == []


def test_a_token_that_may_not_write_is_told_what_to_give(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    step, _ = says(standin, tmp_path, number, "/hubpipe help", inputs={"github_token": standin.read_only_token})
    assert step.status == 1
    assert "`issues: write`" in step.log
    assert of_hubpipe(standin, number) == []


def test_a_locked_thread_gets_no_answer_and_no_wrong_advice(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin)
    standin.lock(number)
    step, _ = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 0, step.log
    assert of_hubpipe(standin, number) == []
    assert standin.labels_of(number) == ["bug"]
    assert "conversation is locked" in step.log


def test_a_flow_that_fails_is_told_in_the_answer(standin: StandIn, tmp_path: Path) -> None:
    number = issue(standin, CONFIG.replace('"fake:label=bug"', "no-such/model"))
    step, comment = says(standin, tmp_path, number, "/hubpipe label")
    assert step.status == 1
    assert "failed: " in answer_of(standin, number)
    assert standin.reactions_of(comment) == ["eyes", "confused"]


def test_every_request_of_a_command_is_one_that_github_describes(examined_standin: StandIn, tmp_path: Path) -> None:
    number = issue(examined_standin, CONFIG + SUMMARY.replace("    at_least: {words: 1000}\n", ""))
    for place, word in enumerate(("label", "summarize", "explain", "undo", "help")):
        step, _ = says(examined_standin, tmp_path / str(place), number, f"/hubpipe {word}")
        assert step.status == 0, step.log
    assert [one for one in examined_standin.conversation if one.violations] == []
    assert any(one.path.endswith("/reactions") for one in examined_standin.conversation)
