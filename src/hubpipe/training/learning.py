"""Turn examples into a learned model: encoder found, adapted and tuned where that is asked for, head fitted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from hubpipe import __version__
from hubpipe.errors import TooLittleError, UsageError
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.learned import folder, tuned
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.repository import Repository, Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training import fit, tune
from hubpipe.training.examples import Example, exclusive, known_by, marks, truth

# Beside a corpus: a third of the examples is what the tuned encoder is measured by. How many that takes is a guess.
LEAST_OWN = 150

Tell = Callable[[str], None]

ADAPTING = (
    "tuning the encoder on {count} examples of other repositories; not on this one's {own}, for fewer than {least} "
    "would be learned by heart"
)
NOT_FROM_OTHERS = "--adapt: what other repositories labelled teaches nothing. {reason}"
IN_BOTH = "{count} examples of other repositories are left out: they are among this one's"
TUNING, MORE = "tuning the encoder on {count} examples{more}", " and {count} of other repositories"
FITTING = "learning from {count} examples"


@dataclass(frozen=True)
class Plan:
    """How to learn: the head's settings, tuning of the encoder (None: none), and other repositories' examples.

    `encoder` is `embedded`, or a Hub id or folder of a Sentence Transformers model, at `revision`. `own` is how many
    examples decide whether the encoder is tuned on them (None: those that there are).
    """

    fitting: fit.Settings = field(default_factory=fit.Settings)
    tuning: tune.TuneSettings | None = None
    corpus: tuple[Example, ...] = ()
    encoder: str = embedded.NAME
    revision: str | None = None
    own: int | None = None


@dataclass(frozen=True)
class Encoding:
    """The weights of an encoder that adapting or tuning changed (none: it stays as it came), and what that cost.

    An encoder that was tuned on the examples themselves needs a `rehearsal` to be measured by.
    """

    source: Source
    tensors: Arrays = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    rehearsal: fit.Rehearsal | None = None

    def tuned(self) -> Encoder | None:
        """Load the tuned encoder, if there is one."""
        return tuned.load(self.source, self.tensors) if self.tensors else None


def learn(examples: Sequence[Example], plan: Plan, places: Places, tell: Tell) -> Learned:
    """Learn the labels of examples; `tell` is told in a line what is being done.

    Raises TooLittleError where there is too little to learn, and what `hub.fetch` raises for the encoder.
    """
    started = time.monotonic()
    repository = hub.locate(plan.encoder, plan.revision, places)
    encoding = _encoding(examples, plan, hub.fetch(repository, places), tell)
    encoder, changed = tuned.load(encoding.source, {}), encoding.tuned()
    prior = _zero_day(repository, encoder)
    if plan.corpus:
        # A first opinion cannot be by an encoder that changed since.
        prior = adapted(plan, encoder, prior, changed if encoding.rehearsal is None else None)
    tell(FITTING.format(count=len(examples)))
    learnt = fit.fit(examples, plan.fitting, encoder, prior, changed, encoding.rehearsal)
    parts = replace(
        learnt.parts,
        encoder=plan.encoder,
        revision=None if repository.embedded else repository.revision,
        tensors=dict(encoding.tensors),
    )
    seen = np.array(sorted(int(mark, 16) for mark in marks([*examples, *plan.corpus])), dtype=np.uint64)
    facts = {**_facts(examples), **encoding.facts, "seconds": round(time.monotonic() - started, 1)}
    return Learned(parts, learnt.evidence, seen, facts)


def alike(plan: Plan, known: Sequence[Example], older: Sequence[Example], tell: Tell) -> tuple[Plan, Plan]:
    """Give the plan for a trial on the older examples, and for a model of all that are known.

    Both learn the same labels in the same way, or the one would tell nothing of the other; a label that no older
    example has is the model's alone. What is among the examples is no other repository's.
    Raises what `fit.chosen` raises.
    """
    labels, held = fit.chosen(known, plan.fitting), {name.casefold() for one in older for name in one.labels}
    own = marks(known)
    corpus = tuple(one for one in plan.corpus if not known_by(one, own))
    if len(corpus) < len(plan.corpus):
        tell(IN_BOTH.format(count=len(plan.corpus) - len(corpus)))
    fitting = replace(plan.fitting, labels=labels, apart=len(labels) > 1 and exclusive(truth(known, labels)))
    whole = replace(plan, fitting=fitting, corpus=corpus, own=len(older))
    first = tuple(name for name in labels if name.casefold() in held)
    return replace(whole, fitting=replace(fitting, labels=first)), whole


def adapted(plan: Plan, encoder: Encoder, prior: Scorer | None, changed: Encoder | None) -> Scorer:
    """Learn the other repositories' labels: what they know is a first opinion of this one's issues.

    Raises UsageError where they are too few: this one's issues may be many all the same.
    """
    strange = replace(plan.fitting, labels=None, apart=None, strange=True)
    try:
        return Scorer(encoder, fit.fit(plan.corpus, strange, encoder, prior, changed).parts, changed)
    except TooLittleError as fault:
        raise UsageError(NOT_FROM_OTHERS.format(reason=fault)) from fault


def _encoding(examples: Sequence[Example], plan: Plan, source: Source, tell: Tell) -> Encoding:
    """Adapt the encoder on the other repositories, and tune it on the examples where they are enough."""
    if plan.tuning is None:
        return Encoding(source)
    if plan.corpus and (len(examples) if plan.own is None else plan.own) < LEAST_OWN:
        tell(ADAPTING.format(count=len(plan.corpus), own=len(examples), least=LEAST_OWN))
        done = tune.tune(plan.corpus, plan.tuning, source)
        return Encoding(source, done.tensors, {"adapted": done.facts})
    tell(TUNING.format(count=len(examples), more=MORE.format(count=len(plan.corpus)) if plan.corpus else ""))
    old = fit.rehearsed(examples, plan.fitting)
    tried, done = tune.twice(examples, old, plan.tuning, source, plan.corpus)
    rehearsal = fit.Rehearsal(tuned.load(source, tried.tensors), old)
    return Encoding(source, done.tensors, {"tuned": done.facts}, rehearsal)


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
