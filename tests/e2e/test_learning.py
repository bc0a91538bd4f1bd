"""A repository's history is collected, learned, measured and promoted; then an opened issue gets its label."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.step import KEPT, run
from tests.standin.histories import added, closed, issue, remember
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

PLACES = (
    *(
        "parser",
        "sidebar",
        "installer",
        "search page",
        "scheduler",
        "importer",
        "login form",
        "cache",
        "printer",
        "map",
    ),
    *("editor", "menu", "backup", "chart", "mail gateway", "terminal", "theme", "viewer", "proxy", "queue"),
)
BUGS = (
    (
        "The {} crashes on start",
        "Since the update the {} fails with an exception. It worked before. Stack trace below.",
    ),
    ("{} shows wrong results", "Steps to reproduce: open the {}. Expected: right numbers. Actual: an error."),
    ("Regression: {} hangs", "The {} hangs for minutes and then throws a timeout error, every time."),
    ("Broken {} after the upgrade", "After the upgrade the {} is broken: null pointer exception in the log."),
)
WISHES = (
    ("Add an option to the {}", "It would be nice if the {} could be configured. Please support this."),
    ("Support plugins in the {}", "Feature request: allow third parties to extend the {} with plugins."),
    ("Allow keyboard shortcuts for the {}", "I would like to have shortcuts for the {}; please add them."),
    ("Make the {} faster to reach", "Proposal: put the {} into the main menu, as an improvement for new users."),
)
CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {model: auto}
    decide: {precision: 0.8, margin: 0}
    publish: labels
"""
COUNT = 160


def texts(kinds: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(title.format(place), body.format(place)) for place in PLACES for title, body in kinds]


def history(standin: StandIn, *, mistaken: bool = False) -> None:
    """Let maintainers have labelled 160 issues, defects and wishes by turns (or mistaken: the wrong way round)."""
    names = ("T-Wish", "T-Defect") if mistaken else ("T-Defect", "T-Wish")
    pairs = [pair for both in zip(texts(BUGS), texts(WISHES), strict=True) for pair in both]
    nodes = []
    for number, (title, body) in enumerate(pairs[:COUNT], start=1):
        name = names[(number - 1) % 2]
        events = [added(name, "maintainer", number + 0.1), closed("maintainer", number + 0.2)]
        nodes.append(issue(number, title, body, labels=[name], events=events))
    remember(standin, *nodes)


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    """A repository that learned people labelled for a year, in words of their own."""
    standin.add_label("T-Defect")
    standin.add_label("T-Wish")
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return standin


def commit(standin: StandIn, folder: Path) -> None:
    """Put a learned model where a run looks for it."""
    for path in folder.iterdir():
        standin.put_file(f".github/hubpipe/{path.name}", path.read_bytes())


def environment(standin: StandIn) -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "GITHUB_TOKEN": standin.token,
        "GITHUB_API_URL": standin.url,
        "GITHUB_GRAPHQL_URL": f"{standin.url}/graphql",
        "HF_HUB_OFFLINE": "1",
    }


def hubpipe(
    standin: StandIn, folder: Path, *words: str, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command, environ = [sys.executable, "-m", "hubpipe", *words], {**environment(standin), **(variables or {})}
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=280, check=False)


def test_a_history_is_learned_and_an_opened_issue_gets_its_label(repo: StandIn, tmp_path: Path) -> None:
    history(repo)
    step = run(
        repo,
        tmp_path / "train",
        "schedule",
        {},
        mode="train",
        learned_model="model",
        precision="0.8",
        report="report.html",
    )
    assert step.status == 0, step.log
    assert step.outputs["promoted"] == "true"
    assert "xychart-beta" in step.summary
    assert "promoted" in step.summary
    assert "<h1>" in (tmp_path / "train" / "report.html").read_text("utf-8")
    commit(repo, tmp_path / "train" / "model")
    number = repo.open_issue("Opening the calendar crashes", "An exception is thrown since the last update.")
    # A cache that is still empty leaves the word to the default branch.
    event = repo.event("issues", "opened", number)
    step = run(repo, tmp_path / "run", "issues", event, learned_model="not-there-yet")
    assert step.status == 0, step.log
    assert repo.labels_of(number) == ["T-Defect"], step.summary
    assert "learned speaks, learned from 160 issues until 2025-01-07" in step.summary


