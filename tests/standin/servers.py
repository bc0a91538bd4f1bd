"""Turn the pinned npm packages into running servers."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.standin.wire import LOOPBACK

MODULES = Path(__file__).parent / "node_modules"
START_LIMIT = 60  # seconds; Prism compiles GitHub's description first

OWNER = "octo-org"
APP_ID = 15368  # the number of GitHub Actions' own App
INSTALLATION = 1
BOT = "github-actions[bot]"
PEOPLE = ("octocat", "maintainer", "outsider")
WRITABLE = ("checks", "contents", "issues", "pull_requests")
PERMISSIONS = {**dict.fromkeys(WRITABLE, "write"), "metadata": "read"}

# emulate sends the App's webhooks to the gateway, which sends them on as GitHub does (apps.py).
RELAY, RELAY_SECRET = "/_emulate-hook", "of emulate and the gateway alone"

NOT_INSTALLED = f"The GitHub stand-in is not installed ({MODULES} is missing): run `make setup`."


def token_of(login: str) -> str:
    """The token that speaks for a person."""
    return f"token-of-{login}"


def new_key() -> str:
    """Make an App's private key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def emulate(port: int, base_url: str, key: str, folder: Path, hook: str = "") -> Iterator[None]:
    """Run emulate on a port; the links in its replies begin with `base_url`, and webhooks go to `hook`, if anywhere."""
    seed = folder / "seed.yaml"
    seed.write_text(json.dumps(_seed(key, hook)))  # JSON is YAML
    options = ["--service", "github", "--port", str(port), "--seed", str(seed), "--base-url", base_url]
    with running("emulate/dist/index.js", ["start", *options], port, folder / "emulate.log"):
        yield


def _seed(key: str, hook: str) -> Mapping[str, object]:
    installation = {"installation_id": INSTALLATION, "account": OWNER, "repository_selection": "all"}
    app = {
        "app_id": APP_ID,
        "slug": BOT.removesuffix("[bot]"),
        "name": "GitHub Actions",
        "private_key": key,
        "permissions": PERMISSIONS,
        "events": ["*"] if hook else [],
        "installations": [installation],
    }
    if hook:
        app |= {"webhook_url": hook, "webhook_secret": RELAY_SECRET}
    return {
        "tokens": {token_of(login): {"login": login, "scopes": ["repo", "user", "admin:org"]} for login in PEOPLE},
        "github": {
            "users": [{"login": login} for login in PEOPLE],
            "orgs": [{"login": OWNER, "members": [{"login": "octocat", "role": "admin"}, {"login": "maintainer"}]}],
            "apps": [app],
        },
    }


@contextmanager
def running(script: str, options: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a script of node_modules until its port answers, and end it afterwards."""
    if not (MODULES / script).exists():
        raise FileNotFoundError(NOT_INSTALLED)
    with log.open("w") as out:
        process = subprocess.Popen(["node", str(MODULES / script), *options], stdout=out, stderr=out)
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        try:
            create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the stand-in did not start:\n{log.read_text()}")
