"""Turn examples into an encoder that tells their labels apart: contrastive fine-tuning of its upper weights.

Title and body are read apart, as the heads read them. Two losses are added: the supervised contrastive one (Khosla et
al. 2020, https://arxiv.org/abs/2004.11362) pulls issues of one label together, and a linear classifier, which is
thrown away afterwards, says where they belong (Gunel et al. 2021, https://arxiv.org/abs/2011.01403). What is kept is
the moving average of the weights (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407).
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from hubpipe.training.examples import Example, exclusive, truth
from hubpipe.training.likeness import classified, contrast, ranking
from hubpipe.training.sampling import dealt, renamed, sampled
from hubpipe.training.thawing import thaw

log = logging.getLogger("hubpipe")

TITLE_TOKENS = 64
LEAST_EXAMPLES = 16
# What share of the steps the rate rises in; then it falls as a cosine.
RISING = 0.15
# The first step pays for what is set up once; the second tells what the others will take.
TIMED = 2
# Looking at more would cost as much as learning.
MOST_WATCHED = 256
# To read a batch is about a third of a step: the way back costs twice the way there.
LOOK = 1 / 3
NOTHING_TO_TELL = (
    "tuning needs at least {least} examples of two labels: there are {count} of {labels}. Leave --tune out"
)
COST = "tuning: {steps} steps, about {seconds:.0f} seconds ({each:.2f} a step on {device})"
STOPPED = "no better on what it does not learn from for {patience} looks"
OUT_OF_TIME = "the time of {seconds:g} seconds was up"


@dataclass(frozen=True)
class TuneSettings:
    """How an encoder is tuned: passes over the examples, their most, rows a step, rate, and seconds at most.

    Few examples are passed more often, for `least_steps`. Where others are watched, it looks `looks` times at most,
    and `patience` looks without progress end it. `temperature` and `contrast` are the contrastive loss's own and its
    weight, `decay` that of the moving average. `length` is the most tokens of a body.
    """

    epochs: float = 4
    least_steps: int = 48
    most: int = 4_000
    batch: int = 32
    rate: float = 6e-5
    head_rate: float = 2e-3
    decay: float = 0.98
    temperature: float = 0.1
    contrast: float = 0.5
    smoothing: float = 0.1
    looks: int = 8
    patience: int = 3
    max_seconds: float = 3_600.0
    length: int = 256
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """The weights that changed (float16, by their names), and what it cost and showed, as JSON.

    `useful` is the share of the steps after which it was best on what was watched (1 where nothing was).
    """

    tensors: Arrays
    facts: dict[str, Any] = field(default_factory=dict)
    useful: float = 1.0


def tune(
    examples: Sequence[Example],
    settings: TuneSettings,
    source: Source,
    watched: Sequence[Example] = (),
) -> Tuned:
    """Tune an encoder on examples.

    Where other examples are `watched`, it stops early, and what was best on them is kept. The same examples, settings
    and machine give the same weights, unless `max_seconds` ends it. Raises UsageError where there is nothing to tell
    apart.
    """
    torch.manual_seed(settings.seed)
    rows = sampled(examples, settings.most, settings.seed)
    seen = sampled(watched, MOST_WATCHED, settings.seed)
    both = renamed([*rows, *seen])
    rows, seen = both[: len(rows)], both[len(rows) :]
    labels = sorted({name for example in rows for name in example.labels})
    if len(labels) < 2 or len(rows) < LEAST_EXAMPLES:
        raise UsageError(NOTHING_TO_TELL.format(least=LEAST_EXAMPLES, count=len(rows), labels=len(labels)))
    return _Bench(_Lesson(rows, labels), _Lesson(seen, labels), settings, source).run()


def twice(
    examples: Sequence[Example],
    old: NDArray[np.intp],
    settings: TuneSettings,
    source: Source,
    corpus: Sequence[Example] = (),
) -> tuple[Tuned, Tuned]:
    """Tune on the rows `old` while the others are watched, then on all for as long as that was useful.

    The first is for a rehearsal: what it says of the other rows is evidence. The second is for use. A `corpus` of other
    repositories' examples is learned beside them in both.
    """
    others = np.setdiff1d(np.arange(len(examples)), old)
    older, newer = [examples[row] for row in old], [examples[row] for row in others]
    tried = tune([*corpus, *older], settings, source, watched=newer)
    least = max(1, round(settings.least_steps * tried.useful))
    useful = replace(settings, epochs=settings.epochs * tried.useful, least_steps=least)
    return tried, tune([*corpus, *examples], useful, source)


class _Lesson:
    """What is learned from, or watched: titles and bodies, and which labels each has (as `truth` says it)."""

    def __init__(self, rows: Sequence[Example], labels: Sequence[str]):
        pairs = [split(example.text) for example in rows]
        self.titles, self.bodies = [title for title, _ in pairs], [body for _, body in pairs]
        self.known = truth(rows, labels)

    def __len__(self) -> int:
        return len(self.titles)


class _Bench:
    """One tuning: the encoder, the classifier over it, the average of its weights."""

    def __init__(self, lesson: _Lesson, watched: _Lesson, settings: TuneSettings, source: Source):
        self.lesson, self.watched, self.settings = lesson, watched, settings
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model: Any = tuned.load(source, {}).model.to(self.device)
        thaw(self.model)
        self.weights = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        width = 2 * int(self.model.get_embedding_dimension() or 0)
        self.classifier = nn.Linear(width, lesson.known.shape[1]).to(self.device)
        self.random = np.random.default_rng(settings.seed)
        self.each = len(self._batches())
        self.total = max(settings.least_steps, round(self.each * settings.epochs))
        self.exclusive = exclusive(lesson.known)
        self.curve: list[float] = []
        self.best: tuple[int, Arrays] | None = None

    def run(self) -> Tuned:
        """Tune until the end, an early stop, or the end of time."""
        started, done, why, told = time.monotonic(), 0, "", 0.0
        groups: list[dict[str, Any]] = [
            {"params": list(self.weights.values())},
            {"params": list(self.classifier.parameters())},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        batches: list[NDArray[np.intp]] = []
        while done < self.total and not why:
            batches = batches or self._batches()
            self._step(batches.pop(), optimizer, done)
            done += 1
            spent = time.monotonic() - started
            if done == TIMED:
                told = self._cost(spent)
            why = self._stop(done, spent)
        facts = {
            "examples": len(self.lesson),
            "steps": done,
            "epochs": round(done / self.each, 2),
            "estimated": round(told, 1),
            "seconds": round(time.monotonic() - started, 1),
            "stopped": why,
            "curve": [round(value, 4) for value in self.curve],
            "device": self.device,
        }
        best, tensors = self.best or (self.total, self._changed())
        return Tuned(tensors, facts, best / self.total)

    def _batches(self) -> list[NDArray[np.intp]]:
        return dealt([len(body) for body in self.lesson.bodies], self.settings.batch, self.random)

    def _step(self, batch: NDArray[np.intp], optimizer: torch.optim.Optimizer, done: int) -> None:
        settings, pace = self.settings, _pace(done, self.total)
        for group, rate in zip(optimizer.param_groups, (settings.rate, settings.head_rate), strict=True):
            group["lr"] = rate * pace
        self.model.train()
        both = self._embed(self.lesson, batch)
        known = torch.from_numpy(self.lesson.known[batch].astype(np.int64)).to(self.device)
        told = classified(self.classifier(both * math.sqrt(both.shape[1])), known, self.exclusive, settings.smoothing)
        pulled = contrast(nn.functional.normalize(both, dim=1), known, settings.temperature)
        optimizer.zero_grad()
        loss = (1 - settings.contrast) * told + settings.contrast * pulled
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        optimizer.step()
        # The first steps count less than `decay` says: where there are few, the average would be where it began.
        decay = min(settings.decay, (1 + done) / (10 + done))
        with torch.no_grad():
            for name, weight in self.weights.items():
                self.average[name].lerp_(weight, 1 - decay)

    def _cost(self, spent: float) -> float:
        """Say what it will take, and do less where that is too much; give the seconds."""
        each, settings = spent / TIMED, self.settings
        looks = math.ceil(len(self.watched) / settings.batch) * settings.looks * LOOK
        self.total = max(TIMED, min(self.total, math.floor(settings.max_seconds / each - looks)))
        seconds = each * (self.total + looks)
        log.info(COST.format(steps=self.total, seconds=seconds, each=each, device=self.device))
        return seconds

    def _stop(self, done: int, spent: float) -> str:
        """Say why to stop now; empty to go on."""
        if done < self.total and spent > self.settings.max_seconds:
            return OUT_OF_TIME.format(seconds=self.settings.max_seconds)
        if not len(self.watched) or (done % math.ceil(self.total / self.settings.looks) and done < self.total):
            return ""
        self.curve.append(self._look())
        if self.curve[-1] >= max(self.curve):
            self.best = done, self._changed()
        since = len(self.curve) - 1 - int(np.argmax(self.curve))
        return STOPPED.format(patience=self.settings.patience) if since >= self.settings.patience else ""

    def _look(self) -> float:
        """Measure the averaged weights on what is watched (see `ranking`)."""
        self.model.eval()
        own = {name: weight.detach().clone() for name, weight in self.weights.items()}
        with torch.no_grad():
            self._put(self.average)
            order = np.argsort([len(body) for body in self.watched.bodies], kind="stable")
            parts = np.array_split(order, math.ceil(len(order) / self.settings.batch))
            vectors = torch.cat([self._embed(self.watched, part) for part in parts])
            self._put(own)
        return ranking(nn.functional.normalize(vectors, dim=1).cpu().numpy(), self.watched.known[order])

    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, weight in self.weights.items():
            weight.copy_(weights[name])

    def _embed(self, lesson: _Lesson, places: NDArray[np.intp]) -> Tensor:
        """Give the vectors of title and body side by side."""
        bfloat = self.device == "cuda" or has_bfloat16()
        with torch.autocast(self.device, torch.bfloat16, enabled=bfloat):
            title = self._read([lesson.titles[place] for place in places], TITLE_TOKENS)
            body = self._read([lesson.bodies[place] for place in places], self.settings.length)
        return torch.cat([title.float(), body.float()], dim=1)

    def _read(self, texts: list[str], length: int) -> Tensor:
        self.model.max_seq_length = length
        features = {
            name: value.to(self.device)
            for name, value in self.model.preprocess(texts).items()
            if isinstance(value, Tensor)
        }
        found: Tensor = self.model(features)["sentence_embedding"]
        return found

    def _changed(self) -> dict[str, NDArray[Any]]:
        """Give the averaged weights under the names that the model's state has; those that nothing reads stay out."""
        return {
            name: weight.cpu().numpy().astype(np.float16)
            for name, weight in self.average.items()
            if self.weights[name].grad is not None
        }


def _pace(done: int, total: int) -> float:
    """Give the share of the rate at a step: it rises to 1, then falls as a cosine."""
    rising = max(1.0, RISING * total)
    if done < rising:
        return (done + 1) / (rising + 1)
    return (1 + math.cos(math.pi * (done - rising) / max(1.0, total - rising))) / 2
