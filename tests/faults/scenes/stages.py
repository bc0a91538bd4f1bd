"""Two stages: one that reads and leaves a file, and one that writes."""

import shutil

from hubpipe.analysis.folder import read
from tests.e2e.step import Prepared
from tests.faults.scenes import Case, Scene, branch, of_the_bot, patient
from tests.standin.standin import StandIn

CONFIG = """\
version: 1
flows:
  kind:
    on: {pull_request: [opened]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request: [opened]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""
FILES = {"src/app.py": "def read(path):\n    return open(path).read()\n"}


class Stages(Scene):
    """A pull request that is analysed by one run and written on by another."""

    config = CONFIG

    def subject(self, repo: StandIn) -> int:
        for label in ("bug", "question"):
            repo.add_label(label)
        return repo.open_pull("Add a parser", "It reads.", FILES, branch=branch())

    def analysis(self, case: Case, name: str) -> Prepared:
        """Prepare the first stage in a new workspace, with a token that may only read."""
        shutil.rmtree(case.folder / "artifact", ignore_errors=True)
        payload = case.repo.event("pull_request", "opened", case.number)
        inputs = {"mode": "analyse", "artifact": str(case.folder / "artifact")}
        return patient(case, name, "pull_request", payload, **inputs, github_token=case.repo.read_only_token)


class Analyse(Stages):
    """The first stage: the file is whole, or there is none that counts, and nothing is written on GitHub."""

    requests, writes = 10, ()

    def step(self, case: Case, name: str) -> Prepared:
        return self.analysis(case, name)

    def is_whole(self, case: Case) -> bool:
        assert case.repo.labels_of(case.number) == []
        assert case.repo.comments_of(case.number) == []
        if not (case.folder / "artifact").exists():
            return False
        return len(read(case.folder / "artifact").models) == 3


class Apply(Stages):
    """The second stage."""

    requests, writes = 18, (9, 16)
    ends_well = ("does not have it any more", "no open pull request")

    def before(self, case: Case) -> None:
        done = self.analysis(case, "analysis").here()
        assert done.status == 0, done.log

    def step(self, case: Case, name: str) -> Prepared:
        ended = case.repo.ended_run(case.number)
        return patient(case, name, "workflow_run", ended, mode="apply", artifact=str(case.folder / "artifact"))

    def is_whole(self, case: Case) -> bool:
        labels, comments = case.repo.labels_of(case.number), of_the_bot(case)
        assert len(comments) <= 1
        return labels == ["bug"] and len(comments) == 1
