"""A Chromium without a window, driven through a pair of pipes by its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

NAMES = (
    os.environ.get("CHROMIUM", "chromium"),
    "chromium",
    "chromium-browser",
    "google-chrome",
)  # as scripts/browser.sh
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    "--disable-background-networking",
)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="no browser: run scripts/browser.sh, or set CHROMIUM=/path/to/chromium"
)
TOLD = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Security.securityStateChanged")


@dataclass
class Page:
    """One page in the browser, and all that its console was told."""

    sink: IO[bytes]
    source: IO[bytes]
    session: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    loaded: bool = False
    _count: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser, and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.sink.write(json.dumps(message).encode() + b"\0")
        self.sink.flush()
        while True:
            answer = self._next()
            if answer.get("id") == message["id"]:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.call(f"{domain}.enable")
        self.asked.clear()
        self.loaded = False
        self.call("Page.navigate", url=path.as_uri())
        while not self.loaded:
            self._next()

    def value(self, expression: str) -> Any:
        """Evaluate JavaScript as a person's console would."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str, times: int = 1) -> None:
        """Press a key as a person does."""
        for _ in range(times):
            for kind in ("rawKeyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def look(self, theme: str, width: int, height: int) -> bytes:
        """Take a picture (PNG) of the top of the page in a colour scheme."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _next(self) -> dict[str, Any]:
        raw = bytearray()
        while (byte := self.source.read(1)) != b"\0":
            assert byte, "the browser ended"
            raw += byte
        message: dict[str, Any] = json.loads(raw)
        method = message.get("method", "")
        if method in TOLD:
            self.told.append(message["params"])
        if method == "Network.requestWillBeSent":
            self.asked.append(message["params"]["request"]["url"])
        self.loaded = self.loaded or method == "Page.loadEventFired"
        return message


KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Tab": 9}


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start the browser, and end it."""
    assert BROWSER is not None
    reads, writes = os.pipe(), os.pipe()

    # The browser reads from descriptor 3 and writes to 4.
    wired = f'exec "$@" 3</dev/fd/{reads[0]} 4>/dev/fd/{writes[1]}'
    command = [BROWSER, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"]
    process = subprocess.Popen(
        ["sh", "-c", wired, "sh", *command],
        pass_fds=(reads[0], writes[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reads[0])
    os.close(writes[1])
    try:
        with open(reads[1], "wb") as sink, open(writes[0], "rb") as source:  # noqa: PTH123  # descriptors, no paths
            yield Page(sink, source)
    finally:
        process.terminate()
        process.wait(timeout=30)
