"""Tiny models of the other libraries, made in seconds."""

import json
import re
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import peft
import pytest
import skops.io
import torch
import transformers
from model2vec import StaticModel
from model2vec.inference import StaticModelPipeline
from model2vec.inference.mlp import Activation, Layer, MLPHead
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from spacy import blank
from spacy.training import Example
from spacy.util import fix_random_seed  # type: ignore[attr-defined]
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

from hubpipe.models.base import Places
from hubpipe.models.learned.folder import save
from hubpipe.training.archiving import kept
from hubpipe.training.examples import Example as Issue
from hubpipe.training.fit import Settings
from hubpipe.training.learning import Plan, learn
from tests.models import readers, tiny, writers
from tests.models.specimens.maker import Maker, StepKeys

NAMES = ("bug", "enhancement")
TEXTS = [*tiny.BUGS, *tiny.WISHES]
KINDS = [*(NAMES[0] for _ in tiny.BUGS), *(NAMES[1] for _ in tiny.WISHES)]


def static() -> StaticModel:
    """Make a table of vectors: words of bugs point one way, words of wishes another."""
    words = tiny.tokenizer([*TEXTS, "bug", "enhancement"], tiny.CONTEXT).backend_tokenizer
    near = dict.fromkeys(("crash", "error", "broken", "fails", "bug"), 0)
    near |= dict.fromkeys(("add", "support", "please", "want", "enhancement"), 1)
    vectors = np.full((words.get_vocab_size(), 4), 0.1, dtype=np.float32)
    for word, place in words.get_vocab().items():
        vectors[place, near.get(word, 2)] = 3.0 if word in near else 0.2
    return StaticModel(vectors, words)


def model2vec(folder: Path) -> Path:
    """Save a table of vectors."""
    static().save_pretrained(folder)
    return folder


def model2vec_classifier(folder: Path) -> Path:
    """Save a table of vectors with a head that reads the kind off them."""
    head = MLPHead([Layer(np.eye(2, 4, dtype=np.float32), np.zeros(2, dtype=np.float32))], Activation.SOFTMAX, names())
    StaticModelPipeline(static(), head).save_pretrained(str(folder))
    return folder


def names() -> Any:
    """Give the labels as the libraries of numbers hold them."""
    return np.asarray(NAMES)


def sklearn(folder: Path) -> Path:
    """Train a linear classifier of words."""
    folder.mkdir(parents=True)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, KINDS)
    skops.io.dump(model, folder / "model.skops")
    return folder


def encoder(folder: Path) -> Path:
    """Make an encoder of sentences from the inside of a classifier, which sets bugs and wishes apart."""
    base = tiny.classifier(folder.with_name(f"{folder.name}-base"))
    model = SentenceTransformer(modules=[Transformer(str(base)), Pooling(32)], device="cpu")
    model.save(str(folder), create_model_card=False)
    return folder


def setfit(folder: Path, head: Any = None, kinds: Sequence[Any] = KINDS, labels: Sequence[str] | None = None) -> Path:
    """Save an encoder with a head over it, as SetFit does."""
    encoder(folder)
    vectors = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, show_progress_bar=False)
    joblib.dump((head or LogisticRegression()).fit(vectors, kinds), folder / "model_head.pkl")
    settings = {"normalize_embeddings": False, "labels": labels}
    (folder / "config_setfit.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def spacy(folder: Path, part: str, examples: Sequence[tuple[str, dict[str, Any]]]) -> Path:
    """Train one part of a spaCy pipeline."""
    fix_random_seed(0)
    nlp = blank("en")
    width = {"width": 32, "embed_size": 500, "depth": 1}
    architecture = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "window_size": 1}
    inside = {**architecture, **width, "maxout_pieces": 2, "subword_features": True}
    nlp.add_pipe(part, config={"model": {**MODELS[part], "tok2vec": inside}})
    lessons = [Example.from_dict(nlp.make_doc(text), truth) for text, truth in examples]
    optimizer = nlp.initialize(lambda: lessons)
    for _ in range(40):
        nlp.update(lessons, sgd=optimizer)
    nlp.to_disk(folder)
    return folder