def test_auto_says_that_nothing_was_learned_yet_and_decides_by_the_threshold(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("Opening the calendar crashes", "An exception is thrown since the last update.")
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert "nothing was learned of this repository yet" in step.summary
    assert "precision 0.8 cannot be held yet" in step.summary


def test_a_worse_model_is_refused_unless_it_is_forced(repo: StandIn, tmp_path: Path) -> None:
    history(repo)
    words = ("train", "--repo", repo.repo, "--out", "model")
    first = hubpipe(repo, tmp_path, *words)
    assert first.returncode == 0, first.stderr
    # Newer issues, on which the one in use is right and one that learned the wrong way round is not.
    rows = [
        {"title": title.format(place), "body": body.format(place), "label": name, "created_at": f"2026-01-{day:02}"}
        for day, place in enumerate(("calendar", "clock", "radio", "camera", "phone", "lamp", "door", "wheel"), start=1)
        for name, kinds in (("T-Defect", BUGS), ("T-Wish", WISHES))
        for title, body in kinds
    ]
    data, wrong = tmp_path / "data.jsonl", tmp_path / "wrong.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    other = {"T-Defect": "T-Wish", "T-Wish": "T-Defect"}
    turned = [
        {**row, "label": other[row["label"]], "title": f"{row['title']}!", "created_at": "2025-12-01"} for row in rows
    ]
    wrong.write_text("".join(json.dumps(row) + "\n" for row in turned), "utf-8")
    made = hubpipe(repo, tmp_path, "train", "--data", str(wrong), "--out", "wrong")
    assert made.returncode == 0, made.stderr
    before = (tmp_path / "model" / "model.safetensors").read_bytes()
    refused = hubpipe(repo, tmp_path, "promote", "wrong", "model", "--data", str(data))
    assert refused.returncode == 1, refused.stdout
    assert "not promoted: worse" in refused.stdout
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before
    forced = hubpipe(repo, tmp_path, "promote", "wrong", "model", "--data", str(data), "--force")
    assert forced.returncode == 0
    assert (tmp_path / "model" / "model.safetensors").read_bytes() != before


def test_a_training_that_is_killed_goes_on_where_it_was(repo: StandIn, tmp_path: Path) -> None:
    history(repo)
    words = [sys.executable, "-m", "hubpipe", "train", "--repo", repo.repo, "--out", "model"]
    child = subprocess.Popen(
        words, env=environment(repo), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    kept = tmp_path / ".cache" / "hubpipe"
    for _ in range(600):
        if kept.is_dir() and any(path.stat().st_size > 10_000 for path in kept.iterdir()):
            break
        time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "model").exists()
    asked = len(repo.conversation)
    done = hubpipe(repo, tmp_path, *words[3:])
    assert done.returncode == 0, done.stderr
    # What was read is not read again: one look at issues and one at pull requests tells that nothing changed.
    assert len(repo.conversation) - asked <= 3
    settings = json.loads((tmp_path / "model" / "hubpipe.json").read_text("utf-8"))
    assert settings["facts"]["learned"] == COUNT


def test_too_little_history_is_told(repo: StandIn, tmp_path: Path) -> None:
    remember(repo, issue(1, labels=["T-Defect"], events=[added("T-Defect", "maintainer", 1.1)]))
    done = hubpipe(repo, tmp_path, "train", "--repo", repo.repo, "--out", "model")
    assert done.returncode == 2
    assert "1 labelled examples are too few" in done.stderr
    step = run(repo, tmp_path / "step", "schedule", {}, mode="train", learned_model="model")
    assert step.status == 2
    assert "too few" in step.summary
