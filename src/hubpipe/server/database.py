"""Turn a database's URL into an engine whose tables are there: SQLite for one machine, PostgreSQL for many."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS

from hubpipe.errors import DatabaseError, UsageError

USUAL = "sqlite:///hubpipe.sqlite"
POOL = 16
# What is stored is what people wrote: an error that names its statement's values would write that into the log.
QUIET = {"hide_parameters": True}
NO_URL = "{url!r} is no database: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
AWAY = "the database {url} does not answer ({reason}): start it, or give another by --database"

# hubpipe's own tables, beside those of the engine of workflows.
TABLES = sa.MetaData()


def open_database(url: str) -> sa.Engine:
    """Open a database, and make or migrate its tables.

    Raises UsageError for what is no such URL, and DatabaseError where the database does not answer: whoever restarts
    the bot is to try again then.
    """
    try:
        named = sa.make_url(url)
        if named.get_backend_name() not in ("sqlite", "postgresql"):
            raise UsageError(NO_URL.format(url=_shown(url)))
        engine = _sqlite(named) if named.get_backend_name() == "sqlite" else _postgresql(named)
        DBOS.migrate(url)
        _make_tables(engine)
    except sa.exc.ArgumentError as error:
        raise UsageError(NO_URL.format(url=_shown(url))) from error
    except sa.exc.DBAPIError as error:
        raise DatabaseError(AWAY.format(url=_shown(url), reason=str(error.orig).strip().split("\n")[0])) from error
    return engine


def _make_tables(engine: sa.Engine) -> None:
    """Make hubpipe's own tables; of several processes that begin at once, one makes each."""
    for table in TABLES.sorted_tables:
        try:
            table.create(engine, checkfirst=True)
        except sa.exc.DBAPIError:
            if not sa.inspect(engine).has_table(table.name):
                raise


def _sqlite(url: sa.URL) -> sa.Engine:
    # Private repositories' issues stand in it. SQLite gives the files beside it the same mode, and says what is wrong
    # with a path itself.
    if url.database and not url.database.startswith((":memory:", "file:")):
        with suppress(OSError):
            Path(url.database).touch(mode=0o600)
    engine = sa.create_engine(url, pool_size=POOL, pool_timeout=60, **QUIET)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        # As the engine of workflows does it: one that writes at a time, and the others wait for it.
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA foreign_keys=ON")
        # Readers do not wait for the one that writes; what is committed is on the disk.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    url = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(url, pool_size=POOL, max_overflow=POOL, pool_timeout=60, pool_pre_ping=True, **QUIET)


def password_of(url: str) -> str:
    """Give the password in a URL, empty where there is none."""
    try:
        return str(sa.make_url(url).password or "")
    except sa.exc.ArgumentError:
        return ""


def _shown(url: str) -> str:
    """Show a URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "***"