def spacy_classifier(folder: Path) -> Path:
    """Train `crash` to be a bug and `add support` to be an enhancement."""
    return spacy(
        folder,
        "textcat",
        [
            (text, {"cats": {name: float(name == kind) for name in NAMES}})
            for text, kind in zip(TEXTS, KINDS, strict=True)
        ],
    )


def spacy_tagger(folder: Path) -> Path:
    """Train version numbers to be found."""
    places = [
        (text, [found.span() for found in re.finditer(r"\d\S*", text)]) for text in tiny.around(tiny.VERSIONS, 40)
    ]
    return spacy(
        folder, "ner", [(text, {"entities": [(*span, "VERSION") for span in spans]}) for text, spans in places]
    )


MODELS = {
    "textcat": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        **{f"use_reduce_{how}": how in ("max", "mean") for how in ("first", "last", "max", "mean")},
    },
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
    },
}


def onnx(folder: Path, make: Maker, head: str) -> Path:
    """Export a tiny Transformers model as Transformers.js repositories hold it: no torch weights beside it."""
    base = make(folder.with_name(f"{folder.name}-base"))
    model = getattr(transformers, head).from_pretrained(base, attn_implementation="eager").eval()
    words = transformers.AutoTokenizer.from_pretrained(base)
    batch = words(["the app fails", "add support on the page"], padding=True, return_tensors="pt")
    (folder / "onnx").mkdir(parents=True)
    sizes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    # It asks for the package onnx only to add functions of onnxscript, of which there are none.
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(onnx_proto_utils, "_add_onnxscript_fn", lambda written, _: written)
        torch.onnx.export(
            Alone(model),
            (batch["input_ids"], batch["attention_mask"]),
            folder / "onnx" / "model.onnx",
            input_names=list(sizes),
            output_names=["last_hidden_state" if head == "AutoModel" else "logits"],
            dynamic_axes=sizes,
            dynamo=False,
        )
    words.save_pretrained(folder)
    model.config.save_pretrained(folder)
    return folder


