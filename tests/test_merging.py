"""From the answers about windows to one answer: each task's way."""

import pytest

from hubpipe.merging import merge, of_media
from hubpipe.models.base import Box, Boxes, Scores, Span, Spans, Text, Vector, ranked
from hubpipe.text import Window

TWO = (Window("x" * 10, 0, 30), Window("y" * 10, 8, 10, " "))


def scores(**given: float) -> Scores:
    return ranked(given.items())


def span(start: int, end: int, score: float = 0.5, label: str = "version") -> Span:
    return Span(label, start, end, "x" * (end - start), score)


def values(prediction: object) -> dict[str, float]:
    assert isinstance(prediction, Scores)
    return {score.label: score.score for score in prediction.scores}


def test_the_mean_weighs_a_window_by_its_tokens() -> None:
    merged = values(merge([scores(bug=0.8, docs=0.2), scores(bug=0.0, docs=1.0)], TWO, "mean"))
    assert merged == pytest.approx({"bug": 0.6, "docs": 0.4})


def test_the_maximum_keeps_each_labels_highest_score_in_order() -> None:
    merged = merge([scores(bug=0.8, docs=0.2), scores(bug=0.1, docs=0.9)], TWO, "max")
    assert list(values(merged).items()) == [("docs", 0.9), ("bug", 0.8)]


def test_a_label_that_one_window_does_not_name_counts_as_zero_there() -> None:
    assert values(merge([scores(crash=0.4), scores(button=0.8)], TWO, "mean")) == pytest.approx(
        {"crash": 0.3, "button": 0.2}
    )


def test_an_answer_that_could_not_be_used_counts_for_nothing_and_is_told() -> None:
    merged = merge([Scores((), "no JSON"), scores(bug=1.0)], TWO, "mean")
    assert values(merged) == {"bug": 1.0}
    assert isinstance(merged, Scores)
    assert merged.remark == "no JSON"
    assert merge([Scores((), "no JSON")] * 2, TWO, "mean") == Scores((), "no JSON")


def test_spans_get_their_place_in_the_whole_text_and_each_stands_once() -> None:
    merged = merge([Spans((span(1, 4), span(8, 10))), Spans((span(0, 4), span(6, 9)))], TWO, "all")
    # What the first window saw from 8 to 10 is the beginning of what the second one saw whole.
    assert isinstance(merged, Spans)
    assert [(found.start, found.end) for found in merged.spans] == [(1, 4), (8, 12), (14, 17)]


def test_many_spans_are_merged_in_one_pass() -> None:
    spans = Spans(tuple(span(4 * place, 4 * place + 2) for place in range(50_000)))
    merged = merge([spans, Spans(())], TWO, "all")
    assert isinstance(merged, Spans)
    assert len(merged.spans) == 50_000


def test_the_surest_answer_to_each_question_wins() -> None:
    first = Spans((span(1, 4, 0.3, "version"), span(5, 6, 0.9, "system")))
    merged = merge([first, Spans((span(2, 3, 0.7, "version"),))], TWO, "best")
    assert isinstance(merged, Spans)
    assert [(found.label, found.start, found.score) for found in merged.spans] == [
        ("version", 10, 0.7),
        ("system", 5, 0.9),
    ]


def test_no_span_anywhere_is_no_span() -> None:
    assert merge([Spans(()), Spans(())], TWO, "all") == Spans(())


def test_vectors_become_a_unit_vector_between_them() -> None:
    merged = merge([Vector((1.0, 0.0)), Vector((0.0, 1.0))], TWO, "mean")
    assert isinstance(merged, Vector)
    assert merged.values == pytest.approx((0.9486833, 0.3162278))


def test_texts_stand_one_after_the_other_with_what_stood_between_the_windows() -> None:
    windows = (Window("a", 0, 1), Window("b", 3, 1, "\n\n"), Window("c", 4, 1, " "), Window("d", 5, 1))
    merged = merge([Text("Eins."), Text("Zwei."), Text(""), Text("Vier.", "2 of 3")], windows, "join")
    assert merged == Text("Eins.\n\nZwei.\nVier.", "2 of 3")


def test_one_window_is_left_as_it_is() -> None:
    assert merge([scores(bug=0.4)], TWO[:1], "max") == scores(bug=0.4)


def test_several_images_keep_the_highest_scores_all_boxes_and_each_text() -> None:
    low, high = Box("button", 0.2, 0, 0, 1, 1), Box("dialog", 0.9, 0, 0, 1, 1)
    assert values(of_media([scores(red=0.9, blue=0.1), scores(red=0.2, blue=0.8)])) == {"red": 0.9, "blue": 0.8}
    assert of_media([Boxes((low,)), Boxes((high,)), Boxes(())]) == Boxes((high, low))
    assert of_media([Boxes(())]) == Boxes(())
    assert of_media([Text("a dialog"), Text("a button")]) == Text("a dialog\na button")
