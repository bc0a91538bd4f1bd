"""The bot's image, which runs what it is given as a user who may write to one folder (`make container-test`)."""

import json
import os
from pathlib import Path

import pytest

from scripts.container import container_tool
from tests.container.test_container import NOT_TESTED, ROOT, build, run

IMAGE = "hubpipe-bot"
# Run inside the container: nothing reaches its port from outside in every tool.
SESSION = """
import hashlib, hmac, json, os, pwd, signal, subprocess, sys, time, urllib.request
told = {"user": os.getuid(), "home": pwd.getpwuid(os.getuid()).pw_dir, "writable": []}
for folder in ("/opt/hubpipe", "/usr/local/lib/python3.11/site-packages", "/etc", "/var/lib/hubpipe"):
    if os.access(folder, os.W_OK):
        told["writable"].append(folder)
os.chdir("/var/lib/hubpipe")
environ = os.environ | {"HUBPIPE_WEBHOOK_SECRET": "x", "GITHUB_TOKEN": "y"}
bot = subprocess.Popen([sys.executable, "-m", "hubpipe", *sys.argv[1:]], env=environ)
def ask(path, body=None, **headers):
    request = urllib.request.Request("http://127.0.0.1:8080" + path, body, headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status
for _ in range(300):
    try:
        told["ready"] = ask("/readyz")
        break
    except OSError:
        time.sleep(0.3)
body = json.dumps({"zen": "Keep it logically awesome."}).encode()
signed = "sha256=" + hmac.new(b"x", body, hashlib.sha256).hexdigest()
names = {"x-github-event": "ping", "x-github-delivery": "1", "x-hub-signature-256": signed}
told["answer"] = ask("/webhooks", body, **names, **{"content-type": "application/json"})
bot.send_signal(signal.SIGTERM)
told["status"], told["kept"] = bot.wait(60), sorted(os.listdir("."))
print("TOLD " + json.dumps(told))
"""


@pytest.fixture(scope="module")
def image() -> str:
    """The bot's image, built from this working tree."""
    if "HUBPIPE_RUN" not in os.environ and container_tool() is None:
        pytest.skip(NOT_TESTED)
    build(IMAGE, ROOT / "Dockerfile", "--target", "bot", "--build-arg", "LIBRARIES=bot")
    return IMAGE


@pytest.fixture
def observed(image: str, tmp_path: Path) -> str:
    """The same image with its own command, watched from inside."""
    entry = json.dumps(["python", "-c", SESSION])
    command = (ROOT / "Dockerfile").read_text("utf-8").partition("FROM hubpipe AS bot")[2].partition("\nCMD ")[2]
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nENTRYPOINT {entry}\nCMD {command.splitlines()[0]}\n")
    build(f"{image}-observed", tmp_path / "Dockerfile")
    return f"{image}-observed"


def test_the_bot_serves_as_a_user_of_its_own_and_ends_when_it_is_told(observed: str, tmp_path: Path) -> None:
    step = run(observed, tmp_path / "out", {}, {}, "--network", "none")

    assert step.status == 0, step.log
    [line] = [line for line in step.log.splitlines() if line.startswith("TOLD ")]
    told = json.loads(line.removeprefix("TOLD "))
    assert told["user"] == 10001
    assert told["home"] == "/var/lib/hubpipe"
    assert told["writable"] == ["/var/lib/hubpipe"]
    assert told["ready"] == 200
    assert told["answer"] == 202
    assert told["status"] == 0
    assert "hubpipe.sqlite" in told["kept"]
