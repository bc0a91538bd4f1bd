"""The comment on a pull request, looked at in a browser: GitHub's Markdown, its style, a real page."""

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from PIL import Image

from hubpipe import change
from hubpipe.change import Change, FileChange, Kind, Symbols
from hubpipe.config import Decide
from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.digest import Digest
from hubpipe.event import ChangedFile, Event, Subject
from hubpipe.models.base import ModelInfo, Text
from hubpipe.render import Context, write
from hubpipe.text import Fitted
from tests.chromium import BROWSER, FLAGS, needs_browser

ROOT = Path(__file__).parent.parent
STYLES = Path(__file__).parent / "standin" / "node_modules" / "github-markdown-css"
PICTURE = ROOT / "docs" / "images" / "pull-request-comment.png"
WIDTH, HEIGHT = 870, 640
PAGE = """<!doctype html><html><head><meta charset="utf-8"><style>{style}</style><style>
body {{ margin: 0; padding: 24px; background: {page}; }}
.box {{ border: 1px solid {edge}; border-radius: 6px; width: 820px; }}
.head {{ font: 14px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: {faint};
  padding: 8px 16px; border-bottom: 1px solid {edge}; background: {bar}; border-radius: 6px 6px 0 0; }}
.head b {{ color: {ink}; }} .markdown-body {{ padding: 16px; font-size: 14px; border-radius: 0 0 6px 6px; }}
</style></head><body><div class="box"><div class="head"><b>github-actions</b> bot commented</div>
<article class="markdown-body">{html}</article></div></body></html>"""
COLORS = {
    "light": {"page": "#ffffff", "edge": "#d1d9e0", "faint": "#59636e", "bar": "#f6f8fa", "ink": "#1f2328"},
    "dark": {"page": "#0d1117", "edge": "#3d444d", "faint": "#9198a1", "bar": "#151b23", "ink": "#f0f6fc"},
}
SUMMARY = """Keep the decoder of an export open across rows, so that large files are read once.
The export of 2 GB took 40 minutes, most of them spent in opening the same file again for @octocat (fixes #12).
`Reader.close` must now be called, or the reader used in a `with` block; the old `read_all` stays for one release."""


def file(
    path: str,
    kind: Kind,
    additions: int,
    deletions: int = 0,
    *,
    added: tuple[str, ...] = (),
    changed: tuple[str, ...] = (),
    previous: str | None = None,
) -> FileChange:
    status = "renamed" if previous else "modified" if deletions and additions else "added" if additions else "removed"
    one = ChangedFile(path, status, additions, deletions, previous_path=previous)
    return FileChange(one, kind, symbols=Symbols(added=added, changed=changed))


FILES = (
    file("src/export/reader.py", "source", 124, 31, added=("Reader", "Reader.close"), changed=("read_all",)),
    file("src/export/rows.py", "source", 48, 60, changed=("parse_row",), previous="src/export/parse.py"),
    file("src/export/cli.py", "source", 9, 2, changed=("main",)),
    file("src/export/blocks.py", "source", 0, 77),
    file("pyproject.toml", "configuration", 2, 1),
    file("tests/test_reader.py", "tests", 88, 4, added=("test_a_closed_reader_raises",)),
    file("tests/test_rows.py", "tests", 20, 20),
    file("tests/test_cli.py", "tests", 3, 1),
    file("tests/conftest.py", "tests", 12, 0),
    file("docs/export.md", "documentation", 31, 8),
    file("docs/migration.md", "documentation", 25, 0),
    file("CHANGELOG.md", "documentation", 3, 0),
    file("uv.lock", "dependencies", 1_204, 911),
    file("web/dist/app.min.js", "generated", 1, 1),
    file("vendor/rows/rows.c", "vendored", 310, 12),
    file("docs/flow.png", "binary", 0, 0),
)
SAYINGS = {
    "src/export/reader.py": "Keep one decoder open for all rows of a file.",
    "src/export/rows.py": "A row may span several blocks.",
}
HOSTILE = file("src/a|b`c @octocat <img src=x>.py", "source", 1, 1)


def line(file: FileChange) -> str:
    saying = SAYINGS.get(file.path)
    return change.line(file) + (f": “{saying}”" if saying else "")


def body(*files: FileChange) -> str:
    """A comment that has everything, as production writes it."""
    subject = Subject("pull_request", 7, "Faster exports", "", head_sha="a" * 40, changed_files=len(files))
    event = Event("pull_request", "opened", "octo-org/octo-repo", subject)
    info = ModelInfo("sentence-transformers", "embedded", "0123456789abcdef" * 2, "summarization", None)
    digest = Digest(
        Change(files), {one.path: line(one) for one in files}, inferred=10, remembered=2, dropped=("`Foo`",)
    )
    fitted = Fitted("", 900, 900)
    context = Context("pr-summary", event, (info,), fitted, ("patch of 1 file: it is too large",), 2.14, Decide())
    findings = Findings(text=Text(SUMMARY), digest=digest)
    [effect] = write(Plan((CommentEffect("pr-summary"),)), findings, context).effects
    assert isinstance(effect, CommentEffect)
    return effect.body


def page(theme: str, *more: FileChange) -> str:
    style = (STYLES / f"github-markdown-{theme}.css").read_text()
    html = github_flavored_markdown_to_html(body(*FILES, *more), Options.CMARK_OPT_UNSAFE)
    return PAGE.format(style=style, html=html, **COLORS[theme])


def chromium(folder: Path, *arguments: str) -> str:
    """Run the browser without a window, and give what it prints."""
    assert BROWSER is not None
    flags = [*FLAGS, "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"]
    command = [BROWSER, *flags, f"--window-size={WIDTH},{HEIGHT}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


class Dom(HTMLParser):
    """The tags of a page's comment, and its text outside of code."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.code: list[str] = []
        self._in_code = 0
        start, end = html.index("<article"), html.index("</article>")
        self.feed(html[start:end])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_code += tag == "code"
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code[-1] += data
        else:
            self.text += data


@needs_browser
def test_the_comment_in_a_browser_is_a_table_and_folded_groups_and_calls_nobody(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page("light", HOSTILE), encoding="utf-8")
    dom = Dom(chromium(tmp_path, "--dump-dom", str(tmp_path / "page.html")))
    assert dom.tags.count("tr") == 7
    assert dom.tags.count("td") == 18
    assert dom.tags.count("details") == dom.tags.count("summary") == 1
    assert (
        "11 more files: tests (4) · documentation (3) · generated, vendored and lock files (3) · binary files (1)"
        in dom.text
    )
    assert not {"a", "img", "script", "h1", "h2", "h3"} & set(dom.tags)
    assert not re.search(r"@\w|#\d", dom.text)
    assert HOSTILE.path in [text.replace("\u200b", "") for text in dom.code]
    assert "<" not in dom.text


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_comment_can_be_looked_at(theme: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(theme), encoding="utf-8")
    picture = tmp_path / f"{theme}.png"
    chromium(tmp_path, f"--screenshot={picture}", str(tmp_path / "page.html"))
    with Image.open(picture) as image:
        assert image.size == (WIDTH, HEIGHT)
        colors = image.convert("RGB").getcolors(WIDTH * HEIGHT) or []
    background = tuple(int(COLORS[theme]["page"][start : start + 2], 16) for start in (1, 3, 5))
    assert max(colors)[1] == background
    assert len(colors) > 50
    if theme == "light" and (os.environ.get("HUBPIPE_PICTURES") or not PICTURE.exists()):
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, PICTURE)
