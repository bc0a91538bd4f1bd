"""Turn warm deliveries into a table: how many a second pass through classification, batched and one at a time.

    python -m benchmarks.batching [--rounds 5] [--deliveries 64] [--at-once 32] [--threads N]

A delivery is an issue of scripts/zero_day through a whole flow without GitHub: secrets out, text composed and fitted,
zero-shot labels by the embedded model, decided, a dry run. Each repository has labels of its own, so that only the
encoder can be shared. One at a time is the same process, shelf and threads, whose encoder reads one issue a call.
Both ways take the same issues, in turn, so that a busy machine slows both alike; no way reads an issue twice.
"""

import argparse
import json
import os
import platform
import random
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch

from hubpipe import config, run
from hubpipe.config import Config
from hubpipe.event import Event, Subject
from hubpipe.models.base import Places, Scores
from hubpipe.report import Report
from hubpipe.server.warm import WarmShelf, warm_up
from hubpipe.server.warmth import Warmth
from hubpipe.sinks import dry_run

HERE = Path(__file__).parent
ISSUES = HERE.parent / "scripts" / "zero_day"
PLACES = Places(offline=True)
# Zero-shot reads an issue as two texts: its title, and all of it.
ONE_ISSUE = 2
REPOSITORIES = 32
LABELS = {"bug": "Something isn't working", "enhancement": "New feature or request", "question": "A question"}
AREAS = ("network", "storage", "parser", "interface", "build", "tests", "plugins", "security")


@dataclass
class Way:
    """One way to ask, and what came of it.

    `rates` are deliveries a second, `waits` the seconds from a round's start to a delivery's end, `worked` seconds of
    processors a delivery, which a busy machine changes least.
    """

    name: str
    warmth: Warmth
    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)


def settings_of(number: int) -> Config:
    """Give the configuration of a repository, with two labels that no other has."""
    areas = {
        f"{area} {number}": f"About the {area} of part {number}" for area in (AREAS[number % 8], AREAS[-number % 8])
    }
    flow = {
        "on": {"issues": ["opened"]},
        "pipeline": {"task": "zero-shot-classification", "model": "embedded", "labels": LABELS | areas},
        "decide": {"threshold": 0.3, "max_labels": 1},
        "publish": ["labels"],
    }
    return config.parse(json.dumps({"version": 1, "flows": {"type": flow}}))


def deliveries() -> list[Event]:
    """Give the issues as deliveries, in an order of chance that is the same each time."""
    lines = [line for file in sorted(ISSUES.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    random.Random(0).shuffle(lines)  # noqa: S311 - no secret
    issues = [json.loads(line) for line in lines]
    return [
        Event("issues", "opened", f"octo/repo-{place % REPOSITORIES}", Subject("issue", place + 1, **issue))
        for place, issue in enumerate(issues)
    ]


def pass_through(way: Way, events: Sequence[Event], configs: Sequence[Config], at_once: int) -> None:
    """Let deliveries through, so many at once, and note how long all of them and each of them took."""

    def one(event: Event) -> tuple[Report, float]:
        settings = configs[int(event.repo.rpartition("-")[2])]
        report = run.handle(event, settings, None, WarmShelf(PLACES, way.warmth), dry_run.publish)
        return report, time.perf_counter() - began

    with ThreadPoolExecutor(at_once) as pool:
        began, worked = time.perf_counter(), time.process_time()
        done = list(pool.map(one, events))
        seconds = time.perf_counter() - began
        way.worked.append((time.process_time() - worked) / len(events))
    for report, waited in done:
        if error := report.flows[0].error:
            raise SystemExit(f"a delivery failed: {error}")
        way.reports.append(report)
        way.waits.append(waited)
    way.rates.append(len(events) / seconds)


def differs(one: Report, other: Report) -> float:
    """Give by how much the scores of two reports differ at most."""
    first, second = (report.flows[0].steps[0].prediction for report in (one, other))
    if not isinstance(first, Scores) or not isinstance(second, Scores):
        raise SystemExit("a delivery has no scores")
    scores = {score.label: score.score for score in second.scores}
    return max(abs(score.score - scores[score.label]) for score in first.scores)


def row(way: Way) -> str:
    """Describe one way."""
    rates, waits = sorted(way.rates), sorted(way.waits)
    return (
        f"{way.name:<14} {median(rates):7.1f} /s  ({rates[0]:.1f} to {rates[-1]:.1f})"
        f"   until done: median {median(waits):5.2f} s, worst {waits[-1]:5.2f} s"
        f"   CPU {median(way.worked) * 1000:4.0f} ms each"
    )


def settings(given: argparse.Namespace) -> str:
    """Describe what the figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("hubpipe", "torch", "sentence-transformers"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads of torch, load {load:.1f}, "
        f"Python {platform.python_version()}, {libraries}\n"
        f"{given.rounds} rounds of {given.deliveries} deliveries, {REPOSITORIES} repositories, {given.at_once} at once"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deliveries", type=int, default=64, help="of one round")
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--threads", type=int, help="of torch; without it, what torch takes by itself")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    events, configs = deliveries(), [settings_of(number) for number in range(REPOSITORIES)]
    ways = [Way("batched", Warmth()), Way("one at a time", Warmth(texts=ONE_ISSUE))]
    began = time.perf_counter()
    warm_up(ways[0].warmth, PLACES)
    print(settings(given))
    print(f"warm-up {time.perf_counter() - began:.1f} s, then {_megabytes():.0f} MB")
    warm_up(ways[1].warmth, PLACES)
    first, events = events[:REPOSITORIES], events[REPOSITORIES:]
    for way in ways:
        # What each repository's labels cost is paid by its first delivery; it is told apart.
        pass_through(way, first, configs, given.at_once)
        print(f"{way.name}: first deliveries of {REPOSITORIES} repositories {way.rates.pop():.1f} /s")
        way.waits.clear()
        way.reports.clear()
        way.worked.clear()
    for number in range(min(given.rounds, len(events) // given.deliveries)):
        chosen = events[number * given.deliveries : (number + 1) * given.deliveries]
        for way in ways[:: 1 if number % 2 else -1]:
            pass_through(way, chosen, configs, given.at_once)
    for way in ways:
        print(row(way), flush=True)
    batched, alone = ways
    ratios = sorted(one / other for one, other in zip(batched.rates, alone.rates, strict=True))
    most = max(map(differs, batched.reports, alone.reports))
    print(f"batched against one at a time: x{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"scores differ by {most:.1e} at most; {_megabytes():.0f} MB at the peak")


def _megabytes() -> float:
    """Give the most memory that the process has taken; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
