"""Tiny models that answer questions, trained in seconds."""

import random
from pathlib import Path

import torch
from transformers import BertForQuestionAnswering

from tests.models import tiny

QUESTION = "which version ?"
OTHER_QUESTION = "what is it ?"


def answerer(folder: Path) -> Path:
    """Train a version number to answer the one question, the word after `with` the other, else that there is none."""
    chance = random.Random(0)
    fillers = [word for word in tiny.FILLERS if word not in ("with", tiny.UNKNOWN)]
    rows: list[tuple[str, str, str]] = []
    for place in range(64):
        parts = chance.choices(fillers, k=chance.randint(1, 8))
        version, thing = chance.choice(tiny.VERSIONS), chance.choice(("error", "crash"))
        parts[place % len(parts) :] = [*([version] if place % 2 else []), *parts[place % len(parts) :]]
        text = f"{' '.join(parts)} {f'with {thing} ' * (place % 3 == 0)}".strip()
        rows += [(QUESTION, text, version * (place % 2)), (OTHER_QUESTION, text, thing * (place % 3 == 0))]
    words = tiny.tokenizer([text for row in rows for text in row], tiny.CONTEXT)
    batch = words([row[0] for row in rows], [row[1] for row in rows], padding=True, return_tensors="pt")
    stretches = [_stretch(batch, place, row) for place, row in enumerate(rows)]
    starts, ends = (torch.tensor([stretch[side] for stretch in stretches]) for side in (0, 1))
    model = BertForQuestionAnswering(tiny.bert(words))
    tiny.train(model, {**batch, "start_positions": starts, "end_positions": ends}, steps=250)
    return tiny.save(model, words, folder)


def _stretch(batch: object, row: int, asked: tuple[str, str, str]) -> tuple[int, int]:
    """Find the answer's tokens; the first token stands for none."""
    _, text, answer = asked
    if not answer:
        return 0, 0
    start = text.index(answer)
    first, last = (batch.char_to_token(row, place, 1) for place in (start, start + len(answer) - 1))  # type: ignore[attr-defined]
    return first, last
