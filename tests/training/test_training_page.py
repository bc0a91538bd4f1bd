"""The page of a report, opened in a browser: its sliders, its filters, its looks, and that it calls nobody."""

import base64
import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from hubpipe.training.report import as_page
from tests.chromium import Page, browser, needs_browser
from tests.training.test_training_report import HOSTILE, empty, report, scored

WIDTH, HEIGHT = 1100, 1400
PICTURE = Path(__file__).parent.parent.parent / "docs" / "images" / "training-report.png"
PAPER = {"light": (255, 255, 255), "dark": (13, 17, 23)}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The page of a report with two labels and a hostile title, open in a browser."""
    (tmp_path / "page.html").write_text(as_page(report(scored(title=HOSTILE))), encoding="utf-8")
    with browser(tmp_path) as one:
        one.open(tmp_path / "page.html")
        yield one


def reading(page: Page) -> tuple[float, float, float]:
    """Read what the sliders say: cutoff, coverage in percent, precision."""
    text = page.value("document.getElementById('reading').textContent")
    found = re.fullmatch(r"From ([\d.]+) on, ([\d.]+) % of the issues get (?:a label|it): precision ([\d.]+) .*", text)
    assert found, text
    cutoff, coverage, precision = map(float, found.groups())
    return cutoff, coverage, precision


def focus(page: Page, name: str) -> None:
    page.value(f"document.getElementById('{name}').focus()")


def choose(page: Page, name: str, value: str) -> None:
    change = "['input', 'change'].forEach((kind) => it.dispatchEvent(new Event(kind)))"
    page.value(f"(() => {{ const it = document.getElementById('{name}'); it.value = '{value}'; {change} }})()")


@needs_browser
def test_the_page_draws_its_plots_asks_nobody_and_the_console_stays_empty(page: Page) -> None:
    assert page.value("document.querySelectorAll('.uplot canvas').length") == 2
    assert [url for url in page.asked if not url.startswith("file:")] == []
    assert len(page.asked) == 1
    assert page.value("document.querySelector('#mistakes a').textContent").startswith(
        "</script><script>alert(1)</script>"
    )
    assert page.value("document.images.length") == 0
    assert page.told == []


@needs_browser
def test_the_keys_move_the_cutoff_and_with_it_coverage_and_precision(page: Page) -> None:
    focus(page, "cutoff")
    page.press("Home")
    cutoff, coverage, _ = reading(page)
    assert coverage == 100.0
    page.press("ArrowRight", times=60)
    higher, fewer, _ = reading(page)
    assert higher >= 0.6 > cutoff
    assert fewer < coverage
    assert page.value("document.getElementById('cutoff-value').value") == "0.60"
    page.press("End")
    assert page.value("document.getElementById('reading').textContent").startswith("No issue gets a label")
    assert page.told == []


@needs_browser
def test_a_precision_that_is_wanted_finds_its_cutoff(page: Page) -> None:
    focus(page, "target")
    page.press("Home")
    for _ in range(4):
        page.press("ArrowRight", times=10)
        wanted = float(page.value("document.getElementById('target').value"))
        assert reading(page)[2] >= wanted
    assert page.told == []


@needs_browser
def test_a_label_has_a_curve_and_a_cutoff_of_its_own(page: Page) -> None:
    whole = reading(page)
    choose(page, "label", "0")
    assert page.value("document.getElementById('cutoff-value').value") == "0.60"
    assert reading(page) != whole
    assert page.told == []


@needs_browser
def test_the_mistakes_can_be_filtered(page: Page) -> None:
    told = "document.getElementById('shown').textContent"
    total = page.value(told)
    choose(page, "words", "nowhere")
    assert re.fullmatch(r"0 of \d+ shown", page.value(told))
    choose(page, "words", "SCRIPT")
    assert page.value(told) == total
    choose(page, "words", "")
    page.value("document.getElementById('given').click()")
    given = int(page.value(told).split()[0])
    assert (
        given == page.value("document.querySelectorAll('#mistakes tr[data-given=yes]').length") < int(total.split()[0])
    )
    assert page.told == []


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_can_be_looked_at_in_both_colour_schemes(theme: str, page: Page) -> None:
    picture = page.look(theme, WIDTH, HEIGHT)
    if theme == "light" and os.environ.get("HUBPIPE_PICTURES"):
        PICTURE.write_bytes(picture)
    with Image.open(io.BytesIO(picture)) as image:
        colors = image.convert("RGB").getcolors(WIDTH * HEIGHT) or []
    assert max(colors)[1] == PAPER[theme]
    assert len(colors) > 100
    assert page.told == []


@needs_browser
def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    page.look("light", 360, 800)
    assert page.value("document.documentElement.scrollWidth") <= 360


@needs_browser
def test_every_control_has_a_name_and_every_table_its_headings(page: Page) -> None:
    unnamed = "[...document.querySelectorAll('input, select')].filter((it) => !it.labels.length).length"
    bare = "[...document.querySelectorAll('thead')].filter((it) => !it.querySelector('th[scope=col]')).length"
    assert (page.value(unnamed), page.value(bare)) == (0, 0)
    assert page.value("[...document.querySelectorAll('.plot')].every((it) => it.getAttribute('aria-label'))")


@needs_browser
def test_a_page_of_nothing_opens_too(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(as_page(empty()), encoding="utf-8")
    with browser(tmp_path) as page:
        page.open(tmp_path / "page.html")
        assert page.value("document.querySelectorAll('canvas').length") == 0
        assert page.told == []


def test_only_what_the_page_holds_may_run() -> None:
    html = as_page(report())
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert (len(scripts), len(styles)) == (2, 1)
    for text in (*scripts, *styles):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy


def test_the_page_holds_the_librarys_licence_and_stays_small() -> None:
    html = as_page(report())
    assert "Copyright (c) 2022 Leon Sorokin" in html
    assert len(html.encode()) < 200_000
