"""Turn what a command did into the text of its answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubpipe.config import PATH
from hubpipe.event import Subject
from hubpipe.models.base import Score, Why
from hubpipe.render.neutral import own
from hubpipe.render.pages import COMMENT_LIMIT, MARKER_ROOM, most, page, size
from hubpipe.render.reasons import why_values

MOST_SCORES = 10
MOST_LINES = 50
MORE = "… and {rest} more"
THERE = "see its comment"
# What follows from the answer's template where nothing stands between two of its parts.
_EMPTY_LINES = re.compile(r"\n{3,}")
_FOOTER = "<sub>"


@dataclass(frozen=True)
class AnswerPart:
    """What one flow did or found for a command.

    `comment` is the text of a comment of hubpipe's that is shown here instead, `url` the address of one that is kept.
    """

    name: str = ""
    lines: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    chosen: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()
    comment: str = ""
    url: str = ""


@dataclass(frozen=True)
class Answer:
    """What a command did: in lines, and flow by flow; `known` are commands, each with what it does."""

    command: str
    who: str
    subject: Subject
    lines: Sequence[str] = ()
    parts: Sequence[AnswerPart] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    model: str = ""


def answer(told: Answer) -> str:
    """Write an answer within GitHub's limit: its last parts go first."""
    room = COMMENT_LIMIT - MARKER_ROOM
    return _page(told, most(len(told.parts), lambda count: size(_page(told, count)) <= room))


def _page(told: Answer, count: int) -> str:
    values = {
        "command": told.command,
        "who": told.who,
        "known": [{"command": command, "does": does} for command, does in told.known.items()],
        "lines": _first(told.lines),
        "parts": [_part_values(part, told.subject) for part in told.parts[:count]],
        "shortened": count < len(told.parts),
        "model": told.model,
        "config_path": PATH,
    }
    return _EMPTY_LINES.sub("\n\n", page("answer.md.j2", values)).strip()


def _part_values(part: AnswerPart, subject: Subject) -> dict[str, Any]:
    beside = bool(subject.url) and part.url.startswith(f"{subject.url}#")
    return {
        "name": part.name,
        "lines": _first(part.lines),
        "link": own(part.url) if beside and re.fullmatch(r"[\w:/.#-]+", part.url, re.ASCII) else "",
        "link_text": THERE,
        "scores": part.scores[:MOST_SCORES],
        "chosen": part.chosen,
        "why": why_values(part.why, subject),
        # Each value in it was neutralised when that comment was written.
        "body": own(_bare(part.comment)),
    }


def _bare(comment: str) -> str:
    """Give a comment without its hidden first line, and without its last one, which tells how to turn it off."""
    lines = comment.strip().splitlines()[1:]
    return "\n".join(lines[:-1] if lines and lines[-1].startswith(_FOOTER) else lines).strip()


def _first(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([MORE.format(rest=rest)] if rest > 0 else [])]
