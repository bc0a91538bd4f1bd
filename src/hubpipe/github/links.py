"""Turn Markdown into the addresses of what it shows and links to."""

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
# What each tag of HTML shows, by the names of a flow's inputs; a video is none of them.
SHOWN = {"img": "images", "audio": "audio", "video": "video"}
WEB = ("https://", "http://")
# GitHub leaves these out where they stand behind an address.
# Source: https://github.github.com/gfm/#extended-autolink-path-validation
BEHIND = "?!.,:;*_~'\")]}>"


@dataclass(frozen=True)
class Link:
    """An address in a text: `shown` is "images", "audio" or "video" as it is shown, empty where it is only named."""

    url: str
    shown: str = ""


def links(markdown: str) -> tuple[Link, ...]:
    """Find every web address that Markdown shows or links to, in its order, each once; none inside of code."""
    found: dict[str, Link] = {}
    # Parsing costs more than looking, and most texts have no address at all.
    for link in _links(markdown) if "http" in markdown else ():
        known = found.get(link.url)
        if link.url.startswith(WEB) and (known is None or not known.shown):
            found[link.url] = link
    return tuple(found.values())


def _links(markdown: str) -> Iterator[Link]:
    for block in MARKDOWN.parse(markdown):
        if block.type == "html_block":
            yield from _Reader().read(block.content)
        elif block.type == "inline":
            yield from _of_line(block.children or [])


def _of_line(tokens: list[Token]) -> Iterator[Link]:
    # One for the whole line: an element takes several tokens, as <video> and the <source> in it.
    reader = _Reader()
    for token in tokens:
        match token.type:
            case "image":
                yield Link(str(token.attrs["src"]), "images")
            case "link_open":
                yield Link(str(token.attrs["href"]))
            case "text":
                yield from _of_words(token.content)
            case "html_inline":
                yield from reader.read(token.content)


def _of_words(text: str) -> Iterator[Link]:
    for word in text.split():
        bare = word.lstrip("(").rstrip(BEHIND)
        if bare.startswith(WEB):
            yield Link(bare)


class _Reader(HTMLParser):
    """Finds links in pieces of HTML that follow each other."""

    def __init__(self) -> None:
        super().__init__()
        self._links: list[Link] = []
        self._around = ""

    def read(self, html: str) -> list[Link]:
        """Give the links of one more piece."""
        self._links = []
        self.feed(html)
        return self._links

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        shown = self._around if tag == "source" else SHOWN.get(tag, "")
        address = values.get("href") if tag == "a" else shown and values.get("src")
        if address:
            self._links.append(Link(address.strip(), shown))
        if tag in ("audio", "video"):
            self._around = shown

    def handle_data(self, data: str) -> None:
        self._links.extend(_of_words(data))
