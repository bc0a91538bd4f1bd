"""What a specimen is made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Maker: TypeAlias = Callable[[Path], Path]
StepKeys: TypeAlias = dict[str, Any]
