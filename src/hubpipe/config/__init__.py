"""Turn `.github/hubpipe.yml`, or the Action's inputs, into a Config of Flows."""

from hubpipe.config.inputs import PLACES, from_inputs
from hubpipe.config.parse import PATH, default, json_schema, parse, resolve
from hubpipe.config.rules import problems_of_flow
from hubpipe.config.steps import Budget, ModelRules, Question, Step, When
from hubpipe.config.tasks import CHOOSING, TASKS, Merge, Task
from hubpipe.config.values import CommentTarget, Config, Decide, Flow, InputName, LabelsTarget, Publish, SummaryTarget

INPUTS = tuple(PLACES)

__all__ = [
    "CHOOSING",
    "INPUTS",
    "PATH",
    "TASKS",
    "Budget",
    "CommentTarget",
    "Config",
    "Decide",
    "Flow",
    "InputName",
    "LabelsTarget",
    "Merge",
    "ModelRules",
    "Publish",
    "Question",
    "Step",
    "SummaryTarget",
    "Task",
    "When",
    "default",
    "from_inputs",
    "json_schema",
    "parse",
    "problems_of_flow",
    "resolve",
]
