"""How long a limit is waited for: by the server's clock, bounded, whatever the head says."""

import time
from email.utils import formatdate

import pytest

from hubpipe.github.limits import LONGEST_WAIT, SHORTEST_WAIT, UNNAMED_WAIT, retry_after, seconds_until_allowed

pytestmark = pytest.mark.threat("fault", "faults")

NOW = 1_700_000_000
THERE = {"date": formatdate(NOW, usegmt=True)}


def at(seconds: float) -> str:
    return formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 30 "}, 30),
        ({"retry-after": "0"}, SHORTEST_WAIT),
        ({"retry-after": "9" * 200}, LONGEST_WAIT),
        ({"retry-after": at(30), **THERE}, 30),
        ({"retry-after": at(-30), **THERE}, SHORTEST_WAIT),
        ({"retry-after": at(9e8), **THERE}, LONGEST_WAIT),
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 30), **THERE}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 30), **THERE}, 31),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW - 3600), **THERE}, SHORTEST_WAIT),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0", **THERE}, SHORTEST_WAIT),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 200, **THERE}, LONGEST_WAIT),
        ({"x-ratelimit-remaining": "17", "x-ratelimit-reset": str(NOW + 30), **THERE}, UNNAMED_WAIT),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, UNNAMED_WAIT),
        ({"retry-after": "²"}, UNNAMED_WAIT),
        ({"retry-after": "-5"}, UNNAMED_WAIT),
        ({"retry-after": "Tue, 99 Foo 2026"}, UNNAMED_WAIT),
        ({}, UNNAMED_WAIT),
    ],
)
def test_a_limit_is_waited_for(headers: dict[str, str], seconds: float) -> None:
    assert seconds_until_allowed(headers) == pytest.approx(seconds)


@pytest.mark.parametrize("wrong", [-86_400, 86_400])
def test_a_clock_that_is_wrong_by_a_day_changes_nothing_where_the_server_tells_its_own(
    wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW + wrong))
    limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 30)}
    assert seconds_until_allowed({**limit, **THERE}) == 31
    assert seconds_until_allowed(limit) in (SHORTEST_WAIT, LONGEST_WAIT)


def test_a_server_that_names_no_time_to_come_back_names_none() -> None:
    assert retry_after({"x-ratelimit-remaining": "0"}) is None
