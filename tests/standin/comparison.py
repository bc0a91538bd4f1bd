"""Turn two trees of a repository into GitHub's list of changed files and their diff, by Git itself."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# GitHub leaves the patch of such a file out of its list.
PATCH_LINES = 3_000
PATCH_BYTES = 1_000_000

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}
SUBMODULE = "160000"

Tree = Mapping[str, tuple[str, str]]
"""Mode and id of each file, by its path."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two trees; each file's JSON is GitHub's, with its whole patch."""

    files: tuple[dict[str, Any], ...]
    diff: bytes

    @property
    def lines(self) -> int:
        """How many lines were added and removed in all."""
        return sum(file["changes"] for file in self.files)

    def listed(self) -> list[dict[str, Any]]:
        """Give the files as GitHub lists them: without the patches that are too large."""
        return [{key: value for key, value in file.items() if key != "patch" or _fits(file)} for file in self.files]


def compare(before: Tree, after: Tree, read: Callable[[str], bytes]) -> Comparison:
    """Let Git compare two trees; `read` gives a blob by its id."""
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    with tempfile.TemporaryDirectory() as folder:
        git = Git(Path(folder))
        git.run("init", "--quiet", "--bare")
        git.run("fast-import", "--quiet", stdin=b"".join(_stream(changed, before, after, read)))
        return git.comparison()


@dataclass(frozen=True)
class Git:
    """A bare repository with the branches `before` and `after`."""

    folder: Path

    def run(self, *words: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=ALONE, input=stdin, capture_output=True, check=True
        ).stdout

    def comparison(self) -> Comparison:
        """Read what Git says of the two: the facts, the counts and the patches come in one order."""
        facts, counts = (self._diff(form, "-z").decode(errors="replace") for form in ("--raw", "--numstat"))
        diff = self._diff("--patch")
        parts = (b"\n" + diff).split(b"\ndiff --git ")[1:]
        found = zip(_facts(facts), _counts(counts), parts, strict=True)
        return Comparison(tuple(_file(*one) for one in found), diff)

    def _diff(self, form: str, *more: str) -> bytes:
        options = ["--find-renames", "--no-ext-diff", "--no-textconv", *(["--abbrev=40"] if form == "--raw" else [])]
        return self.run("diff", form, *more, *options, "before", "after")


def _stream(changed: set[str], before: Tree, after: Tree, read: Callable[[str], bytes]) -> Iterator[bytes]:
    """Write two commits, of what differs alone. Source: https://git-scm.com/docs/git-fast-import"""
    for branch, tree in (("before", before), ("after", after)):
        yield f"commit refs/heads/{branch}\ncommitter A <a@b> 0 +0000\ndata 0\n".encode()
        for path in sorted(changed & tree.keys()):
            mode, sha = tree[path]
            if mode == SUBMODULE:
                yield f"M {mode} {sha} {_quoted(path)}\n".encode()
            else:
                data = read(sha)
                yield f"M {mode} inline {_quoted(path)}\ndata {len(data)}\n".encode() + data + b"\n"


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _facts(raw: str) -> Iterator[tuple[str, str, str, str | None]]:
    """Give status, blob, path and earlier path of each file."""
    words = iter(raw.split("\0"))
    for head in words:
        if not head:
            return
        _, _, old, new, status = head.split(" ")
        path = next(words)
        previous, path = (path, next(words)) if status.startswith("R") else (None, path)
        yield STATUSES[status[0]], old if status == "D" else new, path, previous


def _counts(numstat: str) -> Iterator[tuple[int, int]]:
    words = iter(numstat.split("\0"))
    for head in words:
        if not head:
            return
        added, removed, path = head.split("\t")
        if not path:  # a rename: two names follow
            next(words), next(words)
        yield int(added.replace("-", "0")), int(removed.replace("-", "0"))


def _file(fact: tuple[str, str, str, str | None], counts: tuple[int, int], part: bytes) -> dict[str, Any]:
    status, sha, path, previous = fact
    added, removed = counts
    file: dict[str, Any] = {"sha": sha, "filename": path, "status": status}
    file |= {"additions": added, "deletions": removed, "changes": added + removed}
    at = part.find(b"\n@@ ")
    patch = {} if at < 0 else {"patch": part[at + 1 :].decode(errors="replace").removesuffix("\n")}
    return file | ({} if previous is None else {"previous_filename": previous}) | patch


def _fits(file: Mapping[str, Any]) -> bool:
    return file["changes"] <= PATCH_LINES and len(file["patch"]) <= PATCH_BYTES
