"""A Step and its parts: one model, what to ask it, when, and what it must keep to."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from hubpipe.config.section import LABEL_SCHEMA, Bool, Float, Int, LabelName, Section, Some, listed
from hubpipe.config.tasks import CHOOSING, TASKS, Gives, Merge, Task, gives


def _labels(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, "")
    if isinstance(value, dict):
        return {name: "" if description is None else description for name, description in value.items()}
    return value


def _when(value: Any) -> Any:
    return {"labels": listed(value)} if isinstance(value, str | list) else value


def _questions(value: Any) -> Any:
    """Read one question, a list, or names with questions, as one mapping of name to question."""
    value = listed(value) if isinstance(value, str) else value
    if isinstance(value, list) and all(isinstance(question, str) for question in value):
        value = {question: question for question in value}
    if isinstance(value, dict):
        return {name: {"instructions": asked} if isinstance(asked, str) else asked for name, asked in value.items()}
    return value


Labels = Annotated[
    dict[LabelName, str],
    BeforeValidator(
        _labels,
        json_schema_input_type=Annotated[list[LabelName], Some]
        | Annotated[dict[str, str | None], Some, Field(json_schema_extra={"propertyNames": LABEL_SCHEMA})],
    ),
]


# The models of hubpipe's own that do one thing, and the task that each is asked unless the file says otherwise.
LEARNED, ZERO_DAY, AUTO = "learned", "zero-day", "auto"
SEARCH: Task = "sentence-similarity"
USUAL_TASKS = {LEARNED: "text-classification", ZERO_DAY: "text-classification", AUTO: "zero-shot-classification"}


class Question(Section):
    """One question to a model that answers questions."""

    instructions: str = Field(min_length=1)
    """The question itself."""
    type: Literal["noul", "choice", "score"] = "noul"
    """Of a `decision`: `noul` (is it so?), `choice` among criteria, or `score` on a scale of criteria."""
    criteria: dict[str, str] | tuple[str, ...] | None = None
    """Of a `decision`: options with descriptions for `choice`, levels from the lowest for `score`."""

    def answers(self, name: str) -> tuple[str, ...]:
        """Name the labels that a decision's answers are, by the question's name: its own, its options or its levels."""
        return (name,) if self.type == "noul" else tuple(self.criteria or ())


class When(Section):
    """What the steps before must have found for this step to run."""

    labels: Annotated[
        tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | Annotated[list[str], Some])
    ] = Field(min_length=1)
    """Any of these labels, found by a step before."""
    threshold: Float | None = Field(default=None, ge=0, le=1)
    """The score that the label needs; the flow's own where it is not given."""


class Prompts(Section):
    """Jinja2 templates of what a model is asked, as files of the repository's default branch."""

    file: Annotated[str, Some] | None = None
    """The path of the template of what is asked about one file; it may use `max_words`."""
    change: Annotated[str, Some] | None = None
    """The path of the template of what is asked about the whole; it may use `max_words`."""


Asked = Annotated[str, Some]
Questions = Annotated[
    dict[Asked, Question],
    BeforeValidator(
        _questions,
        json_schema_input_type=Asked | Annotated[list[Asked], Some] | Annotated[dict[Asked, Asked | Question], Some],
    ),
]


