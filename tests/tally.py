"""Count what was tried against hubpipe: attacks, faults and payloads, by the threat that each belongs to.

A test is one of them by its mark, `@pytest.mark.threat("attack", "output")`; with `cases=100` it is a hundred. The
table of docs/threat-model.md is made of these counts: `--tally=FILE` writes them after a run.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from scripts.threats import THREATS, Counts, Kind

UNKNOWN = "{test}: threat({kind!r}, {threat!r}): the kinds are {kinds}, the threats {threats}"
NOT_EVEN = "{test} is marked as a threat and is no test of one: name a kind, a threat, and how many cases it is"


class Tally:
    """Counts the cases of the tests that passed, and those that did not: they escaped."""

    def __init__(self, file: Path | None):
        self._file = file
        self._cases: dict[str, list[tuple[Kind, str, int]]] = {}
        self._held: Counter[tuple[Kind, str]] = Counter()
        self._escaped: Counter[tuple[Kind, str]] = Counter()

    def pytest_collection_modifyitems(self, items: Iterable[pytest.Item]) -> None:
        """Note which tests try what."""
        for item in items:
            self._cases[item.nodeid] = list(_cases(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test has tried; a test that could not run tried nothing."""
        ended = report.when == "call" or report.failed
        for kind, threat, count in self._cases.get(report.nodeid, ()) if ended and not report.skipped else ():
            (self._escaped if report.failed else self._held)[kind, threat] += count

    def pytest_sessionfinish(self) -> None:
        """Write the counts, where somebody asked for them."""
        if self._file is not None:
            self._file.write_text(json.dumps(self.counts(), indent=1) + "\n", "utf-8")

    def counts(self) -> Counts:
        """Give how many cases of each kind held, and how many escaped, by threat."""
        found: Counts = {threat: {} for threat in THREATS}
        for name, counter in (("held", self._held), ("escaped", self._escaped)):
            for (kind, threat), count in counter.items():
                found[threat].setdefault(kind, {"held": 0, "escaped": 0})[name] += count
        return found


def _cases(item: pytest.Item) -> Iterator[tuple[Kind, str, int]]:
    for mark in item.iter_markers("threat"):
        if len(mark.args) != 2 or set(mark.kwargs) - {"cases"}:
            raise pytest.UsageError(NOT_EVEN.format(test=item.nodeid))
        kind, threat = mark.args
        if kind not in get_args(Kind) or threat not in THREATS:
            known = {"kinds": ", ".join(get_args(Kind)), "threats": ", ".join(THREATS)}
            raise pytest.UsageError(UNKNOWN.format(test=item.nodeid, kind=kind, threat=threat, **known))
        yield kind, threat, mark.kwargs.get("cases", 1)
