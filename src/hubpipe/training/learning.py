"""Turn examples into a learned model: encoder found, adapted and tuned where that is asked for, head fitted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from hubpipe import __version__
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.learned import folder, tuned
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.repository import Repository, Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training import fit, tune
from hubpipe.training.examples import Example

Tell = Callable[[str], None]

ADAPTING = "adapting the encoder on {count} examples of other repositories"
TUNING = "tuning the encoder on {count} examples"
FITTING = "learning from {count} examples"


@dataclass(frozen=True)
class Plan:
    """How to learn: the head's settings, tuning of the encoder (None: none), and other repositories' examples.

    `encoder` is `embedded`, or a Hub id or folder of a Sentence Transformers model, at `revision`.
    """

    fitting: fit.Settings = field(default_factory=fit.Settings)
    tuning: tune.TuneSettings | None = None
    corpus: tuple[Example, ...] = ()
    encoder: str = embedded.NAME
    revision: str | None = None


@dataclass(frozen=True)
class Encoding:
    """An encoder with the weights that adapting or tuning changed, and what that cost."""

    source: Source
    tensors: Arrays = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def load(self) -> Encoder:
        """Load the encoder."""
        return tuned.load(self.source, self.tensors)

    def after(self, done: tune.Tuned, what: str) -> "Encoding":
        """Give the encoder with the weights that tuning changed, and keep what it cost under a name."""
        return replace(self, tensors=done.tensors, facts={**self.facts, what: done.facts})


def learn(examples: Sequence[Example], plan: Plan, places: Places, tell: Tell) -> Learned:
    """Learn the labels of examples; `tell` is told in a line what is being done.

    Raises UsageError where there is too little to learn, and what `hub.fetch` raises for the encoder.
    """
    started = time.monotonic()
    repository = hub.locate(plan.encoder, plan.revision, places)
    encoding = Encoding(hub.fetch(repository, places))
    if plan.corpus and plan.tuning is not None:
        tell(ADAPTING.format(count=len(plan.corpus)))
        encoding = encoding.after(tune.tune(plan.corpus, plan.tuning, encoding.source), "adapted")
    rehearsal = None
    if plan.tuning is not None:
        tell(TUNING.format(count=len(examples)))
        old = fit.rehearsed(examples, plan.fitting)
        tried, done = tune.twice(examples, old, plan.tuning, encoding.source, encoding.tensors)
        rehearsal = fit.Rehearsal(encoding.after(tried, "").load(), old)
        encoding = encoding.after(done, "tuned")
    encoder = encoding.load()
    prior = _prior(plan, repository, encoder)
    tell(FITTING.format(count=len(examples)))
    learnt = fit.fit(examples, plan.fitting, encoder, prior, rehearsal)
    parts = replace(
        learnt.parts,
        encoder=plan.encoder,
        revision=None if repository.embedded else repository.revision,
        tensors=dict(encoding.tensors),
    )
    seen = np.array([int(example.fingerprint, 16) for example in examples], dtype=np.uint64)
    facts = {**_facts(examples), **encoding.facts, "seconds": round(time.monotonic() - started, 1)}
    return Learned(parts, learnt.evidence, seen, facts)


def _prior(plan: Plan, repository: Repository, encoder: Encoder) -> Scorer | None:
    """Find a first opinion: of other repositories' labels where there are some, else the zero-day head's.

    That one reads the embedded model's own vectors, and no other's, not even those of the same model tuned.
    """
    zero_day = _zero_day(repository, encoder) if plan.tuning is None else None
    return _adapted(plan, encoder, zero_day) if plan.corpus else zero_day


def _adapted(plan: Plan, encoder: Encoder, prior: Scorer | None) -> Scorer:
    """Learn the other repositories' labels: what they know is a first opinion of this one's issues."""
    strange = replace(plan.fitting, labels=None, strange=True)
    return Scorer(encoder, fit.fit(plan.corpus, strange, encoder, prior).parts)


def _zero_day(repository: Repository, encoder: Encoder) -> Scorer | None:
    """Load the head that comes with hubpipe; it reads the embedded model's vectors, and no other's."""
    if not (repository.embedded and folder.is_learned(hub.ZERO_DAY_FOLDER)):
        return None
    return Scorer(encoder, folder.read(hub.ZERO_DAY_FOLDER).parts)


def _facts(examples: Sequence[Example]) -> dict[str, Any]:
    dates = [example.created_at for example in examples if example.created_at is not None]
    return {
        "hubpipe": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "learned": len(examples),
        "since": min(dates).isoformat() if dates else None,
        "until": max(dates).isoformat() if dates else None,
        "repositories": sorted({example.repo for example in examples if example.repo})[:100],
    }
