"""The example workflows: safe to copy, and with the permissions that their flows need."""

import re
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
