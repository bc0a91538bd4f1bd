"""From a long document to windows: nothing is lost, nothing is over the limit, cuts stand where people pause."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.text import Document, Part, split
from hubpipe.text.windows import MOST_WINDOWS

WORDS = re.compile(r"\S+")
TEXTS = st.text(alphabet=st.sampled_from("ab \n.!?é漢🎉"), max_size=300)


def tokens(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in WORDS.finditer(text)]


def document(text: str) -> Document:
    return Document((Part("body", text),))


@given(TEXTS, st.integers(1, 20), st.booleans())
def test_every_token_is_in_a_window_and_no_window_is_over_the_limit(text: str, limit: int, overlapping: bool) -> None:
    fitted, windows = split(document(text), limit, tokens, overlapping=overlapping)
    assert all(window.text == text[window.start : window.end] for window in windows)
    assert all(len(tokens(window.text)) <= limit for window in windows)
    if len(windows) < MOST_WINDOWS:
        covered = {place for window in windows for place in range(window.start, window.end)}
        assert all(set(range(start, end)) <= covered for start, end in tokens(text))
        assert (fitted.read, fitted.cut) == (fitted.total, ())


@given(TEXTS, st.integers(1, 20))
def test_windows_that_do_not_overlap_and_their_gaps_are_the_whole_text(text: str, limit: int) -> None:
    _, windows = split(document(text), limit, tokens, overlapping=False)
    if len(windows) < MOST_WINDOWS:
        assert "".join(window.gap + window.text for window in windows).strip() == text.strip()
        assert not "".join(window.gap for window in windows).strip()


def test_windows_overlap_by_an_eighth() -> None:
    text = " ".join(f"word{place}" for place in range(40))
    _, windows = split(document(text), 16, tokens, overlapping=True)
    assert [(window.text.split()[0], window.text.split()[-1]) for window in windows] == [
        ("word0", "word15"),
        ("word14", "word29"),
        ("word28", "word39"),
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two three four.\n\nfive six\nseven eight nine. ten", "one two three four."),
        ("one two three four\nfive six seven eight. nine ten", "one two three four"),
        ("one two 1.2.3 four. five six seven eight nine ten", "one two 1.2.3 four."),
        ("one two three four five six seven eight nine ten", "one two three four five six"),
    ],
)
def test_a_cut_stands_behind_a_paragraph_a_line_a_sentence_or_a_word(text: str, first: str) -> None:
    _, windows = split(document(text), 6, tokens, overlapping=False)
    assert windows[0].text == first


def test_a_token_across_a_sentences_end_is_in_one_window_whole() -> None:
    _, windows = split(document("aa bb 好。ccc dd ee ff gg hh"), 3, tokens, overlapping=False)
    assert [window.text for window in windows] == ["aa bb 好。ccc", "dd ee ff", "gg hh"]


def test_a_text_that_fits_is_one_window() -> None:
    fitted, windows = split(document("two words"), 2, tokens, overlapping=True)
    assert [window.text for window in windows] == ["two words"]
    assert (fitted.read, fitted.total, fitted.windows) == (2, 2, 1)


def test_what_is_beyond_the_last_window_is_named() -> None:
    parts = (Part("title", "short"), Part("body", "word " * 1_000))
    fitted, windows = split(Document(parts), 4, tokens, overlapping=True)
    assert len(windows) == fitted.windows == MOST_WINDOWS
    assert fitted.cut == ("body",)
    assert fitted.read < fitted.total == 1_001
