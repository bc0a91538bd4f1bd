"""The whole way of a GitHub App: made from its manifest, installed, a webhook signed by GitHub, a label there."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from hubpipe.config import PATH
from tests.server.bot import Bot
from tests.server.conftest import environ_of
from tests.server.test_setup import Form
from tests.standin.apps import Hooks
from tests.standin.servers import BOT, free_port
from tests.standin.standin import Server
from tests.standin.wire import LOOPBACK, wait_until

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: labels
"""


def test_an_app_made_from_the_manifest_labels_an_issue_that_github_tells_it_of(
    app_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, hooks = free_port(), Hooks(app_server.app_key)
    app_server.gateway.hooks = hooks
    repo = app_server.repository("whole-path")
    repo.put_file(PATH, CONFIG)
    repo.add_label("bug")
    environ = environ_of(repo) | {"GITHUB_TOKEN": "", "HUBPIPE_WEBHOOK_SECRET": ""}
    file = tmp_path / "app.json"

    set_up(f"http://{LOOPBACK}:{port}", port, file, environ)
    assert hooks.url == f"http://{LOOPBACK}:{port}/webhooks"

    monkeypatch.setattr("tests.server.bot.free_port", lambda: port)
    bot = Bot(tmp_path, f"sqlite:///{tmp_path}/bot.sqlite", environ)
    with bot.running("all", "--credentials", str(file)) as process:
        number = repo.open_issue("Crash when I save", "It crashes.")
        wait_until(lambda: bool(repo.labels_of(number)))
        # Its own label is an event, too, which ends here.
        wait_until(lambda: len(hooks.sent) > 1)
        process.end()
    assert repo.labels_of(number) == ["bug"]
    assert [(one.event, one.status) for one in hooks.sent] == [("issues", 202)] * len(hooks.sent)
    assert [path for _, path in repo.writes if path.startswith("/issues")] == [f"/issues/{number}/labels"]
    events = repo.api.ask("GET", f"/repos/{repo.repo}/issues/{number}/events")
    assert [one["actor"]["login"] for one in events if one["event"] == "labeled"] == [BOT]
    made = json.loads(file.read_text())
    for secret in (made["private_key"][40:80], made["webhook_secret"], made["client_secret"]):
        assert secret not in process.words()


def set_up(url: str, port: int, file: Path, environ: dict[str, str]) -> None:
    """Make the App as a person does: read the address, agree on GitHub's page, come back."""
    words = ["serve", "--setup", "--url", url, "--credentials", str(file), "--organization", "octo-org"]
    command = [sys.executable, "-m", "hubpipe", *words, "--port", str(port)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(found[0] for line in process.stdout if (found := re.search(r"http\S+", line)))
        wait_until(lambda: answers(url))
        entered = get(address)
        page = get(f"{url}/setup", cookie=entered.headers["set-cookie"].partition(";")[0])
        form = Form(page.data.decode())
        kind = {"content-type": "application/x-www-form-urlencoded"}
        agreed = urllib3.request("POST", form.action, body=urlencode(form.values), headers=kind, redirect=False)
        done = get(agreed.headers["location"])
        assert (done.status, process.wait(timeout=30)) == (200, 0), done.data


def get(address: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", address, headers=headers, redirect=False, retries=False)


def answers(url: str) -> bool:
    try:
        return get(f"{url}/setup").status == 403
    except urllib3.exceptions.HTTPError:
        return False
