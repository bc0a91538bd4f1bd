"""What a server says beside its refusal."""

from datetime import UTC, datetime

import pytest

from hubpipe.models.remote.hints import MOST_WORDS, seconds_to_wait, words

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


def test_a_servers_words_never_repeat_the_key() -> None:
    assert words(b'{"error": "wrong key sk-secret given"}', "sk-secret") == "wrong key *** given"
