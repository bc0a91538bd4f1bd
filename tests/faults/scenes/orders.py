"""Runs that people's commands ask for: reactions, an answer, and what is done or taken back."""

from typing import ClassVar

from hubpipe.github import GitHub
from hubpipe.render import spliced
from tests.e2e.step import Prepared
from tests.faults.scenes import Case, Scene, branch, of_people, of_the_bot, patient
from tests.standin.standin import StandIn

ANSWER = "<!-- hubpipe: flow=hubpipe.commands -->"
DIGEST = "<!-- hubpipe: flow=digest -->"
BODY = "The reader keeps the whole archive in memory."
CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened], pull_request_target: [opened]}
    pipeline: {task: text-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  digest:
    on: {issues: [opened], pull_request_target: [opened]}
    pipeline: {task: summarization, model: "fake:"}
    publish: comment
  about:
    on: {pull_request_target: [opened]}
    input: [title, body]
    pipeline: {task: summarization, model: "fake:"}
    publish: {comment: {mode: description}}
"""


class Order(Scene):
    """A command in a comment: it is reacted on, carried out and answered, once."""

    config = CONFIG
    word: ClassVar[str]

    def begin_thread(self, repo: StandIn, number: int) -> int:
        """Let a person give the command."""
        for label in ("bug", "question", "area"):
            repo.add_label(label)
        repo.add_label_as("maintainer", number, "area")
        repo.comment_as("octocat", number, f"/hubpipe {self.word}")
        return number

    def step(self, case: Case, name: str) -> Prepared:
        payload = case.repo.event("issue_comment", "created", case.number)
        payload["comment"] |= self.command(case)
        payload["comment"]["user"] |= {"login": "octocat", "type": "User"}
        return patient(case, name, "issue_comment", payload)

    def command(self, case: Case) -> dict[str, object]:
        """Give the comment that gives the command."""
        [found] = [one for one in case.repo.comments_of(case.number) if one["body"] == f"/hubpipe {self.word}"]
        return dict(found)

    def is_answered(self, case: Case) -> bool:
        """Tell whether the command is answered; each reaction and the answer are there once at most."""
        answers = [body for body in of_the_bot(case) if body.startswith(ANSWER)]
        assert len(answers) <= 1
        reactions = case.repo.reactions_of(int(str(self.command(case)["id"])))
        assert len(reactions) == len(set(reactions))
        return len(answers) == 1 and {"eyes", "+1"} <= set(reactions)


class Label(Order):
    """The flows that set labels, on command."""

    requests, writes = 15, (3, 10, 12, 14)
    word = "label"
    ends_well = ("has the role none", "there is no comment any more", "does not have it any more")

    def subject(self, repo: StandIn) -> int:
        return self.begin_thread(repo, repo.open_issue("Large archives cannot be read", BODY))

    def is_whole(self, case: Case) -> bool:
        labels = set(case.repo.labels_of(case.number))
        assert "area" in labels
        return self.is_answered(case) and labels == {"area", "bug"}


class Undo(Order):
    """A label, two comments and a part of the description, all taken back."""

    requests, writes = 18, (3, 10, 11, 13, 15, 17)
    word = "undo"
    ends_well = ("has the role none", "there is no comment any more", "nothing here that hubpipe did")

    def subject(self, repo: StandIn) -> int:
        return self.begin_thread(repo, repo.open_pull("Read archives in blocks", BODY, branch=branch()))

    def before(self, case: Case) -> None:
        repo, number = case.repo, case.number
        repo.label_as_bot(number, "bug")
        github = GitHub(repo.token, repo.url, pacing=0)
        github.create_comment(repo.repo, number, f"{DIGEST}\nOurs.", DIGEST)
        repo.comment_as("outsider", number, f"{DIGEST}\nForged words of mine.")
        described = spliced(BODY, "about", "It reads in blocks.")
        assert isinstance(described, str)
        github.edit_description(repo.repo, number, described)

    def is_whole(self, case: Case) -> bool:
        labels, description = set(case.repo.labels_of(case.number)), case.repo.description_of(case.number)
        assert "area" in labels
        assert of_people(case) == ["/hubpipe undo", f"{DIGEST}\nForged words of mine."]
        assert description == BODY or "hubpipe: begin flow=about" in description
        ours = [body for body in of_the_bot(case) if body.startswith(DIGEST)]
        return self.is_answered(case) and labels == {"area"} and description == BODY and ours == []
