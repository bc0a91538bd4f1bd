"""Changed files as the subject: labels, a check run and a table from each of them; labels by rules; older runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hubpipe import config
from hubpipe.config import Step as ConfiguredStep
from hubpipe.event import parse
from hubpipe.github import GitHub
from hubpipe.models.base import Model, Places, Terms
from hubpipe.models.shelf import Shelf
from hubpipe.run import handle
from hubpipe.sinks import to_github
from tests.e2e.step import Step, run
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

KIND = "pull_request_target"
ON = "on: {pull_request_target: [opened, edited, synchronize]}"
ALWAYS = 'pipeline: {task: zero-shot-classification, model: "fake:label=risky", labels: [risky, fine]}'


def flow(*lines: str) -> str:
    return "version: 1\nflows:\n  files:\n" + "".join(f"    {line}\n" for line in (ON, *lines))


def handled(repo: StandIn, folder: Path, number: int, action: str = "opened", text: str | None = None) -> Step:
    if text is not None:
        repo.put_file(".github/hubpipe.yml", text)
    count = len(list(folder.iterdir())) if folder.exists() else 0
    step = run(repo, folder / str(count), KIND, repo.event(KIND, action, number))
    assert step.status == 0, step.log
    return step


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository with labels."""
    for name in ("risky", "fine", "documentation", "size/XS", "size/S", "size/M"):
        standin.add_label(name)
    return standin


def test_each_file_is_asked_about_and_the_change_is_labelled(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"src/a.py": "a = 1\n", "src/b.py": "b = 1\n"})
    step = handled(repo, tmp_path, number, text=flow("each: file", ALWAYS, "publish: labels"))
    assert repo.labels_of(number) == ["risky"]
    assert [one["path"] for one in step.plan[0]["files"]["scores"]] == ["src/a.py", "src/b.py"]


def test_only_the_files_among_the_paths_are_asked_about(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"src/a.py": "a = 1\n", "docs/b.md": "B\n"})
    text = flow("each: file", 'paths: ["src/**"]', ALWAYS, "publish: labels")
    step = handled(repo, tmp_path, number, text=text)
    assert [one["path"] for one in step.plan[0]["files"]["scores"]] == ["src/a.py"]
    step = handled(repo, tmp_path, number, text=text.replace("src/**", "lib/**"))
    assert "none of the changed files is among the flow's paths" in step.summary
    step = handled(repo, tmp_path, number, text=text.replace('paths: ["src/**"]', 'paths-ignore: ["src/**"]'))
    assert [one["path"] for one in step.plan[0]["files"]["scores"]] == ["docs/b.md"]


def test_a_check_run_has_an_annotation_on_the_lines_of_each_hunk(repo: StandIn, tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(60)]
    repo.put_file("src/long.py", "".join(lines))
    changed = [*lines[:5], "new at the top\n", *lines[5:50], "new below\n", "and more\n", *lines[50:]]
    number = repo.open_pull("Change", "", {"src/long.py": "".join(changed)})
    handled(repo, tmp_path, number, text=flow("each: hunk", ALWAYS, "publish: {check: {level: warning, fail: true}}"))
    sha = repo.event(KIND, "opened", number)["pull_request"]["head"]["sha"]
    [check] = repo.checks_of(sha)
    assert (check["name"], check["conclusion"]) == ("hubpipe / files", "failure")
    places = [(one["path"], one["start_line"], one["end_line"]) for one in check["annotations"]]
    assert places == [("src/long.py", 6, 6), ("src/long.py", 52, 53)]
    assert {one["annotation_level"] for one in check["annotations"]} == {"warning"}
    assert "risky" in check["output"]["summary"] + check["output"]["title"]


def test_a_check_of_120_files_keeps_all_its_annotations_and_is_made_once(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {f"src/m{index}.py": "x = 1\n" for index in range(120)})
    text = flow("each: file", ALWAYS, "publish: check")
    handled(repo, tmp_path, number, text=text)
    sha = repo.event(KIND, "opened", number)["pull_request"]["head"]["sha"]
    [check] = repo.checks_of(sha)
    assert len(check["annotations"]) == 120
    writes = len(repo.writes)
    handled(repo, tmp_path, number)
    assert len(repo.writes) == writes


def test_the_comments_table_shows_what_was_found_in_each_file(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"src/a.py": "a = 1\n", "docs/b.md": "B\n"})
    text = flow("each: file", ALWAYS, "publish: comment")
    handled(repo, tmp_path, number, text=text)
    [comment] = repo.comments_of(number)
    assert "| `src/a.py` | `risky` (1.00) |" in comment["body"]
    repo.push_to_pull(number, {"docs/b.md": "C\n"})
    step = handled(repo, tmp_path, number, "synchronize")
    assert (step.plan[0]["files"]["inferred"], step.plan[0]["files"]["remembered"]) == (1, 1)


