"""Measure zero-shot labels centred on the repository's own texts, where labels are balanced and where one dominates.

    python -m benchmarks.centring --nlbse issues_train.csv --corefx corefx-issues-train.tsv [--samples 40]

Only what hubpipe may be chosen by is read: the training half of NLBSE'24, and the older half of corefx's areas (see
nlbse24 and areas). Half of each repository is its history, which the centre is taken from, the other half is scored;
both have the same labels' shares, drawn anew for each sample. Differences are paired: sample by sample, against what
hubpipe does without a history.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import areas, zero_shot
from hubpipe.models import embedded
from hubpipe.models.learned.views import look
from hubpipe.models.phrases import phrases
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.models.sentences import split_title
from hubpipe.models.similarity import BACKGROUND, TITLE_WEIGHT, unit
from hubpipe.text import of_issue

KINDS = {
    "bug": "Something isn't working",
    "enhancement": "New feature or request",
    "question": "Further information is requested",
}
# Issues that weigh as much as none.
FIRM = 20
NEIGHBOURS = 10
LINE = "  {name:28} {f1:.3f} ({gain:+.3f} ± {error:.3f})  accuracy {accuracy:.3f}"

Array = NDArray[np.float32]
Scores = Callable[["Words", Array, Array], Array]
"""Labels, a history's texts and the texts to score, as unit vectors, to scores (texts × labels)."""


@dataclass(frozen=True)
class Words:
    """Labels as unit vectors (labels × d), and the background (texts × d)."""

    labels: Array
    background: Array

    @property
    def directions(self) -> Array:
        """Give labels as directions away from the background, as a Yardstick has them."""
        return unit(self.labels - self.background.mean(axis=0))

    def standard(self, texts: Array) -> Array:
        """Score as a Yardstick does."""
        seen = self.background @ self.directions.T
        return np.asarray((texts @ self.directions.T - seen.mean(axis=0)) / (seen.std(axis=0) + 1e-6), np.float32)


@dataclass(frozen=True)
class Issues:
    """One repository's issues: unit vectors as zero-shot reads them and as the index keeps them, and their labels."""

    name: str
    vectors: Array
    kept: Array
    labels: NDArray[np.int64]


def as_it_is(words: Words, past: Array, texts: Array) -> Array:
    """Score without the history."""
    return words.standard(texts)


def z_scores(words: Words, past: Array, texts: Array) -> Array:
    """Take mean and deviation of each label's score from the history."""
    known = words.standard(past)
    return np.asarray((words.standard(texts) - known.mean(axis=0)) / (known.std(axis=0) + 1e-6), np.float32)


def less_means(share: float) -> Scores:
    """Take a share of each label's mean over the history off its score, less of it where the history is short."""

    def score(words: Words, past: Array, texts: Array) -> Array:
        known = words.standard(past)
        taken = share * len(past) / (len(past) + FIRM) * (known.mean(axis=0) - known.mean())
        return np.asarray(words.standard(texts) - taken, np.float32)

    return score


def centred(share: float) -> Scores:
    """Take a share of the history's mean off texts, and of the labels' off labels, and compare what is left."""

    def score(words: Words, past: Array, texts: Array) -> Array:
        firm = share * len(past) / (len(past) + FIRM)
        labels = unit(words.labels - share * words.labels.mean(axis=0))
        return unit(texts - firm * past.mean(axis=0)) @ labels.T

    return score


def centred_scaled(share: float) -> Scores:
    """Score as without a history, texts seen from its mean, the background from its own."""

    def score(words: Words, past: Array, texts: Array) -> Array:
        firm = share * len(past) / (len(past) + FIRM)
        shift = firm * (past.mean(axis=0) - words.background.mean(axis=0))
        return words.standard(unit(texts - shift))

    return score


def hubness(words: Words, past: Array, texts: Array) -> Array:
    """Score by CSLS (Conneau et al. 2018): a label that is near to many of the history's texts counts less."""
    labels = words.directions
    near = np.sort(past @ labels.T, axis=0)[-NEIGHBOURS:].mean(axis=0)
    return np.asarray(2 * (texts @ labels.T) - near, np.float32)


def without_hubness(words: Words, past: Array, texts: Array) -> Array:
    """Score by the plain cosine of what CSLS corrects."""
    return np.asarray(texts @ words.directions.T, np.float32)


WAYS: dict[str, Scores] = {
    "as it is": as_it_is,
    "z-scores": z_scores,
    "less means, all": less_means(1.0),
    "less means, half": less_means(0.5),
    "less means, third": less_means(1 / 3),
    "less means, quarter": less_means(0.25),
    "centred": centred(1.0),
    "centred, half": centred(0.5),
    "seen from the centre": centred_scaled(1.0),
    "seen from half the centre": centred_scaled(0.5),
    "CSLS": hubness,
    "cosine (CSLS without)": without_hubness,
}


