"""What the Action leaves behind holds whatever text came in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe import runner
from hubpipe.decide import Findings, Plan
from hubpipe.event import Event, Subject
from hubpipe.models.base import Score, Text
from hubpipe.report import FlowReport, Report
from hubpipe.report.plain import as_text


def test_half_a_character_does_not_keep_the_outputs_from_being_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    event = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))
    flow = FlowReport("sum", findings=Findings(text=Text("a \ud800 b")))
    runner.write_outputs(Report(event, (flow,)))
    written = output.read_text(encoding="utf-8").splitlines()
    assert "a ? b" in written
    assert [line.partition("<<")[0] for line in written if "<<" in line] == list(runner.OUTPUTS)


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


@pytest.mark.threat("attack", "output", cases=3)
def test_what_a_later_step_prints_of_the_outputs_is_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    said = "::set-output name=x::y\n  ::add-mask::z\nsee ##[add-mask]z and a::b\x1b[8m \u202eturned\U000e0041"
    event = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))
    chosen = Plan(chosen=(Score("##[error]", 0.9),), scores=(Score("##[error]", 0.9),))
    runner.write_outputs(Report(event, (FlowReport("sum", findings=Findings(text=Text(said)), plan=chosen),)))
    written = output.read_text(encoding="utf-8")
    assert not [line for line in written.splitlines() if line.strip().startswith("::") or "##[" in line]
    assert ": :set-output name=x::y\n  : :add-mask::z\nsee ## [add-mask]z and a::b[8m turned\n" in written
    assert json.loads(written.splitlines()[1]) == ["##[error]"]


@pytest.mark.threat("attack", "output")
def test_what_is_shown_in_a_terminal_moves_no_cursor_and_is_no_command() -> None:
    said = "\x1b[2J\x9b8m\x07::add-mask::z\r::error::y ##[error]"
    event = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 1, "It crashes", "Every time."))
    shown = as_text(Report(event, (FlowReport("sum", findings=Findings(text=Text(said))),)))
    assert not [line for line in shown.splitlines() if line.strip().startswith("::") or "##[" in line]
    assert shown.replace("\n", "").isprintable()
