"""The page of a bot at work in a browser: it is logged in to, keeps itself up to date, and everybody can use it."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette

from hubpipe.models.base import Places
from hubpipe.server.app import Front, application
from hubpipe.server.ledger import Ledger
from hubpipe.server.page import page_key, routes
from tests.chromium import BROWSER, needs_browser
from tests.server.bot import SECRET, settle
from tests.server.conftest import environ_of
from tests.server.scene import HOSTILE, ISSUES, MENDED, TOKEN, Scene, at_work
from tests.standin.devices import CLIENT, USER_CODE, device_flow
from tests.standin.servers import MODULES, free_port
from tests.standin.standin import Server
from tests.standin.wire import LOOPBACK

pytestmark = [pytest.mark.e2e, needs_browser]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1200, "height": 900}
PAPER = {"light": (255, 255, 255), "dark": (13, 17, 23)}
PAGES = ("/", "/?state=failed&live=off", "/deliveries/guid-0", "/deliveries/guid-failed", "/repositories", "/models")
# The rules of WCAG 2.2, A and AA, and what its makers call best practice.
AXE = MODULES / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def scene(github_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("bot")
    with at_work(folder, github_server, environ_of(github_server)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, scene: Scene) -> Iterator[Page]:
    """A page in a browser of its own, logged in; its console stays empty, and it asks nobody but the bot."""
    with browser.new_context(base_url=scene.process.url, viewport=SIZE) as context:  # type: ignore[arg-type]
        found, told, asked = context.new_page(), list[str](), list[str]()
        found.on("console", lambda message: told.append(message.text))
        found.on("pageerror", lambda error: told.append(str(error)))
        found.on("request", lambda request: asked.append(request.url))
        log_in(found)
        yield found
        assert told == []
        assert [url for url in asked if not url.startswith(scene.process.url)] == []


def log_in(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_title("Log in · hubpipe")
    page.get_by_label("The page's token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Deliveries", level=1)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_looked_at(scheme: str, page: Page, tmp_path: Path) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    look(page, tmp_path, f"page-{scheme}.png", scheme)
    if scheme == "light":
        page.goto("/deliveries/guid-4")
        expect(page.get_by_role("heading", name="Stages")).to_be_visible()
        look(page, tmp_path, "delivery.png", scheme)


def look(page: Page, folder: Path, name: str, scheme: str) -> None:
    picture = folder / name
    page.screenshot(path=picture)
    with Image.open(picture) as image:
        colors = image.convert("RGB").getcolors(SIZE["width"] * SIZE["height"]) or []
    assert max(colors)[1] == PAPER[scheme]
    assert len(colors) > 100
    if os.environ.get("HUBPIPE_PICTURES") or not (IMAGES / name).exists():
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / name).write_bytes(picture.read_bytes())


def test_a_delivery_that_arrives_appears_without_a_reload(page: Page, scene: Scene) -> None:
    page.evaluate("window.stayed = true")
    before = scene.ledger.counts()
    link = page.get_by_role("link", name="Retry", exact=False)
    assert link.count() == 0
    scene.open_issue("Crashes when the disk is full", "It crashes with an error.", "guid-live")
    row = page.locator("#d-guid-live")
    expect(row).to_contain_text("Crashes when the disk is full", timeout=30_000)
    expect(row).to_contain_text("done", timeout=60_000)
    expect(row).to_contain_text("bug")
    expect(page.locator("#status")).to_contain_text(f"{before['done'] + 1} done")
    assert page.evaluate("window.stayed") is True


def test_what_has_the_focus_keeps_it_while_the_list_changes(page: Page, scene: Scene) -> None:
    page.locator("#d-guid-0 a").focus()
    scene.open_issue("How do I turn it off?", "What do I have to do?", "guid-focus")
    expect(page.locator("#d-guid-focus")).to_contain_text("done", timeout=60_000)
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/deliveries/guid-0"


def test_the_list_can_be_stopped(page: Page, scene: Scene) -> None:
    page.get_by_role("link", name="Stop live updates").click()
    page.evaluate("window.stayed = true")
    count = scene.ledger.counts()
    scene.open_issue("Please add a dark theme", "It would be great.", "guid-stopped")
    settle(scene.ledger, count["done"] + count["failed"] + 1)
    page.wait_for_timeout(2_500)
    assert page.locator("#d-guid-stopped").count() == 0
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator("#d-guid-stopped")).to_be_visible()


def test_a_delivery_tells_texts_scores_plan_effects_and_seconds(page: Page) -> None:
    page.get_by_role("link", name="The editor crashes").last.click()
    expect(page.get_by_role("heading", name="Flow issue-labels")).to_be_visible()
    assert "bug" in page.locator("tr.chosen").inner_text()
    expect(page.locator("ul.plan").first).to_contain_text("labels + bug")
    expect(page.locator("ul.plan").first).to_contain_text("done")
    expect(page.locator("pre.text").first).to_have_text(ISSUES[0][0])
    names = page.get_by_role("rowheader").all_inner_texts()
    stages = ("resolve", "read", "infer", "decide", "labels")
    assert [name for name in names if ": " in name] == [f"issue-labels: {kind}" for kind in stages]


@pytest.mark.threat("attack", "output")
def test_what_a_stranger_wrote_is_text_in_a_browser_too(page: Page) -> None:
    page.goto("/deliveries/guid-hostile")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(HOSTILE.replace("\u202e", "⟨U+202E⟩"))
    assert page.locator("main img, main script").count() == 0


def test_a_failure_is_run_again_by_its_button_and_follows_live(page: Page, scene: Scene) -> None:
    scene.fail("guid-again")
    row = page.locator("#d-guid-again")
    expect(row).to_contain_text("flows.kind.publish: this key is needed", timeout=30_000)
    scene.exporter.add_label("bug")
    scene.exporter.put_file(".github/hubpipe.yml", MENDED)
    row.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status").first).to_contain_text("Delivery guid-again waits to run again")
    expect(page.locator("#details .sub")).to_contain_text("done", timeout=60_000)
    assert page.get_by_role("button", name="Retry").count() == 0
    expect(page.get_by_role("heading", name="Flow kind")).to_be_visible()


def test_all_of_it_works_by_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim().split(' ')[0]"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none" or page.evaluate("document.activeElement === document.body")
    assert {"Stop", "Refresh", "all", "failed", "Retry"} <= reached


def test_it_works_without_scripts(browser: Browser, scene: Scene) -> None:
    with browser.new_context(base_url=scene.process.url, java_script_enabled=False) as context:
        page = context.new_page()
        log_in(page)
        page.get_by_role("link", name="failed").click()
        page.locator("#d-guid-failed a").click()
        page.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("status").first).to_contain_text("Delivery guid-failed waits to run again")
        page.get_by_role("link", name="Repositories").click()
        expect(page.get_by_role("row", name="octo-org/editor")).to_contain_text("2")
        page.get_by_role("link", name="Models").click()
        expect(page.locator("main")).to_contain_text("apache-2.0")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_title("Log in · hubpipe")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(scheme: str, page: Page, browser: Browser, scene: Scene) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    broken = {path: axe(page, path) for path in PAGES}
    with browser.new_context(base_url=scene.process.url, color_scheme=scheme) as context:  # type: ignore[arg-type]
        broken["/login"] = axe(context.new_page(), "/login")
    assert {path: found for path, found in broken.items() if found} == {}


def axe(page: Page, path: str) -> list[str]:
    """Give the rules that a page breaks, each with the first place."""
    page.goto(path)
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
    assert found["passes"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(path: str, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_person_who_typed_the_code_on_github_goes_on_by_himself(browser: Browser, book: Ledger) -> None:
    with device_flow() as flow:
        flow.interval = 1
        environ = {
            "HUBPIPE_OAUTH_CLIENT_ID": CLIENT,
            "HUBPIPE_PAGE_USERS": "octocat",
            "GITHUB_SERVER_URL": flow.url,
            "GITHUB_API_URL": f"{flow.url}/api/v3",
        }
        key = page_key(environ)
        assert key is not None
        app = application(Front(book, SECRET), routes(key, book, SECRET, Places(offline=True)))
        with served(app) as url, browser.new_context() as context:
            page = context.new_page()
            page.goto(url)
            page.get_by_role("button", name="Log in with GitHub").click()
            expect(page.get_by_text(USER_CODE)).to_be_visible()
            assert axe(page, f"{url}/login/github") == []
            assert page.get_by_role("link", name=flow.url).get_attribute("href") == f"{flow.url}/login/device"
            flow.typed = "octocat"
            expect(page.get_by_role("heading", name="Deliveries")).to_be_visible(timeout=30_000)
            expect(page.locator("header")).to_contain_text("octocat")


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an application from this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 30
        while not server.started and time.monotonic() < end:
            time.sleep(0.05)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_the_bot_ends_though_somebody_looks(page: Page, scene: Scene) -> None:
    with page.expect_response("**/live"):
        page.goto("/")
    scene.process.process.send_signal(signal.SIGTERM)
    assert scene.process.process.wait(timeout=60) == 0
