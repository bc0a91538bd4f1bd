"""Train the head that comes with hubpipe on the issues in scripts/zero_day, which we wrote ourselves.

    python -m scripts.zero_day [--out DIR]

Every line of scripts/zero_day/KIND.jsonl is a title and a body of one of four kinds of issues. The same lines make the
same head, byte for byte, on the same kind of processor.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from hubpipe.models import embedded, hub
from hubpipe.models.learned import folder
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.kinds import ZERO_DAY_KINDS
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training.examples import Example
from hubpipe.training.fit import Learnt, Settings, fit

TEXTS = Path(__file__).parent / "zero_day"
SETTINGS = Settings(labels=ZERO_DAY_KINDS, strange=True)
CARD = """\
---
license: apache-2.0
language: en
library_name: hubpipe
pipeline_tag: text-classification
base_model: {base}
---
# hubpipe's zero-day head

Tells {labels} apart in a repository that hubpipe has learned nothing of yet, in English. It reads the embeddings of
{base}, what an inner layer of it makes of title and body, and traits of both.

It was learned from {count} issues that the authors of hubpipe wrote for this ({counts}); they stand in
scripts/zero_day, and scripts/zero_day.py trains it. No issue of anybody else is in it.

A new repository's issues are other than ours: benchmarks/nlbse24.py says how well it does there. A model that was
learned from the repository's own history is better: `hubpipe train`.
"""


def main() -> int:
    """Train and save the head."""
    options = argparse.ArgumentParser(description="Train the head that comes with hubpipe.")
    options.add_argument("--out", type=Path, default=hub.ZERO_DAY_FOLDER)
    given = options.parse_args()
    examples = read()
    learnt = train(examples, encoder())
    folder.save(given.out, learned(examples, learnt), card(examples))
    right = (learnt.evidence.scores.argmax(axis=1) == learnt.evidence.truth.argmax(axis=1)).mean()
    print(f"{given.out}: {len(examples)} issues, {right:.3f} right of those not learned from, {learnt.parts.spec}")
    return 0


def read() -> list[Example]:
    """Read the issues that we wrote; that we wrote more of one kind makes it no likelier: each kind weighs the same."""
    lines = {kind: (TEXTS / f"{kind}.jsonl").read_text("utf-8").splitlines() for kind in ZERO_DAY_KINDS}
    usual = sum(map(len, lines.values())) / len(lines)
    return [
        Example(issue["title"], issue["body"], (kind,), weight=usual / len(own))
        for kind, own in lines.items()
        for issue in map(json.loads, own)
    ]


def encoder() -> Encoder:
    """Load the embedded model."""
    found = embedded.find(None)
    if found is None:
        sys.exit("the embedded model is not installed: make setup")
    return Encoder(Source(found, embedded.NAME, embedded.REVISION))


def train(examples: list[Example], over: Encoder) -> Learnt:
    """Learn the four kinds, in one thread: several add up in another order, and the last digits differ."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return fit(examples, SETTINGS, over)


def learned(examples: list[Example], learnt: Learnt) -> Learned:
    """Say what was learned of what."""
    seen = np.array(sorted(int(example.fingerprint, 16) for example in examples), dtype=np.uint64)
    return Learned(learnt.parts, learnt.evidence, seen, {"learned": len(examples), "corpus": "written for hubpipe"})


def card(examples: list[Example]) -> str:
    """Write the model card."""
    counts = ", ".join(f"{sum(kind in example.labels for example in examples)} {kind}" for kind in ZERO_DAY_KINDS)
    return CARD.format(base=embedded.REPO, labels=", ".join(ZERO_DAY_KINDS), count=len(examples), counts=counts)


if __name__ == "__main__":
    sys.exit(main())
