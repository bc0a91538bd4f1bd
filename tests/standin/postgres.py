"""Turn an installed PostgreSQL into a server of the tests' own, and that into a fresh database for each test."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from psycopg import sql

from tests.standin.servers import free_port
from tests.standin.wire import LOOPBACK

SCRIPT = Path(__file__).parents[2] / "scripts" / "postgres.sh"
INSTALLED = Path("/usr/lib/postgresql")  # Debian's: a folder for each version, as scripts/postgres.sh looks for them
OWNER = "hubpipe"
LIMIT = 60  # seconds to start and to stop
CONNECTIONS = "300"

# Nothing reaches the disk when it is said to: for tests in which no machine loses its power.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
NOT_STARTED = "PostgreSQL did not start:\n{log}"


def programs() -> Path | None:
    """Find the folder of PostgreSQL's programs, the newest one's."""
    versions = sorted(INSTALLED.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    places = [Path(os.environ.get("POSTGRES", "/none")), *versions, *([Path(on_path).parent] if on_path else [])]
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@dataclass(frozen=True)
class Postgres:
    """A running server; `password` is its owner's."""

    port: int
    password: str = field(repr=False)
    _names: "count[int]" = field(default_factory=lambda: count(1), repr=False)

    def url(self, database: str = "postgres") -> str:
        """Give a database's address, as SQLAlchemy and DBOS take it."""
        return f"postgresql+psycopg://{OWNER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def fresh(self) -> str:
        """Make an empty database, and give its address."""
        name = f"test_{next(self._names)}"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """Open a connection whose statements take effect at once."""
        return psycopg.connect(self.url(database).replace("+psycopg", "", 1), autocommit=True)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a server in a folder of its own; a `durable` one writes to the disk what it says that it wrote."""
    found = programs()
    if found is None:
        raise FileNotFoundError(f"no PostgreSQL: run {SCRIPT}")
    # Not below pytest's folder: that one is its user's alone, and PostgreSQL refuses to run as root.
    folder = Path(mkdtemp(prefix="hubpipe-postgres-"))
    server = Postgres(free_port(), secrets.token_urlsafe(12))
    try:
        _initialise(found, folder, server.password)
        with _process(found, folder, server, () if durable else FAST):
            yield server
    finally:
        shutil.rmtree(folder)


def _initialise(found: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, "utf-8")
    if (user := _user()) is not None:
        for path in (folder, secret):
            os.chown(path, user.pw_uid, user.pw_gid)
    options = ["--pgdata", "data", "--username", OWNER, "--pwfile", secret.name, "--auth", "scram-sha-256"]
    command = [str(found / "initdb"), *options, "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, **_as_user())
    if done.returncode != 0:
        raise RuntimeError(NOT_STARTED.format(log=done.stdout + done.stderr))


@contextmanager
def _process(found: Path, folder: Path, server: Postgres, settings: tuple[str, ...]) -> Iterator[None]:
    given = (f"port={server.port}", f"listen_addresses={LOOPBACK}", f"unix_socket_directories={folder}")
    command = [*_bound_to_us(), str(found / "postgres"), "-D", "data"]
    for setting in (*given, f"max_connections={CONNECTIONS}", "shared_buffers=32MB", *settings):
        command += ["-c", setting]
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, **_as_user())
    try:
        _wait(process, server, log)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's word for: end all connections, then end
        process.wait(timeout=LIMIT)


def _wait(process: "subprocess.Popen[bytes]", server: Postgres, log: Path) -> None:
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and process.poll() is None:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(NOT_STARTED.format(log=log.read_text()))


def _user() -> pwd.struct_passwd | None:
    """Find whom the server runs as where the tests run as root; None: as the tests do."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _bound_to_us() -> list[str]:
    """Let the server end with the tests, however they end; Linux alone can do that."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "INT"] if tool else []


def _as_user() -> dict[str, Any]:
    user = _user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
