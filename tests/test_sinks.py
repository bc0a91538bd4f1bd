"""What is written to a pull request, a check and a release: once, where people left room, never over newer results."""

from dataclasses import replace
from typing import Any

import pytest

from hubpipe.change import Change, FileChange, Memory
from hubpipe.decide import CheckEffect, CommentEffect, Effect, Findings, LabelsEffect, Plan, ReleaseEffect, Seen
from hubpipe.digest import Digest
from hubpipe.event import Annotation, ChangedFile, Event
from hubpipe.github import GitHub
from hubpipe.models.base import ModelInfo, Text
from hubpipe.render import Context, held, marker, without, write
from hubpipe.report import FlowReport, Report
from hubpipe.report.plain import as_json, as_text
from hubpipe.report.summary import as_markdown
from hubpipe.sinks import Outcome, Target, dry_run, to_github
from hubpipe.text import Fitted
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

NOW = 1_700_000_000.0
INFO = ModelInfo("fake", "org/name", None, "summarization", None)


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


def written(github: GitHub, standin: StandIn, number: int, text: str = "It mends a.", **more: Any) -> CommentEffect:
    """What a run that reads the pull request now would write."""
    subject = github.pull(standin.repo, number)
    read_at, seconds = more.pop("read_at", NOW), more.pop("seconds", 1.0)
    file = FileChange(ChangedFile("a.py", "modified", 1, 0), "source")
    memory = Memory(subject.head_sha or "", read_at, "by", {file.key: text})
    digest = Digest(Change((file,)), memory=memory)
    effect = CommentEffect("pr-summary", seen=Seen(subject.head_sha or "", read_at), **more)
    event = Event("pull_request", "opened", standin.repo, subject)
    context = Context("pr-summary", event, (INFO,), Fitted("", 1, 1), seconds=seconds)
    plan = write(Plan((effect,)), Findings(text=Text(text), digest=digest), context)
    [found] = plan.effects
    assert isinstance(found, CommentEffect)
    return found


def publish(github: GitHub, standin: StandIn, effect: Effect, number: int = 0) -> Outcome:
    return to_github(github)(effect, Target(standin.repo, number))


