"""Turn `model: auto` into the model that speaks: the learned one where it knows enough, else one that needs no history.

From the first day on, the zero-day head speaks where all labels to choose from are kinds that it knows, else the
embedded model, by the labels' names and descriptions. A learned model speaks as soon as it has shown, on issues that
it had not learned from, that it is no worse than those (`facts.speaks`, see training).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hubpipe.config import Step
from hubpipe.config.steps import AUTO, LEARNED, ZERO_DAY
from hubpipe.errors import ModelError
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.learned import folder
from hubpipe.models.learned.kinds import kinds

CLASSIFYING = "text-classification"

NOTHING_LEARNED = "nothing was learned of this repository yet (hubpipe train does)"
NOT_YET = "the learned model does not speak yet: {reason}"
NOT_THESE = "the learned model does not know {labels}"
SPEAKS = "{model} speaks: {reason}"


@dataclass(frozen=True)
class Spokesman:
    """The step with the model that speaks, and why no other does (empty for a learned one)."""

    step: Step
    reason: str = ""


def settle(step: Step, places: Places) -> Step:
    """Give the step of a learned model instead of `auto` where that one speaks; any other step as it is.

    A search over past issues is made in a learned model's index, else among the issues that changed last.
    """
    if step.model == AUTO and step.against is not None:
        indexed = places.learned is not None and (places.learned / folder.ARCHIVE).is_file()
        return step.model_copy(update={"model": LEARNED if indexed else ZERO_DAY})
    if step.model != AUTO or reason_against(step, places):
        return step
    return step.model_copy(update={"model": LEARNED, "task": CLASSIFYING})


def speaking(step: Step, labels: Mapping[str, str], places: Places) -> Spokesman:
    """Find who speaks for `auto` where nothing learned does: the zero-day head, else the embedded model."""
    reason = reason_against(step, places)
    zero_day = kinds(labels) is not None and folder.is_learned(hub.ZERO_DAY_FOLDER)
    model = ZERO_DAY if zero_day else embedded.NAME
    return Spokesman(step.model_copy(update={"model": model}), SPEAKS.format(model=model, reason=reason))


def reason_against(step: Step, places: Places) -> str:
    """Say why no learned model speaks for a step; empty where one does."""
    if places.learned is None or not folder.is_learned(places.learned):
        return NOTHING_LEARNED
    try:
        learned = folder.read(places.learned)
    except ModelError as fault:
        return NOT_YET.format(reason=fault)
    if not learned.facts.get("speaks", True):
        return NOT_YET.format(reason=learned.facts.get("silent", ""))
    known = {name.casefold() for name in learned.parts.labels}
    missing = [name for name in step.labels or () if name.casefold() not in known]
    return NOT_THESE.format(labels=", ".join(missing)) if missing else ""
