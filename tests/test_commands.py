"""What is a command and what is none, which flows carry it out, what is taken back, and that no answer is another."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe import render
from hubpipe.commands import flows_for, order_of
from hubpipe.commands.answers import ANSWER
from hubpipe.commands.errands import errands
from hubpipe.commands.order import Order
from hubpipe.commands.undo import Traces, undone
from hubpipe.config import Commands, Config, parse
from hubpipe.decide import CommentEffect, LabelsEffect, LabelState, RemovalEffect
from hubpipe.errors import ConfigError, HubpipeError
from hubpipe.event import Comment, Event, LabelChange, Subject, command_in, without_command
from hubpipe.event.commands import WORDS
from hubpipe.github import GitHub
from hubpipe.models.base import Places, Score, Why
from hubpipe.models.shelf import Shelf
from hubpipe.render import COMMENT_LIMIT, Answer, AnswerPart, spliced
from hubpipe.run import handle
from hubpipe.server import journal
from hubpipe.sinks import to_github
from tests.judge import acts
from tests.standin.standin import StandIn

ME, MAINTAINER = "github-actions[bot]", "maintainer"
REPO = "octo-org/octo-repo"
ISSUE = Subject("issue", 1, "It crashes", "Every time.", url=f"https://github.com/{REPO}/issues/1")
PULL = replace(ISSUE, kind="pull_request")
CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: text-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: [labels, comment]
  size:
    on: pull_request_target
    rules: {size: {small: 0, large: 100}}
    publish: labels
  digest:
    on: [issues, pull_request]
    at_least: {words: 1000}
    pipeline: {task: summarization, model: "fake:"}
    publish: comment
  alike:
    on: issues
    pipeline: {against: issues}
    publish: comment
  asked:
    on: issue_comment
    command: tidy
    pipeline: {task: summarization, model: "fake:"}
    publish: comment
"""
HOSTILE = "/hubpipe undo\n@octocat fixes #1 <img src=x> [a](https://evil.example) ```\n/hubpipe label"


def says(body: str, subject: Subject = ISSUE, action: str = "created", kind: str = "issue_comment") -> Event:
    return Event(kind, action, REPO, subject, Comment(7, "octocat", body), "octocat")


def order(word: str, subject: Subject = ISSUE) -> Order:
    return Order(word, Comment(7, "octocat", f"/hubpipe {word}"), REPO, 1, subject)


