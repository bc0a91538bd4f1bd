"""Turn a .skops file into the estimator that it holds, if it holds nothing but numbers and known estimators."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import skops.io

from hubpipe.errors import ModelError, UnsafeModelError

UNKNOWN_TYPES = (
    "{model} holds types in {file} that hubpipe does not trust: {types}. "
    "Choose a model of scikit-learn's own parts, or one with safetensors"
)
NOT_SKOPS = "{model}: {file} is no skops file that can be read ({reason}): choose another revision"


def check(model: str, path: Path) -> None:
    """Refuse a file that names any type beside those that skops trusts by itself.

    Raises UnsafeModelError that names the types, ModelError where it is no skops file.
    """
    try:
        types = skops.io.get_untrusted_types(file=path)
    except (OSError, BadZipFile, ValueError, KeyError, TypeError, AttributeError, ImportError) as fault:
        raise ModelError(NOT_SKOPS.format(model=model, file=path.name, reason=fault)) from fault
    if types:
        raise UnsafeModelError(UNKNOWN_TYPES.format(model=model, file=path.name, types=", ".join(types)))


def read(model: str, path: Path) -> Any:
    """Load the estimator of a file; see `check`."""
    check(model, path)
    try:
        return skops.io.load(path, trusted=[])
    except (OSError, BadZipFile, ValueError, KeyError, TypeError, AttributeError, ImportError) as fault:
        raise ModelError(NOT_SKOPS.format(model=model, file=path.name, reason=fault)) from fault
