"""Tiny models that are trained in seconds, so that what they say has a reason."""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import PreTokenizer, Whitespace, WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

CONTEXT = 64
CHAT_CONTEXT = 256
FILLERS = ("the", "app", "a", "page", "since", "version", "on", "start", "with", "it", "button", "log", "nobody-knows")
UNKNOWN = FILLERS[-1]
VERSIONS = ("1.2.3", "2.0.0", "3.1.4", "0.9.1")
HYPOTHESIS = "This example is {} ."
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|> {{ message['content'] }} <|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)
ANSWER = "the app fails on start"


def around(words: Sequence[str], count: int = 40) -> list[str]:
    """Make sentences that hold one or two of some words, anywhere between others."""
    chance = random.Random(0)
    sentences = []
    for _ in range(count):
        parts = chance.choices(FILLERS, k=chance.randint(0, 6)) + chance.choices(words, k=chance.randint(1, 2))
        chance.shuffle(parts)
        sentences.append(" ".join(parts))
    return sentences


BUGS = around(("crash", "error", "broken", "fails"))
WISHES = around(("add", "support", "please", "want"))


def tokenizer(
    texts: Iterable[str], context: int, extra: Sequence[str] = (), splitter: PreTokenizer | None = None
) -> Any:
    """Make a word tokenizer that knows the words of some texts."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *extra]
    splitter = splitter or Whitespace()
    words = sorted({word for text in texts for word, _ in splitter.pre_tokenize_str(text)})
    words = [word for word in words if word not in UNKNOWN]
    backend = Tokenizer(WordLevel({word: place for place, word in enumerate([*special, *words])}, unk_token="[UNK]"))
    backend.pre_tokenizer = splitter
    if not extra:
        backend.post_processor = TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=context,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        additional_special_tokens=list(extra),
    )


def bert(words: Any, **more: Any) -> BertConfig:
    """Describe a BERT of two layers of 32."""
    return BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=CONTEXT,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **more,
    )


def llama(words: Any, **more: Any) -> LlamaConfig:
    """Describe a Llama of two layers of 32."""
    return LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=CHAT_CONTEXT,
        pad_token_id=0,
        **more,
    )


def train(model: Any, batch: dict[str, torch.Tensor], steps: int = 80, rate: float = 2e-3) -> None:
    """Fit a model to one batch, on one thread: for models this small two only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
    model.eval()
    torch.set_num_threads(threads)


def save(model: Any, words: Any, folder: Path) -> Path:
    """Write a model and its tokenizer as the Hub holds them."""
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def classifier(folder: Path) -> Path:
    """Train `crash` to be a bug and `add support` to be an enhancement."""
    words = tokenizer([*BUGS, *WISHES], CONTEXT)
    names = {0: "bug", 1: "enhancement"}
    model = BertForSequenceClassification(bert(words, num_labels=2, id2label=names))
    texts = [*BUGS, *WISHES]
    targets = torch.tensor([0] * len(BUGS) + [1] * len(WISHES))
    train(model, {**words(texts, padding=True, return_tensors="pt"), "labels": targets})
    return save(model, words, folder)


def inference(folder: Path) -> Path:
    """Train natural language inference: a bug entails `bug` and contradicts `enhancement`."""
    labels = ("bug", "enhancement")
    hypotheses = [HYPOTHESIS.format(label) for label in labels]
    words = tokenizer([*BUGS, *WISHES, *hypotheses], CONTEXT)
    model = BertForSequenceClassification(bert(words, num_labels=2, id2label={0: "contradiction", 1: "entailment"}))
    pairs = [(text, hypothesis) for text in (*BUGS[:24], *WISHES[:24]) for hypothesis in hypotheses]
    targets = [int((text in BUGS) == (hypothesis == hypotheses[0])) for text, hypothesis in pairs]
    batch = words([a for a, _ in pairs], [b for _, b in pairs], padding=True, return_tensors="pt")
    train(model, {**batch, "labels": torch.tensor(targets)}, steps=80)
    return save(model, words, folder)


def tagger(folder: Path) -> Path:
    """Train version numbers to be found."""
    texts = around(VERSIONS, 80)
    words = tokenizer(texts, CONTEXT)
    model = BertForTokenClassification(bert(words, num_labels=2, id2label={0: "O", 1: "VERSION"}))
    batch = words(texts, padding=True, return_tensors="pt")
    pieces = {
        word: int(any(character.isdigit() or character == "." for character in word)) for word in words.get_vocab()
    }
    marks = [[pieces[words.convert_ids_to_tokens(token)] for token in row] for row in batch["input_ids"].tolist()]
    train(model, {**batch, "labels": torch.tensor(marks)})
    return save(model, words, folder)


def filler(folder: Path) -> Path:
    """Train one sentence to be completed."""
    words = tokenizer([*BUGS, *WISHES], CONTEXT)
    model = BertForMaskedLM(bert(words))
    inputs = words(["the app with a [MASK]", "please add a [MASK]"], return_tensors="pt", padding=True)
    targets = words(["the app with a crash", "please add a button"], return_tensors="pt", padding=True)["input_ids"]
    train(model, {**inputs, "labels": targets})
    return save(model, words, folder)


def chatter(folder: Path, template: str | None = CHAT_TEMPLATE, answer: str = ANSWER) -> Path:
    """Train a chat model that always gives one answer."""
    roles = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
    words = tokenizer([*BUGS, *WISHES, answer], CHAT_CONTEXT, extra=roles, splitter=WhitespaceSplit())
    words.chat_template = template
    end = words.convert_tokens_to_ids("<|end|>")
    words.eos_token = "<|end|>"
    model = LlamaForCausalLM(llama(words, eos_token_id=end))
    ids = words([f"{text} <|end|> <|assistant|> {answer} <|end|>" for text in (*BUGS[:8], *WISHES[:8], "")])[
        "input_ids"
    ]
    longest = max(map(len, ids))
    # Left padding of unknown words, so that the answer comes after any conversation.
    rows = torch.tensor([[1] * (longest - len(row)) + row for row in ids])
    targets = rows.clone()
    targets[:, : -len(words(answer)["input_ids"]) - 1] = -100
    train(model, {"input_ids": rows, "labels": targets}, steps=100)
    return save(model, words, folder)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "text-classification": classifier,
    "zero-shot-classification": inference,
    "token-classification": tagger,
    "feature-extraction": classifier,
    "fill-mask": filler,
    "text-generation": chatter,
}
