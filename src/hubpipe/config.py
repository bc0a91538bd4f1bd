"""Turn `.github/hubpipe.yml` into a Config of Flows."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Task = Literal[
    "text-classification",
    "zero-shot-classification",
    "token-classification",
    "feature-extraction",
    "fill-mask",
    "text-generation",
    "sentence-similarity",
    "summarization",
]
InputName = Literal["title", "body", "comments", "commits", "files", "patch", "contents"]


class Section(BaseModel):
    """A part of the configuration file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Step(Section):
    """One model and what to ask it."""

    task: Task
    model: str = "embedded"
    library: str | None = None
    revision: str | None = None
    labels: dict[str, str] | None = None
    multi_label: bool = False
    hypothesis_template: str = "This example is {}."
    max_words: int = 120
    instructions: str | None = None
    max_new_tokens: int = 200
