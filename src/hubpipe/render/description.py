"""Turn what a person wrote, and hubpipe's own part of it, into one description: theirs is never touched."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hubpipe.change.memory import without_memory
from hubpipe.render.pages import COMMENT_LIMIT, size
from hubpipe.render.unclosed import is_open

_BEGIN = "<!-- hubpipe: begin flow={flow} {checksum} -->"
_END = "<!-- hubpipe: end flow={flow} -->"
_SIGN = "<!-- hubpipe: "
# Each on a line of its own: a quoted one means nothing.
_MARK = re.compile(
    r"^<!-- hubpipe: (?:begin flow=(?P<begun>[a-z0-9_-]{1,64}) (?P<checksum>[0-9a-f]{16})"
    r"|end flow=(?P<ended>[a-z0-9_-]{1,64})) -->(?=\r?$)",
    re.MULTILINE,
)
CHECKSUM_LENGTH = 16  # hexadecimal digits: 64 bits
BREAKS = ("\r\n\r\n", "\n\n")


class Refusal(Enum):
    """Why a description stays as it is."""

    EDITED = "a person edited hubpipe's part of the text: left alone"
    NO_ROOM = "the text that people wrote leaves no room"
    OPEN = "a code block or a fold (`<details>`) has no end there, and would take in hubpipe's part: close it"


@dataclass(frozen=True)
class _Block:
    """A part between two markers: whole, from `start` to `end`, and what stands between."""

    flow: str
    start: int
    end: int
    content: str
    is_ours: bool


def spliced(description: str, flow: str, content: str, limit: int = COMMENT_LIMIT) -> str | Refusal:
    """Put a flow's content into a description, in place of what it put there before, else at the end.

    What people wrote stays byte for byte. Where there is too little room, what the next run need not infer again
    goes first. Behind what they left open, such as a code fence, it would be shown as they never meant it: refused.
    """
    blocks = [block for block in _blocks(description) if block.flow == flow]
    own = next((block for block in blocks if block.is_ours), None)
    if own is None and blocks:
        return Refusal.EDITED
    before, after = (description, "") if own is None else (description[: own.start], description[own.end :])
    if own is None and description:
        before += BREAKS[0] if "\r\n" in description else BREAKS[1]
    for shorter in (content, without_memory(content)):
        whole = f"{before}{_block(flow, shorter)}{after}"
        if size(whole) <= limit:
            return Refusal.OPEN if is_open(before) else whole
    return Refusal.NO_ROOM


def taken_off(description: str, flow: str) -> str | Refusal:
    """Take a flow's part off a description, which is then as it was without it."""
    blocks = [block for block in _blocks(description) if block.flow == flow]
    if blocks and not any(block.is_ours for block in blocks):
        return Refusal.EDITED
    return _without(description, [block for block in blocks if block.is_ours])


def without(description: str) -> str:
    """Take all of hubpipe's own parts off a description, so that no model reads what a model wrote."""
    return _without(description, [block for block in _blocks(description) if block.is_ours])


def held(description: str, flow: str) -> str | None:
    """Give what a flow put into a description; None where there is nothing, or a person has edited it."""
    ours = (block.content for block in _blocks(description) if block.flow == flow and block.is_ours)
    return next(ours, None)


def _without(description: str, blocks: list[_Block]) -> str:
    pieces, start = [], 0
    for block in blocks:
        before = description[start : block.start]
        gap = next((gap for gap in BREAKS if before.endswith(gap)), "")
        pieces.append(before.removesuffix(gap))
        start = block.end
    return "".join([*pieces, description[start:]])


def _blocks(description: str) -> Iterator[_Block]:
    """Find what stands between two markers of one flow that follow each other."""
    if _SIGN not in description:
        return
    begun: re.Match[str] | None = None
    for mark in _MARK.finditer(description):
        if begun is not None and mark["ended"] == begun["begun"]:
            content = description[begun.end() : mark.start()]
            is_ours = begun["checksum"] == _checksum(content)
            yield _Block(begun["begun"], begun.start(), mark.end(), _normal(content), is_ours)
        begun = mark if mark["begun"] else None


def _block(flow: str, content: str) -> str:
    # A template's own words could look like a marker.
    safe = _MARK.sub("", content.replace("\r\n", "\n"))
    begin = _BEGIN.format(flow=flow, checksum=_checksum(safe))
    return f"{begin}\n{_normal(safe)}\n{_END.format(flow=flow)}"


def _checksum(content: str) -> str:
    return hashlib.sha256(_normal(content).encode("utf-8", "surrogatepass")).hexdigest()[:CHECKSUM_LENGTH]


def _normal(content: str) -> str:
    # GitHub and its editor store line ends as they like.
    return content.replace("\r\n", "\n").strip()
