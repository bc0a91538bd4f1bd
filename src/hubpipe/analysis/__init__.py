"""Turn what the models of a run say into an Analysis, which a later run decides on without loading any model.

An Analysis answers questions and nothing else: who asks, and what, is the later run's own configuration and its own
reading of the pull request. What nobody asks in the same words is never looked at, so that a forged one can say
what a model could have said, and no more.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from hubpipe.analysis.kept import Count, KeptLimits, KeptPrediction, KeptWhy, Number, Strict, Words
from hubpipe.config import Step

__all__ = [
    "ACTIVITIES",
    "Activity",
    "Analysis",
    "KeptAnswer",
    "KeptModel",
    "KeptReading",
    "digest_of",
    "question",
    "reading_of",
]

# What an author does to their own pull request. Only people of the repository can label, assign and the like:
# whoever could claim that they had would start what waits for them.
Activity = Literal["opened", "synchronize", "reopened", "edited", "ready_for_review", "converted_to_draft"]
ACTIVITIES: tuple[Activity, ...] = get_args(Activity)

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
MOST_ANSWERS = 1_000


class KeptReading(Strict):
    """How much of a text a model read; see `text.Fitted`."""

    read: Count
    total: Count
    windows: Count
    cut: tuple[Words, ...] = Field(max_length=20)


class KeptAnswer(Strict):
    """What a model said of one text, image or sound."""

    prediction: KeptPrediction | None
    reading: KeptReading | None = None


class KeptModel(Strict):
    """A model as it was asked in one way, and its answers by the digest of what it read."""

    library: Words
    repo: Words
    revision: Words | None
    limit: Count | None
    base: Words | None
    spoke: Words
    answers: dict[Digest, KeptAnswer] = Field(max_length=MOST_ANSWERS)
    limits: KeptLimits | None
    why: tuple[KeptWhy, ...] | None = Field(max_length=100)


class Analysis(Strict):
    """What models said of one commit of a pull request, by the question that each was asked."""

    version: Literal[1] = 1
    repository: Words
    number: Number
    head: Sha
    activity: Activity
    models: dict[Digest, KeptModel] = Field(max_length=100)


def question(step: Step, labels: Mapping[str, str]) -> str:
    """Stand for how a model is asked: all settings of a step, and the labels to choose from with their descriptions."""
    return digest_of("step", json.dumps([step.model_dump(mode="json"), dict(labels)], sort_keys=True))


def digest_of(kind: str, content: str | bytes, text: str = "") -> str:
    """Stand for what is read: a text as a whole, its head, or an image or a sound with the text around it."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    around = text.encode("utf-8", "surrogatepass")
    parts = (kind.encode(), str(len(data)).encode(), data, around)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def reading_of(step: Step | None) -> str:
    """Say how a document is read: whole, as a step says, or no more than its head."""
    return "head" if step is None else "document"
