"""Who may give hubpipe commands in comments, and how many an hour."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from hubpipe.config.section import Int, Section


class Commands(Section):
    """Who may give hubpipe commands in comments, and how many an hour."""

    roles: Literal["write", "triage"] = "write"
    """The least role in the repository that may give commands."""
    per_person: Int = Field(default=10, ge=1, le=1000)
    """So many commands of one person are carried out an hour."""
    per_repository: Int = Field(default=60, ge=1, le=1000)
    """So many commands are carried out an hour in the whole repository."""


def _switched(value: Any) -> Any:
    """Read `false` as no commands at all, and a key without a value, or `true`, as the usual ones."""
    if value is False:
        return None
    return {} if value is None or value is True else value


def _written(value: Commands | None, write: SerializerFunctionWrapHandler) -> Any:
    """Write what was switched off as it was read: null would mean the usual ones."""
    return False if value is None else write(value)


MaybeCommands = Annotated[
    Commands | None,
    BeforeValidator(_switched, json_schema_input_type=Commands | bool | None),
    WrapSerializer(_written),
]
