"""Fuzz every target of tests/fuzz for FUZZ_SECONDS each (60), and fail on any escape, crash or slow input.

FUZZ_SECONDS=300 .venv/bin/python -m scripts.fuzz [TARGET ...]
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from tests.attacks.corpus import attacks
from tests.fuzz.targets import TARGETS

CACHE = Path(".cache/fuzz")
SLOW = 5  # seconds that one input may take
LONGEST = 4_096  # bytes of one input
MEMORY = 4_096  # MB
RAN = re.compile(r"Done (\d+) (?:runs|in )|^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
NOISE = re.compile(r"INFO: |#\d+\s|WARNING: ")

MISSING = "== atheris is not installed (it has no build for this platform): nothing was fuzzed"
STRANGE = "no such target: {names}; there are {known}"
FOUND = """\
== {name}: found something, in {files}
   again: .venv/bin/python -m tests.fuzz {name} {files}
   once mended, its bytes in hexadecimal go to tests/fuzz/found.json
{said}"""
HELD = "== {name}: {count:,} inputs in {seconds} s, nothing found"


def main() -> int:
    """Fuzz the named targets, or all; give the exit code: 1 where something was found, 2 for a wrong name."""
    names = sys.argv[1:] or list(TARGETS)
    if strange := set(names) - set(TARGETS):
        print(STRANGE.format(names=", ".join(sorted(strange)), known=", ".join(TARGETS)))
        return 2
    if find_spec("atheris") is None:
        print(MISSING)
        return 0
    seconds = int(os.environ.get("FUZZ_SECONDS") or 60)
    return max(_fuzz(name, seconds) for name in names)


def _fuzz(name: str, seconds: int) -> int:
    corpus, found = CACHE / name, CACHE / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    _sow(corpus, (text for one in attacks() for text in (one.text, one.says)))
    before = set(found.iterdir())
    limits = [f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}"]
    command = [sys.executable, "-m", "tests.fuzz", name, *limits, f"-artifact_prefix={found}/{name}-"]
    done = subprocess.run(
        [*command, "-print_final_stats=1", str(corpus)], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        print(HELD.format(name=name, count=_count(done.stderr), seconds=seconds), flush=True)
        return 0
    files = " ".join(sorted(str(file) for file in set(found.iterdir()) - before))
    said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if not NOISE.match(line))
    print(FOUND.format(name=name, files=files or "no file", said=said[-4_000:]), flush=True)
    return 1


def _sow(corpus: Path, texts: Iterable[str]) -> None:
    for place, text in enumerate(texts):
        (corpus / f"attack-{place}").write_bytes(text.encode("utf-8", "surrogatepass"))


def _count(said: str) -> int:
    return max((int(number) for match in RAN.findall(said) for number in match if number), default=0)


if __name__ == "__main__":
    sys.exit(main())