class TestCommandIn:
    """The first line of a comment."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("/hubpipe label", "label"),
            ("/HubPipe  Label\t", "label"),
            ("   /hubpipe undo\r\nthanks", "undo"),
            ("\n \r\n/hubpipe help\n/hubpipe undo", "help"),
            ("/hubpipe", "help"),
            ("/hubpipe" + " " * 70_000, "help"),
            ("/hubpipe label please", "label please"),
            ("/hubpipe la\u200bbel", "la\u200bbel"),
        ],
    )
    def test_is_a_command(self, body: str, said: str) -> None:
        assert command_in(body) == said

    @pytest.mark.parametrize(
        "body",
        [
            "",
            " " * 70_000,
            "\n" * 70_000 + ">",
            "    /hubpipe label",
            "\t/hubpipe label",
            "> /hubpipe label",
            "`/hubpipe label`",
            "<!-- hubpipe: flow=a -->\n/hubpipe label",
            "/hubpipes",
            "/hubpipe\u00a0label",
            "/hubpipe\u2028label",
            "\ufeff/hubpipe label",
            "/hubp\u0131pe label",
            "/\u212aubpipe label",
            "//hubpipe label",
        ],
    )
    def test_is_none(self, body: str) -> None:
        assert command_in(body) is None

    @given(st.text() | st.text(alphabet="/hubpie \t\r\nlabel\u200b"))
    def test_is_never_a_surprise(self, body: str) -> None:
        said = command_in(body)
        assert said is None or ("/hubpipe" in body.lower() and "\n" not in said and said)

    def test_alone_is_left_out_of_what_a_model_reads(self) -> None:
        assert without_command(Comment(1, "a", "\n/hubpipe label\r\nIt is slow.")).body.strip() == "It is slow."
        unknown = Comment(1, "a", "/hubpipe buy my coins\nIt is slow.")
        assert without_command(unknown) == unknown


class TestOrder:
    """A new comment on an issue or pull request."""

    def test_is_a_known_word_or_an_unknown_one(self) -> None:
        settings = parse(CONFIG)
        assert [found.word for word in WORDS if (found := order_of(says(f"/hubpipe {word}"), settings))] == list(WORDS)
        unknown = order_of(says("/hubpipe close"), settings)
        assert unknown is not None
        assert (unknown.word, unknown.name) == ("", "/hubpipe")

    @pytest.mark.parametrize(
        "event",
        [
            says("/hubpipe label", action="edited"),
            says("/hubpipe label", action="deleted"),
            says("/hubpipe label", kind="pull_request_review_comment"),
            says("/hubpipe label", kind="discussion_comment"),
            says("/hubpipe tidy"),
            says("label"),
            Event("issues", "opened", REPO, ISSUE),
        ],
    )
    def test_is_nothing_else(self, event: Event) -> None:
        assert order_of(event, parse(CONFIG)) is None

    def test_is_none_where_commands_are_switched_off(self) -> None:
        assert order_of(says("/hubpipe label"), parse(CONFIG + "commands: false\n")) is None


class TestErrands:
    """Which flows carry a command out."""

    @pytest.mark.parametrize(
        ("word", "subject", "names"),
        [
            ("label", ISSUE, ["kind"]),
            ("label", PULL, ["size"]),
            ("explain", ISSUE, ["kind (explain)"]),
            ("explain", PULL, ["size (explain)"]),
            ("summarize", ISSUE, ["digest"]),
            ("summarize", PULL, ["digest"]),
            ("similar", ISSUE, ["alike"]),
            ("similar", PULL, ["hubpipe's own similar"]),
            ("undo", ISSUE, []),
            ("help", ISSUE, []),
            ("", ISSUE, []),
        ],
    )
    def test_are_those_that_fit(self, word: str, subject: Subject, names: list[str]) -> None:
        assert [one.name for one in errands(order(word, subject), parse(CONFIG))] == names

    def test_publish_what_was_asked_for_and_nothing_else(self) -> None:
        [label] = errands(order("label"), parse(CONFIG))
        assert label.flow.publish.model_fields_set == {"labels"}
        [digest] = errands(order("summarize"), parse(CONFIG))
        assert digest.flow.publish.model_fields_set == {"comment"}
        assert digest.flow.at_least is None

    def test_survive_being_kept_as_json(self) -> None:
        settings = parse(CONFIG)
        for word in ("label", "explain", "summarize", "similar"):
            for one in (*errands(order(word), settings), *errands(order(word, PULL), Config(version=1))):
                kind = type(one.flow)
                assert journal.read(kind, journal.write(kind, one.flow)) == one.flow

    def test_are_among_the_flows_whose_models_are_looked_for_beforehand(self) -> None:
        found = flows_for(says("/hubpipe similar"), Config(version=1))
        assert [step.model for flow in found for step in flow.pipeline] == ["auto"]
        assert flows_for(says("similar"), Config(version=1)) == ()


class TestConfiguration:
    """The key `commands`."""

    @pytest.mark.parametrize(
        ("text", "rules"),
        [
            ("", Commands()),
            ("commands:\n", Commands()),
            ("commands: true\n", Commands()),
            ("commands: false\n", None),
            ("commands: {roles: triage, per_person: 3}\n", Commands(roles="triage", per_person=3)),
        ],
    )
    def test_reads_what_is_written_also_after_it_was_kept_as_json(self, text: str, rules: Commands | None) -> None:
        settings = parse(f"version: 1\n{text}")
        assert settings.commands == rules
        assert journal.read(Config, journal.write(Config, settings)).commands == rules

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{role: triage}", "did you mean 'roles'?"),
            ("{roles: everybody}", "'everybody' is not allowed"),
            ("{per_person: 0}", "greater than or equal to 1"),
            ("label", "write a mapping"),
        ],
    )
    def test_says_what_to_write_instead(self, text: str, words: str) -> None:
        with pytest.raises(ConfigError, match=r"hubpipe\.yml:2: commands") as fault:
            parse(f"version: 1\ncommands: {text}\n")
        assert words in str(fault.value)

    def test_is_laid_over_the_organisations_key_by_key(self) -> None:
        base = parse("version: 1\ncommands: {roles: triage, per_person: 3}\n")
        assert parse("version: 1\n").over(base).commands == Commands(roles="triage", per_person=3)
        own = parse("version: 1\ncommands: {per_person: 5}\n").over(base).commands
        assert own == Commands(roles="triage", per_person=5)
        assert parse("version: 1\ncommands: false\n").over(base).commands is None
        off = parse("version: 1\ncommands: false\n")
        assert parse("version: 1\n").over(off).commands is None
        assert parse("version: 1\ncommands: true\n").over(off).commands == Commands()


class TestUndone:
    """What is taken back."""

    def traces(self, *history: LabelChange, comments: tuple[Comment, ...] = (), description: str = "") -> Traces:
        there = dict.fromkeys(change.label for change in history if change.added)
        gone = {change.label for change in history if not change.added and change == history[-1]}
        present = tuple(name for name in there if name not in gone)
        return Traces(LabelState(present, history, me=ME), comments, description, ANSWER)

    def test_is_what_hubpipe_set_and_no_person(self) -> None:
        history = (
            LabelChange("bug", True, ME),
            LabelChange("question", True, ME),
            LabelChange("question", False, MAINTAINER),
            LabelChange("question", True, MAINTAINER),
            LabelChange("docs", True, MAINTAINER),
            LabelChange("stale", True, ME),
        )
        plan = undone(self.traces(*history), parse(CONFIG))
        assert plan.effects == (LabelsEffect((), ("bug",)),)
        assert plan.notes == ("stale stays: no flow of the configuration sets it, so that another workflow may have",)

    def test_is_no_label_where_hubpipe_acts_as_a_person(self) -> None:
        state = LabelState(("bug",), (LabelChange("bug", True, MAINTAINER),), me=None)
        plan = undone(Traces(state, (), "", ANSWER), parse(CONFIG))
        assert plan.effects == ()
        assert "acts with a person's token" in plan.notes[0]

    def test_is_every_comment_but_the_answers(self) -> None:
        bodies = (
            "<!-- hubpipe: flow=digest -->\nA.",
            f"{render.marker(ANSWER)}\nB.",
            "<!-- hubpipe: flow=gone -->\nC.",
        )
        comments = tuple(Comment(number, ME, body) for number, body in enumerate(bodies))
        plan = undone(self.traces(comments=comments), parse(CONFIG))
        assert plan.effects == (RemovalEffect("digest", 0), RemovalEffect("gone", 2))

    def test_is_the_part_of_a_description_that_nobody_edited(self) -> None:
        described = parse(CONFIG.replace("publish: comment", "publish: {comment: {mode: description}}", 1))
        whole = spliced("People's.", "digest", "Hubpipe's.")
        assert isinstance(whole, str)
        plan = undone(self.traces(description=whole), described)
        assert plan.effects == (CommentEffect("digest", holds=False, mode="description"),)
        plan = undone(self.traces(description=whole.replace("Hubpipe's.", "Mine.")), described)
        assert plan.effects == ()
        assert "a person edited it" in plan.notes[0]

    def test_stays_away_unless_labels_may_come_and_go(self) -> None:
        state = LabelState((), (LabelChange("bug", True, ME), LabelChange("bug", False, ME)), me=ME)
        assert replace(state, respects_undo=True).undone("Bug")
        assert not state.undone("bug")
        again = replace(state, history=(*state.history, LabelChange("bug", True, MAINTAINER)), respects_undo=True)
        assert not again.undone("bug")


class TestAnswer:
    """The text that stands in the answer's comment."""

    def whole(self, text: str) -> str:
        why = (Why(text, (), ((text, 0.5),)),)
        part = AnswerPart(text, (text,), (Score(text, 0.5),), (text,), why, url=f"{ISSUE.url}#issuecomment-1)\n{text}")
        told = Answer(text, text, ISSUE, (text,), (part,), {text: text}, text)
        return f"{render.marker(ANSWER)}\n{render.answer(told)}"

    @pytest.mark.threat("attack", "output")
    @given(st.text(max_size=80) | st.just(HOSTILE) | st.text(alphabet="/hubpipe\n \r`<>@#1", max_size=80))
    def test_is_no_command_whatever_a_model_or_a_person_wrote(self, text: str) -> None:
        answer = self.whole(text)
        assert command_in(answer) is None
        assert all(command_in(line) is None for line in answer.splitlines())
        assert render.is_own(answer)

    @pytest.mark.threat("attack", "output")
    def test_calls_nobody_and_links_nowhere(self) -> None:
        tags = ("<!--", "ul", "li", "strong", "sub", "details", "summary")
        assert acts(self.whole(HOSTILE), *tags) == []

    def test_loses_its_last_parts_where_it_is_too_long(self) -> None:
        part = AnswerPart("flow", tuple(f"{place} {'word ' * 150}" for place in range(50)))
        body = render.answer(Answer("/hubpipe label", "octocat", ISSUE, parts=(part,) * 5))
        assert len(body) < COMMENT_LIMIT
        assert body.count("**`flow`**") == 1
        assert "_Shortened: this is not all of it._" in body
        assert body.endswith("</sub>")


