"""Traits: what tells kinds of issues apart, whatever they are about."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.models.learned.traits import NAMES, traits


def trait(name: str, title: str = "", body: str = "") -> float:
    return float(traits([title], [body])[0, NAMES.index(name)])


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("title: asks", "Does it work on Windows?"),
        ("title: begins as a question", "[docs] How is this meant"),
        ("title: how to", "I wonder how to do this"),
        ("title: begins with a wish", "Add dark mode"),
        ("title: proposes", "Feature request: dark mode"),
        ("title: fails", "The parser crashes on empty input"),
        ("title: denies", "It doesn't start"),
        ("title: documents", "Typo in the README"),
        ("title: names an error", "KeyError when reading a file"),
        ("title: code", "parse_all() is slow"),
        ("title: version", "Slow since 2.1"),
    ],
)
def test_a_title_has_a_trait_that_another_lacks(name: str, title: str) -> None:
    assert trait(name, title) > 0
    assert trait(name, "Zebra crossing") == 0


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("body: begins as a question", "It stops. Is this meant?"),
        ("body: wishes", "It would be nice to have this."),
        ("body: form of a failure", "### Steps to reproduce"),
        ("body: declares a bug", "### Issue type\n\nBug"),
        ("body: declares a feature", "Type: Feature Request"),
        ("body: declares a question", "### Issue type\n\nSupport"),
        ("body: headings", "## Environment"),
        ("body: trace in code", "```\nTraceback (most recent call last):\n```"),
        ("body: ends with a question", "Can I?"),
        ("first lines: greets", "Hello, this is fine"),
    ],
)
def test_a_body_has_a_trait_that_another_lacks(name: str, body: str) -> None:
    assert trait(name, body=body) > 0
    assert trait(name, body="zebra crossing") == 0


def test_words_in_code_are_not_what_its_author_says() -> None:
    assert trait("body: fails", body="```\nerror error error\n```") == 0
    assert trait("body: fails", body="error error error") == pytest.approx(np.log(4))


def test_a_fence_that_is_never_closed_ends_with_the_text() -> None:
    assert trait("body: blocks of code", body="Look:\n```\nerror") == pytest.approx(np.log(2))
    assert trait("body: fails", body="Look:\n```\nerror") == 0


def test_an_empty_issue_has_traits_too() -> None:
    found = traits([""], [""])
    assert found.shape == (1, len(NAMES))
    assert found[0, NAMES.index("body: empty")] > 0


def test_no_issues_have_no_rows() -> None:
    assert traits([], []).shape == (0, len(NAMES))


def test_a_text_of_any_length_is_read_in_bounded_time() -> None:
    huge = ("a b? " * 20_000) + ("`" * 5_000) + ("# \n" * 5_000) + ("@" * 10_000)
    assert np.isfinite(traits([huge], [huge])).all()


@given(st.text(alphabet=st.characters(codec=None)), st.text(alphabet=st.characters(codec=None)))
def test_any_text_has_finite_traits_that_are_not_negative(title: str, body: str) -> None:
    found = traits([title], [body])
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("line", ["=\n", "-\n", "\n", "-- \n", "type ", "type -\n", " \n", "**a**\n", "1. \n"])
def test_lines_that_begin_alike_are_read_once_each(line: str) -> None:
    [row] = traits([line * 30_000], [line * 30_000])
    assert np.isfinite(row).all()


def test_what_a_form_says_of_an_issue_is_found_behind_empty_lines_and_signs() -> None:
    column = NAMES.index("body: declares a bug")
    bodies = ["### Type\n\nBug", "\n\n- **Issue type:**\n\n[ ] bug", "type:bug", "It is of type bug", "Kind\n> bug"]
    assert [bool(row[column]) for row in traits([""] * len(bodies), bodies)] == [True, True, False, False, True]
