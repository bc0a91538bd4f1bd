"""The image, run as GitHub's runner would run it (`make container-test`).

HUBPIPE_BUILD and HUBPIPE_RUN name commands of a machine's own, with the arguments of scripts/container.py's
`build` and `run`; TORCH_INDEX becomes the build argument of that name.
"""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.container import NO_TOOL, container_tool
from tests.standin.standin import Server

ROOT = Path(__file__).parents[2]
IMAGE = "hubpipe"
OWN_SCRIPT = shlex.join([sys.executable, str(ROOT / "scripts" / "container.py")])
BUILD = shlex.split(os.environ.get("HUBPIPE_BUILD") or f"{OWN_SCRIPT} build")
RUN = shlex.split(os.environ.get("HUBPIPE_RUN") or f"{OWN_SCRIPT} run")
NOT_TESTED = f"THE IMAGE WAS NOT TESTED: {NO_TOOL}"

LABELS = {"bug": "Something does not work as documented", "enhancement": "A new feature or an improvement"}
CONFIG = {
    "version": 1,
    "flows": {
        "type": {
            "on": {"issues": ["opened"]},
            "input": ["title", "body"],
            "pipeline": {"task": "zero-shot-classification", "model": "embedded", "labels": LABELS},
            "decide": {"threshold": 0.1, "max_labels": 1},
            "publish": ["labels"],
        }
    },
}
ONE_PIPELINE = {
    "task": "zero-shot-classification",
    "labels": "\n".join(f"{name}: {description}" for name, description in LABELS.items()),
    "max-labels": "1",
    "dry-run": "true",
}
TITLE = "Saving a file over 2 GB fails with an OverflowError"
BODY = "Since the last update, `save()` crashes as soon as the file is larger than 2 GB. It worked before."


@dataclass(frozen=True)
class Step:
    """A finished step: its exit status, its log, and the folder with what it left behind."""

    status: int
    log: str
    out: Path

    @property
    def outputs(self) -> str:
        return (self.out / "set_output").read_text(encoding="utf-8")


def build(tag: str, dockerfile: Path, *more: str) -> None:
    options = ["--build-arg", f"TORCH_INDEX={os.environ['TORCH_INDEX']}"] if "TORCH_INDEX" in os.environ else []
    subprocess.run([*BUILD, tag, str(dockerfile), str(dockerfile.parent), *options, *more], check=True)


def run(image: str, out: Path, payload: dict[str, Any], inputs: dict[str, str], *options: str) -> Step:
    out.mkdir(exist_ok=True)
    event = out / "payload.json"
    event.write_text(json.dumps(payload), encoding="utf-8")
    given = [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
    command = [*RUN, "--event", "issues", "--payload", str(event), *given, *options, "--out", str(out), image]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return Step(done.returncode, done.stdout, out)


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built from this working tree."""
    if "HUBPIPE_RUN" not in os.environ and container_tool() is None:
        pytest.skip(NOT_TESTED)
    build(IMAGE, ROOT / "Dockerfile")
    return IMAGE


@pytest.fixture
def issue() -> dict[str, Any]:
    """What GitHub sends when an issue is opened."""
    return {
        "action": "opened",
        "issue": {"number": 1, "title": TITLE, "body": BODY, "user": {"login": "octocat"}, "labels": []},
        "repository": {"full_name": "octo-org/octo-repo"},
        "sender": {"login": "octocat", "type": "User"},
    }


def test_an_opened_issue_gets_its_label_on_github(image: str, github_server: Server, tmp_path: Path) -> None:
    github = github_server.repository("octo-repo")
    for name, description in LABELS.items():
        github.add_label(name, description)
    github.put_file(".github/hubpipe.yml", json.dumps(CONFIG))
    number = github.open_issue(TITLE, BODY)

    payload = github.event("issues", "opened", number)
    step = run(image, tmp_path, payload, {"github-token": github.token}, "--api", github.url)

    assert step.status == 0, step.log
    assert github.labels_of(number) == ["bug"]
    assert '["bug"]' in step.outputs


def test_the_embedded_model_works_without_a_network(image: str, issue: dict[str, Any], tmp_path: Path) -> None:
    step = run(image, tmp_path, issue, ONE_PIPELINE, "--network", "none")

    assert step.status == 0, step.log
    assert '["bug"]' in step.outputs


def test_nothing_is_imported_from_the_checked_out_repository(image: str, issue: dict[str, Any], tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    for module in ("hubpipe", "json", "torch", "sitecustomize", "usercustomize"):
        (workspace / module).mkdir(parents=True)
        (workspace / module / "__init__.py").write_text("raise SystemExit('the repository was imported')")
    step = run(image, tmp_path, issue, ONE_PIPELINE, "--network", "none")

    assert step.status == 0, step.log
    assert "the repository was imported" not in step.log


def test_the_image_carries_no_secret_and_no_setting_of_the_machine_that_built_it(image: str, tmp_path: Path) -> None:
    looking = "env; pip config list; ls -a /root /etc/pip.conf 2>&1"
    (tmp_path / "Dockerfile").write_text(f'FROM {image}\nENTRYPOINT ["sh", "-c", {json.dumps(looking)}]\nCMD []\n')
    build(f"{image}-looked-into", tmp_path / "Dockerfile")

    log = run(f"{image}-looked-into", tmp_path / "out", {}, {}, "--network", "none").log

    assert "HUBPIPE_EMBEDDED_MODEL=/" in log
    found = [word for word in ("PIP_", "index-url", "TOKEN", "PASSWORD", "SECRET", ".netrc", ".pypirc") if word in log]
    assert found == []
