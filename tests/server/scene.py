"""Turn the stand-in into a bot that has worked for a while: issues of all kinds, a failure, people's corrections."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from tests.server.bot import Bot, Process, deliver, settle
from tests.standin.standin import Server, StandIn

TOKEN = "a-token-that-nobody-guesses-0123456789"
HOSTILE = "<script>alert(1)</script>\u202e<img src=x onerror=alert(2)> @octocat [x](javascript:alert(3))"
MENDED = """version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {task: text-classification, model: zero-day}
    publish: labels
"""
BROKEN = MENDED.replace("publish", "publsh")
LABELS = ("bug", "documentation", "enhancement", "question")
ISSUES = (
    ("The editor crashes with a segmentation fault when I paste a table", "It crashes with an exception every time."),
    ("How do I open two files side by side?", "Is there a setting for it? I could not find one. What do I have to do?"),
    (
        "Add an option to sort the outline by name",
        "It would be great to have such a feature. Please add support for it.",
    ),
    ("The README names an option that is gone", "The documentation of --wrap should be updated: docs are wrong here."),
    (
        "Error after the update: settings are lost at every start",
        "Steps to reproduce: start it. Expected: they stay. Bug.",
    ),
)


@dataclass(frozen=True)
class Scene:
    """A bot at work, its deliveries, and two repositories: one goes well, the other's configuration is wrong."""

    process: Process
    ledger: Ledger
    editor: StandIn
    exporter: StandIn

    def open_issue(self, title: str, body: str = "", guid: str | None = None) -> int:
        """Let somebody open an issue, of which GitHub tells the bot."""
        number = self.editor.open_issue(title, body)
        assert deliver(self.process.url, "issues", self.editor.event("issues", "opened", number), guid).status == 202
        return number

    def correct(self, number: int, action: str, label: str) -> None:
        """Let a person set a label or take it off."""
        more = {"label": {"name": label}, "sender": {"login": "octocat", "type": "User"}}
        payload = self.editor.event("issues", action, number, **more)
        assert deliver(self.process.url, "issues", payload).status == 202

    def fail(self, guid: str) -> None:
        """Let an issue come to the repository whose configuration is wrong."""
        number = self.exporter.open_issue("Exports of 2 GB take 40 minutes", "It used to take two.")
        payload = self.exporter.event("issues", "opened", number)
        assert deliver(self.process.url, "issues", payload, guid).status == 202


@contextmanager
def at_work(folder: Path, server: Server, environ: dict[str, str]) -> Iterator[Scene]:
    """Run a bot that has worked on all of it."""
    bot = Bot(folder, f"sqlite:///{folder}/bot.sqlite", environ)
    ledger = Ledger(open_database(bot.database))
    editor, exporter = server.repository("editor"), server.repository("exporter")
    for label in LABELS:
        editor.add_label(label)
    exporter.put_file(".github/hubpipe.yml", BROKEN)
    try:
        with bot.running(HUBPIPE_PAGE_TOKEN=TOKEN) as process:
            scene = Scene(process, ledger, editor, exporter)
            numbers = [scene.open_issue(title, body, f"guid-{place}") for place, (title, body) in enumerate(ISSUES)]
            pull = editor.open_pull("Keep the decoder open across rows", "So that large files are read once.")
            deliver(process.url, "pull_request", editor.event("pull_request", "opened", pull), "guid-pull")
            scene.open_issue(HOSTILE, HOSTILE, "guid-hostile")
            settle(ledger, len(ISSUES) + 2)
            scene.correct(numbers[0], "unlabeled", "bug")
            scene.correct(numbers[0], "labeled", "question")
            scene.fail("guid-failed")
            settle(ledger, len(ISSUES) + 5)
            yield scene
    finally:
        ledger.close()