class Alone(torch.nn.Module):
    """A model that gives its first output alone."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Give logits, or the last layer."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]


def once(make: Maker) -> Maker:
    """Make a model for the first who asks, and give it to all others."""
    made: list[Path] = []

    def first(folder: Path) -> Path:
        made.extend([] if made else [make(folder)])
        return made[0]

    return first


ONNX_ENCODER = once(partial(onnx, make=tiny.classifier, head="AutoModel"))


def adapter(folder: Path, make: Maker, head: str, kind: str, trained: str = "query") -> Path:
    """Lay a LoRA adapter over a tiny Transformers model, which it does not change yet."""
    base = make(folder.with_name(f"{folder.name}-base"))
    model = getattr(transformers, head).from_pretrained(base)
    laid = peft.get_peft_model(model, peft.LoraConfig(task_type=kind, target_modules=[trained], r=4))
    laid.save_pretrained(str(folder))
    return folder


def trained_adapter(folder: Path) -> Path:
    """Train an adapter and a head over an encoder that knows nothing."""
    words = tiny.tokenizer(TEXTS, tiny.CONTEXT)
    base = tiny.save(transformers.BertModel(tiny.bert(words)), words, folder.with_name(f"{folder.name}-base"))
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
    laid = peft.get_peft_model(
        model, peft.LoraConfig(task_type="SEQ_CLS", target_modules=["query", "value"], r=8, lora_alpha=32)
    )
    targets = torch.tensor([NAMES.index(kind) for kind in KINDS])
    tiny.train(laid, {**words(TEXTS, padding=True, return_tensors="pt"), "labels": targets}, steps=150)
    laid.save_pretrained(str(folder))
    return folder


T5_ADAPTER = once(
    partial(adapter, make=writers.summarizer, head="AutoModelForSeq2SeqLM", kind="SEQ_2_SEQ_LM", trained="q")
)


def bertopic(folder: Path) -> Path:
    """Write two topics and the outliers, embedded by an encoder beside them, as BERTopic writes them."""
    beside = encoder(folder.with_name(f"{folder.name}-encoder"))
    vectors = SentenceTransformer(str(beside), device="cpu").encode(TEXTS, show_progress_bar=False)
    rows = [np.ones(32, dtype=np.float32), *(vectors[np.array(KINDS) == name].mean(axis=0) for name in NAMES)]
    words = {-1: ["the", "app"], 0: ["crash", "fails"], 1: ["add", "support"]}
    topics = {
        "topic_representations": {topic: [[word, 0.5] for word in both] for topic, both in words.items()},
        "topics": [NAMES.index(kind) for kind in KINDS],
        "topic_sizes": {-1: 0, 0: 40, 1: 40},
        "topic_mapper": [[-1, -1], [0, 0], [1, 1]],
        "topic_labels": {topic: "_".join([str(topic), *both]) for topic, both in words.items()},
        "custom_labels": None,
        "_outliers": 1,
        "topic_aspects": {},
    }
    folder.mkdir(parents=True)
    save_file({"topic_embeddings": np.stack(rows)}, folder / "topic_embeddings.safetensors")
    settings = {"embedding_model": str(beside), "n_gram_range": [1, 1], "language": "english"}
    for name, content in (("topics.json", topics), ("config.json", settings)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def learned(folder: Path) -> Path:
    """Learn the kinds of twenty issues over the embedded model, and keep an index of them."""
    pairs = [
        (text, kind, more)
        for more in ("Please help", "It is important")
        for text, kind in zip(TEXTS, KINDS, strict=True)
    ]
    examples = [
        Issue(text, f"{text}. {more}", (kind,), number=number, open=True)
        for number, (text, kind, more) in enumerate(pairs, start=1)
    ]
    places, plan = Places(offline=True), Plan(Settings(min_examples=2))
    model = learn(examples, plan, places, lambda _: None)
    save(folder, model, "# A model\n", kept(examples, model, plan, 0.9, places).files)
    return folder


# By library and task: what writes the model into a folder, and the keys that its step needs.
MAKERS: dict[tuple[str, str], Maker] = {
    ("hubpipe", "text-classification"): learned,
    ("hubpipe", "zero-shot-classification"): learned,
    ("hubpipe", "sentence-similarity"): learned,
    **{
        ("model2vec", task): model2vec
        for task in (
            "zero-shot-classification",
            "sentence-similarity",
            "feature-extraction",
            "summarization",
            "question-answering",
        )
    },
    ("model2vec", "text-classification"): model2vec_classifier,
    ("bertopic", "text-classification"): bertopic,
    ("peft", "text-classification"): trained_adapter,
    ("peft", "token-classification"): partial(
        adapter, make=tiny.tagger, head="AutoModelForTokenClassification", kind="TOKEN_CLS"
    ),
    ("peft", "feature-extraction"): partial(adapter, make=tiny.classifier, head="AutoModel", kind="FEATURE_EXTRACTION"),
    ("peft", "question-answering"): partial(
        adapter, make=readers.answerer, head="AutoModelForQuestionAnswering", kind="QUESTION_ANS"
    ),
    **{("peft", task): T5_ADAPTER for task in ("summarization", "text2text-generation", "translation")},
    ("peft", "text-generation"): partial(
        adapter, make=tiny.chatter, head="AutoModelForCausalLM", kind="CAUSAL_LM", trained="q_proj"
    ),
    ("sklearn", "text-classification"): sklearn,
    ("setfit", "text-classification"): setfit,
    **{
        ("transformers.js", task): ONNX_ENCODER
        for task in ("sentence-similarity", "feature-extraction", "summarization")
    },
    ("transformers.js", "text-classification"): partial(
        onnx, make=tiny.classifier, head="AutoModelForSequenceClassification"
    ),
    ("transformers.js", "zero-shot-classification"): partial(
        onnx, make=tiny.inference, head="AutoModelForSequenceClassification"
    ),
    ("transformers.js", "token-classification"): partial(
        onnx, make=tiny.tagger, head="AutoModelForTokenClassification"
    ),
    ("spacy", "text-classification"): spacy_classifier,
    ("spacy", "token-classification"): spacy_tagger,
}
STEPS: dict[tuple[str, str], StepKeys] = {
    ("hubpipe", "sentence-similarity"): {"against": "issues"},
    ("transformers.js", "zero-shot-classification"): {"hypothesis_template": tiny.HYPOTHESIS},
}
