"""Turn a comment's text into the command that it gives to hubpipe."""

import re
from dataclasses import replace

from hubpipe.event.things import Comment

NAME = "/hubpipe"
# What hubpipe does by itself, in the order in which it is told.
WORDS = ("label", "summarize", "explain", "similar", "undo", "help")
USUAL = "help"

_LINE_END = re.compile(r"[\r\n]")
# ASCII alone: a letter that only looks like one of these, or an invisible one between them, gives no command.
_COMMAND = re.compile(r" {0,3}/hubpipe(?:[ \t]+([^ \t].*)?)?", re.IGNORECASE | re.ASCII)


def command_in(text: str) -> str | None:
    """Give what stands behind `/hubpipe` in a text's first line, in lower case; None where that gives no command.

    Empty lines before it do not count; more than three spaces before it make it code, as Markdown has it.
    """
    found = _COMMAND.fullmatch(_first_line(text)[0])
    return None if found is None else (found[1] or USUAL).lower().strip(" \t")


def without_command(comment: Comment) -> Comment:
    """Leave the line of a known command out of a comment: it is none of the thread's; what stands below it is."""
    return replace(comment, body=_first_line(comment.body)[1]) if command_in(comment.body) in WORDS else comment


def _first_line(text: str) -> tuple[str, str]:
    """Part a text behind its first line that is not empty."""
    start = len(text) - len(text.lstrip(" \t\r\n"))
    begun = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    line, *rest = _LINE_END.split(text[begun:], maxsplit=1)
    return line, "".join(rest)
