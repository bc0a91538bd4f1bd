"""Tuned encoders: changed weights are laid over the encoder's own, and only where they belong."""

import numpy as np
import pytest
import torch

from hubpipe.errors import ModelError
from hubpipe.models import embedded
from hubpipe.models.learned import tuned
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder

TEXTS = ["The editor crashes on start", "How do I add a theme?"]


@pytest.fixture(scope="module")
def source() -> Source:
    folder = embedded.find(None)
    assert folder is not None
    return Source(folder, embedded.NAME, embedded.REVISION)


def bias_of(encoder: Encoder) -> str:
    return next(name for name in encoder.model.state_dict() if name.endswith("layer.5.output.dense.bias"))


def test_without_changed_weights_the_encoder_is_as_it_was(source: Source) -> None:
    assert np.array_equal(tuned.load(source, {}).embed(TEXTS), Encoder(source).embed(TEXTS))


def test_changed_weights_take_the_place_of_the_encoders_own_in_float32(source: Source) -> None:
    own = Encoder(source)
    name = bias_of(own)
    changed = np.linspace(-1, 1, 384).astype(np.float16)
    encoder = tuned.load(source, {name: changed})
    laid = encoder.model.state_dict()[name]
    assert laid.dtype == torch.float32
    assert np.array_equal(laid.numpy(), changed.astype(np.float32))
    assert not np.allclose(encoder.embed(TEXTS), own.embed(TEXTS), atol=0.01)


@pytest.mark.threat("attack", "supply-chain")
def test_weights_of_another_encoder_are_refused_and_none_is_laid(source: Source) -> None:
    encoder = Encoder(source)
    before = encoder.embed(TEXTS)
    first = {bias_of(encoder): np.ones(384, np.float16)}
    with pytest.raises(ModelError, match=r"embedded has no weights nothing\.weight of shape \(2,\).*Train it again"):
        tuned.lay(encoder, "embedded", {**first, "nothing.weight": np.ones(2, np.float16)})
    assert np.array_equal(encoder.embed(TEXTS), before)


def test_weights_of_another_shape_are_refused(source: Source) -> None:
    name = bias_of(Encoder(source))
    with pytest.raises(ModelError, match=rf"{name} of shape \(768,\)"):
        tuned.load(source, {name: np.ones(768, np.float16)})