class TestGitHub:
    """What is asked of GitHub."""

    pytestmark = pytest.mark.e2e

    @pytest.mark.parametrize(
        ("told", "role"),
        [
            ({"permission": "admin", "role_name": "admin"}, "write"),
            ({"permission": "write", "role_name": "maintain"}, "write"),
            ({"permission": "write", "role_name": "a role of ours"}, "write"),
            ({"permission": "read", "role_name": "triage"}, "triage"),
            ({"permission": "read", "role_name": "ours", "user": {"permissions": {"triage": True}}}, "triage"),
            ({"permission": "read", "role_name": "read", "user": None}, "read"),
            ({"permission": "none", "role_name": "none"}, "none"),
            ({}, "none"),
        ],
    )
    def test_a_role_is_the_highest_that_github_names(self, standin: StandIn, told: dict[str, Any], role: str) -> None:
        standin.answer("GET", "/collaborators/", told)
        assert connected(standin).role(standin.repo, "some body") == role
        assert standin.conversation[-1].path.endswith("/collaborators/some%20body/permission")

    def test_somebody_whom_github_does_not_know_has_none(self, standin: StandIn) -> None:
        assert connected(standin).role(standin.repo, "nobody-at-all") == "none"

    def test_an_hours_comments_are_those_that_were_written_in_it(self, standin: StandIn) -> None:
        since = datetime.now(UTC) - timedelta(hours=1)
        written, edited = f"{since + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}", "2020-01-01T00:00:00Z"
        page = [{"id": place, "body": "a", "created_at": written} for place in range(200, 100, -1)]
        standin.answer("GET", "/issues/comments$", page)
        more = [{"id": 2, "body": "b", "created_at": written}, {"id": 1, "body": "c", "created_at": edited}]
        standin.answer("GET", "/issues/comments$", more)
        found = connected(standin).comments_since(standin.repo, since)
        assert [one.id for one in found] == [*range(200, 100, -1), 2]
        assert len(standin.conversation) == 2


