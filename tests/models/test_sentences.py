import time

import pytest

from hubpipe.models.sentences import MAX_SENTENCES, Sentence, read, repeats, split_title, thin


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in read(text, max_words=120).sentences]


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
    texts(text)
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
        ("\n\nA first line of the body\n\nMore of it.", ""),
    ],
)
def test_a_title_is_a_first_line_that_stands_alone_and_is_no_sentence(text: str, title: str) -> None:
    assert split_title(text)[0] == title


def test_a_title_and_its_body_are_the_whole_text() -> None:
    assert split_title("  A title \n\nA body.\n\nMore. ") == ("A title", "A body.\n\nMore.")


def test_abbreviations_versions_and_file_names_end_no_sentence() -> None:
    text = "It fails e.g. with v1.2.3 in README.md on start. Then it works again."
    assert texts(text) == ["It fails e.g. with v1.2.3 in README.md on start.", "Then it works again."]


def test_wrapped_lines_are_one_sentence() -> None:
    assert texts("It fails when\nthe cache is empty.") == ["It fails when the cache is empty."]


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
    assert texts(text) == []


def test_the_same_sentence_is_read_once() -> None:
    assert texts("It crashes again now.\n\nIt crashes again now.") == ["It crashes again now."]


def test_a_long_text_is_thinned_evenly_to_its_ends() -> None:
    kept = thin([str(number) for number in range(10_000)])
    assert len(kept) == MAX_SENTENCES
    assert (kept[0], kept[-1]) == ("0", "9999")


def test_what_is_read_whole_leaves_nothing_out() -> None:
    assert read(f"# Heading\n\n{many(MAX_SENTENCES)}\n\nCloses #12", 120).left_out == ""


def test_sentences_that_are_thinned_out_are_counted() -> None:
    assert read(many(600), 120).left_out == "200 of 600 sentences (evenly spaced)"


def test_a_sentence_too_long_to_quote_is_counted() -> None:
    reading = read(f"{'It crashes and ' * 80}stops. {many(2)}", 500)
    assert len(reading.sentences) == 2
    assert reading.left_out == "1 of 3 sentences (over 1,000 characters)"


def test_sentences_longer_than_the_summary_are_counted() -> None:
    reading = read(f"{'It crashes and ' * 5}stops. {many(601)}", 10)
    assert reading.left_out == "1 of 602 sentences (over 10 words), 201 of 602 sentences (evenly spaced)"


def test_where_every_sentence_is_longer_than_the_summary_the_shortest_is_read() -> None:
    reading = read(f"{'It crashes and ' * 6}stops. {'It crashes and ' * 5}stops.", 10)
    assert [sentence.words for sentence in reading.sentences] == [16]
    assert reading.left_out == "1 of 2 sentences (over 10 words)"


def test_a_paragraph_of_one_line_and_sentence_stands_alone() -> None:
    text = "It crashed. It was fixed.\n\nfix crash at start\n\nWrapped text\ngoes on here\n\n- an item of a list"
    assert [sentence for sentence in read(text, 120).sentences if sentence.alone] == [
        Sentence("fix crash at start", alone=True)
    ]


def test_a_commit_that_says_what_the_description_says_still_stands_alone() -> None:
    text = "It crashed before. Read the file again\n\nRead the file again"
    assert Sentence("Read the file again", alone=True) in read(text, 120).sentences


def test_a_breaking_change_is_one_sentence() -> None:
    assert texts("feat(api)!: remove the old endpoints") == ["feat(api)!: remove the old endpoints"]


@pytest.mark.parametrize(
    ("sentence", "title", "same"),
    [
        ("Bumps lodash from 4.17.20 to 4.17.21.", "Bump lodash from 4.17.20 to 4.17.21", True),
        ("fix crash when cache folder is read only", "Fix a crash when the cache folder is read-only", True),
        ("Fix the crash on Windows", "Fix the crash", False),
        ("應用程式啟動時當機了", "應用程式啟動時當機", False),
        ("Anything at all", "", False),
    ],
)
def test_a_sentence_repeats_a_title_that_has_all_its_words(sentence: str, title: str, same: bool) -> None:
    assert repeats(sentence, title) is same
