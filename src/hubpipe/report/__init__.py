"""Turn what the flows of one event did into a Report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hubpipe.decide import Findings, Plan
from hubpipe.digest import Digest, NoteGroup
from hubpipe.errors import HubpipeError
from hubpipe.event import Event
from hubpipe.models.base import ModelInfo, Prediction, Why
from hubpipe.sinks import Outcome
from hubpipe.text import Fitted


@dataclass(frozen=True)
class StepReport:
    """What one step of a flow read and found.

    `how` is the task's way of reading a long text where it was read in windows, `skipped` says why the step did
    not run, `notes` what else there is to know (a fallback, an answer that could not be used). `digest` is what was
    found in a pull request's files, where they were read one by one, `groups` the notes of a release.
    """

    task: str
    model: ModelInfo | None = None
    fitted: Fitted | None = None
    how: str = ""
    unread: tuple[str, ...] = ()
    prediction: Prediction | None = None
    notes: tuple[str, ...] = ()
    skipped: str = ""
    digest: Digest | None = None
    groups: tuple[NoteGroup, ...] = ()
    why: tuple[Why, ...] = ()


@dataclass(frozen=True)
class FlowReport:
    """What one flow read, found, decided and published; `error` says why it did not get to the end.

    `unread` says what of the material was not read, before any step; the steps say what they did not read.
    """

    flow: str
    steps: tuple[StepReport, ...] = ()
    unread: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)
    plan: Plan = field(default_factory=Plan)
    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0
    error: HubpipeError | None = None

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The models that ran, in order."""
        return tuple(step.model for step in self.steps if step.model is not None)

    @property
    def fitted(self) -> Fitted | None:
        """How much of the text the first step read."""
        return next((step.fitted for step in self.steps if step.fitted is not None), None)

    @property
    def not_read(self) -> tuple[str, ...]:
        """Everything that was not read, in words."""
        return (*self.unread, *(words for step in self.steps for words in step.unread))

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know of the steps and the plan, in words."""
        of_steps = (note for step in self.steps for note in (*step.notes, step.skipped) if note)
        return (*of_steps, *self.plan.notes)

    @property
    def failed(self) -> bool:
        """Tell whether anything that should have happened did not."""
        return self.error is not None or any(outcome.failed for outcome in self.outcomes)

    @property
    def published(self) -> bool:
        """Tell whether GitHub is as the plan wants it."""
        return self.error is None and all(outcome.done for outcome in self.outcomes)


@dataclass(frozen=True)
class Report:
    """What became of an event; no flows where none handles it, and `note` where there is more to say about that.

    `spent` is what the run cost at endpoints: calls, tokens, seconds; empty where it asked none. `applied` tells that
    an analysis was decided on, with the default branch's token whoever opened the pull request.
    """

    event: Event
    flows: tuple[FlowReport, ...] = ()
    note: str = ""
    spent: Mapping[str, float] = field(default_factory=dict)
    applied: bool = False

    @property
    def published(self) -> bool:
        """Tell whether every flow's plan is on GitHub; False where no flow ran."""
        return bool(self.flows) and all(flow.published for flow in self.flows)

    @property
    def exit_code(self) -> int:
        """0 when every flow got to its end, 2 when somebody must change the configuration, else 1."""
        codes = [flow.error.exit_code if flow.error else 1 for flow in self.flows if flow.failed]
        return max(codes, default=0)

    @property
    def forgiving_exit_code(self) -> int:
        """The exit code where it is no failure that the token may not write."""
        return replace(self, flows=tuple(map(_forgiven, self.flows))).exit_code

    @property
    def forbidden(self) -> tuple[Outcome, ...]:
        """What the token may not write."""
        return tuple(outcome for flow in self.flows for outcome in flow.outcomes if outcome.forbidden)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the flows found, each once."""
        return tuple(dict.fromkeys(score.label for flow in self.flows for score in flow.plan.chosen))

    @property
    def similar(self) -> tuple[int, ...]:
        """The numbers of the issues that are likely the same, the nearest first."""
        numbers = (past.number for flow in self.flows for past in flow.findings.similar)
        return tuple(dict.fromkeys(number for number in numbers if number is not None))

    @property
    def scores(self) -> dict[str, float]:
        """Every label that could be chosen, under the repository's name, with its highest score."""
        found: dict[str, float] = {}
        for flow in self.flows:
            for score in flow.plan.scores:
                found[score.label] = max(score.score, found.get(score.label, 0.0))
        return found

    @property
    def summary(self) -> str:
        """The text that the flows' models wrote."""
        return "\n\n".join(flow.findings.text.text for flow in self.flows if flow.findings.text is not None)

    @property
    def comment_url(self) -> str:
        """The address of the first comment that was kept, empty where there is none."""
        kept = (outcome for flow in self.flows for outcome in flow.outcomes if outcome.kind == "comment")
        return next((outcome.url for outcome in kept), "")


def _forgiven(flow: FlowReport) -> FlowReport:
    return replace(flow, outcomes=tuple(outcome for outcome in flow.outcomes if not outcome.forbidden))
