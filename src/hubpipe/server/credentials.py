"""Turn an App's credentials into a file that only its owner reads, and that file into credentials."""

import json
import logging
import os
import stat
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from hubpipe.errors import UsageError
from hubpipe.github.app import Credentials

__all__ = ["Credentials", "check_place", "read", "write"]

log = logging.getLogger("hubpipe")

NEEDED = ("app_id", "private_key", "webhook_secret")

MISSING = (
    "there is no credentials file {path}: make the App with `hubpipe serve --setup`, or name the file that it wrote"
)
NOT_READABLE = "the credentials file {path} cannot be read ({reason})"
NO_JSON = "the credentials file {path} is no JSON object: give it as `hubpipe serve --setup` wrote it"
NO_VALUE = (
    "the credentials file {path} has no {name}: add it as {kind}, or make the App anew with `hubpipe serve --setup`"
)
KINDS = {int: "a whole number", str: "a text that is not empty"}
READ_BY_OTHERS = "the credentials file {path} can be read by others (mode {mode:04o}): chmod 600 {path}"
IS_THERE = "{path} is there already, and may hold the keys of an App: move it away, or name another file"
NO_FOLDER = "there is no folder {folder} that a file can be written to: make it, or name another file"
NOT_WRITTEN = (
    "the App was made, and its credentials could not be written to {path} ({reason}): make a new private key and a "
    "new webhook secret in the App's settings, or delete the App there and begin again"
)


def read(path: Path) -> Credentials:
    """Read a credentials file; where others may read it, too, warn.

    Raises UsageError where it is not what `write` writes.
    """
    try:
        text, found = path.read_text(encoding="utf-8"), path.stat()
    except FileNotFoundError as error:
        raise UsageError(MISSING.format(path=path)) from error
    except OSError as error:
        raise UsageError(NOT_READABLE.format(path=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise UsageError(NO_JSON.format(path=path)) from error
    mode = stat.S_IMODE(found.st_mode)
    # One that somebody else has put there, such as a mounted secret, is his to guard.
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and found.st_uid == os.geteuid():
        log.warning(READ_BY_OTHERS.format(path=path, mode=mode))
    return _credentials(path, text)


def check_place(path: Path) -> None:
    """Make sure that credentials can be written there, before there are any: GitHub gives them once.

    Raises UsageError.
    """
    if path.exists():
        raise UsageError(IS_THERE.format(path=path))
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(NO_FOLDER.format(folder=folder))


def write(path: Path, credentials: Credentials) -> None:
    """Write credentials whole or not at all, readable by their owner alone; a file that is there stays.

    Raises UsageError.
    """
    check_place(path)
    text = json.dumps(asdict(credentials), indent=2) + "\n"
    try:
        # Made with mode 0600: nobody else could open it at any moment.
        with tempfile.NamedTemporaryFile(
            "w", dir=path.absolute().parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(NOT_WRITTEN.format(path=path, reason=error.strerror)) from error


def _credentials(path: Path, text: str) -> Credentials:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise UsageError(NO_JSON.format(path=path))
    return Credentials(**{one.name: _value(path, data, one.name, one.type) for one in fields(Credentials)})


def _value(path: Path, data: dict[str, Any], name: str, kind: Any) -> Any:
    value = data.get(name)
    if name not in NEEDED and value is None:
        return ""
    good = isinstance(value, kind) and not isinstance(value, bool) and (value or name not in NEEDED)
    if not good:
        raise UsageError(NO_VALUE.format(path=path, name=name, kind=KINDS[kind]))
    return value
