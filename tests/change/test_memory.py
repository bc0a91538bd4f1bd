"""What a run remembers in its own comment."""

import json
import random
import zlib
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.change import memory as module
from hubpipe.change.memory import Memory, recalled, without_memory, written

BODY = "<!-- hubpipe: flow=x -->\nA sentence.\n\n<sub>footer</sub>"
MEMORY = Memory("a" * 40, 1_700_000_000.25, "by", {"0123456789abcdef": "adds `x`", "fedcba9876543210": {"bug": 0.75}})
WORDS = st.text(st.characters(exclude_categories=[]), max_size=40)
FOUND = st.dictionaries(
    WORDS, WORDS | st.dictionaries(WORDS, st.floats(allow_nan=False, allow_infinity=False), max_size=4), max_size=20
)


def comment(memory: Memory = MEMORY, body: str = BODY, room: int = 10_000) -> str:
    return f"{body}\n{written(memory, body, room)}"


def forged(data: Any, body: str = BODY) -> str:
    """A line whose checksum holds, around data that hubpipe never wrote."""
    plain = data if isinstance(data, bytes) else json.dumps(data).encode()
    return sealed(b64encode(zlib.compress(plain)).decode(), body)


def sealed(payload: str, body: str = BODY) -> str:
    return f"{body}\n<!-- hubpipe: memory=1 {module._checksum(body, payload)} {payload} -->"


def plain(**changed: Any) -> dict[str, Any]:
    return {"head": "a", "read_at": 1.0, "by": "b", "found": {}, **changed}


def test_what_was_written_is_recalled() -> None:
    assert recalled(comment()) == MEMORY


@given(FOUND, st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=100))
def test_any_memory_of_any_body_is_recalled(
    found: dict[str, str | dict[str, float]], read_at: float, body: str
) -> None:
    memory = Memory("head", read_at, "by", found)
    assert recalled(comment(memory, body, 1_000_000)) == memory


def test_it_is_recalled_as_github_stores_it() -> None:
    assert recalled("\r\n" + comment().replace("\n", "\r\n") + "\r\n \n") == MEMORY


def test_the_line_is_hidden_and_one_line() -> None:
    line = written(MEMORY, BODY, 10_000)
    assert line.startswith("<!-- hubpipe: memory=1 ")
    assert line.endswith(" -->")
    assert "\n" not in line
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("sentence", "sentense"),
        lambda text: text.replace("memory=1 ", "memory=1 0"),
        lambda text: text + "\nA person's line",
        lambda text: "A person's line\n" + text,
        lambda text: text.replace(" -->", "A -->"),
        lambda text: text.replace("memory=1", "memory=2"),
        lambda text: text.splitlines()[-1],
    ],
)
def test_what_a_person_edited_is_forgotten(edit: Any) -> None:
    assert edit(comment()) != comment()
    assert recalled(edit(comment())) is None


def test_a_line_that_is_quoted_in_the_body_means_nothing() -> None:
    line = written(MEMORY, BODY, 10_000)
    assert recalled(f"{BODY}\n{line}\nand more") is None
    other = Memory("b" * 40, 2.0, "by", {})
    assert recalled(comment(other, f"{BODY}\n{line}")) == other


@pytest.mark.parametrize("body", ["", "\n", "text", "<!-- hubpipe: memory=1 -->", "\0", "\ud800", "<!--" * 100_000])
def test_a_body_without_memory_has_none(body: str) -> None:
    assert recalled(body) is None


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        {},
        plain(more=1),
        {key: value for key, value in plain().items() if key != "by"},
        plain(head=1),
        plain(read_at="1"),
        plain(read_at=True),
        plain(read_at=10**400),
        plain(found=[]),
        plain(found={"a": None}),
        plain(found={"a": 1.0}),
        plain(found={"a": {"bug": "1"}}),
        plain(found={"a": {"bug": {}}}),
        plain(found={"a": "x" * 5_000}),
        plain(found={"a": {"bug": float("nan")}}),
        plain(found={"a": {"bug": float("-inf")}}),
        b'{"head":"a","read_at":1e999,"by":"b","found":{}}',
        b"[" * 100_000,
        b"1" * 10_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_what_has_not_exactly_a_memorys_shape_is_forgotten(data: Any) -> None:
    assert recalled(forged(plain())) == Memory("a", 1.0, "b", {})
    assert recalled(forged(data)) is None


def test_a_small_line_that_unpacks_to_a_huge_text_is_forgotten() -> None:
    bomb = zlib.compress(b'{"head":"' + b"a" * 30_000_000, 9)
    assert len(bomb) < 40_000
    assert recalled(sealed(b64encode(bomb).decode())) is None


@pytest.mark.parametrize("payload", ["A", "AAAA", "====", b64encode(zlib.compress(b"{}") + b"more").decode()])
def test_what_is_no_packed_json_is_forgotten(payload: str) -> None:
    assert recalled(sealed(payload)) is None


@given(st.integers(0, 6_000))
def test_the_first_entries_that_fit_are_kept(room: int) -> None:
    noise = random.Random(7)
    found = {f"{noise.getrandbits(64):016x}": f"{noise.getrandbits(200):x}" for _ in range(60)}
    line = written(Memory("a" * 40, 1.0, "by", found), BODY, room)
    assert len(line) <= room
    if line:
        memory = recalled(f"{BODY}\n{line}")
        assert memory is not None
        assert list(memory.found.items()) == list(found.items())[: len(memory.found)]
        assert memory.found


def test_without_any_room_there_is_no_line() -> None:
    assert written(MEMORY, BODY, 0) == ""
    assert written(MEMORY, BODY, -5) == ""


def test_a_run_that_found_nothing_is_remembered_too() -> None:
    assert recalled(comment(Memory("a", 1.0, "b", {}))) == Memory("a", 1.0, "b", {})


def test_entries_that_would_not_be_recalled_are_not_written() -> None:
    found: dict[str, Any] = {"a": "x" * 5_000, "b": {"bug": float("nan")}, "c": "kept", "d": {"bug": float("inf")}}
    assert recalled(comment(Memory("h", 1.0, "b", found))) == Memory("h", 1.0, "b", {"c": "kept"})
    assert written(Memory("h", float("nan"), "b", {}), BODY, 10_000) == ""


def test_more_than_may_be_unpacked_is_not_written() -> None:
    found = {f"{number:016x}": "x" * 4_000 for number in range(3_000)}
    memory = recalled(comment(Memory("h", 1.0, "b", found), room=1_000_000))
    assert memory is not None
    assert 900 < len(memory.found) < 1_000


def test_the_body_without_its_line_is_what_people_see() -> None:
    assert without_memory(comment()) == BODY
    assert without_memory(BODY + "\n") == BODY


@given(st.text(max_size=200))
def test_recalling_never_raises(body: str) -> None:
    assert recalled(body) is None
