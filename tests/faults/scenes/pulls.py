"""Runs that write on a pull request or a release: a check run, its description, a release's notes."""

from tests.e2e.step import Prepared
from tests.faults.scenes import Case, Scene, branch, patient
from tests.standin.standin import StandIn

KIND = "pull_request_target"
BODY = "It reads.\n\n- [ ] Mine"
BEGINS, ENDS = "<!-- hubpipe: begin flow={flow} ", "<!-- hubpipe: end flow={flow} "


def has_part_once(text: str, flow: str, around: str) -> bool:
    """Tell whether a text holds a flow's part, and what people wrote is as it was."""
    begun, ended = text.count(BEGINS.format(flow=flow)), text.count(ENDS.format(flow=flow))
    assert begun == ended <= 1, text
    assert text.startswith(around), text
    return begun == 1


class Check(Scene):
    """A check run with more annotations than two requests hold."""

    requests, writes = 9, (6, 7, 8)
    config = """\
version: 1
flows:
  risk:
    on: {pull_request_target: [opened]}
    each: file
    pipeline: {task: zero-shot-classification, model: "fake:label=risky", labels: [risky, fine]}
    publish: {check: {fail: true}}
"""
    files = 120

    def subject(self, repo: StandIn) -> int:
        files = {f"src/m{index:03}.py": "x = 1\n" for index in range(self.files)}
        return repo.open_pull("Change", BODY, files, branch=branch())

    def step(self, case: Case, name: str) -> Prepared:
        return patient(case, name, KIND, case.repo.event(KIND, "opened", case.number))

    def is_whole(self, case: Case) -> bool:
        head = case.repo.event(KIND, "opened", case.number)["pull_request"]["head"]["sha"]
        every = [
            run for run in case.repo.gateway.check_runs.get(case.repo.repo, {}).values() if run["head_sha"] == head
        ]
        assert len(every) <= 1, [run["name"] for run in every]
        for check in case.repo.checks_of(head):
            paths = [one["path"] for one in check["annotations"]]
            assert paths == [f"src/m{index:03}.py" for index in range(len(paths))]
            assert check["conclusion"] == "failure"
            return len(paths) == self.files
        return False


class Description(Scene):
    """A part of a pull request's own description."""

    requests, writes = 7, (6,)
    config = """\
version: 1
flows:
  about:
    on: {pull_request_target: [opened]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:"}
    publish: {comment: {mode: description}}
"""

    def subject(self, repo: StandIn) -> int:
        return repo.open_pull("Read rows", BODY, {"src/a.py": "a = 1\n", "src/b.py": "b = 1\n"}, branch=branch())

    def step(self, case: Case, name: str) -> Prepared:
        return patient(case, name, KIND, case.repo.event(KIND, "opened", case.number))

    def is_whole(self, case: Case) -> bool:
        assert case.repo.comments_of(case.number) == []
        return has_part_once(case.repo.description_of(case.number), "about", BODY)


class Release(Scene):
    """The notes in a release's own description."""

    requests, writes = 6, (5,)
    config = """\
version: 1
flows:
  notes:
    on: {release: [published]}
    input: pulls
    pipeline: {task: summarization, model: "fake:", max_words: 20}
    publish: release
"""
    words = "Our first release. Thank you all!"

    def subject(self, repo: StandIn) -> int:
        repo.merged_pull("Read archives in parts", (), "The whole file was held in memory.")
        return repo.release("v1.0.0", self.words)

    def step(self, case: Case, name: str) -> Prepared:
        return patient(case, name, "release", case.repo.event("release", "published", case.number))

    def is_whole(self, case: Case) -> bool:
        body = case.repo.api.ask("GET", f"/repos/{case.repo.repo}/releases/{case.number}")["body"]
        whole = has_part_once(body, "notes", self.words)
        assert whole == ("Read archives in parts" in body)
        return whole
