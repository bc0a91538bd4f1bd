import time

import numpy as np
import pytest

from hubpipe.models import extract

NONE = np.zeros((0, 2), dtype=np.float32)


def sentences(text: str) -> list[str]:
    return list(extract.read(text, max_words=120).sentences)


def many(count: int) -> str:
    return " ".join(f"The application number {number} crashes." for number in range(count))


@pytest.mark.parametrize(
    "text",
    [
        ">" * 5_000 + " x",
        "`" * 100_000,
        "* one two three\n" * 10_000,
        "[a](b) " * 15_000,
        "*a " * 30_000,
        "[" * 20_000,
        "It crashes now. " * 6_000,
        "a" * 100_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_markdown_is_split_in_a_few_seconds(text: str) -> None:
    start = time.perf_counter()
    sentences(text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A title\n\nA body.", "A title"),
        ("A title", "A title"),
        ("How does it work?\n\nNo idea.", "How does it work?"),
        ("A sentence.\n\nAnother.", ""),
        ("Wrapped text\ngoes on here.", ""),
        ("", ""),
    ],
)
def test_a_title_is_a_first_line_that_stands_alone_and_is_no_sentence(text: str, title: str) -> None:
    assert extract.split_title(text)[0] == title


def test_a_title_and_its_body_are_the_whole_text() -> None:
    assert extract.split_title("  A title \n\nA body.\n\nMore. ") == ("A title", "A body.\n\nMore.")


def test_abbreviations_versions_and_file_names_end_no_sentence() -> None:
    text = "It fails e.g. with v1.2.3 in README.md on start. Then it works again."
    assert sentences(text) == ["It fails e.g. with v1.2.3 in README.md on start.", "Then it works again."]


def test_wrapped_lines_are_one_sentence() -> None:
    assert sentences("It fails when\nthe cache is empty.") == ["It fails when the cache is empty."]


@pytest.mark.parametrize(
    "text",
    [
        "modified src/app.py (+3 -1)\nadded src/b.py (+9 -0)",
        "Signed-off-by: Ada Lovelace <ada@example.com>",
        "Closes #12, fixes #13",
        "**Steps to reproduce**",
        "What happens is this:",
        "https://example.com/one https://example.com/two",
        "    at org.example.Main.run(Main.java:12)",
    ],
)
def test_lines_that_say_nothing_are_no_sentences(text: str) -> None:
    assert sentences(text) == []


def test_the_same_sentence_is_read_once() -> None:
    assert sentences("It crashes again now.\n\nIt crashes again now.") == ["It crashes again now."]


def test_a_long_text_is_thinned_evenly_to_its_ends() -> None:
    kept = extract.thin([str(number) for number in range(10_000)])
    assert len(kept) == extract.MAX_SENTENCES
    assert (kept[0], kept[-1]) == ("0", "9999")


def test_a_chosen_sentence_makes_its_double_less_worth() -> None:
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    chosen = extract.choose(["a"] * 5, vectors, np.array([1, 1]) / np.sqrt(2), NONE, max_words=2)
    assert len(chosen) == 2
    assert set(chosen) != {0, 1}


def test_no_sentences_have_no_summary() -> None:
    assert extract.choose([], NONE, None, NONE, 10) == []


def test_what_is_read_whole_leaves_nothing_out() -> None:
    assert extract.read(f"# Heading\n\n{many(extract.MAX_SENTENCES)}\n\nCloses #12", 120).left_out == ""


def test_sentences_that_are_thinned_out_are_counted() -> None:
    assert extract.read(many(600), 120).left_out == "200 of 600 sentences (evenly spaced)"


def test_a_sentence_too_long_to_quote_is_counted() -> None:
    reading = extract.read(f"{'It crashes and ' * 80}stops. {many(2)}", 500)
    assert len(reading.sentences) == 2
    assert reading.left_out == "1 of 3 sentences (over 1,000 characters)"


def test_sentences_longer_than_the_summary_are_counted() -> None:
    reading = extract.read(f"{'It crashes and ' * 5}stops. {many(601)}", 10)
    assert reading.left_out == "1 of 602 sentences (over 10 words), 201 of 602 sentences (evenly spaced)"


def test_where_every_sentence_is_longer_than_the_summary_the_shortest_is_read() -> None:
    reading = extract.read(f"{'It crashes and ' * 6}stops. {'It crashes and ' * 5}stops.", 10)
    assert [len(sentence.split()) for sentence in reading.sentences] == [16]
    assert reading.left_out == "1 of 2 sentences (over 10 words)"
