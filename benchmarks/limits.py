"""Measure how long the largest and the worst inputs take, and how much memory: the table of docs/limits.md.

.venv/bin/python -m benchmarks.limits           (every row, each in a process of its own)
.venv/bin/python -m benchmarks.limits NAME      (one row)
"""

import contextlib
import io
import json
import logging
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from PIL import Image

from hubpipe import config
from hubpipe.errors import ConfigError
from hubpipe.event import parse
from hubpipe.github import GitHub
from hubpipe.github.media import kind_of
from hubpipe.models.base import Places
from hubpipe.models.shelf import Shelf
from hubpipe.run import handle
from hubpipe.sinks import to_github

ROOT = Path(__file__).parents[1]
REPO = "octo-org/octo-repo"
BODY = 65_536  # characters of GitHub's longest text
SHA = "0123456789abcdef0123456789abcdef01234567"
WORDS = "The parser crashes when a file ends inside of a quoted value, since it reads one character too far. "
ECHO = '{task: summarization, model: "fake:echo"}'
LABELS = '{task: zero-shot-classification, model: "fake:"}'
# What parsers, patterns and trees are slow for, repeated to the longest text.
HOSTILE = (
    *("a", " ", "\n", "-\n", "=\n", "- a\n", "1. a\n", "> ", "#\n", "|a|\n|-|\n", "[", "[a](", "![](a", "<", "<!--"),
    *("<a ", "</b>", "&#", "\\", "`", "`a", "```\n", "*a", "_a_ ", "~", "\u200b", "\ud800", "\x00", "é", "\r", "::"),
    *("http://", "https://a:b@", "@a", "#1 ", "data:a/a;", "ghp_", "eyJ", "-----BEGIN PRIVATE KEY-----", "fixes #1 "),
    *("<details>\n", "[a]: b\n", "On 1 wrote:\n", "-- \n", "type ", "**a** ", "{{", "A-by: ", "e.g. ", "AaAa", "a_b"),
)
ROW = "| {name} | {seconds:.1f} s | {memory:,} MB |"
HEAD = "| input | time | memory |\n| --- | ---: | ---: |"


class Server:
    """A GitHub that has one issue or pull request, and as much of everything as is asked for."""

    def __init__(self, lists: dict[str, list[dict[str, Any]]], subject: dict[str, Any]):
        self.lists = lists
        self.subject = subject

    def answer(self, method: str, url: str) -> tuple[int, object, str]:
        """Give a status, JSON and where the next page is."""
        parts = urlsplit(url)
        path, query = parts.path.removeprefix(f"/repos/{REPO}"), dict(parse_qsl(parts.query))
        if method != "GET":
            return 201, {"id": 1, "html_url": "", "body": "", "user": {"login": "me"}}, ""
        if path in ("/pulls/1", "/issues/1", "/user"):
            return 200, {"login": "me", **self.subject}, ""
        if path.startswith("/contents/"):
            return 404, {"message": "Not Found"}, ""
        size, page = int(query.get("per_page", "100")), int(query.get("page", "1"))
        found = self.lists.get(path, [])
        more = f"{parts.path}?per_page={size}&page={page + 1}" if page * size < len(found) else ""
        return 200, found[(page - 1) * size : page * size], more


@contextlib.contextmanager
def serving(server: Server) -> Iterator[str]:
    """Serve on this machine meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, data, more = server.answer(self.command, self.path)
            body = json.dumps(data).encode()
            self.send_response(status)
            if more:
                self.send_header("link", f'<{url}{more}>; rel="next"')
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        url = f"http://127.0.0.1:{http.server_address[1]}"
        Thread(target=http.serve_forever, daemon=True).start()
        yield url
        http.shutdown()


def issue(body: str, flow: str, **lists: list[dict[str, Any]]) -> None:
    """Handle an opened issue."""
    subject = {"number": 1, "title": "It crashes", "body": body, "user": {"login": "who"}, "labels": [], "html_url": ""}
    run(
        "issues",
        {"action": "opened", "issue": subject},
        flow,
        {f"/{k.replace('__', '/')}": v for k, v in lists.items()},
    )


def pull(files: list[dict[str, Any]], flow: str, body: str = WORDS) -> None:
    """Handle an opened pull request."""
    side = {"sha": SHA, "ref": "main", "repo": {"full_name": REPO}}
    subject = {
        "number": 1,
        "title": "Mend the parser",
        "body": body,
        "user": {"login": "who"},
        "labels": [],
        "state": "open",
        "draft": False,
        "head": side,
        "base": side,
        "html_url": "",
        "changed_files": len(files),
        "additions": len(files),
        "deletions": 0,
        "url": "",
        "commits": 1,
        "merged": False,
    }
    commits = [{"sha": SHA, "commit": {"message": "Mend the parser"}}]
    lists = {"/pulls/1/files": files, "/pulls/1/commits": commits}
    run("pull_request_target", {"action": "opened", "pull_request": subject}, flow, lists)


def run(kind: str, payload: dict[str, Any], flow: str, lists: dict[str, list[dict[str, Any]]]) -> None:
    """Handle an event with one flow, as the Action does."""
    payload = {**payload, "repository": {"full_name": REPO}, "sender": {"login": "who"}}
    subject = payload.get("issue") or payload.get("pull_request")
    server = Server(lists, json.loads(json.dumps(subject)))
    settings = config.parse(f"version: 1\nflows:\n  one:\n    on: [{kind}]\n{flow}", "a.yml")
    with serving(server) as url:
        github = GitHub("a-token-of-no-form", url, pacing=0)
        event = parse(kind, payload, REPO)
        report = handle(event, settings, github, Shelf(Places(offline=True)), to_github(github))  # type: ignore[arg-type]
    for one in report.flows:
        if one.error is not None:
            raise one.error


def flow(*lines: str) -> str:
    """Write a flow's keys."""
    return "".join(f"    {line}\n" for line in lines)


