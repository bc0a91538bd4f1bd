"""Turn the repository's files into what would let something else run than what was written.

The checks of OpenSSF Scorecard that need no network (https://github.com/ossf/scorecard/blob/main/docs/checks.md), over
the files that Git tracks. scripts/workflows.py has those of workflows.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from scripts.locks import Locked
from scripts.workflows import PIPED

ROOT = Path(__file__).parents[1]
VENDORED = ROOT / "scripts" / "vendored.sha256"
# Files that nobody can read in a review, and why each may be here.
BINARIES = {
    "docs/images/delivery.png": "a picture of the bot's page, drawn by tests/server/test_page_look.py",
    "docs/images/page-dark.png": "a picture of the bot's page, drawn by tests/server/test_page_look.py",
    "docs/images/page-light.png": "a picture of the bot's page, drawn by tests/server/test_page_look.py",
    "docs/images/pull-request-comment.png": "a picture of a comment, drawn by tests/test_look.py",
    "src/hubpipe/models/zero_day/model.safetensors": "numbers alone; a test learns them again from scripts/zero_day/",
}
LOOKED_AT = 8_000  # bytes: where Git looks for a NUL, too
SECRET = re.compile(r"\b\w*(TOKEN|SECRET|PASSWORD|CREDENTIAL|API_?KEY)\w*\b", re.IGNORECASE)

BASE_NOT_PINNED = "Dockerfile: `FROM {base}` has no digest: write name:tag@sha256:..."
NOT_LOCKED = "Dockerfile: a `pip install` without `--require-hashes --no-deps --requirement` of a lock"
SYSTEM_PACKAGES = "Dockerfile: `{tool}` installs what no lock names: take the base image's, or a wheel of a lock"
DOWNLOADED = "Dockerfile: something is downloaded without its hash: use a lock"
LEFT_INSIDE = "Dockerfile: {name} would stay in a layer of the image: give it at run time"
BINARY = "{path} cannot be read in a review: keep what it is made of instead, or say in BINARIES why it is here"
NO_HASH = "{lock}: {name} has no hash: run `make lock`"
MISSING = "{lock} has not {requirement}, which pyproject.toml asks for: run `make lock`"
TWO_VERSIONS = "{name} is {versions} in different locks: run `make lock`"
CHANGED = "{path} is not the vendored file: its sha256 is {found}, expected {expected}; run the script that fetched it"


def tracked(root: Path = ROOT) -> list[str]:
    """Name the files that Git tracks and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout  # noqa: S607
    return [name for name in listed.split("\0") if name and (root / name).is_file()]


def binaries(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Tell of files that are no text."""
    for name in names:
        with (root / name).open("rb") as file:
            if name not in BINARIES and b"\0" in file.read(LOOKED_AT):
                yield BINARY.format(path=name)


def image(dockerfile: str) -> Iterator[str]:
    """Tell what a Dockerfile lets in unseen, or leaves inside."""
    stages: set[str] = set()
    for instruction, words in _instructions(dockerfile):
        if instruction == "FROM":
            base, *named = words.split()
            if base not in stages and not re.search(r"@sha256:[0-9a-f]{64}$", base):
                yield BASE_NOT_PINNED.format(base=words)
            stages.update(named[1:])
        if instruction in {"ARG", "ENV"}:
            yield from (LEFT_INSIDE.format(name=found[0]) for found in SECRET.finditer(words))
        if instruction == "ADD" or PIPED.search(words) or re.search(r"\b(curl|wget|git clone)\b", words):
            yield DOWNLOADED
        if instruction == "RUN":
            yield from _installs(words)


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def _installs(words: str) -> Iterator[str]:
    for command in re.split(r"&&|;|\|\|", words):
        found = set(command.split())
        if re.search(r"\bpip3? install\b", command) and not {"--require-hashes", "--no-deps", "--requirement"} <= found:
            yield NOT_LOCKED
        for tool in re.findall(r"\b(apt-get|apt|npm|conda|apk)\b", command):
            yield SYSTEM_PACKAGES.format(tool=tool)


def locked(locks: Mapping[str, tuple[Locked, ...]], project: Mapping[str, Any]) -> Iterator[str]:
    """Tell where the locks have no hash, differ from each other, or from what pyproject.toml asks for."""
    versions: dict[str, set[str]] = {}
    for lock, entries in locks.items():
        for entry in entries:
            versions.setdefault(entry.name, set()).add(entry.version.public)
            if not entry.hashes:
                yield NO_HASH.format(lock=lock, name=entry.name)
    for name, found in versions.items():
        if len(found) > 1:
            yield TWO_VERSIONS.format(name=name, versions=" and ".join(sorted(found)))
    for lock, requirements in _asked(project).items():
        present = {entry.name: entry.version for name in (lock, "torch.lock") for entry in locks[name]}
        for requirement in requirements:
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            if name not in present or not requirement.specifier.contains(present[name].public, prereleases=True):
                yield MISSING.format(lock=lock, requirement=requirement)


def _asked(project: Mapping[str, Any]) -> Mapping[str, list[Requirement]]:
    own = project["project"]
    runtime = [Requirement(line) for line in own["dependencies"]]
    full, bot = (list(_extra(own, name)) for name in ("full", "bot"))
    build = [Requirement(line) for line in project["build-system"]["requires"]]
    groups = project["dependency-groups"]
    development = [Requirement(line) for line in groups["dev"] if isinstance(line, str)]
    return {
        "runtime.lock": runtime,
        "full.lock": runtime + full,
        "bot.lock": runtime + bot,
        "dev.lock": runtime + full + bot + development + build,
        "build.lock": build + [Requirement(line) for line in groups["build"]],
    }


def _extra(own: Mapping[str, Any], name: str) -> Iterator[Requirement]:
    for requirement in map(Requirement, own["optional-dependencies"][name]):
        if requirement.name == own["name"]:
            for inner in requirement.extras:
                yield from _extra(own, inner)
        else:
            yield requirement


def vendored(root: Path, sums: str) -> Iterator[str]:
    """Tell which vendored files are no more what was fetched; `sums` is what `sha256sum` wrote."""
    for line in sums.splitlines():
        expected, name = line.split(maxsplit=1)
        found = hashlib.sha256((root / name).read_bytes()).hexdigest()
        if found != expected:
            yield CHANGED.format(path=name, found=found, expected=expected)
