"""The project's own promises: action.yml, the docs and the commands that they name are what the code does."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from hubpipe import action, config, runner
from hubpipe.config import INPUTS, parse
from hubpipe.event import SUBJECTS
from hubpipe.models import hub
from hubpipe.models.learned import folder

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMANDS = [
    line
    for language, code in CODE_BLOCK.findall(README)
    if language == "sh"
    for line in code.splitlines()
    if line.startswith("hubpipe ")
]


def python(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_actions_inputs_are_those_that_the_code_reads() -> None:
    switches = {action.DRY_RUN, action.ON_UNPUBLISHED, action.MODE, action.ARTIFACT, action.TUNE, action.REPORT}
    own = {action.TOKEN, action.CONFIG, action.TIMEOUT, *switches, *action.KEYS}
    assert set(ACTION["inputs"]) == {*own, *INPUTS}


def test_the_actions_outputs_are_those_that_the_code_sets() -> None:
    assert tuple(ACTION["outputs"]) == runner.OUTPUTS


def test_every_input_and_output_is_described() -> None:
    for given in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert len(given["description"]) > 20, given


def test_the_actions_defaults_are_the_codes() -> None:
    assert ACTION["inputs"]["config"]["default"] == config.PATH


def test_schema_and_docs_are_current() -> None:
    assert [str(path) for path, _ in script("docs").stale()] == [], "run `make docs`"


def test_the_readme_names_commands_to_run() -> None:
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readmes_commands_work(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_demo_labels_the_issue_and_summarises_the_pull_request() -> None:
    done = python("scripts/demo.py")
    assert done.returncode == 0, done.stderr
    assert "add bug" in done.stdout
    assert "### Summary" in done.stdout
    assert "incremental decoder" in done.stdout


def test_the_zero_day_head_was_learned_from_the_issues_in_the_repository() -> None:
    examples = script("zero_day").read()
    learned = folder.read(hub.ZERO_DAY_FOLDER)
    assert sorted(int(example.fingerprint, 16) for example in examples) == learned.seen.tolist()
    assert str(len(examples)) in (hub.ZERO_DAY_FOLDER / "README.md").read_text(encoding="utf-8")


WORKFLOWS = ROOT / "examples" / "workflows"


def test_the_example_that_trains_may_read_the_history_and_propose_a_branch() -> None:
    workflow = yaml.safe_load((WORKFLOWS / "train.yml").read_text(encoding="utf-8"))
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    [job] = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "write", "issues": "read", "pull-requests": "write"}
    [given] = [step["with"] for step in job["steps"] if str(step.get("uses")).startswith("hubpipe/")]
    assert given == {"mode": "train", "learned-model": ".github/hubpipe"}
    restored, saved = (step for step in job["steps"] if str(step.get("uses")).startswith("actions/cache/"))
    assert restored["with"]["path"] == saved["with"]["path"] == ".github/hubpipe.history"
    assert restored["with"]["key"] == saved["with"]["key"]
    # A step that failed has read something all the same.
    assert saved["if"] == "always()"


@pytest.mark.parametrize("path", [WORKFLOWS / "hubpipe.yml"], ids=lambda path: path.name)
def test_an_example_workflow_gives_the_permissions_that_its_flows_need(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(workflow[True]) <= set(SUBJECTS)  # YAML 1.1 reads `on` as true
    [job] = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read", "issues": "write", "pull-requests": "write"}


def test_yaml_in_the_docs_that_is_a_configuration_is_valid() -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    blocks = [code for page in pages for _, code in CODE_BLOCK.findall(page.read_text(encoding="utf-8"))]
    configurations = [code for code in blocks if re.search(r"^version: \d", code, re.MULTILINE)]
    assert configurations
    for code in configurations:
        parse(code)
