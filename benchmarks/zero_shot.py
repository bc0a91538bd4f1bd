"""Measure zero-shot labels on labelled issues: accuracy, macro-F1, and what a threshold keeps.

    python benchmarks/zero_shot.py --data issues_test.csv [--merge mean | --merge max]

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
from hubpipe.event import Material, Subject
from hubpipe.infer import ask
from hubpipe.models import load
from hubpipe.models.base import Places, Scores
from hubpipe.text import compose

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
    options.add_argument("--merge", choices=["mean", "max"], help="read all of a long text, in windows")
    given = options.parse_args()
    flow = parse(CONFIG).flows["kind"]
    if flow is None:
        return 1
    step = flow.pipeline[0].model_copy(update={"merge": given.merge})
    started = time.monotonic()
    rows = predict(flow, step, read(given.data))
    seconds = time.monotonic() - started
    each = seconds / len(rows)
    way = f"windows, {given.merge}" if given.merge else "head"
    print(f"model embedded, {len(rows)} issues of {given.data.name}, {way}, {platform.machine()}, {each:.3f} s each")
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


def predict(flow: Flow, step: Step, data: list[dict[str, str]]) -> list[Row]:
    """Ask hubpipe's own steps for every row's best label."""
    labels = dict(step.labels or {})
    model = load(step, labels, Places(offline=True))
    rows = []
    for row in data:
        subject = Subject("issue", 1, row["title"], row["body"] or "")
        prediction = ask(model, step, compose(subject, Material(), flow.input)).prediction
        if isinstance(prediction, Scores):
            [best] = decide.choose(prediction, flow.decide)[0]
            rows.append((row["repo"], OURS[row["label"]], best.label, best.score))
    return rows


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
