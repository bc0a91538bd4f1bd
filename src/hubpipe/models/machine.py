"""Tell what the machine has left: memory for a model, disk for its files."""

import shutil
from pathlib import Path

MEMORY = Path("/proc/meminfo")
# Of a container, its version 2 and its version 1: https://docs.kernel.org/admin-guide/cgroup-v2.html
GROUP = Path("/sys/fs/cgroup")
GROUP_1 = GROUP / "memory"


def free_memory() -> int | None:
    """Tell how many bytes a process can still take: the least that the machine and its container have.

    None where the system does not tell (it is no Linux).
    """
    known = [left for left in (_machine(MEMORY), _group(GROUP), _group_1(GROUP_1)) if left is not None]
    return min(known) if known else None


def free_disk(folder: Path) -> int:
    """Tell how many bytes are free where a folder is, or will be made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def _machine(file: Path) -> int | None:
    kilobytes = _table(file).get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _group(folder: Path) -> int | None:
    cached = _table(folder / "memory.stat").get("inactive_file", 0)
    return _left(_number(folder / "memory.max"), _number(folder / "memory.current"), cached)


def _group_1(folder: Path) -> int | None:
    cached = _table(folder / "memory.stat").get("total_inactive_file", 0)
    return _left(_number(folder / "memory.limit_in_bytes"), _number(folder / "memory.usage_in_bytes"), cached)


def _left(limit: int | None, used: int | None, cached: int) -> int | None:
    """Give what is left below a limit; what only caches files is given back when it is needed."""
    return None if limit is None or used is None else max(0, limit - max(0, used - cached))


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None


def _table(file: Path) -> dict[str, int]:
    rows = (line.split() for line in _text(file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""
