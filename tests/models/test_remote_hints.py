"""What a server says beside its refusal."""

from datetime import UTC, datetime

import pytest

from hubpipe.models.remote.hints import MOST_WORDS, counted_tokens, seconds_to_wait, words

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
IN_30_SECONDS = "Sun, 22 Nov 2026 12:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, b"", 7),
        ({"retry-after": "0"}, b"", 0),
        ({"retry-after": "1.5"}, b"", 1.5),
        ({"retry-after": IN_30_SECONDS}, b"", 30),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, b"", 0),
        ({}, b'{"error": "loading", "estimated_time": 20.5}', 20.5),
        ({"ratelimit": '"api";r=0;t=55', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}, b"", 55),
        ({"ratelimit-reset": "12"}, b"", 12),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 40)}, b"", 40),
        ({"x-ratelimit-reset-requests": "6m0.5s"}, b"", 360.5),
        ({"x-ratelimit-reset-requests": "120ms", "x-ratelimit-reset-tokens": "2s"}, b"", 2),
        # What the server says of this refusal goes before what it says of its limits.
        ({"retry-after": "3", "ratelimit": '"api";r=0;t=55'}, b'{"estimated_time": 9}', 3),
    ],
)
def test_a_servers_hint_is_read_in_seconds(headers: dict[str, str], body: bytes, seconds: float) -> None:
    assert seconds_to_wait(headers, body, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"retry-after": "soon"}, b"<html>busy</html>"),
        ({"retry-after": "9" * 400}, b""),
        ({"ratelimit": '"api";r=3;t=55'}, b""),
        ({"ratelimit-reset": "never"}, b""),
        ({}, b'{"estimated_time": "long"}'),
        ({}, b'{"estimated_time": true}'),
        ({}, b'{"estimated_time": NaN}'),
        ({}, b'{"estimated_time": Infinity}'),
        ({}, b'{"estimated_time": 1' + b"0" * 400 + b"}"),
        ({"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, b""),
        ({"retry-after": "Mon, 01 Jan 2026 00:00:00 +999999999"}, b""),
        ({}, b"[20]"),
        ({}, b"[" * 100_000),
    ],
)
def test_what_is_no_hint_is_none(headers: dict[str, str], body: bytes) -> None:
    assert seconds_to_wait(headers, body, NOW) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "Model is overloaded", "error_type": "overloaded"}', "Model is overloaded"),
        (b'{"error": {"message": "no such model", "type": "invalid"}}', "no such model"),
        (b'{"error": ["first", "second"]}', "first; second"),
        (b'{"detail": [{"msg": "field required", "loc": ["inputs"]}]}', "field required"),
        (b'{"message": "two\\nlines \\u001b[31m"}', "two lines [31m"),
        (b"upstream request timeout", "upstream request timeout"),
        (b"<!DOCTYPE html><html>Bad gateway</html>", ""),
        (b'{"status": 500}', ""),
        (b'{"error": {', ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
    ],
)
def test_a_servers_words_are_found_and_put_on_one_line(body: bytes, said: str) -> None:
    assert words(body, None) == said


def test_a_servers_words_are_cut() -> None:
    said = words(b'{"error": "' + b"x" * 5_000_000 + b'"}', None)
    assert len(said) == MOST_WORDS
    assert said.endswith("…")


def test_a_hint_that_cannot_be_counted_leaves_room_for_the_next() -> None:
    late = {"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
    assert seconds_to_wait(late, b'{"estimated_time": 9}', NOW) == 9


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "wrong key SK-Secret given"}',
        b"wrong key sk-secret given",
        b'{"error": "' + b" " * 5_000 + b'wrong key sk-secret given"}',
    ],
)
def test_a_servers_words_do_not_repeat_the_key_in_other_letters_or_far_behind(body: bytes) -> None:
    assert words(body, "sk-secret") == "wrong key *** given"


@pytest.mark.parametrize("end", range(3_985, 4_010))
def test_no_cut_leaves_half_of_a_key(end: int) -> None:
    assert "sk-" not in words(b" " * end + b"sk-secret", "sk-secret")
    assert "sk-" not in words(b"x" * (end % 200) + b"sk-secret", "sk-secret")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"usage": {"total_tokens": 42}}', 42),
        (b'{"usage": {"total_tokens": 0}}', None),
        (b'{"usage": {"total_tokens": 1e3}}', None),
        (b'{"usage": {"total_tokens": 1' + b"0" * 400 + b"}}", None),
        (b'{"usage": null}', None),
        (b'["usage", "usage"]', None),
        (b'{"usage"' + b"[" * 100_000, None),
        (b"", None),
    ],
)
def test_a_servers_count_of_tokens_is_read_where_there_is_one(body: bytes, count: int | None) -> None:
    assert counted_tokens(body) == count


def test_a_servers_words_never_repeat_the_key() -> None:
    assert words(b'{"error": "wrong key sk-secret given"}', "sk-secret") == "wrong key *** given"
