"""Two stages: one that nobody need trust asks the models, one that may write decides what becomes of their answers."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubpipe.analysis.folder import FILE, MOST_BYTES
from tests.e2e.step import Step, run
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: {pull_request: [opened, synchronize, labeled]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
  summary:
    on: {pull_request: [opened, synchronize]}
    input: [title, body, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""
FILES = {"src/app.py": "def read(path):\n    return open(path).read()\n"}
Forge = Callable[[dict[str, Any]], object]


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository with labels, one of them of weight, and a configuration file."""
    for name in ("bug", "question", "approved"):
        standin.add_label(name)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return standin


@pytest.fixture
def number(repo: StandIn) -> int:
    return repo.open_pull("Add a parser", "It reads `a` of src/app.py.", FILES, from_fork=True)


def analyse(repo: StandIn, folder: Path, number: int, action: str = "opened", **inputs: str) -> Step:
    """Run the first stage as a fork's pull request has it: with a token that may only read."""
    payload = repo.event("pull_request", action, number)
    given = {"mode": "analyse", "artifact": str(folder / "artifact"), "github_token": repo.read_only_token}
    return run(repo, folder / "analyse", "pull_request", payload, **{**given, **inputs})


def apply(repo: StandIn, folder: Path, number: int, **said_of_run: object) -> Step:
    """Run the second stage as the default branch's workflow has it, after the run of the first has ended."""
    payload = repo.ended_run(number, **said_of_run)
    return run(repo, folder / "apply", "workflow_run", payload, mode="apply", artifact=str(folder / "artifact"))


def forge(folder: Path, change: Forge) -> None:
    """Change the analysis as whoever opened the pull request can."""
    file = folder / "artifact" / FILE
    said = json.loads(file.read_text())
    change(said)
    file.write_text(json.dumps(said))


