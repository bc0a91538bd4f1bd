from collections.abc import Sequence

import numpy as np

from hubpipe.models import extract
from hubpipe.models.extract import Array
from hubpipe.models.sentences import Sentence
from hubpipe.models.similarity import unit

NONE = np.zeros((0, 2), dtype=np.float32)


def rows(*vectors: Sequence[float]) -> Array:
    return unit(np.array(vectors, dtype=np.float32))


def test_a_chosen_sentence_makes_its_double_less_worth() -> None:
    vectors = rows([1, 0], [1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1])
    sentences = [Sentence("one two three four five six seven eight")] * 5
    chosen = extract.choose(sentences, vectors, rows([1, 1])[0], NONE, max_words=16)
    assert len(chosen) == 2
    assert set(chosen) != {0, 1}


def test_no_sentences_have_no_summary() -> None:
    assert extract.choose([], NONE, None, NONE, 10) == []


def test_without_a_title_an_early_line_of_its_own_leads_and_the_rest_keeps_its_order() -> None:
    said = [Sentence(f"this sentence number {number} tells why we do it.") for number in range(3)]
    lines = [Sentence("read the file again after a crash", alone=True), Sentence("add a test for it", alone=True)]
    chosen = extract.choose([*said, *lines], rows(*[[1, 0]] * 5), None, NONE, max_words=40)
    assert chosen[0] == 3
    assert chosen[1:] == sorted(chosen[1:]) != []


def test_a_line_with_a_full_stop_gives_way_to_one_without() -> None:
    said = ("this was reported to us today.", "compare it in constant time", "name the thing once")
    lines = [Sentence(text, alone=True) for text in said]
    assert extract.choose(lines, rows([1, 0], [1, 0], [1, 0]), None, NONE, max_words=15) == [1]


def test_a_summary_of_the_length_of_a_title_is_one_line() -> None:
    sentences = [Sentence("fix the crash", alone=True), Sentence("add a test", alone=True)]
    assert len(extract.choose(sentences, rows([1, 0], [0, 1]), None, NONE, extract.ONE_LINE)) == 1
    assert len(extract.choose(sentences, rows([1, 0], [0, 1]), None, NONE, extract.ONE_LINE + 1)) == 2


def test_what_all_others_say_beats_what_stands_aside() -> None:
    sentences = [Sentence(f"the sentence number {number} of these six") for number in range(4)]
    assert extract.choose(sentences, rows([0, 1], [1, 0], [1, 0.5], [1, -1]), None, NONE, 15) == [2]


def test_beside_a_title_nothing_is_chosen_where_all_repeat_it() -> None:
    sentences = [Sentence("it crashes now"), Sentence("it crashes")]
    assert extract.choose(sentences, rows([1, 0], [1, 0.1]), rows([1, 0])[0], NONE, 20) == []


def test_boilerplate_is_chosen_only_where_there_is_nothing_else_and_no_title() -> None:
    sentences = [Sentence("fix lint and formatting", alone=True), Sentence("read the file again")]
    dull = rows([1, 0])
    assert extract.choose(sentences, rows([1, 0], [0, 1]), None, dull, 15) == [1]
    assert extract.choose(sentences[:1], rows([1, 0]), None, dull, 15) == [0]
    assert extract.choose(sentences[:1], rows([1, 0]), rows([0, 1])[0], dull, 15) == []


def test_where_nothing_fits_the_shortest_stands_alone() -> None:
    sentences = [Sentence("one two three four"), Sentence("one two three")]
    assert extract.choose(sentences, rows([1, 0], [0, 1]), None, NONE, 2) == [1]


def test_beside_a_title_what_is_near_to_it_leads_before_what_stands_first() -> None:
    sentences = [
        Sentence("it read the table in chunks before."),
        Sentence("it keeps one decoder now."),
        Sentence("why"),
    ]
    vectors = rows([1, 0.4], [1, 0.2], [0, -1])
    assert extract.choose(sentences, vectors, rows([1, -0.4])[0], NONE, 40)[0] == 1
