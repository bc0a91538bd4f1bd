"""Measure labels that are learned, by the protocol of NLBSE'24 and in time.

    python -m benchmarks.nlbse24 --data DIR [--rows hybrid,tuned,...] [--split SPLIT] [--keep DIR] [--seed N]

DIR holds issues_train.csv and issues_test.csv of https://github.com/nlbse2024/issue-report-classification: five
repositories, 300 issues each to learn from and to test on, labels bug, feature and question. The figure is macro-F1,
averaged over the repositories. The official split leaks time (labels were sampled from different months), so each
row stands beside a chronological one: both files together, the oldest half of each repository and label to learn from,
the newest half to test on. Everything was chosen on the training file. Each row runs in a process of its own, so that
its memory is its own.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from hubpipe.models import embedded, hub
from hubpipe.models.learned import folder, tuned
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.phrases import entry
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training import files, fit, tune
from hubpipe.training.examples import Example
from hubpipe.training.splitting import by_date

LABELS = ("bug", "feature", "question")
SPLITS = ("official", "chronological")
BINS = 10
HEADER = f"{'row':34} " + "  ".join(f"{name:>13}" for name in SPLITS) + "    ECE   train s   one s   memory"
PEER_PAIRS, PEER_BATCH, PEER_TOKENS = 1_200, 16, 256

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """What is learned from in one repository, what is asked, and the other repositories' issues to learn from."""

    repo: str
    learn: Sequence[Example]
    test: Sequence[Example]
    others: Sequence[Example]
    seed: int
    split: str
    keep: Path


@dataclass(frozen=True)
class Answer:
    """Probabilities (test × LABELS), and what they took: seconds of training, and of one prediction."""

    scores: Array
    training: float
    one: float


@dataclass(frozen=True)
class Row:
    """A row of the table on one split: macro-F1 by repository, calibration error, seconds, and peak memory (MB)."""

    f1: dict[str, float]
    error: float
    training: float
    one: float
    memory: float


def main() -> int:
    """Print the table."""
    given = arguments()
    rows = list(WAYS) if given.rows is None else given.rows.split(",")
    print(f"NLBSE'24, seed {given.seed}, {os.environ.get('OMP_NUM_THREADS', 'all')} threads, {platform.machine()}, "
          f"embedded model {embedded.REPO}@{embedded.REVISION[:7]}")  # fmt: skip
    print(f"settings: head {fit.Settings(labels=LABELS)}\n          tuning {tune.TuneSettings()}")
    print(HEADER, flush=True)
    with TemporaryDirectory(prefix="hubpipe-nlbse24-") as scratch:
        keep = given.keep or Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        for name in rows:
            found = {}
            for split in [given.split] if given.split else SPLITS:
                with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                    found[split] = pool.submit(measure, name, split, given.data, given.seed, keep).result()
            print(line(name, found), flush=True)
            for split, row in found.items():
                repos = (f"{repo.split('/')[1]} {f1:.3f}" for repo, f1 in row.f1.items())
                print(f"    {split:14}", "  ".join(repos), flush=True)
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser(description="Learned labels by the protocol of NLBSE'24.")
    options.add_argument("--data", type=Path, required=True, help="the folder of issues_train.csv and issues_test.csv")
    options.add_argument("--rows", help=f"some of: {','.join(WAYS)}")
    options.add_argument("--split", choices=SPLITS, help="only one of the two")
    options.add_argument("--keep", type=Path, help="a folder to keep tuned encoders in, for another run")
    options.add_argument("--seed", type=int, default=0)
    return options.parse_args()


def tasks(data: Path, split: str, seed: int, keep: Path) -> list[Task]:
    """Split both files into what is learned from and what is tested on, for each repository."""
    learn, test = (list(files.read(data / f"issues_{half}.csv")) for half in ("train", "test"))
    if split == "chronological":
        learn, test = halves([*learn, *test])
    repos = sorted({example.repo for example in learn})
    return [
        Task(
            repo,
            [example for example in learn if example.repo == repo],
            [example for example in test if example.repo == repo],
            [example for example in learn if example.repo != repo],
            seed,
            split,
            keep,
        )
        for repo in repos
    ]