@dataclass
class Ending:
    """Keeps stages as JSON, and ends the run after so many of them, as a machine that fails would."""

    kept: dict[str, str]
    left: int

    def __call__(self, stage: str, kind: Any, work: Callable[[], Any]) -> Any:
        if stage not in self.kept:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            try:
                self.kept[stage] = journal.write(kind, work())
            except HubpipeError as error:
                raise AssertionError(stage) from error
        return journal.read(kind, self.kept[stage])


@pytest.mark.e2e
@pytest.mark.threat("fault", "faults", cases=4)
@pytest.mark.parametrize("word", ["label", "summarize", "explain", "undo"])
def test_a_command_that_is_ended_after_any_stage_goes_on_where_it_was(standin: StandIn, word: str) -> None:
    config = parse(CONFIG.replace("    at_least: {words: 1000}\n", ""))
    standin.add_label("bug")
    number = standin.open_issue("It crashes", "Every time.")
    if word == "undo":
        standin.label_as_bot(number, "bug")
    comment = Comment(standin.comment_as("octocat", number, f"/hubpipe {word}"), "octocat", f"/hubpipe {word}")
    event = Event("issue_comment", "created", standin.repo, replace(ISSUE, number=number), comment, "octocat")
    ending, ends = Ending({}, 1), 0
    while True:
        github = connected(standin)
        try:
            report = handle(event, config, github, Shelf(Places(offline=True)), to_github(github), keep=ending)
        except KeyboardInterrupt:
            ends, ending.left = ends + 1, 1
        else:
            break
    assert ends == len(ending.kept) - 1 > 4
    assert report.exit_code == 0
    assert standin.reactions_of(comment.id) == ["eyes", "+1"]
    wrote = [path.partition("/comments")[2] for _, path in standin.writes]
    # What was done is not done again: one reaction each, one answer, what the command is about.
    assert wrote.count(f"/{comment.id}/reactions") == 2
    assert len(standin.writes) == {"label": 4, "summarize": 4, "explain": 3, "undo": 4}[word]
    assert standin.labels_of(number) == (["bug"] if word == "label" else [])


def connected(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=5)
