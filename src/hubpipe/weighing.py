"""Turn a model's scores into scores with the cutoffs for a precision, and with reasons."""

from collections.abc import Iterator
from dataclasses import replace

from hubpipe import decide
from hubpipe.config import Flow, Step
from hubpipe.config.steps import AUTO
from hubpipe.errors import TaskError
from hubpipe.infer import Answer
from hubpipe.models.abilities import Certain, Explaining
from hubpipe.models.base import Model, Scores

NOT_HELD = (
    "precision {precision:g} cannot be held yet, for nothing is known of how often labels are right here: until "
    "hubpipe train has learned, the threshold {threshold:g} decides"
)
NOT_CERTAIN = (
    "{model} does not know how often it is right, so decide.precision {precision:g} cannot be held: write a threshold, "
    "or name a model that hubpipe train made (learned, auto, or its folder)"
)
NO_REASONS = "{model} cannot say why: explain is for models that hubpipe train made"


def weighed(model: Model, step: Step, flow: Flow, answer: Answer) -> Answer:
    """Add each label's cutoff for the precision that the flow asks for, and the reasons that the step asks for.

    Raises TaskError where the model that the flow names cannot know how often it is right; `auto` may come to know.
    """
    scores, precision = answer.prediction, flow.decide.precision
    if not isinstance(scores, Scores):
        return answer
    if precision is not None and step is flow.deciding:
        limits = model.limits(precision) if isinstance(model, Certain) else None
        scores = replace(scores, limits=limits)
        if limits is None and step.model != AUTO:
            raise TaskError(NOT_CERTAIN.format(model=model.info.reference, precision=precision))
    answer = replace(answer, prediction=scores)
    return _explained(model, flow, answer, scores) if step.explain else answer


def not_held(step: Step, flow: Flow, answer: Answer) -> Iterator[str]:
    """Say that a precision is asked for that the model that spoke cannot hold."""
    scores = answer.prediction if isinstance(answer.prediction, Scores) else None
    if step is flow.deciding and flow.decide.precision is not None and scores is not None and scores.limits is None:
        yield NOT_HELD.format(precision=flow.decide.precision, threshold=flow.decide.threshold)


def _explained(model: Model, flow: Flow, answer: Answer, scores: Scores) -> Answer:
    """Give the reasons for the labels that are chosen; where none is, for the best."""
    if not isinstance(model, Explaining):
        return replace(answer, prediction=replace(scores, remark=NO_REASONS.format(model=model.info.reference)))
    chosen = decide.best(scores, flow.decide) or list(scores.scores[:1])
    text = answer.fitted.text if answer.fitted else ""
    return replace(answer, why=model.explain(text, [score.label for score in chosen]))
