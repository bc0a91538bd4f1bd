"""Turn what a run found in each file into a hidden line of its comment, and back."""

import binascii
import hashlib
import json
import math
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

_LINE = "<!-- hubpipe: memory=1 {checksum} {payload} -->"
_FOUND_LINE = re.compile(r"<!-- hubpipe: memory=1 ([0-9a-f]{32}) ([A-Za-z0-9+/=]+) -->")
CHECKSUM_LENGTH = 32  # hexadecimal digits: 128 bits
MOST_BYTES = 4_000_000  # of a memory unpacked: a comment's 65,536 characters could hold fifty times as much
MOST_WORDS = 4_000  # characters of one line or label
# What is no base64, no zlib, no JSON, or too large a number.
_FAULTS = (binascii.Error, zlib.error, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Memory:
    """What a run found, for the next run to keep.

    `head` is the commit that it read, `read_at` when (seconds since 1970), `by` stands for the model and all
    settings that the findings depend on. `found` maps a file's (or hunk's) key to its line, or to its scores by label.
    """

    head: str
    read_at: float
    by: str
    found: Mapping[str, str | Mapping[str, float]]


def written(memory: Memory, body: str, room: int) -> str:
    """Write the hidden line that stands last in a comment with this body, in at most `room` characters.

    Where not all fits, the first entries that do are kept; where not even one does, there is no line. What
    `recalled` would refuse is left out.
    """
    found = {key: value for key, value in memory.found.items() if _is_found(key, value)}
    memory = replace(memory, found=found)
    if not _is_memory(_data(memory)):
        return ""
    room -= len(_LINE.format(checksum="0" * CHECKSUM_LENGTH, payload=""))
    payload, kept = _packed(memory), len(found)
    if not 0 < len(payload) <= room:
        kept, most = 0, len(found) - 1
        while kept < most:
            middle = (kept + most + 1) // 2
            fits = 0 < len(_packed(_first(memory, middle))) <= room
            kept, most = (middle, most) if fits else (kept, middle - 1)
        payload = _packed(_first(memory, kept))
    if len(payload) > room or (found and not kept):
        return ""
    return _LINE.format(checksum=_checksum(body, payload), payload=payload)


def recalled(body: str) -> Memory | None:
    """Read the hidden line that stands last in a comment; None where there is none, or anybody has edited either."""
    visible, _, last = _normal(body).rpartition("\n")
    line = _FOUND_LINE.fullmatch(last)
    if line is None or line.group(1) != _checksum(visible, line.group(2)):
        return None
    try:
        data = json.loads(_unpacked(line.group(2)), parse_constant=_refuse)
        return Memory(**data) if _is_memory(data) else None
    except _FAULTS:
        return None


def without_memory(body: str) -> str:
    """Give a comment's body without its hidden last line."""
    visible, _, last = _normal(body).rpartition("\n")
    return _normal(visible) if _FOUND_LINE.fullmatch(last) else _normal(body)


def _first(memory: Memory, count: int) -> Memory:
    return replace(memory, found=dict(islice(memory.found.items(), count)))


def _packed(memory: Memory) -> str:
    """Pack a memory into one word; empty where it is larger than what would be unpacked."""
    plain = json.dumps(_data(memory), separators=(",", ":")).encode()
    return b64encode(zlib.compress(plain, 9)).decode() if len(plain) <= MOST_BYTES else ""


def _data(memory: Memory) -> dict[str, Any]:
    found = {key: value if isinstance(value, str) else dict(value) for key, value in memory.found.items()}
    return {"head": memory.head, "read_at": memory.read_at, "by": memory.by, "found": found}


def _unpacked(payload: str) -> bytes:
    """Unpack at most as much as a memory may have: a small text can hold a thousand times its size."""
    stream = zlib.decompressobj()
    plain = stream.decompress(b64decode(payload, validate=True), MOST_BYTES)
    if not stream.eof or stream.unconsumed_tail or stream.unused_data:
        raise ValueError(payload)
    return plain


def _checksum(body: str, payload: str) -> str:
    text = f"{_normal(body)}\0{payload}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:CHECKSUM_LENGTH]


def _normal(body: str) -> str:
    # GitHub stores line ends as it likes and trims a body.
    return body.replace("\r\n", "\n").strip()


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _is_memory(data: Any) -> bool:
    """Tell whether plain data has a memory's shape, and nothing more."""
    match data:
        case {"head": str(head), "read_at": read_at, "by": str(by), "found": dict(found), **rest} if not rest:
            short = max(len(head), len(by)) <= MOST_WORDS
            return short and _is_number(read_at) and all(_is_found(*entry) for entry in found.items())
        case _:
            return False


def _is_found(key: Any, value: Any) -> bool:
    if isinstance(value, Mapping):
        return _is_short(key) and all(_is_short(label) and _is_number(score) for label, score in value.items())
    return _is_short(key) and _is_short(value)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_WORDS


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
