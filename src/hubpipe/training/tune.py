"""Turn examples into an encoder that tells their labels apart: contrastive fine-tuning of its upper weights.

Title and body are read apart, as the heads read them. Two losses are added: the supervised contrastive one (Khosla et
al. 2020, https://arxiv.org/abs/2004.11362) pulls issues of one label together, and a linear classifier, which is
thrown away afterwards, says where they belong (Gunel et al. 2021, https://arxiv.org/abs/2011.01403). What is kept is the moving
average of the weights (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407).
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hubpipe.errors import UsageError
from hubpipe.models.learned import tuned
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.views import split
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import has_bfloat16
from hubpipe.training.examples import Example, truth
from hubpipe.training.splitting import in_time

log = logging.getLogger("hubpipe")

# Half of a small encoder is the table of its tokens: left as it is, what changed is small enough to commit.
FROZEN = "embeddings."
ATTENTION = "attention.self."
TITLE_TOKENS = 64
# So many batches are dealt out of one sorted pool.
POOL = 8
LEAST_EXAMPLES = 16
NOTHING_TO_TELL = (
    "tuning needs at least {least} examples of two labels: there are {count} of {labels}. Leave --tune out"
)
COST = "tuning: {steps} steps, about {seconds:.0f} seconds ({each:.2f} a step on {device})"
STOPPED = "no better on the newest part for {patience} looks"
OUT_OF_TIME = "the time of {seconds:g} seconds was up"


@dataclass(frozen=True)
class TuneSettings:
    """How an encoder is tuned: passes over the examples, their most, rows a step, rate, and seconds at most.

    `held` is the newest share that it is watched on for an early stop, `looks` how often in a pass, `patience` how many
    looks without progress end it. `temperature` and `contrast` are the contrastive loss's own and its weight.
    """

    epochs: int = 4
    most: int = 4_000
    batch: int = 32
    rate: float = 6e-5
    head_rate: float = 2e-3
    decay: float = 0.98
    temperature: float = 0.1
    contrast: float = 0.5
    smoothing: float = 0.1
    held: float = 0.0
    looks: int = 2
    patience: int = 3
    max_seconds: float = 3_600.0
    length: int = 256
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """The weights that changed (float16, by their names), and what it cost and showed, as JSON."""

    tensors: Arrays
    facts: dict[str, Any] = field(default_factory=dict)


def tune(examples: Sequence[Example], settings: TuneSettings, source: Source, tensors: Arrays | None = None) -> Tuned:
    """Tune an encoder (with changed weights laid over it already, where it was tuned before) on examples.

    Raises UsageError where there is nothing to tell apart.
    """
    torch.manual_seed(settings.seed)
    rows = _most(examples, settings)
    labels = sorted({name.casefold() for example in rows for name in example.labels})
    if len(labels) < 2 or len(rows) < LEAST_EXAMPLES:
        raise UsageError(NOTHING_TO_TELL.format(least=LEAST_EXAMPLES, count=len(rows), labels=len(labels)))
    bench = _Bench(rows, labels, settings, source, tensors or {})
    return bench.run()


class _Bench:
    """One tuning: the encoder, the classifier over it, the average of its weights."""

    def __init__(
        self, rows: Sequence[Example], labels: Sequence[str], settings: TuneSettings, source: Source, tensors: Arrays
    ):
        self.settings = settings
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model: Any = tuned.load(source, tensors).model.to(self.device)
        for name, weight in self.model.named_parameters():
            weight.requires_grad = FROZEN not in name
        self.model.train()
        for name, module in self.model.named_modules():
            # With dropout inside of attention, torch on a processor computes it the slow way: five times slower.
            if isinstance(module, nn.Dropout) and ATTENTION in name:
                module.p = 0.0
        self.weights = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.known = truth(rows, labels)
        self.exclusive = bool(((self.known == 1).sum(axis=1) == 1).all() and (self.known >= 0).all())
        pairs = [split(example.text) for example in rows]
        self.titles, self.bodies = [title for title, _ in pairs], [body for _, body in pairs]
        width = 2 * int(self.model.get_embedding_dimension() or 0)
        self.classifier = nn.Linear(width, len(labels)).to(self.device)
        self.held = round(len(rows) * settings.held)
        self.random = np.random.default_rng(settings.seed)
        self.curve: list[float] = []

    def run(self) -> Tuned:
        """Tune until the end, an early stop, or the end of time."""
        started, settings = time.monotonic(), self.settings
        learned = np.arange(len(self.titles) - self.held)
        each = len(self._batches(learned))
        total = each * settings.epochs
        groups = [
            {"params": list(self.weights.values()), "lr": settings.rate},
            {"params": self.classifier.parameters(), "lr": settings.head_rate},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [settings.rate, settings.head_rate], total_steps=total + 1, pct_start=0.15
        )
        done, why = 0, ""
        while done < total and not why:
            for batch in self._batches(learned):
                loss = self._loss(batch)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
                optimizer.step()
                schedule.step()
                self._remember()
                done += 1
                spent = time.monotonic() - started
                if done == 2:
                    log.info(COST.format(steps=total, seconds=spent / 2 * total, each=spent / 2, device=self.device))
                why = why or self._look(done, each, spent)
                if why:
                    break
        return Tuned(self._changed(), self._facts(done, time.monotonic() - started, why))

    def _batches(self, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Deal rows out at random, those of like length together: what is filled up is computed for nothing."""
        shuffled, size = self.random.permutation(rows), self.settings.batch
        lengths = np.array([len(body) for body in self.bodies])
        batches: list[NDArray[np.intp]] = []
        for start in range(0, len(shuffled), POOL * size):
            pool = shuffled[start : start + POOL * size]
            ordered = pool[np.argsort(lengths[pool], kind="stable")]
            batches += np.array_split(ordered, max(1, math.ceil(len(pool) / size)))
        return [batches[place] for place in self.random.permutation(len(batches))]

    def _facts(self, done: int, seconds: float, why: str) -> dict[str, Any]:
        return {
            "examples": len(self.titles),
            "steps": done,
            "seconds": round(seconds, 1),
            "stopped": why,
            "curve": [round(value, 4) for value in self.curve],
            "device": self.device,
        }

    def _look(self, done: int, each: int, spent: float) -> str:
        """Say why to stop now; empty to go on."""
        if spent > self.settings.max_seconds:
            return OUT_OF_TIME.format(seconds=self.settings.max_seconds)
        if not self.held or done % max(1, each // self.settings.looks):
            return ""
        with torch.no_grad():
            places = np.arange(len(self.titles) - self.held, len(self.titles))
            losses = [float(self._loss(batch)) for batch in np.array_split(places, math.ceil(self.held / 64))]
        self.curve.append(float(np.mean(losses)))
        since = len(self.curve) - 1 - int(np.argmin(self.curve))
        return STOPPED.format(patience=self.settings.patience) if since >= self.settings.patience else ""

    def _loss(self, places: NDArray[np.intp]) -> Tensor:
        bfloat = self.device == "cuda" or has_bfloat16()
        with torch.autocast(self.device, torch.bfloat16, enabled=bfloat):
            title = self._embed([self.titles[place] for place in places], TITLE_TOKENS)
            body = self._embed([self.bodies[place] for place in places], self.settings.length)
        both = torch.cat([title.float(), body.float()], dim=1)
        known = torch.from_numpy(self.known[places].astype(np.int64)).to(self.device)
        told = self._classified(self.classifier(both * math.sqrt(both.shape[1])), known)
        pulled = contrast(nn.functional.normalize(both, dim=1), known, self.settings.temperature)
        return (1 - self.settings.contrast) * told + self.settings.contrast * pulled

    def _embed(self, texts: list[str], length: int) -> Tensor:
        self.model.max_seq_length = length
        features = {
            name: value.to(self.device)
            for name, value in self.model.preprocess(texts).items()
            if isinstance(value, Tensor)
        }
        found: Tensor = self.model(features)["sentence_embedding"]
        return found

    def _classified(self, logits: Tensor, known: Tensor) -> Tensor:
        if self.exclusive:
            return nn.functional.cross_entropy(logits, known.argmax(dim=1), label_smoothing=self.settings.smoothing)
        each = nn.functional.binary_cross_entropy_with_logits(logits, known.clamp(min=0).float(), reduction="none")
        return (each * (known >= 0)).sum() / (known >= 0).sum().clamp(min=1)

    def _remember(self) -> None:
        with torch.no_grad():
            for name, weight in self.weights.items():
                self.average[name].lerp_(weight, 1 - self.settings.decay)

    def _changed(self) -> dict[str, NDArray[Any]]:
        """Give the averaged weights under the names that the model's state has."""
        return {name: weight.cpu().numpy().astype(np.float16) for name, weight in self.average.items()}


def contrast(vectors: Tensor, known: Tensor, temperature: float) -> Tensor:
    """Give the supervised contrastive loss of unit vectors (n × d) with labels (n × labels, 1 where it has one).

    Issues that share several of their labels pull each other more: by the Jaccard index of their sets.
    """
    has = (known == 1).float()
    shared = has @ has.T
    either = has.sum(1)[:, None] + has.sum(1)[None, :] - shared
    near = shared / either.clamp(min=1)
    near.fill_diagonal_(0)
    likeness = vectors @ vectors.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(vectors), dtype=torch.bool, device=vectors.device), -1e4)
    pulls = (near * nn.functional.log_softmax(likeness, dim=1)).sum(1)
    weight = near.sum(1)
    return -(pulls / weight.clamp(min=1e-6))[weight > 0].sum() / (weight > 0).sum().clamp(min=1)


def _most(examples: Sequence[Example], settings: TuneSettings) -> list[Example]:
    """Keep labelled examples, of too many a random part, in the order of time."""
    labelled = [example for example in examples if example.labels]
    if len(labelled) > settings.most:
        kept = np.random.default_rng(settings.seed).choice(len(labelled), settings.most, replace=False)
        labelled = [labelled[place] for place in kept]
    return in_time(labelled)