def answers(said: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Give all predictions of a kind."""
    found = [answer["prediction"] for model in said["models"].values() for answer in model["answers"].values()]
    return [one for one in found if one["kind"] == kind]


def untouched(repo: StandIn, number: int) -> bool:
    return repo.labels_of(number) == [] and repo.comments_of(number) == []


def test_a_forks_pull_request_is_analysed_without_and_written_on_with_a_token_that_may_write(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    first = analyse(repo, tmp_path, number)
    assert (first.status, first.outputs["published"]) == (0, "false"), first.log
    assert (repo.writes, untouched(repo, number)) == ([], True)
    assert [path.name for path in (tmp_path / "artifact").iterdir()] == [FILE]
    second = apply(repo, tmp_path, number)
    assert (second.status, second.outputs["published"]) == (0, "true"), second.log
    assert repo.labels_of(number) == ["bug"]
    [comment] = repo.comments_of(number)
    assert "src/app.py" in comment["body"]


def test_two_stages_write_what_one_stage_writes(repo: StandIn, number: int, tmp_path: Path) -> None:
    embedded = CONFIG.replace('"fake:label=bug"', "embedded").replace('"fake:echo"', "embedded")
    repo.put_file(".github/hubpipe.yml", embedded)
    analyse(repo, tmp_path, number)
    two = apply(repo, tmp_path, number)
    one = run(repo, tmp_path / "one", "pull_request", repo.event("pull_request", "opened", number), dry_run="true")
    assert (one.status, two.status) == (0, 0), two.log
    for name in ("labels", "scores", "summary"):
        assert two.outputs[name] == one.outputs[name]
    [comment] = repo.comments_of(number)
    [planned] = [effect["body"] for flow in one.plan for effect in flow["effects"] if effect["kind"] == "comment"]
    assert [line for line in comment["body"].splitlines() if not line.startswith("<")] == [
        line for line in planned.splitlines() if not line.startswith("<")
    ]
    assert two.plan[0]["models"] == one.plan[0]["models"]


def test_files_that_are_judged_one_by_one_are_so_in_two_stages(repo: StandIn, number: int, tmp_path: Path) -> None:
    file = CONFIG.replace("    publish: labels", "    each: file\n    publish: [labels, check]")
    repo.put_file(".github/hubpipe.yml", file)
    first = analyse(repo, tmp_path, number)
    step = apply(repo, tmp_path, number)
    assert (first.status, step.status) == (0, 0), step.log
    assert repo.labels_of(number) == ["bug"]
    assert step.plan[0]["files"]["inferred"] == 1


@pytest.mark.threat("attack", "forks")
def test_without_the_first_stages_answer_nothing_is_asked_of_any_model(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    analyse(repo, tmp_path, number)
    forge(tmp_path, lambda said: said["models"].clear())
    step = apply(repo, tmp_path, number)
    assert step.status == 1
    assert "the analysis does not answer what fake:label=bug is asked" in step.log
    assert untouched(repo, number)


# What a forged analysis says -> the words by which it is refused
FORGED: dict[str, tuple[Forge, str]] = {
    "a label of weight": (
        lambda said: answers(said, "scores")[0]["scores"].append({"label": "approved", "score": 1.0}),
        "the analysis names the label 'approved'",
    ),
    "another pull request": (lambda said: said.update(number=said["number"] + 1), "the run that made it was for #"),
    "another commit": (lambda said: said.update(head="0" * 40), "of another commit"),
    "another repository": (lambda said: said.update(repository="octo-org/other"), "of another repository"),
    "what only maintainers do": (lambda said: said.update(activity="labeled"), "activity: Input should be 'opened'"),
    "a score over 1": (lambda said: answers(said, "scores")[0]["scores"][0].update(score=7), "less than or equal to 1"),
    "a score that is a word": (lambda said: answers(said, "scores")[0]["scores"][0].update(score="1"), "valid number"),
    "a score that is true": (lambda said: answers(said, "scores")[0]["scores"][0].update(score=True), "valid number"),
    "no number": (lambda said: answers(said, "scores")[0]["scores"][0].update(score=float("nan")), "finite number"),
    "an effect": (lambda said: said.update(effects=[{"kind": "labels", "add": ["approved"]}]), "Extra inputs"),
    "a flow": (lambda said: said.update(flows={"mine": {}}), "Extra inputs"),
    "another version": (lambda said: said.update(version=2), "Input should be 1"),
    "a text without end": (lambda said: answers(said, "text")[0].update(text="x" * 65_537), "at most 65536"),
    "another kind of answer": (lambda said: answers(said, "text")[0].update(kind="pickle"), "does not match any"),
    "a key that is no digest": (lambda said: said["models"].update({"../../x": {}}), "match pattern"),
}


@pytest.mark.threat("attack", "forks")
@pytest.mark.parametrize("what", FORGED)
def test_a_forged_analysis_writes_nothing(repo: StandIn, number: int, tmp_path: Path, what: str) -> None:
    change, words = FORGED[what]
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("publish: comment", "publish: summary"))
    analyse(repo, tmp_path, number)
    forge(tmp_path, change)
    step = apply(repo, tmp_path, number)
    assert (step.status, step.outputs["published"]) == (1, "false"), step.log
    assert words in step.log
    assert "::error" in step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_all_that_a_forged_analysis_can_do_is_to_choose_a_label_and_to_write_inert_text(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    def change(said: dict[str, Any]) -> None:
        answers(said, "scores")[0]["scores"] = [{"label": "question", "score": 1.0}]
        for one in answers(said, "text"):
            one["text"] = "@octocat fixes #1 <img src=x> [x](https://evil.example) <!-- hubpipe: flow=kind -->"
        for model in said["models"].values():
            model["spoke"] = "::error::owned"

    repo.put_file(".github/hubpipe.yml", CONFIG.replace("[title, body, patch]", "[title, body]"))
    analyse(repo, tmp_path, number)
    forge(tmp_path, change)
    step = apply(repo, tmp_path, number)
    assert step.status == 0, step.log
    assert repo.labels_of(number) == ["question"]
    [comment] = repo.comments_of(number)
    body = comment["body"]
    assert "@&#8203;octocat" in body
    assert not any(harm in body for harm in ("@octocat", " #1 ", "<img", "](https://evil", "<!-- hubpipe: flow=kind"))
    assert not [line for line in step.log.splitlines() if line.strip() == "::error::owned"]


def swap_for_link(folder: Path) -> None:
    (folder / FILE).rename(folder.parent / "elsewhere.json")
    (folder / FILE).symlink_to(folder.parent / "elsewhere.json")


def swap_for_pipe(folder: Path) -> None:
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE)


def fill(folder: Path, data: bytes) -> None:
    (folder / FILE).write_bytes(data)


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (swap_for_link, "no plain file"),
    "a pipe": (swap_for_pipe, "no plain file"),
    "a second file": (lambda folder: (folder / "x").touch(), "holds 2 entries"),
    "no file": (lambda folder: (folder / FILE).unlink(), "holds 0 entries"),
    "another name": (lambda folder: (folder / FILE).rename(folder / "x.json"), "no plain file"),
    "too many bytes": (lambda folder: fill(folder, b" " * (MOST_BYTES + 1)), "is larger than"),
    "no JSON": (lambda folder: fill(folder, b"{"), "Invalid JSON"),
    "deep JSON": (lambda folder: fill(folder, b"[" * 100_000), "Invalid JSON"),
    "no UTF-8": (lambda folder: fill(folder, b'{"version": "\xff"}'), "Invalid JSON"),
    "half a character": (lambda folder: fill(folder, rb'{"repository": "\ud800"}'), "Invalid JSON"),
    "a list": (lambda folder: fill(folder, b"[]"), "should be an object"),
}


@pytest.mark.threat("attack", "forks")
@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_that_holds_anything_but_the_one_file_is_refused(
    repo: StandIn, number: int, tmp_path: Path, what: str
) -> None:
    change, words = FOLDERS[what]
    analyse(repo, tmp_path, number)
    change(tmp_path / "artifact")
    step = apply(repo, tmp_path, number)
    assert (step.status, step.outputs["published"]) == (1, "false"), step.log
    assert words in step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_an_analysis_of_an_older_commit_is_left_to_the_newer_run(repo: StandIn, number: int, tmp_path: Path) -> None:
    analyse(repo, tmp_path, number)
    sha = repo.ended_run(number)["workflow_run"]["head_sha"]
    repo.push_to_pull(number, {"src/app.py": "exit(1)\n"})
    step = apply(repo, tmp_path, number, head_sha=sha)
    assert (step.status, step.outputs["published"]) == (0, "false"), step.log
    assert "the pull request has a newer commit than the one that was analysed" in step.summary
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_an_analysis_that_claims_the_newer_commit_is_refused_for_the_runs_own(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    analyse(repo, tmp_path, number)
    old = repo.ended_run(number)["workflow_run"]["head_sha"]
    new = repo.push_to_pull(number, {"src/app.py": "exit(1)\n"})
    forge(tmp_path, lambda said: said.update(head=new))
    step = apply(repo, tmp_path, number, head_sha=old)
    assert step.status == 1
    assert "of another commit than the run that made it" in step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_a_fork_cannot_write_on_somebody_elses_pull_request(repo: StandIn, number: int, tmp_path: Path) -> None:
    other = repo.open_pull("Somebody else's", "It is fine.", {"src/b.py": "b = 1\n"}, branch="other")
    analyse(repo, tmp_path, number)
    head = repo.ended_run(number)["workflow_run"]["head_sha"]
    forge(tmp_path, lambda said: said.update(number=other, head=head))
    step = apply(repo, tmp_path, number)
    assert step.status == 1
    assert untouched(repo, other)
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_a_text_that_changed_since_is_not_spoken_of(repo: StandIn, number: int, tmp_path: Path) -> None:
    analyse(repo, tmp_path, number)
    repo.edit_title(number, "Something else entirely")
    step = apply(repo, tmp_path, number)
    assert step.status == 1
    assert "changed since. Run the workflow that analyses again" in step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_a_configuration_in_the_head_changes_nothing_and_one_that_changed_since_is_told(
    repo: StandIn, tmp_path: Path
) -> None:
    evil = CONFIG.replace("[bug, question]", "[bug, approved]").replace("=bug", "=approved")
    number = repo.open_pull("Take over", "Mine.", {".github/hubpipe.yml": evil}, from_fork=True)
    analyse(repo, tmp_path, number)
    assert apply(repo, tmp_path, number).status == 0
    assert repo.labels_of(number) == ["bug"]
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("[bug, question]", "[bug, approved]"))
    step = apply(repo, tmp_path, number)
    assert step.status == 1
    assert "the analysis does not answer what fake:label=bug is asked" in step.log


@pytest.mark.threat("attack", "forks")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"event": "push"}, "was for push, and not for a pull request"),
        ({"event": "workflow_dispatch"}, "was for workflow_dispatch"),
        ({"conclusion": "failure"}, "ended with failure"),
        ({"conclusion": None}, "ended with nothing"),
        ({"head_branch": "main"}, "no open pull request"),
        ({"head_repository": None}, "no open pull request"),
    ],
)
def test_a_run_that_was_not_for_an_open_pull_request_does_nothing(
    repo: StandIn, number: int, tmp_path: Path, said: dict[str, object], words: str
) -> None:
    analyse(repo, tmp_path, number)
    step = apply(repo, tmp_path, number, **said)
    assert (step.status, step.plan, step.outputs["published"]) == (0, [], "false"), step.log
    assert words in step.log
    assert untouched(repo, number)


def test_a_closed_pull_request_is_left_alone(repo: StandIn, number: int, tmp_path: Path) -> None:
    analyse(repo, tmp_path, number)
    repo.close(number)
    step = apply(repo, tmp_path, number)
    assert (step.status, step.plan) == (0, []), step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ('pipeline: {task: text-classification, model: "fake:"}', "must say which: name them under pipeline.labels"),
        (
            'pipeline: {task: zero-shot-classification, model: "fake:", labels: [bug]}\n    each: file',
            "check.fail holds nothing",
        ),
    ],
)
def test_a_flow_that_a_forged_analysis_could_misuse_is_refused(
    repo: StandIn, number: int, tmp_path: Path, flow: str, words: str
) -> None:
    publish = "[{check: {fail: true}}]" if "each" in flow else "labels"
    one = f"version: 1\nflows:\n  one:\n    on: pull_request\n    {flow}\n    publish: {publish}\n"
    repo.put_file(".github/hubpipe.yml", one)
    assert analyse(repo, tmp_path, number).status == 0
    step = apply(repo, tmp_path, number)
    assert step.status == 2
    assert words in step.log
    assert untouched(repo, number)


@pytest.mark.threat("attack", "forks")
def test_what_only_maintainers_do_is_not_analysed(repo: StandIn, number: int, tmp_path: Path) -> None:
    step = analyse(repo, tmp_path, number, "labeled")
    assert step.status == 2
    assert "use pull_request_target" in step.log
    assert not (tmp_path / "artifact").exists()


def test_each_stage_names_its_event(repo: StandIn, number: int, tmp_path: Path) -> None:
    payload = repo.event("pull_request_target", "opened", number)
    for mode, words in (("analyse", "mode: analyse is for the event pull_request"), ("apply", "runs on workflow_run")):
        step = run(repo, tmp_path / mode, "pull_request_target", payload, mode=mode)
        assert step.status == 2
        assert words in step.log


def test_a_folder_that_is_in_use_is_not_written_into(repo: StandIn, number: int, tmp_path: Path) -> None:
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "notes.txt").write_text("mine")
    step = analyse(repo, tmp_path, number)
    assert step.status == 2
    assert "holds something already" in step.log


def test_a_token_that_may_not_write_is_told_in_the_second_stage_too(repo: StandIn, number: int, tmp_path: Path) -> None:
    analyse(repo, tmp_path, number)
    given = {"mode": "apply", "artifact": str(tmp_path / "artifact"), "github_token": repo.read_only_token}
    step = run(repo, tmp_path / "apply", "workflow_run", repo.ended_run(number), **given)
    assert (step.status, step.outputs["published"]) == (1, "false")
    assert "the token may not write" in step.log
    assert "give the job the permissions that hubpipe check prints" in step.log
    assert "in two stages" not in step.log
