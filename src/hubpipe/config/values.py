"""The Config and its parts: what a configuration file may say, and what each key means."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints

from hubpipe.config.events import ACTIVITIES, ANY, DEFAULT_ACTIVITIES, EventName
from hubpipe.config.section import Bool, Float, Int, LabelName, Name, Section, Some, Words, empty, listed
from hubpipe.config.steps import Budget, ModelRules, Step
from hubpipe.event import Event

InputName = Literal["title", "body", "comments", "commits", "files", "patch", "contents", "images", "audio"]


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


def _steps(value: Any) -> Any:
    """Read a Hub id alone as a step: the Hub knows its task."""
    items = listed(value)
    return [{"model": item} if isinstance(item, str) else item for item in items] if isinstance(items, list) else items


def _no_boolean(value: Any) -> Any:
    # To Python, true equals 1.
    return str(value).lower() if isinstance(value, bool) else value


Events = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(
        _events,
        json_schema_input_type=EventName
        | Annotated[list[EventName], Some]
        | Annotated[dict[EventName, Words | Annotated[dict[Literal["types"], Words | None], Some] | None], Some],
    ),
]


class Decide(Section):
    """When a score becomes a label."""

    threshold: Float = Field(default=0.5, ge=0, le=1)
    """Scores below this are not used."""
    max_labels: Int = Field(default=1, ge=1, le=20)
    """At most so many labels of this flow on one issue, those that people set included."""
    margin: Float = Field(default=0.0, ge=0, le=1)
    """Abstain unless the best score is this much ahead of the next."""
    rename: dict[str, LabelName | None] = Field(default={})
    """From the model's label to the repository's; null drops it."""

    def renamed(self, label: str) -> str | None:
        """Give the repository's name for a model's label, whatever its case; None where it is dropped."""
        names = {theirs.casefold(): ours for theirs, ours in self.rename.items()}
        return names.get(label.casefold(), label)


class LabelsTarget(Section):
    """Put the chosen labels on the issue or pull request."""

    create: Bool = False
    """Make a label that the repository does not have yet."""
    remove_stale: Bool = False
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

    on: Events = Field(min_length=1)
    """GitHub's event names, each with its activity types, as in a workflow."""
    input: Annotated[
        tuple[InputName, ...],
        BeforeValidator(listed, json_schema_input_type=InputName | Annotated[list[InputName], Some]),
    ] = Field(default=("title", "body"), min_length=1)
    """What the model reads, the most important first."""
    pipeline: Annotated[
        tuple[Step, ...],
        BeforeValidator(_steps, json_schema_input_type=str | Step | Annotated[list[str | Step], Some]),
    ] = Field(min_length=1)
    """One step, or several: each reads the text that a step before wrote, else what the first one read."""
    decide: Annotated[Decide, BeforeValidator(empty, json_schema_input_type=Decide | None)] = Decide()
    """When a score counts."""
    publish: Annotated[
        Publish,
        BeforeValidator(_targets, json_schema_input_type=_Target | Annotated[list[_Target | Publish], Some] | Publish),
    ]
    """Where the results go."""

    @property
    def gives(self) -> frozenset[str]:
        """What the steps' predictions are: scores, text, spans, vector, boxes."""
        return frozenset(step.gives for step in self.pipeline if step.gives is not None)

    @property
    def deciding(self) -> Step | None:
        """The step whose scores become labels: the last one that gives scores or boxes; None where there is none."""
        return next((step for step in reversed(self.pipeline) if step.gives in ("scores", "boxes")), None)

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
    models: Annotated[ModelRules, BeforeValidator(empty, json_schema_input_type=ModelRules | None)] = ModelRules()
    """What every model on the runner must keep to; what an endpoint serves cannot be checked."""
    budget: Annotated[Budget, BeforeValidator(empty, json_schema_input_type=Budget | None)] = Budget()
    """What one run may spend at endpoints."""
    flows: dict[Name, Flow | None] = Field(default={})
    """The flows by name; null switches off a flow of the file that this one extends."""

    def matching(self, event: Event) -> dict[str, Flow]:
        """Give the flows that handle an event, in the file's order."""
        return {name: flow for name, flow in self.flows.items() if flow is not None and flow.matches(event)}

    def over(self, base: "Config") -> "Config":
        """Lay this file over the one that it extends: flow by flow, and its rules and budget key by key."""
        return Config(
            version=self.version,
            models=_laid(self.models, base.models),
            budget=_laid(self.budget, base.budget),
            flows={**base.flows, **self.flows},
        )


Part = TypeVar("Part", bound=Section)


def _laid(own: Part, base: Part) -> Part:
    return base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
