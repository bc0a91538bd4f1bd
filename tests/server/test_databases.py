"""The databases of the bot's tests are real ones: each is empty, and what has to be durable is."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from dbos import DBOS
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from tests.server.databases import NO_POSTGRES
from tests.standin import postgres as standin
from tests.standin.postgres import Postgres

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "postgres.sh"


def test_the_durable_engine_makes_its_tables_in_each_database(database_url: str) -> None:
    assert inspect(create_engine(database_url)).get_table_names() == []
    DBOS(config={"name": "hubpipe", "system_database_url": database_url, "log_level": "WARNING"})
    try:
        DBOS.launch()
    finally:
        DBOS.destroy()
    engine = create_engine(database_url)
    schema = "dbos" if engine.dialect.name == "postgresql" else None
    assert "workflow_status" in inspect(engine).get_table_names(schema)


def test_a_database_of_one_test_has_nothing_of_another(postgres: Postgres) -> None:
    first, second = create_engine(postgres.fresh()), create_engine(postgres.fresh())
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE kept (number integer)"))
    assert inspect(first).get_table_names() == ["kept"]
    assert inspect(second).get_table_names() == []


def test_only_the_durable_server_waits_for_the_disk(postgres: Postgres, durable_postgres: Postgres) -> None:
    def settings(server: Postgres) -> list[str]:
        with server.connect() as connection:
            names = ("fsync", "synchronous_commit", "full_page_writes")
            return [str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names]  # type: ignore[index]

    assert settings(postgres) == ["off", "off", "off"]
    assert settings(durable_postgres) == ["on", "on", "on"]


def test_the_server_lets_nobody_in_without_its_password(postgres: Postgres) -> None:
    with pytest.raises(OperationalError, match="password authentication failed"):
        create_engine(postgres.url().replace(postgres.password, "guessed")).connect()
    assert postgres.password not in repr(postgres)


def test_the_server_ends_with_its_tests_and_leaves_no_file() -> None:
    if standin.programs() is None:
        pytest.skip(NO_POSTGRES)
    with standin.running() as server:
        with server.connect() as connection:
            [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
            assert connection.execute("SELECT 1").fetchone() == (1,)
        owner = Path(folder).stat().st_uid
    assert owner != 0
    assert owner == os.geteuid() or os.geteuid() == 0
    assert not Path(folder).parent.exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        server.connect()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv here to bind the server's life to ours")
def test_the_server_ends_with_tests_that_are_killed() -> None:
    if standin.programs() is None:
        pytest.skip(NO_POSTGRES)
    story = (
        "import os, signal; from tests.standin.postgres import running\n"
        "with running() as server:\n"
        "    print(server.connect().execute('SHOW data_directory').fetchone()[0], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", story], cwd=ROOT, capture_output=True, text=True, timeout=120)
    data = Path(done.stdout.strip())
    try:
        assert done.returncode == -signal.SIGKILL, done.stderr
        end = time.monotonic() + 60
        while (data / "postmaster.pid").exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert not (data / "postmaster.pid").exists()  # PostgreSQL's own sign that it runs
    finally:
        shutil.rmtree(data.parent)


def test_the_script_finds_the_programs_that_the_tests_start() -> None:
    if standin.programs() is None:
        pytest.skip(NO_POSTGRES)
    done = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == str(standin.programs())


def test_the_script_says_loudly_what_to_install_where_it_may_not(tmp_path: Path) -> None:
    for tool in ("sh", "id", "sort", "dirname", "echo", "printf"):
        found = subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True, text=True).stdout.strip()
        if found.startswith("/"):
            (tmp_path / tool).symlink_to(found)
    nowhere = SCRIPT.read_text("utf-8").replace("/usr/lib/postgresql/*/bin", str(tmp_path / "none"))
    (tmp_path / "postgres.sh").write_text(nowhere, "utf-8")
    shutil.copy(SCRIPT.parent / "as_root.sh", tmp_path)
    environ = {"PATH": str(tmp_path)}
    done = subprocess.run(["sh", tmp_path / "postgres.sh"], capture_output=True, text=True, timeout=60, env=environ)
    assert done.returncode == 3
    assert "apt-get install postgresql" in done.stderr
    assert done.stdout == ""
