"""Turn Markdown as people, templates and mail programs leave it into the Markdown that says something.

The text is parsed, pruned and written again from the parse: patterns over Markdown would cut into code and quotes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from hubpipe.text.blocks import rewrite, words
from hubpipe.text.mail import without_quoted_tail
from hubpipe.text.noise import plain

References: TypeAlias = dict[str, Any]
Writer: TypeAlias = Callable[[SyntaxTreeNode, References], str]

# Two parsers, because blocks may be nested deeply (20 levels are only ten lists) while deep brackets cost time.
BLOCKS = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable(["inline", "text_join"])
INLINE = MarkdownIt("commonmark").enable("strikethrough").disable("text_join")
# Removing one thing can uncover another (`<<b>i>`); texts that people write are stable after the first pass.
PASSES = 5

PARAGRAPH = ["paragraph_open", "inline", "paragraph_close"]
NO_ANSWER = "_No response_"
UNTICKED, TICKED = "[ ]", ("[x] ", "[X] ")
WITHOUT_TEXT = ("<script", "<style")
# The tags that end a line of text, as CommonMark lists them; any other stands within a line.
LINE_ENDS = frozenset({*block_names, "br", "pre"})


def clean(markdown: str) -> str:
    """Keep what the author says of a Markdown text, as Markdown; any string is accepted.

    Drops HTML comments, tags, unticked check boxes, unanswered questions of issue forms, quoted e-mail
    tails, base64, invisible characters, rules, link targets; images become their alternative text.
    Blocks nested deeper than 100 levels are dropped, as the parser does.
    """
    text = plain(markdown)
    for _ in range(PASSES):
        before, text = text, plain(_once(text))
        if text == before:
            break
    return text


def fenced(code: str, info: str = "") -> str:
    """Put code between fences longer than any run of backticks in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", code))])
    return _between(fence, code, info)


def _between(fence: str, code: str, info: str) -> str:
    lines = code.removesuffix("\n")
    return f"{fence}{info}\n{lines}\n{fence}"


def _once(source: str) -> str:
    references: References = {}
    tree = SyntaxTreeNode(BLOCKS.parse(source, references))
    return _blocks(without_quoted_tail(_answered(tree.children)), references)


def _answered(blocks: Sequence[SyntaxTreeNode]) -> list[SyntaxTreeNode]:
    """Drop the headings of an issue form that stand over `_No response_`, with it."""
    kept: list[SyntaxTreeNode] = []
    for block, following in zip_longest(blocks, blocks[1:]):
        ends_section = following is None or following.type == "heading"
        if ends_section and words(block) == NO_ANSWER and kept and kept[-1].type == "heading":
            kept.pop()
        else:
            kept.append(block)
    return kept


def _blocks(blocks: Iterable[SyntaxTreeNode], references: References, between: str = "\n\n") -> str:
    return between.join(filter(None, (_block(block, references) for block in blocks)))


def _block(block: SyntaxTreeNode, references: References) -> str:
    writer = WRITERS.get(block.type)
    return writer(block, references) if writer else ""


def _paragraph(block: SyntaxTreeNode, references: References) -> str:
    return _inline(words(block), references)


def _heading(block: SyntaxTreeNode, references: References) -> str:
    line = _line(words(block), references)
    return f"{'#' * int(block.tag[1])} {line}" if line else ""


def _fence(block: SyntaxTreeNode, references: References) -> str:
    return _between(block.markup, block.content, block.info.strip()) if block.content.strip() else ""


def _indented_code(block: SyntaxTreeNode, references: References) -> str:
    return fenced(block.content)


def _quote(block: SyntaxTreeNode, references: References) -> str:
    text = _blocks(block.children, references)
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n")) if text else ""


def _list(block: SyntaxTreeNode, references: References) -> str:
    items = [item for item in block.children if not _is_unticked(item)]
    paragraphs = (child for item in items for child in item.children if child.type == "paragraph")
    between = "\n" if all(paragraph.hidden for paragraph in paragraphs) else "\n\n"
    return between.join(filter(None, (_item(item, references, between) for item in items)))


