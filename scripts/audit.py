"""Turn the locks into a verdict on known vulnerabilities in what hubpipe installs.

    .venv/bin/python -m scripts.audit [--required] [--osv URL]

pip-audit asks PyPI, or the OSV database at URL (a local one, say). What the database does not know was not audited, and
is told: pip-audit alone would say that there is no vulnerability. Exit status: 1 for a vulnerability, 2 where
--required is given and something was not audited.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import locks

VULNERABLE = "{name} {version}: {id}, fixed in {fixed}"
NO_FIX = "no release yet"
CLEAN = "audited {count} packages: no known vulnerability"
NOT_AUDITED = "NOT AUDITED: {reason}"
UNKNOWN = "the database does not know {count} of {all} packages ({names}): is it a mirror that has no vulnerabilities?"
NO_ANSWER = "the database did not answer: {reason}"
SHOWN = 5


@dataclass(frozen=True)
class Verdict:
    """What the database said: vulnerabilities as lines, how many packages it knew, and why others were not audited."""

    vulnerabilities: tuple[str, ...]
    audited: int
    reason: str | None


def packages() -> list[str]:
    """Name all packages of all locks; a local build (torch's +cpu) stands under its public version."""
    return sorted({f"{locked.name}=={locked.version.public}" for lock in locks.every().values() for locked in lock})


def ask(requirements: list[str], osv: str | None) -> Verdict:
    """Let pip-audit ask about each package."""
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder, "requirements.txt"), Path(folder, "audit.json")
        asked.write_text("\n".join(requirements), "utf-8")
        service = ["--vulnerability-service", "osv", "--osv-url", osv] if osv else []
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--output", str(told)]
        command = [sys.executable, "-m", "pip_audit", *options, *service, "--requirement", str(asked)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not told.is_file():
            last = (done.stderr.strip() or "no reason given").splitlines()[-1]
            return Verdict((), 0, NO_ANSWER.format(reason=last))
        return read(json.loads(told.read_text("utf-8"))["dependencies"])


def read(dependencies: list[dict[str, Any]]) -> Verdict:
    """Read what pip-audit writes of each package in its JSON format."""
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    names = ", ".join(unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
    reason = UNKNOWN.format(count=len(unknown), all=len(dependencies), names=names) if unknown else None
    return Verdict(tuple(_told(dependencies)), len(dependencies) - len(unknown), reason)


def _told(dependencies: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in dependencies:
        for found in one.get("vulns", ()):
            fixed = ", ".join(found["fix_versions"]) or NO_FIX
            yield VULNERABLE.format(name=one["name"], version=one["version"], id=found["id"], fixed=fixed)


def main(arguments: list[str]) -> int:
    """Tell the verdict, in GitHub Actions as annotations, too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--required", action="store_true")
    parser.add_argument("--osv", metavar="URL")
    options = parser.parse_args(arguments)
    verdict = ask(packages(), options.osv)
    for line in verdict.vulnerabilities:
        _say("error", line)
    if verdict.reason is not None:
        _say("error" if options.required else "warning", NOT_AUDITED.format(reason=verdict.reason))
    elif not verdict.vulnerabilities:
        print(CLEAN.format(count=verdict.audited))
    if verdict.vulnerabilities:
        return 1
    return 2 if options.required and verdict.reason is not None else 0


def _say(level: str, line: str) -> None:
    line = " ".join(line.split())  # a database's words begin no line: GitHub would read commands there
    print(f"::{level}::{line}" if os.environ.get("GITHUB_ACTIONS") else line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
