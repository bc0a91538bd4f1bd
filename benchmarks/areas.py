"""Measure learned areas of a repository in time, and a precision that was asked for.

    python -m benchmarks.areas --data corefx-issues-train.tsv [--rows learned,tfidf-svm,...] [--precision 0.9]

The file is corefx-issues-train.tsv of dotnet/machinelearning-samples (MIT): ID, Area, Title, Description. Areas with
fewer than LEAST issues are left out, IDs are the order of time: the older half is learned from, the newer half tested
on. Cutoffs come from the older half alone; how well a precision is kept is told by the newer. Everything was chosen
inside the older half. Each row runs in a process of its own, so that its memory is its own.
"""

import argparse
import os
import platform
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from hubpipe.models import embedded
from hubpipe.models.learned import tuned
from hubpipe.models.learned.cutoffs import cutoffs
from hubpipe.models.learned.parts import Evidence
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training import files
from hubpipe.training.examples import Example, truth
from hubpipe.training.fit import Learnt, Rehearsal, Settings, fit, rehearsed
from hubpipe.training.splitting import by_date
from hubpipe.training.tune import TuneSettings, twice

LEAST = 15
TOP, CONFIDENCE = 3, 0.95
# How often a schedule learns anew while the newer half is written.
TIMES = 6
SETTINGS = Settings(min_examples=2)
LINE = "{name:12} accuracy {accuracy:.3f}  top-3 {top:.3f}  surest half {half:.3f}  ECE {error:.3f}  train {training:.1f} s  one {one:.3f} s  {memory:.0f} MB"  # noqa: E501
KEPT = (
    "  precision {wanted}: kept {precision:.3f} ({lower:.3f} to {upper:.3f}) at coverage {coverage:.3f}; "
    "expected {expected:.3f}; never predicted: {never}"
)
BINS = 10

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """Labels, their probabilities (test × labels), what it took, and evidence for cutoffs where there is some.

    Where it learned more than once, each has scored its part of the test issues, and `evidence` is one for each part.
    """

    labels: tuple[str, ...]
    scores: Array
    training: float
    one: float
    memory: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    note: str = ""


def main() -> int:
    """Print the figures."""
    options = argparse.ArgumentParser(description="Learned areas in time.")
    options.add_argument("--data", type=Path, required=True, help="corefx-issues-train.tsv")
    options.add_argument("--rows", default=",".join(WAYS), help=f"some of: {','.join(WAYS)}")
    options.add_argument("--precision", type=float, default=0.9)
    given = options.parse_args()
    learn, test = halves(read(given.data))
    areas = len({example.labels[0] for example in [*learn, *test]})
    print(f"{areas} areas, {len(learn)} issues to learn from, {len(test)} later ones, "
          f"{os.environ.get('OMP_NUM_THREADS', 'all')} threads, {platform.machine()}, {SETTINGS}")  # fmt: skip
    for name in given.rows.split(","):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            answer = pool.submit(run, name, learn, test).result()
        print(figures(name, answer, test))
        if answer.note:
            print(f"  {answer.note}")
        if answer.evidence:
            print(kept(answer, test, given.precision), flush=True)
    return 0


def read(path: Path) -> list[Example]:
    """Read the issues in the order of time; a date stands for each ID."""
    rows = files.read(path, {"label": "Area"})
    counts = Counter(row.labels for row in rows)
    start = datetime(2015, 1, 1, tzinfo=UTC)
    dated = [replace(row, created_at=start + timedelta(minutes=row.number or 0)) for row in rows]
    return by_date([row for row in dated if counts[row.labels] >= LEAST])


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Split where the middle of time is."""
    middle = len(examples) // 2
    return list(examples[:middle]), list(examples[middle:])


def run(name: str, learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """Run one row, and tell its peak memory (MB)."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    answer = WAYS[name](learn, test)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return replace(answer, memory=memory)