def main() -> int:
    """Print the figures."""
    options = argparse.ArgumentParser(description="Zero-shot labels, centred on a repository's texts.")
    options.add_argument("--nlbse", type=Path, required=True, help="issues_train.csv of NLBSE'24")
    options.add_argument("--corefx", type=Path, required=True, help="corefx-issues-train.tsv")
    options.add_argument("--samples", type=int, default=40)
    given = options.parse_args()
    folder = embedded.find(None)
    if folder is None:
        return 1
    encoder = Encoder(Source(folder, embedded.NAME, embedded.REVISION))
    repositories = list(kinds(encoder, given.nlbse))
    words = described(encoder, KINDS)
    for name, shares in mixes().items():
        tell(f"NLBSE'24, five repositories, {name}", words, repositories, shares, given.samples)
    found, names = corefx(encoder, given.corefx)
    words = described(encoder, dict.fromkeys(names, ""))
    counts = np.bincount(found.labels, minlength=len(names)).astype(float)
    tell(f"corefx, {len(names)} areas as they are", words, [found], counts / counts.sum(), given.samples)
    tell("corefx, areas balanced", words, [found], np.full(len(names), 1 / len(names)), given.samples)
    return 0


def mixes() -> dict[str, Array]:
    """Give the labels' shares by what they are called."""
    found = {"balanced": np.full(3, 1 / 3)}
    for place, name in enumerate(KINDS):
        for share in (0.6, 0.8):
            found[f"{name} {share:.0%}"] = np.where(np.arange(3) == place, share, (1 - share) / 2)
    return found


def kinds(encoder: Encoder, path: Path) -> list[Issues]:
    """Read the training half of NLBSE'24, a repository at a time."""
    rows = zero_shot.read(path)
    labels = list(KINDS)
    vectors, kept = read(encoder, [of_issue(row["title"], row["body"] or "").text for row in rows])
    found = []
    for repo in sorted({row["repo"] for row in rows}):
        own = [place for place, row in enumerate(rows) if row["repo"] == repo]
        right = [labels.index(zero_shot.OURS[rows[place]["label"]]) for place in own]
        found.append(Issues(repo, vectors[own], kept[own], np.array(right)))
    return found


def corefx(encoder: Encoder, path: Path) -> tuple[Issues, list[str]]:
    """Read the older half of corefx's issues, and the names of their areas."""
    older, _ = areas.halves(areas.read(path))
    names = sorted({example.labels[0] for example in older})
    right = np.array([names.index(example.labels[0]) for example in older])
    plain = [name.removeprefix("area-") for name in names]
    return Issues("corefx", *read(encoder, [example.text for example in older]), right), plain


def read(encoder: Encoder, texts: Sequence[str]) -> tuple[Array, Array]:
    """Embed texts as zero-shot does, the title counting more, and as the index of past issues does."""
    titles = [split_title(text)[0] or text for text in texts]
    read = unit(TITLE_WEIGHT * encoder.embed(titles, quick=True) + encoder.embed(texts, quick=True))
    looked = look(encoder, texts, True)
    return read, unit(looked.title + looked.body)


def described(encoder: Encoder, labels: dict[str, str]) -> Words:
    """Embed labels as zero-shot does."""
    ways = [phrases(name, description) for name, description in labels.items()]
    means = [encoder.embed(way).mean(axis=0) for way in ways]
    return Words(unit(np.stack(means)), encoder.embed(BACKGROUND))


def tell(name: str, words: Words, repositories: Sequence[Issues], shares: Array, samples: int) -> None:
    """Print what each way reaches on samples with some shares of labels."""
    reached: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for seed in range(samples):
        drawn = [halved(issues, shares, np.random.default_rng(seed)) for issues in repositories]
        for way, score in WAYS.items():
            each = [
                figures(score(words, issues.kept[past], issues.vectors[new]).argmax(axis=1), issues.labels[new])
                for issues, (past, new) in zip(repositories, drawn, strict=True)
            ]
            reached[way].append(tuple(np.mean(each, axis=0)))
    print(name, flush=True)
    base = np.array(reached["as it is"])
    for way, rows in reached.items():
        found = np.array(rows)
        gain = (found - base)[:, 0]
        f1, accuracy = found.mean(axis=0)
        print(LINE.format(name=way, f1=f1, gain=gain.mean(), error=2 * gain.std(), accuracy=accuracy), flush=True)


def halved(issues: Issues, shares: Array, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw a history and as many other issues, with some shares of labels, none twice."""
    counts = np.bincount(issues.labels, minlength=len(shares))
    # As many as the scarcest label allows, one of each at least.
    size = min(count / share for count, share in zip(counts, shares, strict=True))
    past, new = [], []
    for label, share in enumerate(shares):
        drawn = chance.permutation(np.flatnonzero(issues.labels == label))[: max(2, int(share * size))]
        past.append(drawn[: len(drawn) // 2])
        new.append(drawn[len(drawn) // 2 :])
    return np.concatenate(past), np.concatenate(new)


def figures(said: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[float, float]:
    """Give macro-F1 over the labels that occur, and accuracy."""
    each = []
    for label in np.unique(right):
        hits = ((said == label) & (right == label)).sum()
        each.append(2 * hits / ((said == label).sum() + (right == label).sum()))
    return float(np.mean(each)), float((said == right).mean())


if __name__ == "__main__":
    raise SystemExit(main())
