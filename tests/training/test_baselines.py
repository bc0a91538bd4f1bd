"""The yardsticks of a learned model."""

import pytest

from hubpipe.training.baselines import keyword, majority
from hubpipe.training.examples import Example
from hubpipe.training.measure import measure

LABELS = ("bug", "kind/feature", "question", "area: networking")
LEARNED = [Example("a", "", ("bug",))] * 3 + [Example("b", "", ("question",))]


def issue(title: str, body: str = "", label: str = "bug") -> Example:
    return Example(title, body, (label,))


def test_the_majority_says_the_most_usual_label_of_what_was_learned_from() -> None:
    test = [issue("x"), issue("y", label="question")]
    found = majority(LEARNED, test, LABELS, exclusive=True)
    assert found.scores[0] == pytest.approx([0.75, 0, 0.25, 0])
    assert measure(found, {}, None).accuracy.value == 0.5


def test_the_majority_of_labels_side_by_side_gives_those_that_most_have() -> None:
    found = majority(LEARNED, [issue("x")], LABELS, exclusive=False)
    assert found.decided.tolist() == [[True, False, False, False]]


def test_the_majority_of_nothing_says_nothing() -> None:
    assert not majority([], [issue("x")], LABELS, exclusive=True).decided.any()


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("It crashes on start", "bug"),
        ("Crashing when a file is empty", "bug"),
        ("Feature request: dark mode", "kind/feature"),
        ("How to set a proxy", "question"),
        ("Networking is odd", "area: networking"),
        ("Lorem ipsum", "bug"),
    ],
)
def test_keywords_are_a_labels_own_and_its_usual_words_and_else_the_majority(title: str, label: str) -> None:
    found = keyword(LEARNED, [issue(title)], LABELS, exclusive=True)
    assert LABELS[int(found.best[0])] == label
    assert found.scores.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("UI broken", ["area: ui"]),
        ("Broken in C", ["C"]),
        ("Say go", ["go"]),
        ("A list of scopes to sort", ["out of scope"]),
        ("A list of them to sort", []),
    ],
)
def test_a_labels_short_words_are_found_but_for_those_that_say_nothing(title: str, found: list[str]) -> None:
    labels = ("area: ui", "C", "go", "out of scope", "A-frontend")
    decided = keyword([], [issue(title)], labels, exclusive=False).decided[0]
    assert [label for label, given in zip(labels, decided, strict=True) if given] == found


def test_a_word_in_the_title_says_more_than_one_in_the_body() -> None:
    found = keyword(LEARNED, [issue("A question", "there was a bug")], LABELS, exclusive=True)
    assert LABELS[int(found.best[0])] == "question"


def test_keywords_of_labels_side_by_side_need_a_hit() -> None:
    found = keyword(LEARNED, [issue("Lorem ipsum"), issue("bug in networking")], LABELS, exclusive=False)
    assert found.decided.tolist() == [[False] * 4, [True, False, False, True]]
