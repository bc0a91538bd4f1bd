"""Tokens whose form a service made known, and what only begins like one."""

import time

import pytest

from hubpipe.redaction import FORMS, REDACTED
from hubpipe.redaction.services import FORMS as ROWS
from hubpipe.redaction.services import may_hold_one, places
from tests.leaked_services import BY_THEMSELVES, IN_COMPANY, NEARLY

AROUND = ("I set {} , and it broke", "`{}`", "```\n{}\n```", "({})", 'KEY="{}"', "See {}.", "a,{},b", "{}")
LONG = 30_000  # characters


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("name", BY_THEMSELVES)
def test_a_token_goes_wherever_it_stands(name: str) -> None:
    for form in AROUND:
        said = FORMS.text(form.format(BY_THEMSELVES[name]))
        assert BY_THEMSELVES[name][4:] not in said, form
        assert said.replace(REDACTED, "{}").strip(".)") == form.strip(".)"), said


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("name", IN_COMPANY)
def test_a_secret_goes_from_beside_what_tells_what_it_is(name: str) -> None:
    secret, company = IN_COMPANY[name]
    for form in ("{}", "I tried\n\n```\n{}\n```\n\nbut no"):
        said = FORMS.text(form.format(company.format(secret)))
        assert not any(line in said for line in secret.splitlines()), said
        assert said.startswith(form.partition("{")[0] + company.partition("{")[0][:6])
        assert said.count("\n") == form.count("\n") + company.count("\n") + secret.count("\n")


@pytest.mark.parametrize("name", NEARLY)
def test_what_only_begins_like_one_stays(name: str) -> None:
    assert FORMS.text(f"See {NEARLY[name]} here.") == f"See {NEARLY[name]} here."


def test_a_look_finds_what_the_places_are_of() -> None:
    for text in (*BY_THEMSELVES.values(), *(company.format(secret) for secret, company in IN_COMPANY.values())):
        assert may_hold_one(text) == any(places(text))


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("piece", ["a", "A_", "1", "0-", "a.", "\n", "+="])
def test_no_row_takes_long_for_beginnings_without_end(piece: str) -> None:
    begun = [literal + piece * 40 for literal, _ in ROWS] + [f"{literal}{piece}" for literal, _ in ROWS]
    begun += ["A_TOKEN=", "Authorization: Bearer ", "---- BEGIN SSH2 PRIVATE KEY ----\n", "Private-Lines: 1\n", "://a1"]
    for one in begun:
        text = (one * LONG)[:LONG]
        started = time.process_time()
        list(places(text))
        assert time.process_time() - started < 1, one
