"""An encoder tells besides a text's vector what an inner layer made of it: how it speaks, not what of."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from hubpipe.models import embedded
from hubpipe.models import inner as inner_layers
from hubpipe.models.inner import DEPTH, layers_of
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder

TEXTS = [
    "The editor crashes on start",
    "",
    "How do I turn it off? " * 200,
    "תקלה בהפעלה \u202e 🎉",
    "bad \ud800 surrogate",
    "The editor crashes on start",
    "x",
]


def source() -> Source:
    folder = embedded.find(None)
    assert folder is not None
    return Source(folder, embedded.NAME, embedded.REVISION)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(source())


def by_transformers(texts: Sequence[str], layer: int) -> list[np.ndarray]:
    """Ask Transformers alone for the mean of a layer's tokens, text by text."""
    folder = source().folder
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    found = []
    for text in texts:
        features = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**features, output_hidden_states=True).hidden_states[layer]
        found.append(hidden[0].mean(dim=0).numpy())
    return found


def test_the_vectors_beside_an_inner_layers_are_those_that_come_without(encoder: Encoder) -> None:
    vectors, inner = encoder.read(TEXTS)
    assert np.array_equal(vectors, encoder.embed(TEXTS))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert inner.shape == (len(TEXTS), 384)
    assert np.isfinite(inner).all()
    assert np.array_equal(inner[0], inner[5])


def test_an_inner_layers_are_what_transformers_gives_for_each_text_alone(encoder: Encoder) -> None:
    plain = [TEXTS[0], TEXTS[2], "x", "Add an option\n\nI would like one."]
    layer = round(DEPTH * len(layers_of(encoder.model)))
    assert layer == 4
    _, inner = encoder.read(plain)
    for row, expected in zip(inner, by_transformers(plain, layer), strict=True):
        assert row == pytest.approx(expected, abs=1e-4)


def test_reading_quickly_is_nearly_the_same(encoder: Encoder) -> None:
    _, exact = encoder.read(TEXTS[:3])
    _, quick = encoder.read(TEXTS[:3], quick=True)
    assert np.abs(exact - quick).max() < 0.05 * np.abs(exact).max()


def test_reading_deep_changes_nothing_of_what_is_embedded_afterwards() -> None:
    encoder = Encoder(source())
    before = encoder.embed(TEXTS)
    encoder.read(TEXTS)
    assert np.array_equal(before, encoder.embed(TEXTS))


def test_a_layer_that_does_not_give_a_vector_for_each_token_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(source())
    [pooler] = [module for name, module in encoder.model.named_modules() if name.endswith(".pooler")]
    monkeypatch.setattr(inner_layers, "layers_of", lambda _: nn.ModuleList([pooler, pooler]))
    vectors, inner = encoder.read(TEXTS)
    assert np.array_equal(vectors, encoder.embed(TEXTS))
    assert inner.shape == (len(TEXTS), 0)
