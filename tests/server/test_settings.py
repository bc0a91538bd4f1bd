"""The bot's secrets come from variables or from files, and from nowhere else."""

from pathlib import Path

import pytest

from hubpipe.errors import UsageError
from hubpipe.server.settings import Asked, settings

KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


def test_each_secret_may_lie_in_a_file_as_containers_and_systemd_give_it(tmp_path: Path) -> None:
    given = {
        "HUBPIPE_WEBHOOK_SECRET": "it is a secret",
        "HUBPIPE_DATABASE_URL": "postgresql://hubpipe:word@host/hubpipe",
        "HUBPIPE_PRIVATE_KEY": KEY,
    }
    environ = {"HUBPIPE_APP_ID": "1"}
    for name, value in given.items():
        (tmp_path / name).write_text(value + "\n", "utf-8")
        environ[f"{name}_FILE"] = str(tmp_path / name)
    found = settings(Asked(), environ)
    assert found == settings(Asked(), given | {"HUBPIPE_APP_ID": "1"})
    assert found.secret == "it is a secret"
    assert found.database == "postgresql://hubpipe:word@host/hubpipe"
    assert found.app is not None
    assert found.app.private_key == KEY


def test_the_command_line_goes_before_a_variable_and_a_variable_before_a_file(tmp_path: Path) -> None:
    file = tmp_path / "database"
    file.write_text("sqlite:///file.sqlite", "utf-8")
    environ = {"HUBPIPE_WEBHOOK_SECRET": "x", "GITHUB_TOKEN": "y", "HUBPIPE_DATABASE_URL_FILE": str(file)}
    assert settings(Asked(), environ).database == "sqlite:///file.sqlite"
    environ["HUBPIPE_DATABASE_URL"] = "sqlite:///variable.sqlite"
    assert settings(Asked(), environ).database == "sqlite:///variable.sqlite"
    assert settings(Asked(database="sqlite:///word.sqlite"), environ).database == "sqlite:///word.sqlite"


@pytest.mark.parametrize("name", ["HUBPIPE_WEBHOOK_SECRET", "HUBPIPE_DATABASE_URL", "HUBPIPE_PRIVATE_KEY"])
def test_a_file_that_is_not_there_stops_the_bot_and_is_named(name: str) -> None:
    environ = {"HUBPIPE_WEBHOOK_SECRET": "x", "HUBPIPE_APP_ID": "1", "HUBPIPE_PRIVATE_KEY": KEY}
    environ.pop(name, None)
    with pytest.raises(UsageError, match=f"{name}_FILE names /none/here, which cannot be read"):
        settings(Asked(), environ | {f"{name}_FILE": "/none/here"})
