"""What every part of the configuration file is made of: sections, and values that say what may stand there."""

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from hubpipe.config.source import Path

# Where a problem stands, and what to write instead.
Found: TypeAlias = Iterator[tuple[Path, str]]


class Section(BaseModel):
    """A part of the configuration file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
LONGEST_LABEL = 50
# JSON Schema knows nothing of the spaces that are taken off.
LABEL_SCHEMA: JsonDict = {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL, "pattern": r"\S"}
LabelName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_LABEL, strip_whitespace=True),
    WithJsonSchema(LABEL_SCHEMA),
]
Bool = Annotated[bool, Strict()]
Int = Annotated[int, Strict()]
Float = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Some = Field(min_length=1)
Words: TypeAlias = str | Annotated[list[str], Some]


def listed(value: Any) -> Any:
    """Read one item as a list of one."""
    return [value] if isinstance(value, str | dict) else value


def empty(value: Any) -> Any:
    """Read a key without a value as a section without keys."""
    return {} if value is None else value