def _is_unticked(item: SyntaxTreeNode) -> bool:
    first, _, _ = _opening(item).partition("\n")
    return first.strip() == UNTICKED or first.startswith((f"{UNTICKED} ", f"{UNTICKED}\t"))


def _opening(item: SyntaxTreeNode) -> str:
    return words(item.children[0]) if item.children else ""


def _item(item: SyntaxTreeNode, references: References, between: str) -> str:
    opening = _opening(item)
    if opening.startswith(TICKED):
        rewrite(item.children[0], opening[len(TICKED[0]) :])
    text = _blocks(item.children, references, between)
    marker = f"{item.info}{item.markup} "
    first, *more = text.split("\n")
    indent = " " * len(marker)
    return "\n".join([marker + first, *(indent + line if line else "" for line in more)]) if text else ""


def _table(block: SyntaxTreeNode, references: References) -> str:
    rows = [row for section in block.children for row in section.children]
    head, *body = ([_cell(cell, references) for cell in row.children] for row in rows)
    lines = [head, ["---"] * len(head), *map(_without_filling, body)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines if cells)


def _cell(cell: SyntaxTreeNode, references: References) -> str:
    return _line(cell.children[0].content, references).replace("|", "\\|")


def _without_filling(cells: list[str]) -> list[str]:
    """Drop the empty cells at a row's end, with which the parser fills a short row up."""
    length = max((index for index, cell in enumerate(cells, 1) if cell), default=0)
    return cells[:length]


def _html(block: SyntaxTreeNode, references: References) -> str:
    if block.content.lstrip().lower().startswith(WITHOUT_TEXT):
        return ""
    before, opened, after = block.content.rpartition("<!--")
    unclosed = opened and "-->" not in after
    return _inline(before if unclosed else block.content, references)


WRITERS: dict[str, Writer] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "fence": _fence,
    "code_block": _indented_code,
    "blockquote": _quote,
    "bullet_list": _list,
    "ordered_list": _list,
    "table": _table,
    "html_block": _html,
}


def _line(source: str, references: References) -> str:
    """Write Markdown that must stay on one line."""
    return " ".join(_inline(source, references).split())


def _inline(source: str, references: References) -> str:
    text = _spans(INLINE.inline.parse(source, INLINE, references, []))
    lines = filter(None, map(str.strip, text.split("\n")))
    return "\n".join([next(lines, ""), *map(_continued, lines)])


def _continued(line: str) -> str:
    """Indent a line of a paragraph that would otherwise start a block (`# 3 more` in a pasted trace)."""
    if line[0].isalpha():
        return line
    alone = [token.type for token in BLOCKS.parse(f"before\n{line}")]
    return line if alone == PARAGRAPH else " " * 4 + line


def _spans(tokens: Iterable[Token]) -> str:
    return "".join(map(_span, tokens))


def _span(token: Token) -> str:
    match token.type:
        case "text":
            return token.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "code_inline":
            return _code(token)
        case "html_inline":
            return _tag(token.content)
        case "image":
            return _spans(token.children or ())
        case "link_open" | "link_close":
            return ""
        case _:  # emphasis and what was escaped stay as they were written
            return token.markup


def _code(token: Token) -> str:
    padded = token.content.startswith((" ", "`")) or token.content.endswith((" ", "`"))
    pad = " " if padded and token.content.strip() else ""
    return f"{token.markup}{pad}{token.content}{pad}{token.markup}"


def _tag(source: str) -> str:
    """Give what a reader sees in place of an HTML tag: an image's text, the end of a line, or nothing."""
    if not source.lstrip("</")[:1].isalpha():
        return ""
    tag = _Tag()
    tag.feed(source)
    return "\n" if tag.name in LINE_ENDS else tag.alt


class _Tag(HTMLParser):
    """The name and the alternative text of the tag that it is fed."""

    name = ""
    alt = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.name, self.alt = tag, dict(attrs).get("alt") or ""

    def handle_endtag(self, tag: str) -> None:
        self.name = tag
