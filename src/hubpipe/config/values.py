"""The Config and its parts: what a configuration file may say, and what each key means."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from hubpipe.config.commands import Commands, MaybeCommands
from hubpipe.config.events import ACTIVITIES, ANY, DEFAULT_ACTIVITIES, EventName
from hubpipe.config.files import AtLeast, Patterns, Rules
from hubpipe.config.section import Float, Int, LabelName, Name, Section, Some, Words, empty, listed
from hubpipe.config.steps import Budget, ModelRules, Step
from hubpipe.config.targets import Publish, Target, targets
from hubpipe.event import Event

InputName = Literal[
    "title",
    "body",
    "comments",
    "commits",
    "linked",
    "files",
    "path",
    "patch",
    "contents",
    "pulls",
    "images",
    "audio",
]

# What only the changed files of a pull request give.
FILE_INPUTS = frozenset({"files", "path", "patch", "contents"})


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
    """Scores below this are not used; `precision` finds a better cutoff for each label."""
    precision: Float | None = Field(default=None, gt=0, lt=1)
    """How often a label shall be right, from 0 to 1: each label's cutoff is found from what the model learned from."""
    max_labels: Int = Field(default=1, ge=1, le=20)
    """At most so many labels of this flow on one issue, those that people set included."""
    margin: Float = Field(default=0.0, ge=0, le=1)
    """Abstain unless the best score is this much ahead of the next."""
    rename: dict[str, LabelName | None] = Field(default={})
    """From the model's label to the repository's; null drops it."""
    files: Literal["any", "all"] | Annotated[Float, Field(gt=0, le=1)] = "any"
    """With `each`, how much of the change must have a label: any of it, all, or a share of the lines from 0 to 1."""

    def renamed(self, label: str) -> str | None:
        """Give the repository's name for a model's label, whatever its case; None where it is dropped."""
        names = {theirs.casefold(): ours for theirs, ours in self.rename.items()}
        return names.get(label.casefold(), label)


