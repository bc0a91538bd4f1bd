"""Measure zero-shot labels on labelled issues: accuracy, macro-F1, and what a threshold keeps.

    python benchmarks/zero_shot.py --data issues_test.csv

The file is the test half of NLBSE'24 (https://github.com/nlbse2024/issue-report-classification): columns repo,
label (bug, feature, question), title, body. Nothing was chosen on it: models/similarity.py says on what instead.
"""

import argparse
import csv
import platform
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from hubpipe import decide
from hubpipe.config import Flow, Step, parse
from hubpipe.event import Label, Material, Subject
from hubpipe.models import load
from hubpipe.models.base import Places, Scores
from hubpipe.text import Tokens, compose, fit

CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline:
      task: zero-shot-classification
      labels:
        bug: Something isn't working
        enhancement: New feature or request
        question: Further information is requested
    decide: {threshold: 0}
    publish: labels
"""
OURS = {"bug": "bug", "feature": "enhancement", "question": "question"}
THRESHOLDS = (0.0, 0.4, 0.5, 0.6, 0.7)

Row = tuple[str, str, str, float]
"""Repository, true label, best label, its score."""


def main() -> int:
    """Print the figures."""
    options = argparse.ArgumentParser(description="Zero-shot labels on labelled issues.")
    options.add_argument("--data", type=Path, required=True, help="issues_test.csv of NLBSE'24")
    given = options.parse_args()
    flow = parse(CONFIG).flows["kind"]
    if flow is None:
        return 1
    started = time.monotonic()
    rows = predict(flow, read(given.data))
    seconds = time.monotonic() - started
    each = seconds / len(rows)
    print(f"model embedded, {len(rows)} issues of {given.data.name}, {platform.machine()}, {each:.3f} s each")
    by_repo = defaultdict(list)
    for row in rows:
        by_repo[row[0]].append(row)
    for repo, found in sorted(by_repo.items()):
        print(f"  {repo:24} accuracy {accuracy(found):.3f}  macro-F1 {macro_f1(found):.3f}")
    print(f"  {'mean':24} accuracy {fmean(map(accuracy, by_repo.values())):.3f}"
          f"  macro-F1 {fmean(map(macro_f1, by_repo.values())):.3f}")  # fmt: skip
    for threshold in THRESHOLDS:
        kept = [row for row in rows if row[3] >= threshold]
        print(
            f"  threshold {threshold:.1f}: labels {len(kept) / len(rows):5.1%} of issues, {accuracy(kept):5.1%} right"
        )
    return 0


def read(path: Path) -> list[dict[str, str]]:
    """Read the rows of a file of NLBSE'24."""
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, escapechar="\\"))


def predict(flow: Flow, data: list[dict[str, str]]) -> list[Row]:
    """Ask hubpipe's own steps for every row's best label."""
    step: Step = flow.pipeline[0]
    labels = tuple(Label(name, text) for name, text in (step.labels or {}).items())
    model = load(step, {label.name: label.description for label in labels}, Places(offline=True))
    texts = [_text(flow, row, model.info.limit, model.tokens) for row in data]
    rows = []
    for row, prediction in zip(data, model.predict(texts), strict=True):
        if isinstance(prediction, Scores):
            [best] = decide.choose(prediction, flow.decide)[0]
            rows.append((row["repo"], OURS[row["label"]], best.label, best.score))
    return rows


def _text(flow: Flow, row: dict[str, str], limit: int | None, tokens: Tokens) -> str:
    subject = Subject("issue", 1, row["title"], row["body"] or "")
    return fit(compose(subject, Material(), flow.input), limit, tokens).text


def accuracy(rows: list[Row]) -> float:
    """Give the share of rows whose best label is the true one."""
    return fmean(row[1] == row[2] for row in rows) if rows else 0.0


def macro_f1(rows: list[Row]) -> float:
    """Give the mean of the labels' F1."""
    return fmean(_f1(rows, label) for label in OURS.values())


def _f1(rows: list[Row], label: str) -> float:
    hits = sum(row[1] == row[2] == label for row in rows)
    named = sum(row[1] == label for row in rows) + sum(row[2] == label for row in rows)
    return 2 * hits / named if named else 0.0


if __name__ == "__main__":
    sys.exit(main())