def halves(examples: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Take the oldest half of each repository and label to learn from, the newest half to test on."""
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.repo, example.labels[0]), []).append(example)
    older, newer = [], []
    for group in groups.values():
        ordered = by_date(group)
        older += ordered[: len(ordered) // 2]
        newer += ordered[len(ordered) // 2 :]
    return older, newer


def measure(name: str, split: str, data: Path, seed: int, keep: Path) -> Row:
    """Run one row on one split."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    answers = [(task, WAYS[name](task)) for task in tasks(data, split, seed, keep)]
    f1 = {task.repo: macro_f1(answer.scores, task.test) for task, answer in answers}
    scores = np.vstack([answer.scores for _, answer in answers])
    right = np.concatenate([truth(task.test) for task, _ in answers])
    return Row(
        f1,
        calibration_error(scores, right),
        fmean(answer.training for _, answer in answers),
        fmean(answer.one for _, answer in answers),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def line(name: str, found: dict[str, Row]) -> str:
    """Write a row of the table."""
    means = (f"{fmean(found[split].f1.values()):13.3f}" if split in found else f"{'-':>13}" for split in SPLITS)
    errors = "/".join(f"{row.error:.3f}"[1:] for row in found.values())
    training, one, memory = (
        max(getattr(row, part) for row in found.values()) for part in ("training", "one", "memory")
    )
    return f"{name:34} " + "  ".join(means) + f"  {errors:>9} {training:7.1f} {one:7.3f} {memory:6.0f} MB"


def truth(examples: Sequence[Example]) -> NDArray[np.intp]:
    """Give the column of each issue's label."""
    return np.array([LABELS.index(example.labels[0]) for example in examples])


def macro_f1(scores: Array, test: Sequence[Example]) -> float:
    """Give the mean of the labels' F1."""
    best, right = scores.argmax(axis=1), truth(test)
    each = []
    for label in range(len(LABELS)):
        hits = ((best == label) & (right == label)).sum()
        each.append(float(2 * hits / max(1, (best == label).sum() + (right == label).sum())))
    return fmean(each)


def calibration_error(scores: Array, right: NDArray[np.intp]) -> float:
    """Give the expected calibration error of the best label's score, in BINS equal bins over all repositories."""
    sure, hit = scores.max(axis=1), scores.argmax(axis=1) == right
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [(place == part).mean() * abs(sure[place == part].mean() - hit[place == part].mean())
            for part in range(BINS) if (place == part).any()]  # fmt: skip
    return float(sum(gaps))


def source() -> Source:
    """Find the embedded model."""
    found = embedded.find(None)
    if found is None:
        sys.exit("the embedded model is not installed")
    return Source(found, embedded.NAME, embedded.REVISION)


def zero_day(encoder: Encoder) -> Scorer:
    """Load the head that comes with hubpipe."""
    return Scorer(encoder, folder.read(hub.ZERO_DAY_FOLDER).parts)


def ours(scorer: Scorer, task: Task, started: float) -> Answer:
    """Score a task's test issues; labels that the task does not have share nothing."""
    training = time.monotonic() - started
    found = scorer.score([example.text for example in task.test], quick=True)
    columns = [[entry(name) for name in scorer.labels].index(entry(label)) for label in LABELS]
    began = time.monotonic()
    for example in task.test[:10]:
        scorer.score([example.text])
    one = (time.monotonic() - began) / 10
    kept = found[:, columns]
    return Answer(kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-9), training, one)


def by_zero_day(task: Task) -> Answer:
    """Ask the head that comes with hubpipe."""
    encoder = Encoder(source())
    return ours(zero_day(encoder), task, time.monotonic())


def by_few(task: Task, each: int) -> Answer:
    """Learn `each` issues of every label of the repository's own, over the embedded model as it is."""
    encoder = Encoder(source())
    started = time.monotonic()
    settings = fit.Settings(labels=LABELS, seed=task.seed)
    learnt = fit.fit(few(task, each), settings, encoder, zero_day(encoder))
    return ours(Scorer(encoder, learnt.parts), task, started)


def by_hybrid(task: Task) -> Answer:
    """Learn the repository's own issues, over the embedded model as it is."""
    encoder = Encoder(source())
    started = time.monotonic()
    learnt = fit.fit(task.learn, fit.Settings(labels=LABELS, seed=task.seed), encoder, zero_day(encoder))
    return ours(Scorer(encoder, learnt.parts), task, started)


def by_tuning(task: Task) -> Answer:
    """Tune one encoder on the history of all five repositories, as `train --tune --adapt` does, then learn this one's.

    All five share it: its seconds are a fifth of what it took.
    """
    own = fit.Settings(labels=LABELS, seed=task.seed)
    how, everything = tune.TuneSettings(seed=task.seed), by_repository([*task.others, *task.learn])
    rehearsed = {repo: fit.rehearsed(rows, own) for repo, rows in everything.items()}
    old = [rows[place] for repo, rows in everything.items() for place in rehearsed[repo]]
    kept = {example.fingerprint for example in old}
    all_rows = [example for rows in everything.values() for example in rows]
    newer = [example for example in all_rows if example.fingerprint not in kept]
    tried, useful, waited = shared(task, "rehearsal", partial(tune.tune, old, how, source(), watched=newer))
    enough = replace(how, epochs=how.epochs * useful)
    done, _, longer = shared(task, "all", partial(tune.tune, all_rows, enough, source()))
    encoder, changed = Encoder(source()), tuned.load(source(), done)
    rehearsal = fit.Rehearsal(tuned.load(source(), tried), rehearsed[task.repo])
    prior, taught = of_others(task, encoder, None)
    started = time.monotonic() - taught
    learnt = fit.fit(everything[task.repo], own, encoder, prior, changed, rehearsal)
    print(f"    {task.split} {task.repo}: believed {learnt.parts.spec['learning']['believed']}", flush=True)
    took = time.monotonic() - started + (waited + longer) / len(everything)
    return ours(Scorer(encoder, learnt.parts, changed), task, time.monotonic() - took)


def by_repository(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """Part examples by repository, both in an order of their own."""
    repos = sorted({example.repo for example in examples})
    return {repo: by_date([example for example in examples if example.repo == repo]) for repo in repos}


def shared(task: Task, name: str, work: Callable[[], tune.Tuned]) -> tuple[Arrays, float, float]:
    """Tune, or take what was kept of that; give the weights, the useful share, and the seconds that it took once."""
    place = task.keep / f"{task.split}-{name}-{task.seed}.safetensors"
    told = place.with_suffix(".json")
    if not told.is_file():
        done = work()
        save_file(dict(done.tensors), place)
        told.write_text(json.dumps({"useful": done.useful, **done.facts}))
        print(f"    {task.split} {name}: {done.facts}", flush=True)
    facts = json.loads(told.read_text())
    return load_file(place), facts["useful"], facts["seconds"]


def of_others(task: Task, encoder: Encoder, changed: Encoder | None) -> tuple[Scorer, float]:
    """Learn the other repositories' labels, as `train --adapt` does, or take what another row learned of them.

    Gives the seconds that it took once.
    """
    which = "plain" if changed is None else "adapted"
    place = task.keep / f"{task.split}-{which}-others-of-{task.repo.replace('/', '-')}-{task.seed}"
    if not folder.is_learned(place):
        started, settings = time.monotonic(), fit.Settings(labels=LABELS, seed=task.seed, strange=True)
        learnt = fit.fit(task.others, settings, encoder, zero_day(encoder), changed)
        took = {"seconds": time.monotonic() - started}
        # The tuned encoder is kept by itself.
        parts = replace(learnt.parts, spec={**learnt.parts.spec, "tuned": False})
        folder.save(place, folder.Learned(parts, learnt.evidence, facts={**took, "spec": learnt.parts.spec}), "")
    kept = folder.read(place)
    parts = replace(kept.parts, spec=kept.facts["spec"])
    return Scorer(encoder, parts, changed), kept.facts["seconds"]


def by_others(task: Task, each: int | None, adapted: bool = False) -> Answer:
    """Learn the other repositories' labels, then `each` issues of every label of this one (None: all; 0: none).

    `adapted`, an encoder is tuned on the others before.
    """
    encoder, changed, waited = Encoder(source()), None, 0.0
    if adapted:
        name, how = f"without-{task.repo.replace('/', '-')}", tune.TuneSettings(seed=task.seed)
        tensors, _, waited = shared(task, name, partial(tune.tune, task.others, how, source()))
        changed = tuned.load(source(), tensors)
    prior, taught = of_others(task, encoder, changed)
    started = time.monotonic() - waited - taught
    if each == 0:
        return ours(prior, task, started)
    own = task.learn if each is None else few(task, each)
    learnt = fit.fit(own, fit.Settings(labels=LABELS, seed=task.seed), encoder, prior, changed)
    return ours(Scorer(encoder, learnt.parts, changed), task, started)


def few(task: Task, each: int) -> list[Example]:
    """Draw `each` issues of every label."""
    chance = np.random.default_rng(task.seed)
    found: list[Example] = []
    for label in LABELS:
        own = [example for example in task.learn if example.labels == (label,)]
        found += [own[place] for place in chance.choice(len(own), each, replace=False)]
    return found


def by_words(task: Task) -> Answer:
    """TF-IDF of words and pairs of words, and a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    started = time.monotonic()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LinearSVC())
    model.fit([example.text for example in task.learn], truth(task.learn))
    training = time.monotonic() - started
    margins = model.decision_function([example.text for example in task.test])
    began = time.monotonic()
    model.decision_function([task.test[0].text])
    return Answer(softmax(margins), training, time.monotonic() - began)


def by_fasttext(task: Task) -> Answer:
    """FastText with pairs of words, settings as its tutorial has them for few examples."""
    import tempfile

    import fasttext

    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(f"__label__{example.labels[0]} {flat(example)}\n" for example in task.learn)
        file.flush()
        model = fasttext.train_supervised(
            file.name, lr=0.5, epoch=50, wordNgrams=2, dim=50, bucket=200_000, minCount=1, thread=1,
            seed=task.seed, verbose=0,
        )  # fmt: skip
    training = time.monotonic() - started
    scores = np.zeros((len(task.test), len(LABELS)), np.float32)
    began = time.monotonic()
    for row, example in enumerate(task.test):
        for name, score in zip(*model.predict(flat(example), k=len(LABELS)), strict=True):
            scores[row, LABELS.index(name.removeprefix("__label__"))] = score
    return Answer(scores, training, (time.monotonic() - began) / len(task.test))


def by_setfit(task: Task) -> Answer:
    """SetFit's recipe with the same base: cosine loss over pairs of issues, then a logistic regression.

    Sentence Transformers' own trainer, because the package setfit does not run beside transformers 5.23's versions.
    PEER_PAIRS pairs, half of one label and half of two, in one epoch of batches of PEER_BATCH.
    """
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from sklearn.linear_model import LogisticRegression

    started = time.monotonic()
    model = SentenceTransformer(str(source().folder), device="cpu", local_files_only=True)
    model.max_seq_length = PEER_TOKENS
    told = SentenceTransformerTrainingArguments(
        output_dir="unused", num_train_epochs=1, per_device_train_batch_size=PEER_BATCH, learning_rate=2e-5,
        warmup_steps=0.1, seed=task.seed, save_strategy="no", report_to=[], disable_tqdm=True, bf16=True, use_cpu=True,
    )  # fmt: skip
    SentenceTransformerTrainer(
        model=model, args=told, train_dataset=Dataset.from_dict(pairs(task)), loss=CosineSimilarityLoss(model)
    ).train()
    vectors = model.encode([example.text for example in task.learn])
    head = LogisticRegression(max_iter=1_000).fit(vectors, truth(task.learn))
    training = time.monotonic() - started
    scores = head.predict_proba(model.encode([example.text for example in task.test]))
    began = time.monotonic()
    head.predict_proba(model.encode([task.test[0].text]))
    return Answer(scores.astype(np.float32), training, time.monotonic() - began)


def pairs(task: Task) -> dict[str, list[object]]:
    """Draw pairs of issues, half of one label."""
    chance, right = np.random.default_rng(task.seed), truth(task.learn)
    texts = [example.text for example in task.learn]
    found: dict[str, list[object]] = {"sentence1": [], "sentence2": [], "label": []}
    for number in range(PEER_PAIRS):
        one = int(chance.integers(len(texts)))
        alike = (right == right[one]) == (number % 2 == 0)
        other = int(chance.choice(np.flatnonzero(alike)))
        found["sentence1"].append(texts[one])
        found["sentence2"].append(texts[other])
        found["label"].append(float(number % 2 == 0))
    return found


def flat(example: Example) -> str:
    """Write an issue in one line of lower case, as fastText's tutorial does."""
    return " ".join(example.text.casefold().split())


def softmax(margins: NDArray[np.float64]) -> Array:
    """Turn margins into shares; a support vector machine gives no probabilities, so its ECE says little."""
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


WAYS: dict[str, Callable[[Task], Answer]] = {
    "zero-day": by_zero_day,
    "few-8": partial(by_few, each=8),
    "few-32": partial(by_few, each=32),
    "hybrid": by_hybrid,
    "tuned": by_tuning,
    "others-0": partial(by_others, each=0),
    "others-8": partial(by_others, each=8),
    "others-32": partial(by_others, each=32),
    "others-all": partial(by_others, each=None),
    "adapted-0": partial(by_others, each=0, adapted=True),
    "adapted-8": partial(by_others, each=8, adapted=True),
    "adapted-32": partial(by_others, each=32, adapted=True),
    "tfidf-svm": by_words,
    "fasttext": by_fasttext,
    "setfit": by_setfit,
}


if __name__ == "__main__":
    sys.exit(main())
