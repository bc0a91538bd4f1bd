"""Turn a lock file into the files that it lets pip install: names, versions, where they apply, hashes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

FOLDER = Path(__file__).parents[1] / "requirements"
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NOT_EXACT = "{path}: {line!r} names no single version: `make lock` writes name==version"


@dataclass(frozen=True)
class Locked:
    """One release of one package, and the sha256 of each of its files that may be installed."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as PyPI compares names."""
        return re.sub(r"[-_.]+", "-", self.requirement.name).lower()

    @property
    def version(self) -> Version:
        """The one version that is allowed."""
        [specifier] = self.requirement.specifier
        return Version(specifier.version)


def read(path: Path) -> tuple[Locked, ...]:
    """Read a lock as pip reads it; ValueError where a line allows more than one version."""
    return tuple(_entries(path))


def every() -> dict[str, tuple[Locked, ...]]:
    """Read all locks of the repository, by their names."""
    return {path.name: read(path) for path in sorted(FOLDER.glob("*.lock"))}


def _entries(path: Path) -> Iterator[Locked]:
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    for line in (line.strip() for line in lines if not line.startswith("#")):
        if not line:
            continue
        requirement = Requirement(line.partition(" --hash")[0])
        if [specifier.operator for specifier in requirement.specifier] != ["=="]:
            raise ValueError(NOT_EXACT.format(path=path.name, line=line))
        yield Locked(requirement, tuple(HASH.findall(line)))
