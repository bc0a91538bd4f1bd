"""Turn an event on the stand-in into a step of a workflow: the Action's own process, with a runner's variables."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from hubpipe import action
from tests.standin.standin import StandIn

# What a runner sets, and nothing of the machine that the test runs on but what Python needs.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
COMMAND = (sys.executable, "-m", "hubpipe", "run")


@dataclass(frozen=True)
class Step:
    """What a step left behind."""

    status: int
    outputs: Mapping[str, str]
    summary: str
    log: str

    @property
    def plan(self) -> list[dict[str, Any]]:
        flows: list[dict[str, Any]] = json.loads(self.outputs["plan"])["flows"]
        return flows


@dataclass(frozen=True)
class Prepared:
    """A step that is still to run: its variables, and the folder with the files that it writes."""

    environ: Mapping[str, str]
    folder: Path

    def left(self, status: int, log: str) -> Step:
        """Read what the step left behind."""
        outputs, summary = ((self.folder / name).read_text(encoding="utf-8") for name in ("output", "summary"))
        return Step(status, _outputs(outputs), summary, log)

    def start(self) -> "subprocess.Popen[str]":
        """Begin the step in a process of its own."""
        return subprocess.Popen(
            COMMAND, env=self.environ, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def here(self) -> Step:
        """Run the step in this process, which takes a tenth of the time."""
        root, said = logging.getLogger(), io.StringIO()
        handlers, level, stderr = root.handlers[:], root.level, sys.stderr
        root.handlers = []
        try:
            with mock.patch.dict(os.environ, self.environ, clear=True), redirect_stdout(said), chdir(self.folder):
                status = action.main(self.environ)
        finally:
            logging.captureWarnings(capture=False)
            root.handlers, sys.stderr = handlers, stderr
            root.setLevel(level)
        return self.left(status, said.getvalue())


def prepared(
    standin: StandIn,
    folder: Path,
    kind: str,
    payload: object,
    variables: Mapping[str, str] | None = None,
    /,
    **inputs: str,
) -> Prepared:
    """Lay out a step's files and variables; inputs are written with `_` for `-`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in ("event", "output", "summary")}
    for file in files.values():
        file.write_text("")
    files["event"].write_text(json.dumps(payload), encoding="utf-8")
    given = {"github-token": standin.token} | {name.replace("_", "-"): value for name, value in inputs.items()}
    environ = {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": standin.url,
        "GITHUB_EVENT_NAME": kind,
        "GITHUB_EVENT_PATH": str(files["event"]),
        "GITHUB_GRAPHQL_URL": f"{standin.url}/graphql",
        "GITHUB_OUTPUT": str(files["output"]),
        "GITHUB_REPOSITORY": standin.repo,
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "HF_HUB_OFFLINE": "1",
        "HUBPIPE_WRITE_PACING": "0",
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        **(variables or {}),
    }
    return Prepared(environ, folder)


def run(
    standin: StandIn,
    folder: Path,
    kind: str,
    payload: object,
    variables: Mapping[str, str] | None = None,
    /,
    **inputs: str,
) -> Step:
    """Run the Action once; inputs are written with `_` for `-`. The token is the job's unless one is given.

    `variables` are laid over the runner's: only with an empty HF_HUB_OFFLINE are the Hub and endpoints asked.
    """
    step = prepared(standin, folder, kind, payload, variables, **inputs)
    done = subprocess.run(
        COMMAND, env=step.environ, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return step.left(done.returncode, done.stdout + done.stderr)


def _outputs(text: str) -> dict[str, str]:
    """Read a file of `name<<delimiter` blocks as the runner does."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found
