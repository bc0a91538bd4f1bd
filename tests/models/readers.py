"""Tiny models that answer questions, trained in seconds."""

import importlib
import random
import string
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import (
    BertForQuestionAnswering,
    LlamaForCausalLM,
    TapasConfig,
    TapasForQuestionAnswering,
    TapasTokenizer,
)

from tests.models import tiny

# By name: it has no annotations.
pandas: Any = importlib.import_module("pandas")

QUESTION = "which version ?"
OTHER_QUESTION = "what went wrong ?"
TABLE = (("part", "state", "count"), ("login", "works", "3"), ("search", "broken", "4"))
PARTS = ("login", "search", "menu", "page", "log", "help")
# The column that answers each, and TAPAS's number of the aggregator.
ASKED = {"what is broken": (2, 0), "sum of count": (3, 1), "how many parts": (1, 3)}


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
    model = BertForQuestionAnswering(tiny.bert(words, initializer_range=0.1))
    tiny.train(model, {**batch, "start_positions": starts, "end_positions": ends}, steps=120, rate=5e-3)
    return tiny.save(model, words, folder)


def decider(folder: Path) -> Path:
    """Train a chat model to answer Yes, and A, to a crash; No, and B, to a wish."""
    roles = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
    letters = " ".join(string.ascii_uppercase)
    asks = {"Answer Yes or No only.": ("Yes", "No"), "Answer with the letter": ("A", "B")}
    words = tiny.tokenizer(
        [*tiny.BUGS, *tiny.WISHES, letters, *asks, "Yes No"], tiny.CHAT_CONTEXT, roles, WhitespaceSplit()
    )
    words.chat_template = tiny.CHAT_TEMPLATE
    rows = [
        f"<|user|> {text} {asked} <|end|> <|assistant|> {answers[text in tiny.WISHES]}"
        for asked, answers in asks.items()
        for text in (*tiny.BUGS[:20], *tiny.WISHES[:20])
    ]
    ids = words(rows)["input_ids"]
    longest = max(map(len, ids))
    batch = torch.tensor([[0] * (longest - len(row)) + row for row in ids])
    targets = batch.clone()
    targets[:, :-1] = -100
    model = LlamaForCausalLM(tiny.llama(words))
    tiny.train(model, {"input_ids": batch, "attention_mask": (batch != 0).long(), "labels": targets}, steps=100)
    return tiny.save(model, words, folder)


def tapas(folder: Path) -> Path:
    """Train a TAPAS to find what is broken (cells), and to sum up or count (aggregators)."""
    folder.mkdir(parents=True)
    numbers = [str(number) for number in range(1, 10)]
    known = [*TABLE[0], *PARTS, "works", "broken", *numbers, *(word for asked in ASKED for word in asked.split())]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[EMPTY]"]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys([*special, *known])))
    words = TapasTokenizer(str(folder / "vocab.txt"), model_max_length=tiny.CONTEXT)
    chance = random.Random(0)
    batches = [_asked(words, chance, question) for question in ASKED for _ in range(8)]
    longest = max(batch["input_ids"].shape[1] for batch in batches)
    batch = {key: torch.cat([_wide(one[key], longest) for one in batches]) for key in batches[0]}
    model = TapasForQuestionAnswering(
        TapasConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=tiny.CONTEXT,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.1,
            num_aggregation_labels=4,
            aggregation_labels={0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"},
            no_aggregation_label_index=0,
        )
    )
    tiny.train(model, batch, steps=40, rate=5e-3)
    return tiny.save(model, words, folder)


def _asked(words: Any, chance: random.Random, question: str) -> dict[str, torch.Tensor]:
    """Make one table with the cells and the aggregator that answer a question."""
    rows = [
        [part, chance.choice(("works", "broken")) if place else "broken", str(chance.randint(1, 9))]
        for place, part in enumerate(chance.sample(PARTS, chance.randint(2, 5)))
    ]
    batch = words(pandas.DataFrame(rows, columns=TABLE[0]), question, return_tensors="pt").data
    _, columns, places = (batch["token_type_ids"][0, :, kind] for kind in range(3))
    column, aggregator = ASKED[question]
    wanted = torch.tensor([place > 0 and (aggregator or rows[place - 1][1] == "broken") for place in places.tolist()])
    batch["labels"] = (wanted.bool() & (columns == column))[None].long()
    batch["aggregation_labels"] = torch.tensor([aggregator])
    return dict(batch)


def _wide(values: torch.Tensor, longest: int) -> torch.Tensor:
    """Fill a row of tokens up to the longest."""
    if values.dim() == 1:
        return values
    missing = longest - values.shape[1]
    return torch.cat([values, values.new_zeros(1, missing, *values.shape[2:])], dim=1)


def _stretch(batch: object, row: int, asked: tuple[str, str, str]) -> tuple[int, int]:
    """Find the answer's tokens; the first token stands for none."""
    _, text, answer = asked
    if not answer:
        return 0, 0
    start = text.index(answer)
    first, last = (batch.char_to_token(row, place, 1) for place in (start, start + len(answer) - 1))  # type: ignore[attr-defined]
    return first, last
