"""The example workflows: safe to copy, and with the permissions that their flows need."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubpipe import action, config, deadline
from hubpipe.analysis import ACTIVITIES
from hubpipe.analysis.folder import FILE, MOST_BYTES
from hubpipe.workflow import Verdict, compare

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
PAGE = (ROOT / "docs" / "forks.md").read_text(encoding="utf-8")
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
OWN = "hubpipe/hubpipe@"
# What a stranger can write, or whose token may write while it is read.
TRIGGERS = {"pull_request_target", "workflow_run"}


def read(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / "examples" / "workflows" / f"{name}.yml").read_text("utf-8"))
    return found


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.threat("attack", "forks")
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_example_is_pinned_limited_and_hands_no_strangers_text_to_a_shell(path: Path) -> None:
    text = path.read_text("utf-8")
    workflow = read(path.stem)
    uses = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses: " in line]
    assert all(PINNED.fullmatch(line) for line in uses if OWN not in line), uses
    assert workflow["permissions"] == {}
    assert all(0 < job["timeout-minutes"] <= 60 and job["permissions"] for job in workflow["jobs"].values())
    assert not any("${{" in str(step.get("run", "")) for step in steps(workflow))
    checkouts = [step for step in steps(workflow) if str(step.get("uses")).startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    if TRIGGERS & set(workflow[True]):  # YAML 1.1 reads `on` as true
        assert not checkouts
        assert not any("run" in step for step in steps(workflow))


@pytest.mark.threat("fault", "permissions")
@pytest.mark.parametrize("name", ["hubpipe", "forks-target", "forks-analyse", "forks-apply"])
def test_an_example_may_what_its_flows_need_and_no_more(name: str) -> None:
    settings = config.parse((ROOT / "examples" / "hubpipe.yml").read_text("utf-8"))
    text = (ROOT / "examples" / "workflows" / f"{name}.yml").read_text("utf-8")
    assert compare(text, name, settings, config.PATH) == Verdict()


def test_what_the_first_stage_uploads_the_second_downloads_and_applies() -> None:
    first, second = read("forks-analyse"), read("forks-apply")
    analyse, upload = (step["with"] for step in steps(first))
    download, apply = (step["with"] for step in steps(second))
    assert (analyse["mode"], apply["mode"]) == (action.ANALYSE, action.APPLY)
    assert analyse["artifact"] == upload["path"] == download["path"] == apply["artifact"] == action.FOLDER
    assert upload["name"] == download["name"]
    assert second[True]["workflow_run"]["workflows"] == [first["name"]]
    assert set(first[True]["pull_request"]["types"]) <= set(ACTIVITIES)


def test_the_page_on_forks_says_what_the_code_does() -> None:
    assert f"`{FILE}`" in PAGE
    assert f"{MOST_BYTES:,} bytes" in PAGE
    assert all(f"`{activity}`" in PAGE for activity in ACTIVITIES)
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target


@pytest.mark.threat("fault", "faults")
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_hubpipes_own_time_is_up_before_the_jobs(path: Path) -> None:
    for job in read(path.stem)["jobs"].values():
        assert job["timeout-minutes"] * 60 > deadline.USUAL


class Proposing:
    """A clone in which `mode: train` just ran, and the example's step that proposes what it made."""

    # It answers how many pull requests are open: a line is one that was made.
    GH = """#!/bin/sh
case "$1" in
  api) echo "$*" >>"$ASKED"; wc -l <"$OPEN" ;;
  pr) echo "$*" >>"$OPEN" ;;
esac
"""

    def __init__(self, place: Path) -> None:
        self.place, self.origin = place, place / "origin"
        self.open, self.asked = place / "open", place / "asked"
        for path in (self.open, self.asked):
            path.touch()
        (place / "bin").mkdir()
        (place / "bin" / "gh").write_text(self.GH)
        (place / "bin" / "gh").chmod(0o755)
        self.git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.git(place, "clone", "--quiet", str(self.origin), "first")
        self.git(place / "first", "commit", "--quiet", "--allow-empty", "--message", "first")
        self.git(place / "first", "push", "--quiet", "origin", "HEAD:main")
        [given] = [step for step in steps(read("train")) if "run" in step]
        self.script, self.branch = given["run"], given["env"]["BRANCH"]
        self.variables = {name: value for name, value in given["env"].items() if "${{" not in value}

    def environment(self) -> dict[str, str]:
        who = {f"GIT_{one}_{what}": "a@b.example" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return {
            "PATH": f"{self.place / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.place),
            "GIT_CONFIG_NOSYSTEM": "1",
            "OPEN": str(self.open),
            "ASKED": str(self.asked),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "octo-org/octo-repo",
            "GITHUB_REPOSITORY_OWNER": "octo-org",
            **who,
        }

    def git(self, folder: Path, *words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=True
        ).stdout.strip()

    def run(self, **files: str) -> str:
        """Write what a training made into a fresh clone of the default branch, propose it, and give the branch."""
        clone = self.place / f"clone-{len(list(self.place.iterdir()))}"
        self.git(self.place, "clone", "--quiet", "--depth=1", "--branch=main", self.origin.as_uri(), str(clone))
        model = clone / ".github" / "hubpipe"
        model.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (model / name.replace("_", ".")).write_text(text)
        command = ["bash", "--noprofile", "--norc", "-e", "-c", self.script]
        environ = {**self.environment(), **self.variables}
        done = subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return self.git(self.origin, "branch", "--list", "--format=%(objectname)", self.branch)

    def merge(self) -> None:
        self.git(self.origin, "branch", "--force", "main", self.branch)
        self.open.write_text("")

    def made(self) -> int:
        return len(self.open.read_text().splitlines())


@pytest.fixture
def proposing(tmp_path: Path) -> Proposing:
    return Proposing(tmp_path)


def test_each_new_model_is_proposed_on_one_branch_in_one_pull_request(proposing: Proposing) -> None:
    first = proposing.run(model_safetensors="1", hubpipe_json="Monday")
    assert first
    assert proposing.made() == 1
    second = proposing.run(model_safetensors="2", hubpipe_json="next Monday")
    assert second != first
    assert proposing.made() == 1
    assert proposing.git(proposing.origin, "rev-list", "--count", second) == "2"
    assert proposing.git(proposing.origin, "branch", "--list", "--format=%(refname:short)").split() == [
        proposing.branch,
        "main",
    ]
    # A fork's branch of the same name is not asked for.
    assert f"head=octo-org:{proposing.branch}" in proposing.asked.read_text()


def test_a_model_that_differs_only_in_when_it_was_learned_is_not_proposed(proposing: Proposing) -> None:
    first = proposing.run(model_safetensors="1", issues_safetensors="1", hubpipe_json="Monday")
    assert proposing.run(model_safetensors="1", issues_safetensors="1", hubpipe_json="next Monday") == first
    proposing.merge()
    assert proposing.run(model_safetensors="1", issues_safetensors="1", hubpipe_json="a Monday later") == first
    assert proposing.made() == 0
    assert proposing.run(model_safetensors="1", issues_safetensors="2", hubpipe_json="a Monday later") != first
    assert proposing.made() == 1


def test_what_nobody_merged_is_proposed_anew_where_its_pull_request_was_closed(proposing: Proposing) -> None:
    proposing.run(model_safetensors="1", hubpipe_json="Monday")
    proposing.open.write_text("")
    proposing.run(model_safetensors="1", hubpipe_json="next Monday")
    assert proposing.made() == 1


def test_a_model_that_is_not_promoted_ends_the_job_before_anything_is_proposed() -> None:
    *_, learn, _, propose = steps(read("train"))
    assert learn["with"]["mode"] == action.TRAIN
    assert not {"if", "continue-on-error"} & {*learn, *propose}


def test_an_index_without_labels_is_proposed(proposing: Proposing) -> None:
    assert proposing.run(issues_safetensors="1")
    assert proposing.made() == 1