def changed(count: int, patch: Callable[[int], str], suffix: str = ".py") -> list[dict[str, Any]]:
    """Make changed files with patches."""
    return [
        {
            "filename": f"src/folder{number % 50}/file{number}{suffix}",
            "status": "modified",
            "sha": SHA,
            "additions": patch(number).count("\n"),
            "deletions": 0,
            "changes": 1,
            "patch": patch(number),
        }
        for number in range(count)
    ]


def lines(text: str, count: int) -> str:
    """Make a patch that adds lines."""
    return f"@@ -0,0 +1,{count} @@\n" + "".join(f"+{text}\n" for _ in range(count))


def comments(count: int, length: int) -> list[dict[str, Any]]:
    """Make comments."""
    text = (WORDS * (length // len(WORDS) + 1))[:length]
    known = {"body": text, "user": {"login": "who"}, "html_url": "", "url": "", "author_association": "NONE"}
    return [{"id": number, **known} for number in range(count)]


def hostile() -> None:
    """Read each of the hostile texts; the row is the slowest of them."""
    slowest = (0.0, "")
    for text in HOSTILE:
        started = time.process_time()
        issue((text * BODY)[:BODY], flow(f"pipeline: {ECHO}", "publish: comment"))
        slowest = max(slowest, (time.process_time() - started, text))
    print(f"the slowest hostile text took {slowest[0]:.1f} s: {slowest[1]!r}", file=sys.stderr)


def configuration() -> None:
    """Read a configuration that is as large as it may be, and refused at its end."""
    text = "".join(f"k{number}: &a{number} x\n" for number in range(20_000))[:200_000]
    with contextlib.suppress(ConfigError):
        config.parse(text, "a.yml")


def picture() -> None:
    """Tell that bytes are an image."""
    data = io.BytesIO()
    Image.new("RGB", (10_000, 5_000), "red").save(data, "PNG")
    kind_of(data.getvalue())


CODE = 'def name(value):\n+    """Read one value of many."""\n+    return value + 1'
ASKED = flow("input: [title, body, commits, patch]", f"pipeline: {ECHO}", "publish: comment")
CHECKED = flow("each: hunk", LABELS.replace("}", ", labels: [a, b]}").join(["pipeline: ", ""]), "publish: check")
ROWS: dict[str, Callable[[], None]] = {
    "an empty issue": lambda: issue("", flow(f"pipeline: {ECHO}", "publish: comment")),
    "an issue of 65,536 characters, embedded model": lambda: issue(
        (WORDS * 700)[:BODY], flow("pipeline: {task: summarization, model: embedded}", "publish: comment")
    ),
    f"{len(HOSTILE)} hostile issues of 65,536 characters, one after the other": hostile,
    "an issue with 1,000 comments of 2,000 characters": lambda: issue(
        WORDS,
        flow("input: [title, body, comments]", f"pipeline: {ECHO}", "publish: comment"),
        issues__1__comments=comments(1_000, 2_000),
    ),
    "an issue with 1,000 comments of 65,536 characters": lambda: issue(
        WORDS,
        flow("input: [title, body, comments]", f"pipeline: {ECHO}", "publish: comment"),
        issues__1__comments=comments(1_000, BODY),
    ),
    "a repository of 10,000 labels": lambda: issue(
        WORDS,
        flow(f"pipeline: {LABELS}", "publish: labels"),
        labels=[{"name": f"area/{number}", "description": "A part of the whole"} for number in range(10_000)],
    ),
    "the same, embedded model": lambda: issue(
        WORDS,
        flow("pipeline: {task: zero-shot-classification, model: embedded}", "publish: labels"),
        labels=[{"name": f"area/{number}", "description": "A part of the whole"} for number in range(10_000)],
    ),
    "a pull request of 3,000 files, 1 kB of patch each": lambda: pull(changed(3_000, lambda _: lines(CODE, 12)), ASKED),
    "the same, a check of each hunk": lambda: pull(changed(3_000, lambda _: lines(CODE, 12)), CHECKED),
    "a pull request of 10 MB of patch in 100 files": lambda: pull(changed(100, lambda _: lines(CODE, 1_250)), ASKED),
    "a pull request of 10 MB of patch in one file": lambda: pull(changed(1, lambda _: lines(CODE, 125_000)), ASKED),
    "the same in one line": lambda: pull(changed(1, lambda _: lines("x = 1;" * 1_700_000, 1)), ASKED),
    "a configuration of 200,000 characters": configuration,
    "an image of 50 million pixels": picture,
    "3,000 files that no parser understands": lambda: pull(
        changed(3_000, lambda _: lines("> a ((( { [ if def do", 40), ".rb"), ASKED
    ),
}


def measured(name: str) -> str:
    """Run one row in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.limits", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1_800, check=False)
    return done.stdout.strip() or f"| {name} | {done.stderr.strip().splitlines()[-1]} | |"


def main() -> None:
    """Print the table, or one row of it."""
    if len(sys.argv) == 1:
        print(HEAD)
        for name in ROWS:
            print(measured(name), flush=True)
        return
    logging.disable()
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.process_time()
        ROWS[sys.argv[1]]()
        seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000
    print(ROW.format(name=sys.argv[1], seconds=seconds, memory=memory))


if __name__ == "__main__":
    main()
