"""Any encoder's inner layer is read as Transformers gives it, or not at all; what is embedded beside it stays."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
import pytest
import torch
import transformers as library
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling

from hubpipe.errors import ModelError
from hubpipe.models import inner as inner_layers
from hubpipe.models.inner import layers_of
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.server.shared import SharedEncoder
from tests.models import tiny

TEXTS = [*(" ".join(["the app crash"] * count) for count in (1, 2, 5, 9, 21)), "", "please add it", "the app crash"]
WORDS = tiny.tokenizer(tiny.BUGS + tiny.WISHES, tiny.CONTEXT)
SMALL: dict[str, Any] = {
    "vocab_size": len(WORDS),
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 80,
}
ENDS: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def bert() -> Any:
    return library.BertModel(library.BertConfig(**SMALL))


def distilbert() -> Any:
    return library.DistilBertModel(
        library.DistilBertConfig(
            vocab_size=len(WORDS), dim=32, n_layers=3, n_heads=2, hidden_dim=64, max_position_embeddings=80
        )
    )


def t5() -> Any:
    return library.T5EncoderModel(
        library.T5Config(vocab_size=len(WORDS), d_model=32, d_kv=16, d_ff=64, num_layers=3, num_heads=2)
    )


def modernbert() -> Any:
    return library.ModernBertModel(library.ModernBertConfig(**SMALL, **ENDS, cls_token_id=2, sep_token_id=3))


def longformer() -> Any:
    return library.LongformerModel(library.LongformerConfig(**SMALL, attention_window=8))


def xlnet() -> Any:
    return library.XLNetModel(library.XLNetConfig(vocab_size=len(WORDS), d_model=32, n_layer=3, n_head=2, d_inner=64))


def albert() -> Any:
    return library.AlbertModel(library.AlbertConfig(**SMALL, embedding_size=16))


def made(folder: Path, model: Any, told: dict[str, Any] | None = None, *more: Any) -> Source:
    """Save an encoder that does not scale its vectors itself, as the Hub holds it."""
    torch.manual_seed(0)
    base = tiny.save(model, WORDS, folder / "base")
    modules = [Transformer(str(base)), Pooling(32), *more]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "all"), create_model_card=False)
    settings = folder / "all" / "config_sentence_transformers.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text("utf-8")), **(told or {})}), "utf-8")
    return Source(folder / "all", "tiny", None)


def expected(encoder: Encoder, text: str) -> np.ndarray:
    """Ask Transformers alone for what the second of three layers gives for a text."""
    features = WORDS(text, truncation=True, max_length=encoder.model.max_seq_length, return_tensors="pt")
    known = {name: features[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        inside: Any = encoder.model[0]
        hidden = inside.model(**known, output_hidden_states=True).hidden_states[2]
    found: np.ndarray = hidden[0].mean(dim=0).numpy()
    return found


@pytest.mark.parametrize("model", [bert, distilbert, t5, modernbert])
@pytest.mark.parametrize("normal", [True, False])
def test_an_inner_layer_is_read_beside_vectors_that_stay_the_same(
    model: Callable[[], Any], normal: bool, tmp_path: Path
) -> None:
    encoder = Encoder(made(tmp_path, model()), normal)
    vectors, inner = encoder.read(TEXTS)
    assert np.array_equal(vectors, encoder.embed(TEXTS))
    lengths = np.linalg.norm(vectors, axis=1)
    assert (np.abs(lengths - 1) < 1e-5).all() == normal
    for row, text in zip(inner, TEXTS, strict=True):
        assert row == pytest.approx(expected(encoder, text), abs=1e-5)
        assert encoder.read([text])[1][0] == pytest.approx(row, abs=1e-5)


@pytest.mark.parametrize("model", [longformer, xlnet, albert])
def test_what_is_no_vector_for_each_token_of_one_layer_is_not_read(model: Callable[[], Any], tmp_path: Path) -> None:
    encoder = Encoder(made(tmp_path, model()))
    for texts in (TEXTS, TEXTS[:1], TEXTS[3:4], TEXTS[:4]):
        vectors, inner = encoder.read(texts)
        assert np.array_equal(vectors, encoder.embed(texts))
        assert inner.shape == (len(texts), 0)


@pytest.mark.parametrize(
    "told",
    [
        {"truncate_dim": 8},
        {"prompts": {"text": ""}, "default_prompt_name": "text"},
        {"prompts": {"query": "please add "}, "default_prompt_name": "query"},
    ],
)
def test_what_a_model_says_of_its_use_holds_for_reading_too(told: dict[str, Any], tmp_path: Path) -> None:
    encoder = Encoder(made(tmp_path / "told", bert(), told))
    vectors, inner = encoder.read(TEXTS)
    assert np.array_equal(vectors, encoder.embed(TEXTS))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert vectors.shape[1] == told.get("truncate_dim", 32)
    assert inner.shape == (len(TEXTS), 32)


def test_a_prompt_is_read_at_the_inner_layer_too(tmp_path: Path) -> None:
    told = {"prompts": {"query": "please add "}, "default_prompt_name": "query"}
    plain, asked = Encoder(made(tmp_path / "plain", bert())), Encoder(made(tmp_path / "asked", bert(), told))
    assert asked.read(["it"])[1] == pytest.approx(plain.read(["please add it"])[1], abs=1e-6)


def test_vectors_of_another_width_than_the_layers_are_told_from_them(tmp_path: Path) -> None:
    encoder = Encoder(made(tmp_path, bert(), None, Dense(32, 16)))
    vectors, inner = encoder.read(TEXTS)
    assert np.array_equal(vectors, encoder.embed(TEXTS))
    assert (vectors.shape[1], inner.shape[1]) == (16, 32)
    assert inner[0] == pytest.approx(expected(encoder, TEXTS[0]), abs=1e-5)


def test_nothing_to_read_is_nothing(tmp_path: Path) -> None:
    _, inner = Encoder(made(tmp_path, bert())).read([])
    assert inner.shape == (0, 0)


def test_nobody_listens_once_it_was_read(tmp_path: Path) -> None:
    encoder = Encoder(made(tmp_path, bert()))
    encoder.read(TEXTS)
    assert not [module for module in encoder.model.modules() if module._forward_hooks]


def test_a_layer_that_ceases_to_give_vectors_for_tokens_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Six words and the two ends fill up a window of eight.
    monkeypatch.setattr(inner_layers, "PROBES", (("the app crash the app crash", "the"),))
    encoder = Encoder(made(tmp_path, longformer()))
    assert encoder.read(["the app crash the app crash"])[1].shape == (1, 32)
    with pytest.raises(ModelError, match="inner layer"):
        encoder.read(["the app crash"])


def test_threads_that_embed_and_read_get_their_own(tmp_path: Path) -> None:
    encoder = Encoder(made(tmp_path, bert()))
    right = {text: (encoder.embed([text])[0], encoder.read([text])[1][0]) for text in TEXTS}
    shared, gate = SharedEncoder(encoder), Lock()
    wrong: list[float] = []

    def ask(number: int) -> None:
        for turn in range(40):
            texts = [TEXTS[(number + turn) % len(TEXTS)] + " it" * (turn % 3), TEXTS[turn % len(TEXTS)]]
            vectors, inner = shared.read(texts)
            vector = shared.embed(texts[1:])[0]
            off = [
                np.abs(vectors[1] - right[texts[1]][0]).max(),
                np.abs(inner[1] - right[texts[1]][1]).max(),
                np.abs(vector - right[texts[1]][0]).max(),
            ]
            with gate:
                wrong.extend(each for each in off if each > 1e-4)

    threads = [Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_models_layers_are_no_list_inside_of_one() -> None:
    experts = [torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(9)) for _ in range(3)]
    layers = torch.nn.ModuleList(torch.nn.Sequential(torch.nn.Linear(4, 4), *each) for each in experts)
    inside = torch.nn.ModuleList(torch.nn.ModuleDict({"experts": each}) for each in experts)
    assert layers_of(torch.nn.Sequential(torch.nn.Linear(4, 4), inside, layers)) is layers
    assert len(layers_of(torch.nn.Linear(2, 2))) == 0