class TestTheComment:
    def test_is_posted_edited_and_left_alone_where_it_is_equal(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        first = written(github, standin, number)
        assert publish(github, standin, first, number).detail == "posted a comment"
        later = written(github, standin, number, read_at=NOW + 60, seconds=9.9)
        assert later.body != first.body
        assert publish(github, standin, later, number).detail == "the comment is up to date"
        other = written(github, standin, number, "It mends b.", read_at=NOW + 120)
        assert publish(github, standin, other, number).detail == "edited the comment"
        [comment] = standin.comments_of(number)
        assert "It mends b." in comment["body"]
        assert [method for method, _ in standin.writes] == ["POST", "PATCH"]

    def test_is_left_to_the_run_of_a_newer_commit(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        old = written(github, standin, number, again=True)
        standin.push_to_pull(number, {"b.py": "2\n"})
        outcome = publish(github, standin, old, number)
        assert outcome.done
        assert outcome.detail == "a newer commit is there: its own run writes the comment"
        assert standin.comments_of(number) == []
        assert publish(github, standin, replace(old, again=False), number).detail == "posted a comment"

    def test_is_not_written_over_what_a_run_that_read_later_found(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        late = written(github, standin, number, "Late.", read_at=NOW + 10)
        early = written(github, standin, number, "Early.", read_at=NOW)
        assert early.seen is not None
        publish(github, standin, late, number)
        assert publish(github, standin, early, number).detail == "newer results are there: left alone"
        anew = replace(early, seen=Seen(early.seen.head, NOW + 20))
        assert publish(github, standin, anew, number).detail == "edited the comment"

    def test_that_a_person_edited_is_written_anew(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        late = written(github, standin, number, "Late.", read_at=NOW + 10)
        publish(github, standin, late, number)
        own = github.own_comment(standin.repo, number, marker("pr-summary"))
        assert own is not None
        github.edit_comment(standin.repo, own.id, own.body.replace("Late.", "Forged."), number)
        early = written(github, standin, number, "Early.")
        assert publish(github, standin, early, number).detail == "edited the comment"

    def test_of_a_closed_pull_request_is_left_alone(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        effect = written(github, standin, number)
        standin.close(number)
        outcome = publish(github, standin, effect, number)
        assert (outcome.done, outcome.failed) == (False, False)
        assert outcome.detail == "the pull request is closed: left alone"
        assert standin.comments_of(number) == []


class TestTheDescription:
    def test_keeps_what_people_wrote_and_is_taken_off_again(self, github: GitHub, standin: StandIn) -> None:
        people = "What a person\r\nwrote. 🎉\r\n\r\n- [ ] a task"
        number = standin.open_pull("Mend", people, {"a.py": "1\n"})
        effect = written(github, standin, number, mode="description")
        assert publish(github, standin, effect, number).detail == "wrote into the description"
        there = standin.description_of(number)
        assert there.startswith(people)
        assert "It mends a." in there
        assert without(there) == people
        later = written(github, standin, number, mode="description", read_at=NOW + 9, seconds=7.0)
        assert publish(github, standin, later, number).detail == "the description is up to date"
        gone = CommentEffect("pr-summary", holds=False, mode="description")
        assert publish(github, standin, gone, number).detail == "took its part off the description"
        assert standin.description_of(number) == people
        assert publish(github, standin, gone, number).detail == "the description is up to date"
        assert standin.comments_of(number) == []

    def test_is_read_anew_before_it_is_written(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Old words.", {"a.py": "1\n"})
        effect = written(github, standin, number, mode="description")
        standin.edit_description_as("maintainer", number, "New words.")
        publish(github, standin, effect, number)
        assert standin.description_of(number).startswith("New words.\n\n<!-- hubpipe: begin flow=pr-summary ")

    def test_that_a_person_edited_inside_ours_is_left_alone(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Words.", {"a.py": "1\n"})
        publish(github, standin, written(github, standin, number, mode="description"), number)
        edited = standin.description_of(number).replace("It mends a.", "It mends c, too.")
        standin.edit_description_as("maintainer", number, edited)
        effect = written(github, standin, number, "Other.", mode="description", read_at=NOW + 9)
        outcome = publish(github, standin, effect, number)
        assert (outcome.done, outcome.failed) == (False, False)
        assert "a person edited" in outcome.detail
        assert standin.description_of(number) == edited

    def test_without_room_says_so(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "x" * 65_400, {"a.py": "1\n"})
        outcome = publish(github, standin, written(github, standin, number, mode="description"), number)
        assert not outcome.done
        assert outcome.detail == "the text that people wrote leaves no room"


class TestACheck:
    def test_is_made_once_with_its_remarks(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n2\n"})
        sha = github.pull(standin.repo, number).head_sha or ""
        remark = Annotation("a.py", 1, 2, "notice", "security", "Look here.")
        effect = CheckEffect("risks", sha, "hubpipe / risks", "neutral", "1 remark", "A summary", (remark,))
        outcome = publish(github, standin, effect, number)
        assert outcome.done
        assert outcome.detail == "made a check run: 1 remark"
        assert publish(github, standin, effect, number).detail == "kept the check run: 1 remark"
        [run] = standin.checks_of(sha)
        assert (run["name"], run["external_id"], run["conclusion"]) == ("hubpipe / risks", "hubpipe:risks", "neutral")
        assert [one["path"] for one in run["annotations"]] == ["a.py"]
        assert len(standin.writes) == 1


class TestARelease:
    def test_gets_its_notes_beside_what_people_wrote(self, github: GitHub, standin: StandIn) -> None:
        release = standin.release("v1", "Hand-written.")
        effect = ReleaseEffect("notes", release, "### Features\n\n- One")
        assert publish(github, standin, effect).detail == "wrote the release's notes"
        assert publish(github, standin, effect).detail == "the release's notes are up to date"
        body, _ = github.release(standin.repo, release)
        assert body.startswith("Hand-written.\n\n<!--")
        assert held(body, "notes") == "### Features\n\n- One"


EFFECTS: tuple[Effect, ...] = (
    LabelsEffect(("bug",)),
    CommentEffect("a", body=f"{marker('a')}\nA sentence.\n"),
    CommentEffect("b", body="A sentence.", mode="description"),
    CommentEffect("b", mode="description", holds=False),
    CheckEffect(
        "c", "a" * 40, "hubpipe / c", "failure", "1 remark", "S", (Annotation("a.py", 3, 4, "warning", "bug", "x"),)
    ),
    ReleaseEffect("d", 7, "### Features"),
)


def test_a_dry_run_says_of_every_effect_what_it_would_do() -> None:
    found = [dry_run.publish(effect, Target("octo/repo", 5)) for effect in EFFECTS]
    assert not any(outcome.done or outcome.failed for outcome in found)
    assert [outcome.detail.removeprefix("dry run, would have ") for outcome in found] == [
        "added bug on #5",
        "kept one comment on #5",
        "kept a part of the description of #5",
        "taken its part off the description of #5",
        "kept the check run 'hubpipe / c' of aaaaaaa, failure: 1 remark",
        "kept the notes of release 7",
    ]


def test_a_report_shows_every_effect() -> None:
    report = Report(Event("pull_request", "opened", "octo/repo", None), (FlowReport("x", plan=Plan(EFFECTS)),))
    text = as_text(report)
    assert "  check:\n    hubpipe / c, failure: 1 remark\n    a.py:3: warning: bug" in text
    assert "  description:\n    A sentence." in text
    assert "  release:\n    ### Features" in text
    assert "- `a.py:3: warning: bug`" in as_markdown(report)
    effects = as_json(report)["flows"][0]["effects"]
    assert [(one["kind"], one.get("mode")) for one in effects[1:3]] == [
        ("comment", "comment"),
        ("comment", "description"),
    ]
    assert effects[4]["annotations"][0]["path"] == "a.py"
    assert effects[5] == {"kind": "release", "release": 7, "body": "### Features"}
