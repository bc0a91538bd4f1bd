"""Turn Markdown into whether it leaves something open that would take in what is written behind it."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = re.compile(r"<!--|-->|</?details(?![\w-])", re.IGNORECASE)
_BEHIND = "\n\n<!-- -->\n\nbehind"


def _blocks_alone() -> MarkdownIt:
    # What stands within a line cannot reach beyond its paragraph.
    markdown = MarkdownIt("commonmark")
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown


_BLOCKS = _blocks_alone()


def is_open(markdown: str) -> bool:
    """Tell whether a code fence, a `<details>`, or an element such as `<pre>` has no end.

    A comment without an end has one in the marker that stands behind it.
    """
    tokens = _BLOCKS.parse(markdown + _BEHIND)
    return tokens[-1].type != "paragraph_close" or _folds(tokens) > 0


def _folds(tokens: list[Token]) -> int:
    """Count the folds that are open at the end; one in a list or a quotation ends with that."""
    depth, hidden = 0, False
    for token in tokens:
        if token.type != "html_block":
            continue
        for tag in _TAGS.findall(token.content):
            if tag in ("<!--", "-->"):
                hidden = tag == "<!--"
            elif not hidden and tag.startswith("</"):
                depth = max(depth - 1, 0)
            elif not hidden and token.level == 0:
                depth += 1
    return depth
