"""Runs that write on an issue: labels and a comment, stale labels and twins, a digest, issues that are alike."""

import shutil
from pathlib import Path
from typing import ClassVar

from hubpipe.github import GitHub
from tests.e2e.step import Prepared
from tests.faults import scene
from tests.faults.scenes import Case, Scene, of_people, of_the_bot, patient
from tests.standin.standin import StandIn


class Issue(Scene):
    """Labels that are added, removed and left, and a comment."""

    requests, writes = scene.REQUESTS, scene.WRITES
    config = scene.CONFIG
    ends_well = ("does not have it any more",)

    def subject(self, repo: StandIn) -> int:
        for label in scene.LABELS:
            repo.add_label(label)
        return scene.issue(repo)

    def step(self, case: Case, name: str) -> Prepared:
        return patient(case, name, "issues", case.repo.event("issues", "opened", case.number))

    def is_whole(self, case: Case) -> bool:
        return scene.is_whole(case.repo, case.number)


class Stale(Scene):
    """Labels that no longer hold, and a comment that two runs once wrote at the same time."""

    requests, writes = 11, (6, 7, 9, 10)
    config = """\
version: 1
flows:
  kind:
    on: {issues: [edited]}
    pipeline: {task: zero-shot-classification, model: "fake:label=docs", labels: [bug, question, docs]}
    publish: [{labels: {remove_stale: true}}, comment]
"""
    marker = "<!-- hubpipe: flow=kind -->"

    def subject(self, repo: StandIn) -> int:
        for label in ("bug", "question", "docs", "area"):
            repo.add_label(label)
        return repo.open_issue("Thanks", "It works.")

    def before(self, case: Case) -> None:
        for label in ("bug", "question"):
            case.repo.label_as_bot(case.number, label)
        for label in ("area", "docs"):
            case.repo.add_label_as("maintainer", case.number, label)
        github = GitHub(case.repo.token, case.repo.url, pacing=0)
        written = [github.create_comment(case.repo.repo, case.number, f"{self.marker}\n{n}", f"{n}") for n in "12"]
        for one in written:
            github.edit_comment(case.repo.repo, one.id, f"{self.marker}\nOld.", case.number)

    def step(self, case: Case, name: str) -> Prepared:
        return patient(case, name, "issues", case.repo.event("issues", "edited", case.number))

    def is_whole(self, case: Case) -> bool:
        labels, comments = set(case.repo.labels_of(case.number)), of_the_bot(case)
        assert {"area", "docs"} <= labels
        assert 1 <= len(comments) <= 2
        return labels == {"area", "docs"} and len(comments) == 1 and "Old." not in comments[0]


class Digest(Scene):
    """The digest of a long thread."""

    requests, writes = 5, (3,)
    config = """\
version: 1
flows:
  digest:
    on: issue_comment
    at_least: {comments: 3}
    input: [title, body, comments]
    pipeline: {task: summarization, model: "fake:", max_words: 60}
    publish: comment
"""
    said = ("It copies every block.", "A streaming decoder would need less.", "Who takes it?")

    def subject(self, repo: StandIn) -> int:
        number = repo.open_issue("Large archives cannot be read", "It fails on files over 4 GB.")
        for body in self.said:
            repo.comment_as("maintainer", number, body)
        return number

    def step(self, case: Case, name: str) -> Prepared:
        last = next(one for one in case.repo.comments_of(case.number) if one["body"] == self.said[-1])
        payload = case.repo.event("issue_comment", "created", case.number)
        payload["comment"] |= last
        return patient(case, name, "issue_comment", payload)

    def is_whole(self, case: Case) -> bool:
        assert of_people(case) == list(self.said)
        digests = of_the_bot(case)
        assert len(digests) <= 1
        return len(digests) == 1


class Similar(Scene):
    """A comment that names an issue that tells the same, and the index of issues that a run goes on with."""

    requests, writes = 7, (5,)
    config = """\
version: 1
flows:
  similar:
    on: {issues: [opened]}
    pipeline: {against: issues}
    decide: {threshold: 0.3}
    publish: comment
"""
    model: ClassVar[Path]
    ends_well = ("open issue is alike enough", "were closed, moved or deleted by now")

    def subject(self, repo: StandIn) -> int:
        repo.open_issue("Crash on opening a large PNG", "Opening a PNG of 200 MB ends with out of memory.")
        return repo.open_issue("Out of memory with big PNG files", "It crashes with out of memory on a 300 MB PNG.")

    def before(self, case: Case) -> None:
        shutil.copytree(self.model, case.folder / "kept")

    def step(self, case: Case, name: str) -> Prepared:
        event = case.repo.event("issues", "opened", case.number)
        return patient(case, name, "issues", event, learned_model=str(case.folder / "kept"))

    def is_whole(self, case: Case) -> bool:
        assert {path.name for path in (case.folder / "kept").iterdir()} == {path.name for path in self.model.iterdir()}
        comments = of_the_bot(case)
        assert len(comments) <= 1
        return len(comments) == 1 and "Crash on opening a large PNG" in comments[0]
