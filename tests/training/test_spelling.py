"""Words become weights: margins, and naive Bayes' odds beside them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.models.learned.views import Views
from hubpipe.models.learned.words import weigh
from hubpipe.training import spelling
from hubpipe.training.spelling import spell

COMMON = ("the request fails", "the request hangs", "the request is slow", "the request times out")
VOCABULARY = {"t gallery": 0, "t request": 1, "t again": 2}


def views(titles: list[str]) -> Views:
    same = np.full((len(titles), 4), 0.5, np.float32)
    none = np.zeros((len(titles), 0), np.float32)
    return Views(same, same, none, titles, [""] * len(titles), none, none)


def ones(count: int) -> NDArray[np.float32]:
    return np.ones(count, np.float32)


def hundred(rare: int) -> tuple[list[str], NDArray[np.int8]]:
    """Give texts of two labels; the second has `rare` of them, which alone say "gallery"."""
    titles = [f"{COMMON[number % 4]} again" for number in range(100 - rare)]
    titles += [f"{COMMON[number % 4]} in the gallery" for number in range(rare)]
    truth = np.zeros((100, 2), np.int8)
    truth[: 100 - rare, 0] = truth[100 - rare :, 1] = 1
    return titles, truth


def test_a_word_that_two_texts_say_weighs_more_with_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    titles, truth = hundred(rare=2)
    asked = views(["the gallery"])
    with_odds = spell(views(titles), truth, ones(100), 0).logits(asked)
    monkeypatch.setattr(spelling, "ODDS", 0.0)
    without = spell(views(titles), truth, ones(100), 0).logits(asked)

    assert with_odds[0, 1] - with_odds[0, 0] > without[0, 1] - without[0, 0] + 1
    assert with_odds[0, 1] > with_odds[0, 0]


def test_a_text_of_words_that_all_labels_use_says_no_more_with_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    titles, truth = hundred(rare=50)
    asked = views(["the request"])
    with_odds = spell(views(titles), truth, ones(100), 0).logits(asked)
    monkeypatch.setattr(spelling, "ODDS", 0.0)

    assert with_odds == pytest.approx(spell(views(titles), truth, ones(100), 0).logits(asked), abs=0.5)


def test_a_text_of_which_nobody_knows_whether_it_has_a_label_teaches_nothing_about_it() -> None:
    titles, truth = hundred(rare=20)
    truth[:10, 1] = -1
    spelled = weigh(views([*["gallery gallery"] * 10, *titles[10:]]), VOCABULARY, ones(3))
    found, _ = spelling._odds(spelled, truth[:, 1:], ones(100))
    without, _ = spelling._odds(spelled[10:], truth[10:, 1:], ones(90))

    assert found[0, 0] > 0
    assert found / np.abs(found).max() == pytest.approx(without / np.abs(without).max(), abs=1e-4)


def test_a_label_that_no_text_has_never_wins() -> None:
    titles, truth = hundred(rare=20)
    three = np.hstack([truth, np.zeros((100, 1), np.int8)])
    found = spell(views(titles), three, ones(100), 0)

    assert not found.weights[2].any()
    assert (found.logits(views([*titles, "", "gallery"])).argmax(axis=1) < 2).all()
    assert np.isfinite(found.logits(views(["", "🙂", "غير معروف"]))).all()


def test_a_row_that_counts_twice_is_as_two_rows() -> None:
    titles, truth = hundred(rare=20)
    weight = ones(100)
    weight[90:] = 2
    spelled = weigh(views(titles), VOCABULARY, ones(3))
    doubled = weigh(views([*titles, *titles[90:]]), VOCABULARY, ones(3))
    weighed, _ = spelling._odds(spelled, truth, weight)
    repeated, _ = spelling._odds(doubled, np.vstack([truth, truth[90:]]), ones(110))

    assert np.sign(weighed).tolist() == np.sign(repeated).tolist()
    assert weighed / np.abs(weighed).max() == pytest.approx(repeated / np.abs(repeated).max(), abs=1e-4)
