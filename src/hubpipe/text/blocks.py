"""Turn a parsed paragraph or heading into the Markdown of its words, and put other words there."""

from markdown_it.tree import SyntaxTreeNode


def words(block: SyntaxTreeNode) -> str:
    """Give the Markdown inside a paragraph or heading; empty for any other block."""
    return str(block.children[0].content) if block.type in {"paragraph", "heading"} else ""


def rewrite(block: SyntaxTreeNode, markdown: str) -> None:
    """Replace the Markdown inside a paragraph or heading."""
    inline = block.children[0].token
    if inline is not None:
        inline.content = markdown
