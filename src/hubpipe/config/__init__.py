"""Turn `.github/hubpipe.yml`, or the Action's inputs, into a Config of Flows."""

from hubpipe.config.commands import Commands
from hubpipe.config.files import AtLeast, PathRule, Rules
from hubpipe.config.inputs import PLACES, from_inputs
from hubpipe.config.notify import NotifyTarget
from hubpipe.config.parse import LEARNED, PATH, default, json_schema, parse, resolve
from hubpipe.config.rules import labels_of, problems_of_flow
from hubpipe.config.steps import Budget, ModelRules, Prompts, Question, Step, When
from hubpipe.config.targets import CheckTarget, CommentTarget, LabelsTarget, Publish, ReleaseTarget, SummaryTarget
from hubpipe.config.tasks import CHOOSING, TASKS, Merge, Task
from hubpipe.config.values import FILE_INPUTS, Config, Decide, Flow, InputName

INPUTS = tuple(PLACES)

__all__ = [
    "CHOOSING",
    "FILE_INPUTS",
    "INPUTS",
    "LEARNED",
    "PATH",
    "TASKS",
    "AtLeast",
    "Budget",
    "CheckTarget",
    "Commands",
    "CommentTarget",
    "Config",
    "Decide",
    "Flow",
    "InputName",
    "LabelsTarget",
    "Merge",
    "ModelRules",
    "NotifyTarget",
    "PathRule",
    "Prompts",
    "Publish",
    "Question",
    "ReleaseTarget",
    "Rules",
    "Step",
    "SummaryTarget",
    "Task",
    "When",
    "default",
    "from_inputs",
    "json_schema",
    "labels_of",
    "parse",
    "problems_of_flow",
    "resolve",
]
