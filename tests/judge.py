"""Turn Markdown into what GitHub and other bots would do about it, by GitHub's own parser; see `acts`."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

# What GitHub looks for in the text of a page, outside of code. Source:
# https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
IN_TEXT = {
    "mention": re.compile(r"@[\w-]"),
    "reference": re.compile(r"#\d|gh-\d", re.IGNORECASE),
    "commit": re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])", re.IGNORECASE),
    "formula": re.compile(r"\$"),
}
# What bots look for in a comment's source, wherever it stands.
IN_SOURCE = {
    "call": re.compile(r"(?<!\w)@\w"),
    "command": re.compile(r"(?<![^\W_])(?<![/<])/[^\W\d_]"),
}
ALWAYS = frozenset({"p", "code", "span"})
DOLLAR = "$"


class Page(HTMLParser):
    """What GitHub's own parser makes of Markdown: tags, addresses, and the text that mentions are looked for in."""

    def __init__(self, markdown: str):
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.shown = ""
        self._code = 0
        self._alone = False
        self.feed(github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self._code += tag == "code"
        self._alone = tag == "span"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"
        self._alone = False

    def handle_comment(self, data: str) -> None:
        self.tags.add("<!--")
        self.comments.append(data.strip())

    def handle_data(self, data: str) -> None:
        # A dollar that is a span's only content begins no formula.
        alone = self._alone and data == DOLLAR
        self.text += " " if self._code or alone else data
        self.shown += data


def acts(markdown: str, *tags: str) -> list[str]:
    """Name what is neither text nor code nor one of the given tags, and what would call, refer or link."""
    return list(_acts(markdown, tags))


def _acts(markdown: str, tags: tuple[str, ...]) -> Iterator[str]:
    page = Page(markdown)
    yield from sorted(page.tags - ALWAYS - set(tags))
    for kind, pattern in IN_TEXT.items():
        yield from (f"{kind} {found!r}" for found in pattern.findall(page.text))
    for kind, pattern in IN_SOURCE.items():
        yield from (f"{kind} {found!r}" for found in pattern.findall(markdown))


def harmless(markdown: str, *tags: str) -> bool:
    """Whether there is nothing but text, code and the given tags, and nobody is called."""
    return not acts(markdown, *tags)
