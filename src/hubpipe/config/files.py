"""Which files of a pull request a flow is about, and the labels that they give without a model."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from hubpipe.config.section import Int, LabelName, Section, Some, listed

# The least changed lines of each, as Prow and many a repository have them:
# https://github.com/kubernetes/test-infra/issues/5118
USUAL_SIZES = {"size/XS": 0, "size/S": 10, "size/M": 30, "size/L": 100, "size/XL": 500, "size/XXL": 1_000}

Patterns = Annotated[
    tuple[Annotated[str, Some], ...],
    BeforeValidator(listed, json_schema_input_type=str | Annotated[list[Annotated[str, Some]], Some]),
]


def _rule(value: Any) -> Any:
    return {"any": listed(value)} if isinstance(value, str | list) else value


def _sizes(value: Any) -> Any:
    return USUAL_SIZES if value is True else value


class PathRule(Section):
    """When a pull request gets a label; all that is given must hold."""

    any: Patterns | None = Field(default=None, min_length=1)
    """At least one changed file is among these paths."""
    all: Patterns | None = Field(default=None, min_length=1)
    """Every changed file is among these paths."""
    base: Patterns | None = Field(default=None, min_length=1)
    """The branch that it goes into."""
    head: Patterns | None = Field(default=None, min_length=1)
    """The branch that it comes from."""


class Rules(Section):
    """Labels that need no model: by what is changed, and how much."""

    paths: dict[
        LabelName,
        Annotated[
            PathRule,
            BeforeValidator(_rule, json_schema_input_type=str | Annotated[list[Annotated[str, Some]], Some] | PathRule),
        ],
    ] = Field(default={})
    """Label: paths, in the syntax of a workflow's `paths`; or `any`, `all`, `base`, `head` with patterns."""
    size: (
        Annotated[
            dict[LabelName, Int],
            BeforeValidator(_sizes, json_schema_input_type=bool | Annotated[dict[LabelName, Int], Some]),
        ]
        | None
    ) = Field(default=None, min_length=1)
    """Label: the least lines that people changed by hand; `true` for size/XS to size/XXL. One of them holds."""


class AtLeast(Section):
    """How much there must be to read before a flow speaks."""

    comments: Int | None = Field(default=None, ge=1)
    """Comments on the issue or pull request, hubpipe's own not counted."""
    words: Int | None = Field(default=None, ge=1)
    """Words of the text that the flow reads."""
