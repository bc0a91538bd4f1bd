"""Turn issues into seconds: from the webhook that tells of one until its label is on GitHub, by a bot that is warm.

    python -m benchmarks.to_label [--issues 30] [--together 160] [--database postgresql://...]

GitHub is the tests' stand-in on the same machine, so that what is measured is hubpipe and its database, not the way to
GitHub; the model is the embedded one. First one issue at a time, then many that come together, of sixteen
installations: how many of them a worker does in a second. What batches give is in benchmarks/batching.py.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.machine import machine
from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.conftest import running_github
from tests.server.bot import Bot, Process, deliver, settle
from tests.server.conftest import environ_of
from tests.standin.standin import StandIn

TITLE = "The application crashes with a segmentation fault on startup ({number})"
BODY = "Steps to reproduce: start it. It crashes with an exception every time. Expected: it does not crash."
LABELS = ("bug", "enhancement", "question")
WARM_UP, LIMIT = 3, 60
STAGE = re.compile(r'^hubpipe_(?:stage|ingest)_seconds_(sum|count)(?:\{stage="([\w ]+)"\})? (\S+)$', re.MULTILINE)
ALL = "from webhook to label: p50 {half:.3f} s, p95 {most:.3f} s, {low:.3f} to {high:.3f} s over {count} issues"
TOGETHER = "{count} issues together: {rate:.1f} a second; memory {now} MB, at most {most} MB"
INSTALLATIONS = 16
MEMORY = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB$", re.MULTILINE)
PART = "  {name:<14} {seconds:.4f} s"


def until_labelled(process: Process, standin: StandIn, number: int) -> float:
    """Open an issue, tell of it, and take the seconds until it has a label."""
    issue = standin.open_issue(TITLE.format(number=number), BODY)
    payload, wanted = standin.event("issues", "opened", issue), ("POST", f"/issues/{issue}/labels")
    began = time.perf_counter()
    answer = deliver(process.url, "issues", payload)
    if answer.status != 202:
        raise SystemExit(f"the bot answered {answer.status}: {answer.data!r}")
    while wanted not in standin.writes:
        if time.perf_counter() - began > LIMIT:
            raise SystemExit(f"no label after {LIMIT} seconds:\n{process.words()}")
        time.sleep(0.001)
    return time.perf_counter() - began


def together(process: Process, standin: StandIn, ledger: Ledger, count: int) -> None:
    """Tell of many issues at once, wait until all are done, and print how many a second that were."""
    ended = sum(ledger.counts().values())
    issues = [standin.open_issue(TITLE.format(number=number), BODY) for number in range(count)]
    payloads = [standin.event("issues", "opened", issue) for issue in issues]
    began = time.perf_counter()
    for number, payload in enumerate(payloads):
        deliver(process.url, "issues", payload | {"installation": {"id": number % INSTALLATIONS + 1}})
    settle(ledger, ended + count)
    rate = count / (time.perf_counter() - began)
    told = dict(MEMORY.findall(Path(f"/proc/{process.process.pid}/status").read_text()))
    now, most = (int(told[name]) // 1024 for name in ("VmRSS", "VmHWM"))
    print(TOGETHER.format(count=count, rate=rate, now=now, most=most))


def stages(process: Process) -> dict[str, tuple[float, float]]:
    """Give the seconds of each stage until now, and how many of it there were."""
    found: dict[str, dict[str, float]] = {}
    for kind, name, value in STAGE.findall(process.get("/metrics").data.decode()):
        found.setdefault(name or "ingest", {})[kind] = float(value)
    return {name: (one["sum"], one["count"]) for name, one in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=30)
    parser.add_argument("--together", type=int, default=160)
    parser.add_argument("--database", help="postgresql://USER:PASSWORD@HOST/NAME; without it, SQLite")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name, running_github(Path(name)) as server:
        folder, standin = Path(name), server.repository("octo-repo")
        for label in LABELS:
            standin.add_label(label)
        bot = Bot(folder, arguments.database or f"sqlite:///{folder}/bot.sqlite", environ_of(standin))
        ledger = Ledger(open_database(bot.database))
        # Else the first minute's limit of an installation would be measured.
        with bot.running("all", "--per-minute", "10000") as process:
            for number in range(WARM_UP):
                until_labelled(process, standin, number)
            settle(ledger, WARM_UP)
            before = stages(process)
            took = sorted(until_labelled(process, standin, number) for number in range(arguments.issues))
            settle(ledger, WARM_UP + arguments.issues)
            after = stages(process)
            together(process, standin, ledger, arguments.together)
        ledger.close()
    last = took[min(len(took) - 1, round(0.95 * len(took)))]
    print(ALL.format(half=median(took), most=last, low=took[0], high=took[-1], count=len(took)))
    for stage, (seconds, count) in after.items():
        earlier = before.get(stage, (0.0, 0.0))
        if count > earlier[1]:
            print(PART.format(name=stage, seconds=(seconds - earlier[0]) / (count - earlier[1])))


if __name__ == "__main__":
    main()
