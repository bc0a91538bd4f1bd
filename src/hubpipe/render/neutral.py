"""Turn any text into text that GitHub shows and does not act on."""

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hubpipe.text import visible

LINE_LIMIT = 1_000
ELLIPSIS = "…"

# Between a sign and what follows it, so that GitHub finds no mention, no reference and no address.
_APART = "&#8203;"
_SIGNS = re.compile(r"[\\`*_\[\]|~$]")
_ALL_SIGNS = re.compile(r"[&<>\"'\\`*_\[\]|~$]")
# `_` is no letter to GitHub's autolinks; a reference may stand behind any sign or letter.
_LINKING = re.compile(r"@(?=\S)|#(?=\d)|gh-(?=\d)|:(?=//)|(?<![^\W_])www(?=\.)", re.IGNORECASE)
# A SHA of 7 digits or more becomes a link where there is such a commit: no 7 of them may stay together.
_SHA = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])", re.IGNORECASE)
_FOUR = re.compile(r"....(?=.)")
# What would make a line a heading, a list, a quotation, a rule or a command for another bot.
_LINE_START = re.compile(r"^(?:[#>+=-]|(?=/))|^(\d+)([.)])(?=\s|$)")
_CODE_SPANS = MarkdownIt("zero").enable("backticks")


class _Markdown(str):
    """Text that is safe as Markdown already; the only thing that a template prints unchanged."""

    __slots__ = ()


def neutralise(text: str) -> str:
    """Make any text safe to stand in a line of a GitHub comment, its wording kept.

    Mentions, references, closing words, links and HTML lose their effect; inline code stays code. White
    space is folded to one line of at most 1,000 characters.
    """
    return _LINE_START.sub(_escaped_start, _prose(text, code))


def own(markdown: str) -> "_Markdown":
    """Mark Markdown that holds nothing but hubpipe's own words and numbers."""
    return _Markdown(markdown)


def in_line(text: str) -> "_Markdown":
    """Make any text safe in a line, once for as often as it is printed."""
    return _Markdown(neutralise(text))


def in_cell(text: str) -> "_Markdown":
    """Make any text safe in a cell of a table, its wording kept."""
    return _Markdown(_prose(text, code_in_cell))


def code(text: str) -> str:
    """Put any text into a code span, in which GitHub links nothing; for Markdown outside of tables and HTML."""
    line = _line(text)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return _Markdown(f"{fence}{pad}{line}{pad}{fence}") if line else _Markdown("")


def code_in_cell(text: str) -> "_Markdown":
    """Put any text into a code span that holds in a table, too."""
    # A stroke ends the cell even within a code span, and what escapes it there cannot be told from the text's own.
    return code_anywhere(text) if "|" in text else _Markdown(code(text))


def line_of(text: str, room: int) -> str:
    """Fold a text to one line of at most `room` characters; what is too long is cut in the middle, and shows it."""
    line = _line(text, max(len(text), LINE_LIMIT))
    if len(line) <= room:
        return line
    end = (room - len(ELLIPSIS)) * 2 // 3
    return line[: room - len(ELLIPSIS) - end] + ELLIPSIS + line[len(line) - end :]


def opening_of(text: str, room: int) -> str:
    """Fold a text to one line of at most `room` characters; one that is too long ends at a word, outside of code."""
    line = _line(text, max(len(text), LINE_LIMIT))
    if len(line) <= room:
        return line
    head = line[: room - len(ELLIPSIS)]
    head = head.rpartition(" ")[0] or head
    if head.count("`") % 2:
        head = head[: head.rfind("`")]
    return head.rstrip() + ELLIPSIS


def _prose(text: str, as_code: Callable[[str], str]) -> str:
    parts = _parts(text)
    return "".join(
        (as_code(part.content) or _APART) if part.type == "code_inline" else _plain(part.content) for part in parts
    )


def _line(text: str, limit: int = LINE_LIMIT) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[:limit].rstrip() + ELLIPSIS


def _parts(text: str) -> list[Token]:
    return _CODE_SPANS.parseInline(_line(text))[0].children or []


def _plain(text: str) -> str:
    text = _set_apart(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SIGNS.sub(lambda sign: "\\" + sign.group(), text).replace("\u200b", _APART)


def _set_apart(text: str) -> str:
    """Part each sign from what would give it a meaning, with a character that no visible text holds."""
    text = _unlinked(text)
    return _SHA.sub(lambda sha: _FOUR.sub(lambda four: four.group() + "\u200b", sha.group()), text)


def _unlinked(text: str) -> str:
    return _LINKING.sub(lambda sign: sign.group() + "\u200b", text)


def _entities(text: str) -> str:
    """Write every sign of Markdown and HTML as an entity, which means nothing in prose, a table or an attribute."""
    return _ALL_SIGNS.sub(lambda sign: f"&#{ord(sign.group())};", text).replace("\u200b", _APART)


def _escaped_start(start: re.Match[str]) -> str:
    if start.group(1):
        return f"{start.group(1)}\\{start.group(2)}"
    return "\\" + start.group() if start.group() else _APART


def printed(value: object) -> str:
    """Print a value of hubpipe's own templates, which put each into a line of prose."""
    if isinstance(value, _Markdown):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(printed(item) for item in value)
    return neutralise(str(value))


def printed_anywhere(value: object) -> str:
    """Print a value of a user's template, which may stand beside another one, in a table or in HTML."""
    if isinstance(value, _Markdown) or value is None or isinstance(value, int | float):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(printed_anywhere(item) for item in value)
    parts = (
        code_anywhere(part.content) if part.type == "code_inline" else _entities(_set_apart(part.content))
        for part in _parts(str(value))
    )
    return f"{_APART}{''.join(parts)}{_APART}"


def code_anywhere(text: str) -> _Markdown:
    """Put any text into a code element, which holds where a code span would not."""
    # GitHub's Markdown links addresses in such an element, as it does not in a code span.
    return _Markdown(f"{_APART}<code>{_entities(_unlinked(_line(text)))}</code>{_APART}")
