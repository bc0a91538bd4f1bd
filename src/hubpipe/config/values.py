"""The Config and its parts: what a configuration file may say, and what each key means."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints

from hubpipe.event import Event

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

ANY = "*"

# The activity types of each event, as in https://docs.github.com/en/webhooks/webhook-events-and-payloads;
# GitHub owns this set, so an unknown one is only refused where it looks like a slip of the pen.
_ISSUES = (
    "opened edited reopened closed labeled unlabeled assigned unassigned milestoned demilestoned locked unlocked"
    " transferred deleted pinned unpinned typed untyped"
)
_PULLS = (
    "opened edited reopened closed synchronize ready_for_review converted_to_draft labeled unlabeled assigned"
    " unassigned review_requested review_request_removed locked unlocked enqueued dequeued auto_merge_enabled"
    " auto_merge_disabled milestoned demilestoned"
)
EventName = Literal[
    "issues",
    "pull_request",
    "pull_request_target",
    "issue_comment",
    "pull_request_review_comment",
    "discussion",
    "discussion_comment",
    "workflow_run",
    "push",
    "workflow_dispatch",
    "schedule",
]
ACTIVITIES: dict[str, tuple[str, ...]] = {
    "issues": tuple(_ISSUES.split()),
    "pull_request": tuple(_PULLS.split()),
    "pull_request_target": tuple(_PULLS.split()),
    "issue_comment": ("created", "edited", "deleted"),
    "pull_request_review_comment": ("created", "edited", "deleted"),
    "discussion": ("created", "edited", "answered", "unanswered", "category_changed", "labeled", "unlabeled"),
    "discussion_comment": ("created", "edited", "deleted"),
    "workflow_run": ("completed", "requested", "in_progress"),
    "push": (),
    "workflow_dispatch": (),
    "schedule": (),
}
# What an event means where a flow names no activity type: new or changed text.
DEFAULT_ACTIVITIES: dict[str, tuple[str, ...]] = {
    "issues": ("opened", "edited", "reopened"),
    "pull_request": ("opened", "edited", "reopened", "synchronize", "ready_for_review"),
    "pull_request_target": ("opened", "edited", "reopened", "synchronize", "ready_for_review"),
    "issue_comment": ("created",),
    "pull_request_review_comment": ("created",),
    "discussion": ("created", "edited"),
    "discussion_comment": ("created",),
    "workflow_run": ("completed",),
}

# What each task's predictions are: decides where they can go.
GIVES: dict[str, str] = {
    "text-classification": "scores",
    "zero-shot-classification": "scores",
    "sentence-similarity": "scores",
    "fill-mask": "scores",
    "token-classification": "spans",
    "text-generation": "text",
    "summarization": "text",
    "feature-extraction": "vector",
}
# The tasks that choose among labels that the user, or the repository, names.
CHOOSING = frozenset({"zero-shot-classification", "sentence-similarity"})


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _events(value: Any) -> Any:
    """Read the forms of a workflow's own `on:`: a word, a list, or a mapping to activity types."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = dict.fromkeys(value)
    if not isinstance(value, dict):
        return value
    return {name: _activities(name, activities) for name, activities in value.items()}


def _activities(name: str, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"types"}:
        value = value["types"]
    if value is None:
        return DEFAULT_ACTIVITIES.get(name, (ANY,))
    return [value] if isinstance(value, str) else value


def _labels(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, "")
    if isinstance(value, dict):
        return {name: "" if description is None else description for name, description in value.items()}
    return value


def _targets(value: Any) -> Any:
    """Read `[labels, {comment: {...}}]` as one mapping of target to its settings."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        items = [item if isinstance(item, dict) else {str(item): {}} for item in value]
        names = [name for item in items for name in item]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice[0]} stands twice: write it once, with its settings")
        value = {name: settings for item in items for name, settings in item.items()}
    if isinstance(value, dict):
        return {name: {} if settings is None else settings for name, settings in value.items()}
    return value


def _empty(value: Any) -> Any:
    return {} if value is None else value


def _no_boolean(value: Any) -> Any:
    # To Python, true equals 1.
    return str(value).lower() if isinstance(value, bool) else value


class Section(BaseModel):
    """A part of the configuration file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_LabelName = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True)]
_Bool = Annotated[bool, Strict()]
_Int = Annotated[int, Strict()]
_Float = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_Some = Field(min_length=1)
_Words: TypeAlias = str | Annotated[list[str], _Some]
_Events = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(
        _events,
        json_schema_input_type=EventName
        | Annotated[list[EventName], _Some]
        | Annotated[dict[EventName, _Words | Annotated[dict[Literal["types"], _Words | None], _Some] | None], _Some],
    ),
]
_Labels = Annotated[
    dict[_LabelName, str],
    BeforeValidator(
        _labels,
        json_schema_input_type=Annotated[list[_LabelName], _Some] | Annotated[dict[_LabelName, str | None], _Some],
    ),
]


