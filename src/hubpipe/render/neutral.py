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
_SIGNS = re.compile(r"[\\`*_\[\]|~]")
_ALL_SIGNS = re.compile(r"[&<>\"'=\\`*_\[\]|~]")
# An escaped dollar still begins a formula where another one ends it. Source:
# https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
_DOLLAR, _DOLLAR_ALONE = "$", "<span>$</span>"
# `_` is no letter to GitHub's autolinks; a reference may stand behind any sign or letter.
_LINKING = re.compile(r"@(?=\S)|#(?=\d)|gh-(?=\d)|:(?=//)|(?<![^\W_])www(?=\.)", re.IGNORECASE)
# In a code element GitHub finds neither mentions nor references, but still addresses.
_ADDRESS = re.compile(r"(?<=[\w.+-])@(?=\S)|:(?=//)|(?<![^\W_])www(?=\.)", re.IGNORECASE)
# Other bots read a comment's source: `/rebase`, wherever it stands, and `@dependabot rebase`, also within code.
_COMMAND = re.compile(r"(?<![^\W_])(?<!/)/(?=[^\W\d_])")
_CALL = re.compile(rf"{_COMMAND.pattern}|(?<!\w)@(?=\w)")
# A SHA of 7 digits or more becomes a link where there is such a commit: no 7 of them may stay together.
_SHA = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])", re.IGNORECASE)
_FOUR = re.compile(r"....(?=.)")
# What would make a line a heading, a list, a quotation or a rule.
_LINE_START = re.compile(r"^[#>+=-]|^(\d+)([.)])(?=\s|$)")
# What chats act on: `@here`, `<!everyone>`, `<@U123>`, `[text](address)`, addresses, the fence of a block of code.
_CALLING = re.compile(r"@(?=\S)|<(?=\S)|\](?=[(\[:])|`(?=`)|:(?=//)|(?<![^\W_])www(?=\.)", re.IGNORECASE)
# The beginning of one of these at the end of a value, which another value could go on; and what could go on a sign.
_HALF = re.compile(r"(?:[@<\]`:/]|(?<![^\W_])w{1,3})$", re.IGNORECASE)
_OTHER_HALF = re.compile(r"^[!@#:/(\[`]")
_CODE_SPANS = MarkdownIt("zero").enable("backticks")


class _Markdown(str):
    """Text that is safe as Markdown already; the only thing that a template prints unchanged."""

    __slots__ = ()


def neutralise(text: str) -> str:
    """Make any text safe to stand in a line of a GitHub comment, its wording kept.

    Mentions, references, closing words, links, HTML, formulas and other bots' commands lose their effect; inline
    code stays code. White space is folded to one line of at most 1,000 characters. What GitHub shows of it reads as
    the text does; the source is no text any more: neutralising it again would show its escapes.
    """
    return _LINE_START.sub(_escaped_start, _prose(text, code))


def own(markdown: str) -> "_Markdown":
    """Mark Markdown that holds nothing but hubpipe's own words and numbers."""
    return _Markdown(markdown)


def in_line(text: str) -> "_Markdown":
    """Make any text safe in a line, once for as often as it is printed."""
    return _Markdown(neutralise(text))


def at_start(text: str) -> "_Markdown":
    """Make any text safe where a line of the source begins with it: there bots look for commands in plain words.

    `bors r+`, `!merge` and `.deploy` do not begin as a sentence does.
    """
    safe = neutralise(text)
    return _Markdown(safe if safe[:1].isupper() or not safe else f"{_APART}{safe}")


def in_cell(text: str) -> "_Markdown":
    """Make any text safe in a cell of a table, its wording kept."""
    return _Markdown(_prose(text, code_in_cell))


def code(text: str) -> str:
    """Put any text into a code span, in which GitHub links nothing; for Markdown outside of tables and HTML.

    What another bot could take for a call to it becomes a code element, where that can be written differently.
    """
    line = _line(text)
    if _CALL.search(line):
        return _element(_ADDRESS.sub(_followed, line))
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return _Markdown(f"{fence}{pad}{line}{pad}{fence}") if line else _Markdown("")


def code_in_cell(text: str) -> "_Markdown":
    """Put any text into a code span that holds in a table, too."""
    # A stroke ends the cell even within a code span, and what escapes it there cannot be told from the text's own.
    return _element(_ADDRESS.sub(_followed, _line(text))) if "|" in text else _Markdown(code(text))


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


def uncalling(text: str) -> str:
    """Make any text one line of plain text in which no chat finds a mention, a link, an address or a block of code."""
    return _CALLING.sub(_followed, _line(text))


def printed_in_chat(value: object) -> str:
    """Print a value of a user's template of plain text, which may stand beside another one."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(printed_in_chat(item) for item in value)
    text = "" if value is None else uncalling(str(value))
    return _HALF.sub(_followed, _OTHER_HALF.sub(lambda sign: "\u200b" + sign.group(), text))


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
    text = _COMMAND.sub(_entity, _SIGNS.sub(lambda sign: "\\" + sign.group(), text))
    return text.replace("\u200b", _APART).replace(_DOLLAR, _DOLLAR_ALONE)


def _set_apart(text: str) -> str:
    """Part each sign from what would give it a meaning, with a character that no visible text holds."""
    text = _LINKING.sub(_followed, text)
    return _SHA.sub(lambda sha: _FOUR.sub(_followed, sha.group()), text)


def _followed(sign: re.Match[str]) -> str:
    return sign.group() + "\u200b"


def _entities(text: str) -> str:
    """Write every sign of Markdown and HTML as an entity, which means nothing in prose, a table or an attribute."""
    text = _COMMAND.sub("\0", text)
    text = _ALL_SIGNS.sub(_entity, text).replace("\0", _entity_of("/"))
    return text.replace("\u200b", _APART).replace(_DOLLAR, _DOLLAR_ALONE)


def _entity(sign: re.Match[str]) -> str:
    return _entity_of(sign.group())


def _entity_of(sign: str) -> str:
    return f"&#{ord(sign)};"


def _element(line: str) -> _Markdown:
    """Put a line into a code element, which nothing in it ends or calls out of."""
    return _Markdown(f"<code>{_entities(line).replace('@', _entity_of('@'))}</code>") if line else _Markdown("")


def _escaped_start(start: re.Match[str]) -> str:
    return f"{start.group(1)}\\{start.group(2)}" if start.group(1) else "\\" + start.group()


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
    # A link's parenthesis could end within it, and let the rest out.
    return _Markdown(f"{_APART}{_element(_set_apart(_line(text)))}{_APART}")