def test_a_label_for_all_of_the_change_needs_all_of_it(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {f"src/m{index}.py": f"x = {index}\n" for index in range(301)})
    step = handled(repo, tmp_path, number, text=flow("each: file", ALWAYS, "decide: {files: all}", "publish: labels"))
    assert repo.labels_of(number) == []
    assert "not all of the change could be asked about" in step.summary


def test_rules_label_by_paths_and_size_without_a_model(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"docs/a.md": "A\n" * 5, "yarn.lock": "x\n" * 900})
    handled(
        repo, tmp_path, number, text=flow('rules: {paths: {documentation: "docs/**"}, size: true}', "publish: labels")
    )
    assert sorted(repo.labels_of(number)) == ["documentation", "size/XS"]
    repo.push_to_pull(number, {"docs/a.md": "B\n" * 40})
    handled(repo, tmp_path, number, "synchronize")
    assert sorted(repo.labels_of(number)) == ["documentation", "size/M"]
    repo.remove_label_as("maintainer", number, "documentation")
    step = handled(repo, tmp_path, number, "synchronize")
    assert repo.labels_of(number) == ["size/M"]
    assert "removed by a person" in step.summary


PROMPT = (
    'pipeline: {task: text-generation, model: "fake:echo", prompts: {file: .github/file.txt, change: .github/all.txt}}'
)


def test_a_prompt_that_is_not_there_is_told_with_its_path(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"src/a.py": "a = 1\n"})
    repo.put_file(".github/hubpipe.yml", flow("input: [title, body, patch]", PROMPT, "publish: comment"))
    step = run(repo, tmp_path, KIND, repo.event(KIND, "opened", number))
    assert step.status == 2
    assert "no .github/file.txt on its default branch, which prompts.file names" in step.log


def test_a_prompt_with_a_fault_is_told_with_its_line(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "", {"src/a.py": "a = 1\n"})
    repo.put_file(".github/file.txt", "Say it in {{ max_words }} words.\n")
    repo.put_file(".github/all.txt", "Say it.\n{{ title }}\n")
    repo.put_file(".github/hubpipe.yml", flow("input: [title, body, patch]", PROMPT, "publish: comment"))
    step = run(repo, tmp_path, KIND, repo.event(KIND, "opened", number))
    assert step.status == 2
    assert "prompts.change" in step.log and "title" in step.log


class Interrupted(Shelf):
    """Models during whose loading something happens on GitHub."""

    def __init__(self, happens: Any):
        super().__init__(Places())
        object.__setattr__(self, "happens", happens)

    def load(self, step: ConfiguredStep, labels: Mapping[str, str], terms: Terms) -> Model:
        self.happens()  # type: ignore[attr-defined]
        return super().load(step, labels, terms)


SUMMARY = flow("input: [title, body, patch]", 'pipeline: {task: summarization, model: "fake:"}', "publish: comment")


def interrupted(repo: StandIn, number: int, text: str, happens: Any) -> str:
    """Handle a pull request's opening while something else happens; gives what became of the comment."""
    event = parse(KIND, repo.event(KIND, "opened", number))
    github = GitHub(repo.token, repo.url, graphql_url=f"{repo.url}/graphql", pacing=0)
    settings = config.parse(text)
    report = handle(event, settings, github, Interrupted(happens), to_github(github))  # type: ignore[arg-type]
    [done] = report.flows
    assert done.error is None
    [outcome] = done.outcomes
    return outcome.detail


def test_an_older_run_does_not_write_once_a_newer_commit_is_there(repo: StandIn) -> None:
    number = repo.open_pull("Change", "It changes.", {"src/a.py": "a = 1\n"})
    detail = interrupted(repo, number, SUMMARY, lambda: repo.push_to_pull(number, {"src/b.py": "b\n"}))
    assert "a newer commit is there" in detail
    assert repo.comments_of(number) == []


def test_a_flow_without_a_run_for_the_newer_commit_writes_all_the_same(repo: StandIn) -> None:
    number = repo.open_pull("Change", "It changes.", {"src/a.py": "a = 1\n"})
    text = SUMMARY.replace("[opened, edited, synchronize]", "[opened]")
    interrupted(repo, number, text, lambda: repo.push_to_pull(number, {"src/b.py": "b\n"}))
    assert len(repo.comments_of(number)) == 1


def test_a_run_that_read_earlier_does_not_write_over_one_that_read_later(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Change", "It changes.", {"src/a.py": "a = 1\n"})
    repo.put_file(".github/hubpipe.yml", SUMMARY)

    def newer() -> None:
        repo.edit_title(number, "A better title")
        run(repo, tmp_path, KIND, repo.event(KIND, "edited", number))

    detail = interrupted(repo, number, SUMMARY, newer)
    assert "newer" in detail
    [comment] = repo.comments_of(number)
    assert "A better title" in comment["body"]


def test_a_pull_request_that_is_closed_meanwhile_is_left_alone(repo: StandIn) -> None:
    number = repo.open_pull("Change", "It changes.", {"src/a.py": "a = 1\n"})
    interrupted(repo, number, SUMMARY, lambda: repo.close(number))
    assert repo.comments_of(number) == []