class Flow(Section):
    """One job: on which events, what to read, which model, how to decide, where to publish."""

    @model_validator(mode="before")
    @classmethod
    def _usual_input(cls, data: Any) -> Any:
        """Read of each file its path and its patch, where the flow does not say what."""
        if isinstance(data, dict) and data.get("each") is not None and "input" not in data:
            return {**data, "input": ["path", "patch"]}
        return data

    on: Events = Field(min_length=1)
    """GitHub's event names, each with its activity types, as in a workflow."""
    input: Annotated[
        tuple[InputName, ...],
        BeforeValidator(listed, json_schema_input_type=InputName | Annotated[list[InputName], Some]),
    ] = Field(default=("title", "body"), min_length=1)
    """What the model reads, the most important first."""
    paths: Patterns | None = Field(default=None, min_length=1)
    """Only these changed files, in the syntax of a workflow's `paths`; a pull request without any is left alone."""
    paths_ignore: Patterns | None = Field(default=None, min_length=1, alias="paths-ignore")
    """All changed files but these, in the syntax of a workflow's `paths-ignore`."""
    each: Literal["file", "hunk"] | None = None
    """Ask the model about each changed file by itself, or about each hunk of it; the input is then path and patch."""
    at_least: AtLeast | None = None
    """How much there must be to read before this flow speaks."""
    command: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,29}$")] | None = None
    """Run only for a comment of the repository's own people that begins with this word behind a slash."""
    rules: Rules | None = None
    """Labels by paths and size, without a model; instead of a pipeline."""
    groups: dict[str, tuple[LabelName, ...]] | None = Field(default=None, min_length=1)
    """Of release notes: heading: labels; a pull request stands under the first that fits, else under Other changes."""
    pipeline: Annotated[
        tuple[Step, ...],
        BeforeValidator(_steps, json_schema_input_type=str | Step | Annotated[list[str | Step], Some]),
    ] = ()
    """One step, or several: each reads the text that a step before wrote, else what the first one read."""
    decide: Annotated[Decide, BeforeValidator(empty, json_schema_input_type=Decide | None)] = Decide()
    """When a score counts."""
    publish: Annotated[
        Publish,
        BeforeValidator(targets, json_schema_input_type=Target | Annotated[list[Target | Publish], Some] | Publish),
    ]
    """Where the results go."""

    @property
    def gives(self) -> frozenset[str]:
        """What the steps' predictions are: scores, text, spans, vector, boxes."""
        return frozenset(step.gives for step in self.pipeline if step.gives is not None)

    @property
    def reads_files(self) -> bool:
        """Tell whether the flow needs the list of a pull request's changed files."""
        return self.rules is not None or self.each is not None or bool(FILE_INPUTS & set(self.input))

    @property
    def deciding(self) -> Step | None:
        """The step whose scores become labels: the last one that gives scores or boxes; None where there is none."""
        return next((step for step in reversed(self.pipeline) if step.gives in ("scores", "boxes")), None)

    @property
    def searches(self) -> bool:
        """Tell whether a step looks for issues that are alike."""
        return "issues" in self.gives

    @property
    def for_webhooks(self) -> "Flow":
        """The same flow on pull_request, where it is on pull_request_target."""
        if "pull_request_target" not in self.on:
            return self
        here, there = self.on.get("pull_request", ()), self.on["pull_request_target"]
        return self.model_copy(update={"on": {**self.on, "pull_request": tuple(dict.fromkeys((*here, *there)))}})

    def matches(self, event: Event) -> bool:
        """Tell whether this flow handles an event."""
        return self.runs_on(event.kind, event.action)

    def runs_on(self, kind: str, action: str | None) -> bool:
        """Tell whether this flow is for an event's kind and activity."""
        activities = self.on.get(kind)
        if activities is None:
            return False
        return not ACTIVITIES.get(kind) or ANY in activities or action in activities


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
    commands: MaybeCommands = Commands()
    """Commands in comments, such as `/hubpipe label`: who may give them, how many an hour; false switches them off."""
    flows: dict[Name, Flow | None] = Field(default={})
    """The flows by name; null switches off a flow of the file that this one extends."""

    def matching(self, event: Event) -> dict[str, Flow]:
        """Give the flows that handle an event, in the file's order."""
        return {name: flow for name, flow in self.flows.items() if flow is not None and flow.matches(event)}

    @property
    def for_webhooks(self) -> "Config":
        """The same for a webhook server: GitHub delivers as pull_request what a workflow knows as pull_request_target.

        A pull request of a fork is the same there: the server holds its own token, and runs nothing of the fork.
        """
        flows = {name: flow and flow.for_webhooks for name, flow in self.flows.items()}
        return self.model_copy(update={"flows": flows})

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the environment's variables that hold the addresses of notifications."""
        targets = (flow.publish.notify for flow in self.flows.values() if flow is not None)
        return tuple(dict.fromkeys(name for target in targets if target is not None for name in target.variables))

    @property
    def describing(self) -> frozenset[str]:
        """The names of the flows that write into a pull request's description."""
        targets = {name: flow.publish.comment for name, flow in self.flows.items() if flow is not None}
        return frozenset(name for name, target in targets.items() if target and target.mode == "description")

    def over(self, base: "Config") -> "Config":
        """Lay this file over the one that it extends: flow by flow, and its rules and budget key by key."""
        return Config(
            version=self.version,
            models=_laid(self.models, base.models),
            budget=_laid(self.budget, base.budget),
            flows={**base.flows, **self.flows},
        ).model_copy(update={"commands": self._commands_over(base)})  # None is read as nothing said

    def _commands_over(self, base: "Config") -> Commands | None:
        if "commands" not in self.model_fields_set:
            return base.commands
        if self.commands is None or base.commands is None:
            return self.commands
        return _laid(self.commands, base.commands)


Part = TypeVar("Part", bound=Section)


def _laid(own: Part, base: Part) -> Part:
    return base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
