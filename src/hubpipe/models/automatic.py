"""Turn `model: auto` into the model that speaks: the learned one where it knows enough, else one that needs no history.

From the first day on, the zero-day head speaks where all labels to choose from are kinds that it knows, else the
embedded model, by the labels' names and descriptions. A learned model speaks as soon as it has shown, on issues that
it had not learned from, that it is no worse than those (`facts.speaks`, see training).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hubpipe.config import Step
from hubpipe.config.steps import AUTO, LEARNED, ZERO_DAY
from hubpipe.errors import ModelError
from hubpipe.models import embedded, hub
from hubpipe.models.abilities import Centring
from hubpipe.models.base import Model, Places
from hubpipe.models.learned import archive, folder, index
from hubpipe.models.learned.kinds import kinds

CLASSIFYING = "text-classification"

# Of fewer texts the centre is chance.
LEAST = 20
# The newest: more of them tell nothing new.
MOST = 10_000
CENTRED = "its labels are seen from the centre of {count:,} issues of the repository (model: embedded does without)"
NOT_CENTRED = "its labels are not seen from the repository's issues: {reason}"
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
        return step.model_copy(update={"model": LEARNED if indexed(places) else ZERO_DAY})
    if step.model != AUTO or reason_against(step, places):
        return step
    return step.model_copy(update={"model": LEARNED, "task": CLASSIFYING})


def speaking(step: Step, labels: Mapping[str, str], places: Places) -> Spokesman:
    """Find who speaks for `auto` where nothing learned does: the zero-day head, else the embedded model."""
    reason = reason_against(step, places)
    zero_day = kinds(labels) is not None and folder.is_learned(hub.ZERO_DAY_FOLDER)
    model = ZERO_DAY if zero_day else embedded.NAME
    return Spokesman(step.model_copy(update={"model": model}), SPEAKS.format(model=model, reason=reason))


def centred(model: Model, places: Places) -> str:
    """Let the embedded model see labels from the texts of the repository's index; say of how many, empty for none."""
    if not isinstance(model, Centring) or not indexed(places) or places.learned is None:
        return ""
    try:
        # Another encoder's vectors tell this one nothing.
        kept = archive.read(places.learned, folder.read(hub.ZERO_DAY_FOLDER).parts.encoding)
    except ModelError as fault:
        return NOT_CENTRED.format(reason=fault)
    texts = kept.vectors[-MOST:].astype(np.float32) if kept is not None else np.zeros((0, 0), np.float32)
    if len(texts) < LEAST:
        return ""
    try:
        return CENTRED.format(count=len(texts)) if model.centre(texts) else ""
    except ValueError as fault:
        # The vectors of an index that somebody wrote by hand may have any size.
        return NOT_CENTRED.format(reason=fault)


def indexed(places: Places) -> bool:
    """Tell whether there is an index of the repository's issues."""
    return places.learned is not None and (places.learned / folder.ARCHIVE).is_file()


def index_of(places: Places) -> str:
    """Tell one index from another, empty where there is none."""
    return index.digest(places.learned / folder.ARCHIVE) if places.learned is not None and indexed(places) else ""


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