class Step(Section):
    """One model and what to ask it."""

    @model_validator(mode="before")
    @classmethod
    def _usual_task(cls, data: Any) -> Any:
        """Know the task of hubpipe's own models, and the model of a search over past issues, unless it is given."""
        if not isinstance(data, dict):
            return data
        if data.get("against") is not None:
            data = {
                "task": SEARCH,
                "model": LEARNED,
                **{key: value for key, value in data.items() if value is not None},
            }
        if data.get("task") is None and data.get("model") in USUAL_TASKS:
            return {**data, "task": USUAL_TASKS[data["model"]]}
        return data

    task: Task | None = None
    """The Hub's name of the task; read from the Hub's metadata where it is not given."""
    model: str = "embedded"
    """`embedded`, `auto`, `learned`, `zero-day` (all on the runner, offline), `fake:` (for trials), or a Hub id."""
    library: str | None = None
    """The Hub library that loads the model; read from the Hub's metadata where it is not given."""
    revision: str | None = None
    """The commit, tag or branch of the model; a commit keeps it from changing under you."""
    base_revision: str | None = None
    """The commit of a second model that the model needs: a PEFT adapter's base, BERTopic's encoder."""
    when: (
        Annotated[When, BeforeValidator(_when, json_schema_input_type=str | Annotated[list[str], Some] | When)] | None
    ) = None
    """Run this step only if a step before found one of these labels."""
    labels: Labels | None = Field(default=None, min_length=1)
    """Names, or names with a description, to choose from; without it the repository's own, or all of a classifier's."""
    against: Literal["issues"] | None = None
    """Of `sentence-similarity`: find open issues of the repository that are alike, in the index of a learned model."""
    multi_label: Bool = False
    """Score each label by itself, instead of sharing 1.0 among them."""
    explain: Bool = False
    """Say why: the nearest past issues with the label, and the words that weighed most."""
    hypothesis_template: str = "This example is {}."
    """How an NLI model is asked about a label."""
    questions: Questions | None = Field(default=None, min_length=1)
    """What to ask: a question, a list, or names with questions, for the tasks that answer questions."""
    source_language: str | None = Field(default=None, min_length=2)
    """The language of the text, as the model names it (en, eng_Latn, ...)."""
    target_language: str | None = Field(default=None, min_length=2)
    """The language to translate into, as the model names it."""
    long_text: Literal["head", "windows"] | None = None
    """Read only a long text's head, or all of it in windows that overlap; each task has its usual way."""
    merge: Literal["mean", "max"] | None = None
    """How the scores of a long text's windows become one; each task has its usual way."""
    max_words: Int = Field(default=120, ge=10, le=2000)
    """How long a summary may be."""
    instructions: str | None = None
    """What a model that writes is told; the issue's text never stands there."""
    prompts: Prompts | None = None
    """Files with what a model that writes is asked about a pull request's files, and about the whole of it."""
    max_new_tokens: Int = Field(default=200, ge=1, le=4096)
    """How much a model that writes may write."""
    endpoint: str | None = None
    """Where the model runs instead of on the runner: an https URL, or a provider of Hugging Face (`hf-inference`)."""
    timeout: Int = Field(default=60, ge=1, le=600)
    """Seconds to wait for an answer of the endpoint."""
    fallback: Literal["embedded"] | None = None
    """What does the task while the endpoint is away; without it the flow fails."""

    @property
    def known_task(self) -> Task:
        """The task, once the file or the Hub's metadata has told it; models are only loaded for such steps."""
        if self.task is None:
            raise ValueError(f"{self.model}: the step's task is not resolved yet")
        return self.task

    @property
    def gives(self) -> Gives | None:
        """What the predictions are; None where only the Hub knows the task."""
        if self.against is not None:
            return "issues"
        return gives(self.task, self.labels) if self.task else None

    @property
    def chooses(self) -> bool:
        """Tell whether the step needs labels to choose from: those that it names, else the repository's own."""
        return self.task in CHOOSING and self.against is None

    @property
    def reads_text(self) -> bool:
        """Tell whether the step reads text; one without a task is taken to."""
        return self.task is None or TASKS[self.task].reads == "text"

    @property
    def merging(self) -> Merge | None:
        """How the answers about a long text's windows become one; None where the model reads any length by itself."""
        usual = TASKS[self.task].merge if self.task else None
        if usual is None or self.long_text == "head":
            return usual and "head"
        windows = self.long_text == "windows" or self.merge is not None or usual != "head"
        if self.gives != "scores" or not windows:
            return usual
        return self.merge or ("max" if self.multi_label or usual in ("max", "reduce") else "mean")


class ModelRules(Section):
    """What every model on the runner must keep to; what an endpoint serves cannot be checked."""

    require_pinned: Bool = False
    """Refuse a model whose revision is not a commit."""
    licenses: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Refuse a model of another licence than these, by the Hub's names (apache-2.0, mit, ...)."""
    max_memory: Int | None = Field(default=None, ge=1)
    """Refuse a model that needs more megabytes; without it, more than the machine has."""


class Budget(Section):
    """What one run may spend at endpoints."""

    calls: Int | None = Field(default=None, ge=0)
    """Requests, those that are tried again included."""
    tokens: Int | None = Field(default=None, ge=0)
    """Tokens read and written, as the endpoint counts them, or about one for four characters."""
    seconds: Int | None = Field(default=None, ge=0)
    """Seconds of waiting for answers."""
