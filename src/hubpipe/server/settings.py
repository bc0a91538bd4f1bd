"""Turn the environment's variables and a command line's words into what the bot runs with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hubpipe.errors import UsageError
from hubpipe.server import credentials
from hubpipe.server.database import USUAL, password_of
from hubpipe.server.notices import Notices, notices
from hubpipe.server.page import PageKey, page_key
from hubpipe.server.reach import Reach, reach
from hubpipe.server.shelf import EVERYBODY, Trust
from hubpipe.server.worker import Pace

Role = Literal["all", "web", "worker"]

SECRET, DATABASE = "HUBPIPE_WEBHOOK_SECRET", "HUBPIPE_DATABASE_URL"
TRUST = "HUBPIPE_TRUST"
APP_ID, PRIVATE_KEY, PRIVATE_KEY_FILE = "HUBPIPE_APP_ID", "HUBPIPE_PRIVATE_KEY", "HUBPIPE_PRIVATE_KEY_FILE"
FILE = "_FILE"  # a secret's variable with this at its end names a file that holds it

NO_SECRET = (
    f"{SECRET} is not set: anybody could send the bot events. Give it the webhook's secret, or make an App by "
    "hubpipe serve --setup"
)
NO_TOKEN = (
    f"the bot has nothing to speak to GitHub with: set {APP_ID} and {PRIVATE_KEY} (or {PRIVATE_KEY_FILE}) of a GitHub "
    "App, or GITHUB_TOKEN for a webhook of your own repository"
)
HALF_AN_APP = f"an App needs both {APP_ID} and {PRIVATE_KEY} (or {PRIVATE_KEY_FILE})"
NO_NUMBER = f"{APP_ID} is {{value!r}}: give the App's number, which stands on its page"
NO_FILE = "{name} names {path}, which cannot be read ({reason})"


@dataclass(frozen=True)
class AppKey:
    """What a GitHub App signs with."""

    id: int
    private_key: str = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """What a person asked for on the command line; None and empty where the environment or the usual is to be taken."""

    role: Role = "all"
    host: str = "127.0.0.1"
    port: int = 8080
    database: str | None = None
    credentials: Path | None = None
    pace: Pace = field(default_factory=Pace)
    trust: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the bot runs with; without an App, `token` speaks for everything."""

    role: Role
    host: str
    port: int
    database: str
    pace: Pace
    secret: str = field(repr=False)
    app: AppKey | None = None
    token: str = field(default="", repr=False)
    page: PageKey | None = None
    trust: Trust = EVERYBODY
    reach: Reach = field(default_factory=Reach)
    notices: Notices = field(default_factory=Notices)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no log and no database."""
        key, page = self.app.private_key if self.app else "", self.page.token if self.page else ""
        own = (self.secret, self.token, key, page, password_of(self.database))
        return tuple(filter(None, (*own, *self.notices.secrets)))


def settings(asked: Asked, environ: Mapping[str, str]) -> Settings:
    """Put together what the bot runs with.

    Raises UsageError where something is missing: without a secret, and a worker without a key, the bot does not start.
    """
    made = credentials.read(asked.credentials) if asked.credentials else None
    secret = made.webhook_secret if made else _given(environ, SECRET)
    if not secret and asked.role != "worker":
        raise UsageError(NO_SECRET)
    app = AppKey(made.app_id, made.private_key) if made else _app(environ)
    token = (environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or "").strip()
    if app is None and not token and asked.role != "web":
        raise UsageError(NO_TOKEN)
    return Settings(
        role=asked.role,
        host=asked.host,
        port=asked.port,
        database=asked.database or _given(environ, DATABASE) or USUAL,
        pace=asked.pace,
        secret=secret,
        app=app,
        token=token,
        page=page_key(environ) if asked.role != "worker" else None,
        # Without an App the token is the operator's own, and so are the repositories.
        trust=Trust(_owners(asked.trust, environ)) if app is not None else EVERYBODY,
        reach=reach(environ) if asked.role != "web" else Reach(),
        notices=notices(environ, _given) if asked.role != "web" else Notices(),
    )


def _owners(named: Iterable[str], environ: Mapping[str, str]) -> frozenset[str]:
    names = (*named, *environ.get(TRUST, "").split(","))
    return frozenset(name.strip().casefold() for name in names if name.strip())


def _app(environ: Mapping[str, str]) -> AppKey | None:
    number, key = environ.get(APP_ID, "").strip(), _given(environ, PRIVATE_KEY)
    if not number and not key:
        return None
    if not (number and key):
        raise UsageError(HALF_AN_APP)
    if not (number.isascii() and number.isdecimal()):
        raise UsageError(NO_NUMBER.format(value=number))
    # In a variable of one line, as many a host has them, \n stands for the end of a line.
    return AppKey(int(number), key.replace("\\n", "\n"))


def _given(environ: Mapping[str, str], name: str) -> str:
    """Take a secret from its variable, else from the file that the variable of its name and _FILE names."""
    value, path = environ.get(name, "").strip(), environ.get(name + FILE, "").strip()
    if value or not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(NO_FILE.format(name=name + FILE, path=path, reason=error)) from error