class Step(Section):
    """One model and what to ask it."""

    task: Task
    """The Hub's name of the task."""
    model: str = "embedded"
    """`embedded` (on the runner, offline), `fake:` (for trials), or any Hub id: org/name."""
    library: str | None = None
    """The Hub library that loads the model; read from the Hub's metadata where it is not given."""
    revision: str | None = None
    """The commit, tag or branch of the model; a commit keeps it from changing under you."""
    labels: _Labels | None = Field(default=None, min_length=1)
    """Names, or names with a description, to choose from; without it the repository's own, or all of a classifier's."""
    multi_label: _Bool = False
    """Score each label by itself, instead of sharing 1.0 among them."""
    hypothesis_template: str = "This example is {}."
    """How an NLI model is asked about a label."""
    max_words: _Int = Field(default=120, ge=10, le=2000)
    """How long a summary may be."""
    instructions: str | None = None
    """What a chat model is told; the issue's text never stands there."""
    max_new_tokens: _Int = Field(default=200, ge=1, le=4096)
    """How much a model that writes may write."""


class Decide(Section):
    """When a score becomes a label."""

    threshold: _Float = Field(default=0.5, ge=0, le=1)
    """Scores below this are not used."""
    max_labels: _Int = Field(default=1, ge=1, le=20)
    """At most so many labels of this flow on one issue, those that people set included."""
    margin: _Float = Field(default=0.0, ge=0, le=1)
    """Abstain unless the best score is this much ahead of the next."""
    rename: dict[str, _LabelName | None] = {}
    """From the model's label to the repository's; null drops it."""

    def renamed(self, label: str) -> str | None:
        """Give the repository's name for a model's label, whatever its case; None where it is dropped."""
        names = {theirs.casefold(): ours for theirs, ours in self.rename.items()}
        return names.get(label.casefold(), label)


class LabelsTarget(Section):
    """Put the chosen labels on the issue or pull request."""

    create: _Bool = False
    """Make a label that the repository does not have yet."""
    remove_stale: _Bool = False
    """Take back labels of this flow that hubpipe itself set and that no longer hold."""


class CommentTarget(Section):
    """Keep one comment, edited in place."""

    template: str | None = None
    """A Jinja2 template of the comment's body; every value in it is neutralised."""


class SummaryTarget(Section):
    """Only the job summary and the outputs, which every run writes."""


class Publish(Section):
    """Where the results go."""

    labels: LabelsTarget | None = None
    """Labels on the issue or pull request."""
    comment: CommentTarget | None = None
    """One comment, edited in place."""
    summary: SummaryTarget | None = None
    """Only the job summary and the outputs, which every run writes."""


_Target = Literal["labels", "comment", "summary"]


class Flow(Section):
    """One job: on which events, what to read, which model, how to decide, where to publish."""

    on: _Events = Field(min_length=1)
    """GitHub's event names, each with its activity types, as in a workflow."""
    input: Annotated[
        tuple[InputName, ...],
        BeforeValidator(_listed, json_schema_input_type=InputName | Annotated[list[InputName], _Some]),
    ] = Field(default=("title", "body"), min_length=1)
    """What the model reads, the most important first."""
    pipeline: Annotated[
        tuple[Step, ...], BeforeValidator(_listed, json_schema_input_type=Step | Annotated[list[Step], _Some])
    ] = Field(min_length=1)
    """One step, or several: each reads the text that the step before wrote."""
    decide: Annotated[Decide, BeforeValidator(_empty)] = Decide()
    """When a score counts."""
    publish: Annotated[
        Publish,
        BeforeValidator(_targets, json_schema_input_type=_Target | Annotated[list[_Target | Publish], _Some] | Publish),
    ]
    """Where the results go."""

    @property
    def gives(self) -> str:
        """What the last step's predictions are: scores, text, spans or vector."""
        return GIVES[self.pipeline[-1].task]

    def matches(self, event: Event) -> bool:
        """Tell whether this flow handles an event."""
        activities = self.on.get(event.kind)
        if activities is None:
            return False
        return not ACTIVITIES.get(event.kind) or ANY in activities or event.action in activities


class Config(Section):
    """A whole configuration file."""

    version: Annotated[Literal[1], BeforeValidator(_no_boolean, json_schema_input_type=Literal[1])]
    """The version of this file's format."""
    extends: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+$")] | None = None
    """A repository whose .github/hubpipe.yml holds defaults; a flow of the same name here replaces its flow."""
    flows: dict[_Name, Flow | None] = {}
    """The flows by name; null switches off a flow of the file that this one extends."""

    def matching(self, event: Event) -> dict[str, Flow]:
        """Give the flows that handle an event, in the file's order."""
        return {name: flow for name, flow in self.flows.items() if flow is not None and flow.matches(event)}

    def over(self, base: "Config") -> "Config":
        """Lay this file's flows over those of the file that it extends."""
        return Config(version=self.version, flows={**base.flows, **self.flows})
