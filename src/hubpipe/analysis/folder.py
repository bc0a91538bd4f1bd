"""Turn an Analysis into the one file of a folder, and a stranger's folder into an Analysis."""

import os
import stat
from pathlib import Path

from pydantic import ValidationError

from hubpipe.analysis import Analysis
from hubpipe.errors import ArtifactError, UsageError

FILE = "analysis.json"
MOST_BYTES = 5_000_000
MOST_PROBLEMS = 5
READABLE = 0o644  # for the step that uploads it, which may run as another user

NOT_WRITABLE = "{folder} cannot be written: {reason}. Name a folder in the workspace by the input artifact"
NOT_EMPTY = "{folder} holds something already: name an empty or a new folder by the input artifact"
TOO_LARGE = (
    f"the analysis has {{size:,}} bytes, and at most {MOST_BYTES:,} are read: read less (input), or run these flows on "
    "pull_request_target"
)
NO_FOLDER = "{folder} is no folder: download the artifact of the run that analysed into it"
NOT_ALONE = f"{{folder}} holds {{count}} entries, and an analysis is one file, {FILE}: nothing of it is used"
NO_FILE = f"{{folder}} holds no plain file {FILE}: nothing of it is used"
TOO_MANY_BYTES = f"{{folder}}/{FILE} is larger than {MOST_BYTES:,} bytes: nothing of it is used"
NOT_READABLE = "{folder} cannot be read: {reason}"
NO_ANALYSIS = f"{FILE} is not what mode: analyse writes, and nothing of it is used: {{problems}}"


def write(folder: Path, analysis: Analysis) -> None:
    """Write an analysis into a folder that is empty, or is made.

    Raises ArtifactError where nobody would read it for its size, UsageError where it cannot be written.
    """
    data = analysis.model_dump_json().encode()
    if len(data) > MOST_BYTES:
        raise ArtifactError(TOO_LARGE.format(size=len(data)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(NOT_EMPTY.format(folder=folder))
        file = folder / FILE
        file.write_bytes(data)
        file.chmod(READABLE)
    except OSError as error:
        raise UsageError(NOT_WRITABLE.format(folder=folder, reason=error.strerror)) from error


def read(folder: Path) -> Analysis:
    """Read the analysis that somebody's run left in a folder.

    Raises ArtifactError unless it holds one plain file, no link, of at most `MOST_BYTES`, that keeps to the form.
    """
    try:
        data = _bytes(folder)
    except OSError as error:
        raise ArtifactError(NOT_READABLE.format(folder=folder, reason=error.strerror)) from error
    try:
        return Analysis.model_validate_json(data)
    except ValidationError as error:
        found = [
            f"{'.'.join(map(str, one['loc']))[:100]}: {one['msg'][:200]}" for one in error.errors()[:MOST_PROBLEMS]
        ]
        raise ArtifactError(NO_ANALYSIS.format(problems="; ".join(found))) from error


def _bytes(folder: Path) -> bytes:
    """Read the file; whatever happens to its name meanwhile, what was looked at is what is read."""
    if folder.is_symlink() or not folder.is_dir():
        raise ArtifactError(NO_FOLDER.format(folder=folder))
    count = sum(1 for _ in os.scandir(folder))
    if count != 1:
        raise ArtifactError(NOT_ALONE.format(folder=folder, count=count))
    try:
        # Neither a link nor a pipe that never ends may be opened.
        handle = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ArtifactError(NO_FILE.format(folder=folder)) from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ArtifactError(NO_FILE.format(folder=folder))
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ArtifactError(TOO_MANY_BYTES.format(folder=folder))
    return data
