"""What the machine has left."""

from pathlib import Path

from hubpipe.models import machine


def test_free_memory_is_the_machines_where_nothing_limits_it() -> None:
    told = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    free = machine.free_memory()
    assert free is not None
    assert 0 < free < int(told.split()[1]) * 1024


def test_a_containers_limit_counts_less_what_is_used_but_not_what_is_only_cached(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 400\ninactive_file 300\n")
    assert machine._group(tmp_path) == 400


def test_a_container_without_a_limit_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("900\n")
    assert machine._group(tmp_path) is None


def test_the_first_version_of_containers_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "memory.limit_in_bytes").write_text("1000\n")
    (tmp_path / "memory.usage_in_bytes").write_text("1200\n")
    assert machine._group_1(tmp_path) == 0


def test_a_machine_that_is_no_linux_tells_nothing(tmp_path: Path) -> None:
    assert machine._machine(tmp_path / "meminfo") is None


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    assert machine.free_disk(tmp_path / "not" / "yet") > 0
