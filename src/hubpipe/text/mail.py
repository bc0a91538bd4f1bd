"""Turn the blocks of a reply sent by e-mail into the blocks that its author wrote."""

import re
from collections.abc import Sequence
from functools import cache

from mailparser_reply import EmailMessage
from mailparser_reply.constants import MAIL_LANGUAGES
from markdown_it.tree import SyntaxTreeNode

from hubpipe.text.blocks import rewrite, words

# Real attributions ("On Tue, 3 Mar 2026 at 10:02, Mona <mona@example.com> wrote:") take one to three short lines;
# the bound keeps the library's backtracking patterns away from long text.
LONGEST_HEADER = 400


def without_quoted_tail(blocks: Sequence[SyntaxTreeNode]) -> list[SyntaxTreeNode]:
    """Drop the message that an e-mail client quoted below the reply; a text of nothing else stays whole."""
    end = _original_message(blocks)
    while end > 0 and (start := _last_quote(blocks[:end])) is not None:
        end = start
    return list(blocks[: end or len(blocks)])


def _original_message(blocks: Sequence[SyntaxTreeNode]) -> int:
    """Find the block where an unquoted copy starts (Outlook: a separator, or a rule and a block of headers)."""
    for index, block in enumerate(blocks):
        header = _headers().match(words(block)[:LONGEST_HEADER])
        if header and (header.group().startswith("--") or ("\n" in header.group() and _is_rule(blocks, index - 1))):
            return index
    return len(blocks)


def _last_quote(blocks: Sequence[SyntaxTreeNode]) -> int | None:
    """Find where the attribution and the quotes that end these blocks start; None where they do not end so."""
    start = len(blocks)
    while start > 0 and blocks[start - 1].type in {"blockquote", "hr"}:
        start -= 1
    quotes = [block for block in blocks[start:] if block.type == "blockquote"]
    if not quotes:
        return None
    before = words(blocks[start - 1]) if start > 0 else ""
    attribution = _attribution(before)
    if attribution == 0:
        return start - 1
    if attribution is not None:
        rewrite(blocks[start - 1], before[:attribution].rstrip())
        return start
    # Apple Mail quotes the attribution, too.
    inside = words(quotes[0].children[0]) if quotes[0].children else ""
    return start if _attribution(inside) == 0 else None


def _attribution(text: str) -> int | None:
    """Find where the "On ... wrote:" starts that ends a text."""
    tail = "\n".join(text.split("\n")[-3:])
    if len(tail) > LONGEST_HEADER or not tail.endswith((":", "：")):
        return None
    for header in _headers().finditer(tail):
        # Mail programs always write the date; "On the next page the manual wrote:" is prose.
        if header.end() == len(tail) and any(map(str.isdigit, header.group())):
            return len(text) - len(tail) + header.start()
    return None


def _is_rule(blocks: Sequence[SyntaxTreeNode], index: int) -> bool:
    return index >= 0 and blocks[index].type == "hr"


@cache
def _headers() -> re.Pattern[str]:
    # "david" is a mail system's own format, not a language; its pattern also matches plain text.
    languages = [language for language in MAIL_LANGUAGES if language != "david"]
    pattern: re.Pattern[str] = EmailMessage(text="", languages=languages).HEADER_REGEX
    return pattern
