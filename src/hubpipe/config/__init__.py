"""Turn `.github/hubpipe.yml`, or the Action's inputs, into a Config of Flows."""

from hubpipe.config.inputs import PLACES, from_inputs
from hubpipe.config.parse import PATH, default, json_schema, parse, resolve
from hubpipe.config.values import (
    CHOOSING,
    CommentTarget,
    Config,
    Decide,
    Flow,
    InputName,
    LabelsTarget,
    Publish,
    Step,
    SummaryTarget,
    Task,
)

INPUTS = tuple(PLACES)

__all__ = [
    "CHOOSING",
    "INPUTS",
    "PATH",
    "CommentTarget",
    "Config",
    "Decide",
    "Flow",
    "InputName",
    "LabelsTarget",
    "Publish",
    "Step",
    "SummaryTarget",
    "Task",
    "default",
    "from_inputs",
    "json_schema",
    "parse",
    "resolve",
]
