"""An App's credentials file: written whole, for its owner alone, and read with words on what to change."""

import json
import stat
from pathlib import Path

import pytest

from hubpipe.errors import UsageError
from hubpipe.server.credentials import Credentials, read, write
from hubpipe.server.settings import Asked, settings

MADE = Credentials(42, "the key", "the secret", "slug", "https://ghe.example.org/apps/slug", "Iv1", "the client's")
LEAST = {"app_id": 42, "private_key": "the key", "webhook_secret": "the secret"}


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.json"


def test_what_was_written_is_read(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, MADE)
    assert read(path) == MADE
    assert caplog.text == ""


def test_only_its_owner_can_read_the_file_whatever_the_umask(path: Path) -> None:
    write(path, MADE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_stays(path: Path) -> None:
    written(path, "of another App")
    with pytest.raises(UsageError, match=r"is there already.*name another file"):
        write(path, MADE)
    assert path.read_text() == "of another App"


def test_nothing_is_left_where_it_could_not_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match=r"the App was made.*No space left on device.*new private key"):
        write(path, MADE)
    assert list(path.parent.iterdir()) == []


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*/away"):
        write(tmp_path / "away" / "app.json", MADE)


def test_secrets_are_not_printed() -> None:
    assert "the" not in repr(MADE)
    assert "42" in repr(MADE)


def test_the_least_is_enough(path: Path) -> None:
    assert read(written(path, json.dumps(LEAST))) == Credentials(42, "the key", "the secret")


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(UsageError, match=rf"no credentials file {path}: make the App with `hubpipe serve --setup`"):
        read(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "app_id: 42"])
def test_what_is_no_json_object_is_refused(path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"is no JSON object"):
        read(written(path, text))


def test_what_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(UsageError, match=r"is no JSON object"):
        read(path)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("app_id", None, "a whole number"),
        ("app_id", "42", "a whole number"),
        ("app_id", True, "a whole number"),
        ("app_id", 0, "a whole number"),
        ("private_key", "", "a text that is not empty"),
        ("private_key", ["x"], "a text that is not empty"),
        ("webhook_secret", None, "a text that is not empty"),
        ("slug", 7, "a text"),
    ],
)
def test_a_value_that_is_missing_or_wrong_is_named_and_no_other_is_told(
    path: Path, name: str, value: object, kind: str
) -> None:
    with pytest.raises(UsageError, match=rf"has no {name}: add it as {kind}") as caught:
        read(written(path, json.dumps(LEAST | {name: value})))
    assert "the key" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_read_with_a_warning(
    path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(written(path, json.dumps(LEAST), mode)).app_id == 42
    assert f"can be read by others (mode {mode:04o}): chmod 600 {path}" in caplog.text


def test_the_bot_starts_with_the_file_alone_and_keeps_its_secrets_out_of_its_words(path: Path) -> None:
    write(path, MADE)
    chosen = settings(Asked(credentials=path), {"HUBPIPE_WEBHOOK_SECRET": "another", "HUBPIPE_APP_ID": "7"})
    assert chosen.app is not None
    assert (chosen.app.id, chosen.app.private_key, chosen.secret) == (42, "the key", "the secret")
    assert {"the key", "the secret"} <= set(chosen.secrets)
    assert "the key" not in repr(chosen)
