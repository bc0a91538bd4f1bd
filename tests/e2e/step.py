"""Turn an event on the stand-in into a step of a workflow: the Action's own process, with a runner's variables."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.standin.standin import StandIn

# What a runner sets, and nothing of the machine that the test runs on but what Python needs.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


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
    command = [sys.executable, "-m", "hubpipe", "run"]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    log = done.stdout + done.stderr
    return Step(
        done.returncode, _outputs(files["output"].read_text(encoding="utf-8")), files["summary"].read_text(), log
    )


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
