"""Turn what somebody asked to learn, on a command line or in a workflow, into a trained model."""

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hubpipe import world
from hubpipe.deadline import Deadline
from hubpipe.errors import TooLittleError, UsageError
from hubpipe.models.learned import folder
from hubpipe.redaction import redaction_for
from hubpipe.training import files, writing
from hubpipe.training.examples import Example
from hubpipe.training.fit import Settings
from hubpipe.training.indexing import Indexed, index
from hubpipe.training.learning import Plan
from hubpipe.training.splitting import How
from hubpipe.training.train import Request, Trained, train
from hubpipe.training.tune import TuneSettings

log = logging.getLogger("hubpipe")

Progress = Callable[[int, int | None], None]

ONE_OF_THEM = "name what to learn from: --data FILE, or --repo OWNER/NAME"
# What an index of issues has no use for.
LEARNING_ALONE = (
    "labels",
    "min_examples",
    "tune",
    "adapt",
    "encoder",
    "revision",
    "split",
    "seed",
    "machine",
    "report",
    "force",
)
NOT_FOR_AN_INDEX = (
    "--index-only learns no labels, and does not read {options}: leave it out. The vectors are the embedded model's, "
    "or those of the encoder of the learned model that lies in --out"
)
LEFT_OUT = (
    "{count} issues are not learned from: no person labelled them, or kept what a bot set ({triaged} of them a person "
    "closed or changed, and left without a label)"
)
NO_FOLDER = "{path} cannot be written: {file} is a file, and no folder"
NEEDS_TOKEN = "reading a history needs a token: set GITHUB_TOKEN"  # noqa: S105 - no secret


@dataclass(frozen=True)
class Asked:
    """What somebody asked to learn; the names are those of the command line's options."""

    out: Path
    data: Path | None = None
    repo: str | None = None
    labels: str | None = None
    min_examples: int = 8
    tune: bool = False
    adapt: tuple[Path, ...] = ()
    encoder: str = "embedded"
    revision: str | None = None
    precision: float = 0.9
    split: How = "temporal"
    seed: int = 0
    history: Path = Path(".cache/hubpipe")
    machine: tuple[str, ...] = ()
    pull_requests: bool = False
    wait: bool = False
    report: Path | None = None
    force: bool = False


def train_as_asked(
    asked: Asked, environ: Mapping[str, str], progress: Progress, deadline: Deadline | None = None
) -> Trained:
    """Read the examples, learn them, and write the report where one is asked for.

    `deadline` ends it, but never while a model takes the place of another. Raises UsageError for what cannot be meant,
    and what `train` raises.
    """
    deadline = deadline or Deadline()
    _check(asked)
    return _trained(asked, _examples(asked, environ, progress, deadline), environ, deadline)


def index_as_asked(asked: Asked, environ: Mapping[str, str], progress: Progress) -> Indexed:
    """Read the issues, and make their index alone.

    Raises UsageError for what only learning labels reads, and what `index` raises.
    """
    usual = Asked(asked.out)
    unread = [name for name in LEARNING_ALONE if getattr(asked, name) != getattr(usual, name)]
    if unread:
        raise UsageError(NOT_FOR_AN_INDEX.format(options=", ".join(f"--{name.replace('_', '-')}" for name in unread)))
    deadline = Deadline()
    return _indexed(asked, _examples(asked, environ, progress, deadline), environ, deadline)


def train_or_index(
    asked: Asked,
    environ: Mapping[str, str],
    progress: Progress,
    wanted: Callable[[], bool],
    deadline: Deadline | None = None,
) -> Trained | Indexed:
    """Train; where there is too little to learn labels from, make the index alone if it is `wanted`.

    `deadline` ends it as it ends `train_as_asked`. Raises what that raises.
    """
    deadline = deadline or Deadline()
    _check(asked)
    examples = _examples(asked, environ, progress, deadline)
    try:
        return _trained(asked, examples, environ, deadline)
    except TooLittleError as fault:
        if not wanted():
            raise
        made = _indexed(asked, examples, environ, deadline)
        return replace(made, words=f"{made.words}; {fault}")


def _check(asked: Asked) -> None:
    """Refuse what could not be written, before an hour's work and not after it."""
    if asked.report is not None:
        writing.form_of(asked.report)
    for path in filter(None, (asked.out, asked.report)):
        above = next((one for one in path.absolute().parents if one.exists()), None)
        if above is not None and not above.is_dir():
            raise UsageError(NO_FOLDER.format(path=path, file=above))
    folder.check_place(asked.out)


def _indexed(asked: Asked, examples: Sequence[Example], environ: Mapping[str, str], deadline: Deadline) -> Indexed:
    return index(examples, asked.out, asked.precision, world.places(environ), log.info, deadline.whole)


def _trained(asked: Asked, examples: Sequence[Example], environ: Mapping[str, str], deadline: Deadline) -> Trained:
    corpus = tuple(example for path in asked.adapt for example in files.read(path))
    labels = _listed(asked.labels) if asked.labels else None
    plan = Plan(
        fitting=Settings(labels=labels, min_examples=asked.min_examples, seed=asked.seed),
        tuning=TuneSettings(seed=asked.seed) if asked.tune else None,
        corpus=corpus,
        encoder=asked.encoder,
        revision=asked.revision,
    )
    name = asked.repo or (asked.data.name if asked.data else "")
    request = Request(asked.out, plan, asked.split, asked.precision, asked.force, name, asked.seed, deadline.whole)
    trained = train(examples, request, world.places(environ), log.info)
    if asked.report is not None:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(writing.written(trained.report, writing.form_of(asked.report)), "utf-8")
    return trained


def _listed(names: str) -> tuple[str, ...]:
    """Part names at commas; one that has a comma of its own stands in quotes."""
    cells = next(csv.reader([names], skipinitialspace=True), [])
    return tuple(cell.strip() for cell in cells if cell.strip())


def told(trained: Trained) -> str:
    """Write what came of it for a person at a terminal."""
    return f"{writing.written(trained.report, 'text')}\n{trained.words}"


def _examples(asked: Asked, environ: Mapping[str, str], progress: Progress, deadline: Deadline) -> Sequence[Example]:
    if (asked.data is None) == (asked.repo is None):
        raise UsageError(ONE_OF_THEM)
    if asked.data is not None:
        return files.read(asked.data)
    return history(asked, environ, progress, deadline)


def history(
    asked: Asked, environ: Mapping[str, str], progress: Progress, deadline: Deadline | None = None
) -> Sequence[Example]:
    """Read a repository's history through GitHub, going on where an earlier reading ended."""
    from hubpipe.training import collect, counting

    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise UsageError(NEEDS_TOKEN)
    github = world.connect(token, environ, deadline)
    found = collect.collect(
        github, str(asked.repo), asked.history, progress, wait=asked.wait, redaction=redaction_for(environ)
    )
    who, pulls = asked.machine, asked.pull_requests
    judged, others = counting.examples(found, who, pulls=pulls), counting.unlabelled(found, who, pulls=pulls)
    triaged = sum(not (example.labels or example.denied) for example in judged)
    if others or triaged:
        log.info(LEFT_OUT.format(count=len(others) + triaged, triaged=triaged))
    return (*judged, *others)
