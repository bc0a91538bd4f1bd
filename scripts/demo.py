"""Run the main job on the embedded model: label an issue, summarise a pull request, publish nothing."""

import logging
import os
import sys
import time
from pathlib import Path

from hubpipe.replay import Replay, replay
from hubpipe.report.plain import as_text

EXAMPLES = Path(__file__).parents[1] / "examples"
JOBS = (
    ("An issue is opened", "issue-opened.json", "issues"),
    ("A pull request is opened", "pull-request-opened.json", "pull_request"),
)


def main() -> int:
    """Replay both examples; give the exit code."""
    logging.basicConfig(stream=sys.stdout, format="   … %(message)s", level=logging.WARNING)
    logging.getLogger("hubpipe").setLevel(logging.INFO)
    environ = {name: value for name, value in os.environ.items() if name not in ("GITHUB_TOKEN", "GH_TOKEN")}
    started, code = time.monotonic(), 0
    for title, file, event in JOBS:
        print(f"\n== {title}: examples/{file}, the flow of examples/hubpipe.yml (no token, no network)\n", flush=True)
        report = replay(Replay(EXAMPLES / file, event, EXAMPLES / "hubpipe.yml", dry_run=True), environ)
        if report is not None:
            print("\n" + as_text(report))
            code = max(code, report.exit_code)
    print(f"\n== done in {time.monotonic() - started:.1f} s; nothing was published")
    return code


if __name__ == "__main__":
    sys.exit(main())
