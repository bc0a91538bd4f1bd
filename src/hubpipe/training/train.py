"""Turn a repository's history into a learned model that is promoted, or into the reason why it is not."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hubpipe.config.steps import ZERO_DAY
from hubpipe.errors import ModelError, TooLittleError
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.learned import folder
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.kinds import kinds
from hubpipe.training import archiving, baselines, compare, report, trying, writing
from hubpipe.training.compare import Verdict
from hubpipe.training.examples import Example
from hubpipe.training.learning import Plan, Tell, alike, learn
from hubpipe.training.measure import measure
from hubpipe.training.report import SplitFacts, TrainingReport
from hubpipe.training.scored import Scored
from hubpipe.training.splitting import How, Split, judged, split

TOO_FEW = (
    "{count} labelled examples are too few to learn from and measure on: at least {least} are needed (for similar "
    "issues alone, hubpipe train --index-only makes an index without labels)"
)
LEAST = 20
MEASURING = "measuring on {count} examples that it did not learn from"
AGAIN = "learning again, from all {count} examples"
PROMOTED = "promoted: {out} holds the new model"
FORCED = "promoted although it is worse, as asked"
REFUSED = (
    "not promoted: {words}. The new model lies in {candidate}; {out} stays as it was (--force takes it all the same, "
    "and so does a run for which there is no {out})"
)
NOT_COMPARED = "not compared with the model in use: only {count} examples are new to both"
UNREADABLE = "not compared with the model in use, which no run can read: {reason}"
OLD = "in use, on {count} that are new to it"
WORSE_THAN_NONE = "without a history one does better; the learned model is {words}"


@dataclass(frozen=True)
class Request:
    """What somebody asked to learn: the plan, where the model goes, and how it is measured.

    Within `whole` nothing ends the process that can wait: there a model takes the place of another.
    """

    out: Path
    plan: Plan = field(default_factory=Plan)
    split: How = "temporal"
    precision: float = 0.9
    force: bool = False
    name: str = ""
    seed: int = 0
    whole: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True)
class Trained:
    """What came of it: the report, whether the model was promoted, and why (not), in words."""

    report: TrainingReport
    promoted: bool
    words: str
    folder: Path


@dataclass(frozen=True)
class _Against:
    """What came of holding a new model against the one in use: the verdict, or in words why there is none.

    `old` is what the one in use said of what is new to it.
    """

    verdict: Verdict | None = None
    words: str = ""
    worse: bool = False
    old: Scored | None = None


def train(examples: Sequence[Example], request: Request, places: Places, tell: Tell) -> Trained:
    """Learn on the past, measure on what came later, learn again from all, and promote, or say why not.

    Examples without a label are only kept, to be found again. A model that lies in `request.out` already is the one in
    use: a new one that is worse than it beyond chance is written beside it instead. Raises TooLittleError where there
    is too little to learn.
    """
    folder.recover(request.out)
    known = judged(examples)
    if len(known) < LEAST:
        raise TooLittleError(TOO_FEW.format(count=len(known), least=LEAST))
    parted = split(known, request.split, seed=request.seed)
    first, whole = alike(request.plan, known, parted.learn, tell)
    trial = learn(parted.learn, first, places, tell)
    tell(MEASURING.format(count=len(parted.test)))
    with TemporaryDirectory(prefix="hubpipe-trial-") as kept:
        # From its files, as a run will read it.
        folder.save(Path(kept) / "trial", trial, "")
        candidate = trying.named(str(Path(kept) / "trial"), places)
        asked = request.plan.fitting.labels is not None
        labels = trying.labels_of(() if asked else parted.test, trial.parts.labels)
        new = trying.scored(candidate, parted.test, labels)
    against = _against_the_one_in_use(request, new, places)
    others = _others(parted, new, trial.parts.labels, places)
    silent = _silent(new, others)
    told = _report(replace(request, plan=first), parted, trial, new, others, against)
    against = _else_by_its_report(request, told, against)
    tell(AGAIN.format(count=len(known)))
    final = learn([*parted.learn, *parted.test], whole, places, tell)
    facts = {**final.facts, "speaks": not silent, "silent": silent, "measured": report.as_json(told)}
    final = replace(final, facts=facts)
    archive = archiving.kept(examples, final, request.plan, request.precision, places)
    tell(archive.words)
    with request.whole():
        return _promoted(request, final, archive.files, replace(told, similar=archive.words), against)


def _against_the_one_in_use(request: Request, new: Scored, places: Places) -> _Against:
    """Compare with the model in use, on what neither learned from."""
    if not folder.is_learned(request.out):
        return _Against()
    try:
        old = trying.named(str(request.out), places)
        fresh = trying.unseen(old.learned, new.examples)
        if len(fresh) < compare.LEAST:
            return _Against(words=NOT_COMPARED.format(count=len(fresh)))
        said = trying.scored(old, fresh, new.labels)
    except ModelError as fault:
        # That it cannot be read says itself what mends it: to train again.
        return _Against(words=UNREADABLE.format(reason=fault))
    found = compare.verdict(trying.only(new, fresh), said, seed=request.seed)
    return _Against(found, found.words, found.worse, said)


def _else_by_its_report(request: Request, told: TrainingReport, against: _Against) -> _Against:
    """Where there was too little to compare on, hold the new report against the old one."""
    if against.verdict is not None or not folder.is_learned(request.out):
        return against
    try:
        kept = folder.read(request.out).facts.get("measured")
    except ModelError:
        return against
    fallen = compare.fallen(told.measures, kept)
    return _Against(None, f"{against.words}; {fallen}", worse=True) if fallen else against


def _others(parted: Split, new: Scored, labels: Sequence[str], places: Places) -> dict[str, Scored]:
    """Let what needs no learning, or next to none, score the same examples; `labels` are those that were learned."""
    found = {
        "majority": baselines.majority(parted.learn, parted.test, new.labels, exclusive=new.exclusive),
        "keyword": baselines.keyword(parted.learn, parted.test, new.labels, exclusive=new.exclusive),
        "zero-shot": trying.scored(trying.named(embedded.NAME, places), parted.test, labels),
    }
    if kinds(labels) is not None and folder.is_learned(hub.ZERO_DAY_FOLDER):
        found[ZERO_DAY] = trying.scored(trying.named(ZERO_DAY, places), parted.test, labels)
    return {name: replace(one, exclusive=new.exclusive).over(new.labels, new.truth) for name, one in found.items()}


def _silent(new: Scored, others: dict[str, Scored]) -> str:
    """Say why `auto` lets another model speak: one that needs no history is better beyond chance."""
    for name in ("zero-shot", ZERO_DAY):
        if name in others:
            verdict = compare.verdict(new, others[name], other=name)
            if verdict.worse:
                return WORSE_THAN_NONE.format(words=verdict.words)
    return ""


def _report(
    request: Request, parted: Split, trial: Learned, new: Scored, others: dict[str, Scored], against: _Against
) -> TrainingReport:
    if against.old is not None:
        others = {**others, OLD.format(count=len(against.old.examples)): against.old}
    found = trying.limits(trial, request.precision)
    values = {cutoff.label: cutoff.score for cutoff in found}
    return TrainingReport(
        name=request.name or request.out.name,
        measures=measure(new, values, request.precision),
        baselines={name: measure(one, {}, None) for name, one in others.items()},
        comparison=against.verdict,
        settings=settings_of(request, trial),
        split=SplitFacts(parted.words, writing.side(parted.test), writing.side(parted.learn)),
        needs={cutoff.label: cutoff.words for cutoff in found if cutoff.score is None},
        expected_coverage=trying.expected(trial, values),
    )


def settings_of(request: Request, trial: Learned) -> dict[str, Any]:
    """List the settings that a reader needs to have the same again."""
    plan = request.plan
    return {
        "encoder": plan.encoder,
        "tuned": plan.tuning is not None,
        "adapted on": len(plan.corpus),
        "precision": request.precision,
        "seed": request.seed,
        **{f"learning: {name}": value for name, value in trial.parts.spec.get("learning", {}).items()},
        "seconds": trial.facts.get("seconds"),
        "hubpipe": trial.facts.get("hubpipe"),
    }


def _promoted(
    request: Request, final: Learned, archive: Mapping[str, bytes], told: TrainingReport, against: _Against
) -> Trained:
    card = writing.card(told, final.parts.labels, final.parts.encoder)
    if against.worse and not request.force:
        candidate = request.out.with_name(f"{request.out.name}.candidate")
        folder.save(candidate, final, card, archive)
        words = REFUSED.format(words=against.words, candidate=candidate, out=request.out)
        return Trained(told, False, words, candidate)
    folder.save(request.out, final, card, archive)
    words = "; ".join(filter(None, [PROMOTED.format(out=request.out), against.words, FORCED if against.worse else ""]))
    return Trained(told, True, words, request.out)
