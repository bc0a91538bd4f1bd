"""What is tried against hubpipe is counted by threat, and what gets through is told."""

import json
from pathlib import Path

from scripts.threats import THREATS, table, total

pytest_plugins = ["pytester"]

CONFTEST = """\
from tests.conftest import pytest_addoption, pytest_configure
"""


def test_held_and_escaped_are_counted_apart(pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("""
import pytest

@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize("one", [1, 2, 3])
def test_some(one): assert one < 3

@pytest.mark.threat("payload", "input", cases=100)
def test_many(): pass

@pytest.mark.threat("fault", "faults")
def test_none(): pytest.skip("no reason")
""")
    pytester.runpytest_inprocess("--tally", "counts.json").assert_outcomes(passed=3, failed=1, skipped=1)
    counts = json.loads(Path(pytester.path / "counts.json").read_text("utf-8"))
    assert counts["output"] == {"attack": {"held": 2, "escaped": 1}}
    assert counts["input"] == {"payload": {"held": 100, "escaped": 0}}
    assert counts["faults"] == {}


def test_a_mark_that_counts_nowhere_is_refused(pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("""
import pytest

@pytest.mark.threat("attack", "weather")
def test_one(): pass
""")
    found = pytester.runpytest_inprocess()
    found.stderr.fnmatch_lines(["*the threats output, injection*"])


def test_the_table_has_a_row_for_each_threat_and_one_for_all() -> None:
    written = table({"output": {"attack": {"held": 1_200, "escaped": 1}, "payload": {"held": 5, "escaped": 0}}})
    assert len(written.splitlines()) == len(THREATS) + 3
    assert "| 1,201 | 0 | 5 | 1 |" in written
    assert written.splitlines()[-1] == "| **all** | **1,201** | **0** | **5** | **1** |"


def test_the_parts_of_a_run_are_added_up() -> None:
    one = {"output": {"attack": {"held": 2, "escaped": 0}}}
    two = {"output": {"attack": {"held": 3, "escaped": 1}}, "input": {"payload": {"held": 5, "escaped": 0}}}
    found = total([one, two])
    assert found["output"] == {"attack": {"held": 5, "escaped": 1}}
    assert found["input"] == {"payload": {"held": 5, "escaped": 0}}
