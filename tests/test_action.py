"""What the Action leaves behind holds whatever text came in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe import action
from hubpipe.decide import Findings
from hubpipe.event import Event, Subject
from hubpipe.models.base import Text
from hubpipe.report import FlowReport, Report


def test_half_a_character_does_not_keep_the_outputs_from_being_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    event = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))
    flow = FlowReport("sum", findings=Findings(text=Text("a \ud800 b")))
    action.write_outputs(Report(event, (flow,)))
    written = output.read_text(encoding="utf-8").splitlines()
    assert "a ? b" in written
    assert [line.partition("<<")[0] for line in written if "<<" in line] == list(action.OUTPUTS)


def test_half_a_character_does_not_keep_a_fault_from_being_told(tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.touch()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": "utf-8:strict",
        "GITHUB_EVENT_NAME": "issues",
        "GITHUB_EVENT_PATH": str(tmp_path / "no \udcff file"),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    command = [sys.executable, "-m", "hubpipe", "run"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2, done
    assert b"::error::" in done.stdout
    assert b"no ? file" in done.stdout
    assert b"Traceback" not in done.stdout + done.stderr
    assert "hubpipe stopped" in summary.read_text(encoding="utf-8")
