"""A learned model says what it learned from, and when it should learn again."""

from datetime import UTC, datetime

import pytest

from hubpipe.models.learned.age import spoke

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
KNOWN = {"learned": 300, "since": "2025-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:00+00:00"}
PLAIN = "learned speaks, learned from 300 issues until 2026-01-01"


def test_a_model_that_is_no_older_than_half_of_its_history_just_speaks() -> None:
    assert spoke("learned", KNOWN, NOW) == PLAIN


def test_an_older_one_says_how_old_it_is_and_what_to_do() -> None:
    said = spoke("learned", KNOWN, NOW.replace(month=8))

    assert said.startswith(f"{PLAIN}, 212 days ago, from a history of 365 days:")
    assert "hubpipe train" in said


def test_a_month_is_never_too_old() -> None:
    week = KNOWN | {"since": "2025-12-25T00:00:00+00:00"}

    assert spoke("learned", week, datetime(2026, 1, 30, tzinfo=UTC)) == PLAIN
    assert "39 days ago" in spoke("learned", week, datetime(2026, 2, 9, tzinfo=UTC))


def test_a_model_of_issues_without_dates_has_no_age() -> None:
    assert (
        spoke("learned", {"learned": 300, "since": None, "until": None}, NOW)
        == "learned speaks, learned from 300 issues"
    )
    assert spoke("learned", {}, NOW) == "learned speaks, learned from ? issues"


def test_a_model_from_the_future_just_speaks() -> None:
    assert spoke("learned", KNOWN, datetime(2020, 1, 1, tzinfo=UTC)) == PLAIN


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-13-01", 7, ["2026-01-01"], {"a": 1}, "9" * 5_000])
def test_dates_that_are_none_are_left_out(odd: object) -> None:
    assert spoke("learned", {**KNOWN, "until": odd}, NOW) == "learned speaks, learned from 300 issues"
    assert spoke("learned", {**KNOWN, "since": odd}, NOW.replace(year=2030)) == PLAIN


def test_a_date_without_a_zone_is_of_utc() -> None:
    naive = KNOWN | {"since": "2025-01-01", "until": "2026-01-01T00:00:00"}

    assert spoke("learned", naive, NOW) == PLAIN
    assert "days ago" in spoke("learned", naive, NOW.replace(year=2027))