def by_learning(learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """Learn as `hubpipe train` does, over the embedded model as it is."""
    encoder = Encoder(source())
    started = time.monotonic()
    learnt = fit(learn, SETTINGS, encoder)
    return ours(Scorer(encoder, learnt.parts), learnt, test, time.monotonic() - started)


def by_tuning(learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """Learn as `hubpipe train --tune` does."""
    encoder = Encoder(source())
    started = time.monotonic()
    old = rehearsed(learn, SETTINGS)
    tried, done = twice(learn, old, TuneSettings(), source())
    changed = tuned.load(source(), done.tensors)
    rehearsal = Rehearsal(tuned.load(source(), tried.tensors), old)
    learnt = fit(learn, SETTINGS, encoder, None, changed, rehearsal)
    return ours(Scorer(encoder, learnt.parts, changed), learnt, test, time.monotonic() - started)


def by_retraining(learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """Learn anew as time goes on, as a schedule does: each part of the test issues is scored by what knows all before.

    The seconds are those of the last time, which learns the most.
    """
    known, found = list(learn), []
    for part in np.array_split(np.arange(len(test)), TIMES):
        now = [test[row] for row in part]
        found.append(by_learning(known, now))
        known += now
    last = found[-1]
    labels = found[0].labels
    if any(set(answer.labels) != set(labels) for answer in found):
        sys.exit("a later half with labels of its own is not measured here")
    scores = np.vstack([answer.scores[:, [answer.labels.index(label) for label in labels]] for answer in found])
    evidence = tuple(answer.evidence[0] for answer in found)
    return Answer(labels, scores, last.training, last.one, evidence=evidence, note=f"learned {TIMES} times")


def source() -> Source:
    """Find the embedded model."""
    found = embedded.find(None)
    if found is None:
        sys.exit("the embedded model is not installed")
    return Source(found, embedded.NAME, embedded.REVISION)


def ours(scorer: Scorer, learnt: Learnt, test: Sequence[Example], training: float) -> Answer:
    """Score the test issues."""
    scores = scorer.score([example.text for example in test], quick=True)
    began = time.monotonic()
    for example in test[:10]:
        scorer.score([example.text])
    one = (time.monotonic() - began) / 10
    note = str(learnt.parts.spec["learning"])
    return Answer(scorer.labels, scores, training, one, evidence=(learnt.evidence,), note=note)


def by_words(learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """TF-IDF of words and pairs of words, and a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    started = time.monotonic()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LinearSVC())
    model.fit([example.text for example in learn], [example.labels[0] for example in learn])
    training = time.monotonic() - started
    margins = model.decision_function([example.text for example in test])
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    scores = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    began = time.monotonic()
    model.decision_function([test[0].text])
    return Answer(tuple(model.classes_), scores, training, time.monotonic() - began)


def by_fasttext(learn: Sequence[Example], test: Sequence[Example]) -> Answer:
    """FastText with pairs of words."""
    import tempfile

    import fasttext

    labels = tuple(sorted({example.labels[0] for example in learn}))
    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(f"__label__{labels.index(example.labels[0])} {flat(example)}\n" for example in learn)
        file.flush()
        model = fasttext.train_supervised(
            file.name, lr=0.5, epoch=50, wordNgrams=2, dim=50, bucket=200_000, minCount=1, thread=1, seed=0, verbose=0
        )
    training = time.monotonic() - started
    scores = np.zeros((len(test), len(labels)), np.float32)
    began = time.monotonic()
    for row, example in enumerate(test):
        for name, score in zip(*model.predict(flat(example), k=len(labels)), strict=True):
            scores[row, int(name.removeprefix("__label__"))] = score
    return Answer(labels, scores, training, (time.monotonic() - began) / len(test))


def flat(example: Example) -> str:
    """Write an issue in one line of lower case, as fastText's tutorial does."""
    return " ".join(example.text.casefold().split())


def figures(name: str, answer: Answer, test: Sequence[Example]) -> str:
    """Write what a row reached."""
    known = truth(test, answer.labels) == 1
    order = np.argsort(-answer.scores, axis=1, kind="stable")
    right = np.take_along_axis(known, order, axis=1)
    sure = answer.scores.max(axis=1)
    half = np.argsort(-sure, kind="stable")[: len(test) // 2]
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [(place == part).mean() * abs(sure[place == part].mean() - right[place == part, 0].mean())
            for part in range(BINS) if (place == part).any()]  # fmt: skip
    return LINE.format(
        name=name,
        accuracy=right[:, 0].mean(),
        top=right[:, :TOP].any(axis=1).mean(),
        half=right[half, 0].mean(),
        error=sum(gaps),
        training=answer.training,
        one=answer.one,
        memory=answer.memory,
    )


def kept(answer: Answer, test: Sequence[Example], wanted: float) -> str:
    """Write how well the cutoffs for a precision keep it on the newer half, with Clopper and Pearson's interval."""
    limits, past, never = [], [], []
    parts = np.array_split(np.arange(len(test)), len(answer.evidence))
    for evidence, part in zip(answer.evidence, parts, strict=True):
        found = {cutoff.label: cutoff.score for cutoff in cutoffs(evidence, wanted, exclusive=True)}
        scores = {label: np.inf if score is None else score for label, score in found.items()}
        limits.append(np.tile([scores[label] for label in answer.labels], (len(part), 1)))
        own = np.array([scores[label] for label in evidence.labels])
        past.append((evidence.scores.max(axis=1) >= own[evidence.scores.argmax(axis=1)]).mean())
        never.append(sum(score is None for score in found.values()))
    rows, best = np.arange(len(test)), answer.scores.argmax(axis=1)
    said = answer.scores.max(axis=1) >= np.vstack(limits)[rows, best]
    hits = int((truth(test, answer.labels)[rows, best] == 1)[said].sum())
    count = int(said.sum())
    tail = (1 - CONFIDENCE) / 2
    return KEPT.format(
        wanted=wanted,
        precision=hits / max(1, count),
        lower=beta.ppf(tail, hits, count - hits + 1) if hits else 0.0,
        upper=beta.ppf(1 - tail, hits + 1, count - hits) if hits < count else 1.0,
        coverage=count / len(test),
        expected=np.mean(past),
        never=" ".join(map(str, never)),
    )


WAYS: dict[str, Callable[[Sequence[Example], Sequence[Example]], Answer]] = {
    "learned": by_learning,
    "retrained": by_retraining,
    "tuned": by_tuning,
    "tfidf-svm": by_words,
    "fasttext": by_fasttext,
}


if __name__ == "__main__":
    sys.exit(main())
