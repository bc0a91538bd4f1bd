"""Turn texts into vectors with a Sentence Transformers model."""

import copy
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers.utils import logging as transformers_logging

from hubpipe.errors import ModelError
from hubpipe.models.base import NO_OFFSETS, encodable
from hubpipe.models.hub import Source
from hubpipe.models.inner import Inner, inner
from hubpipe.models.keeping import OPENING
from hubpipe.models.similarity import Array

NOT_LOADED = "{model} does not load with Sentence Transformers: {reason}"


class Encoder:
    """A Sentence Transformers model: texts to embeddings, of length 1 unless `normal` is false."""

    def __init__(self, source: Source, normal: bool = True):
        """Load the weights, on the CPU, from safetensors alone."""
        self._normal = normal
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._apart: Tokenizer | None = None
        try:
            with OPENING:
                self._model = SentenceTransformer(
                    str(source.folder),
                    device="cpu",
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},
                )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as fault:
            raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
        if not getattr(self._model.tokenizer, "is_fast", False):
            raise ModelError(NO_OFFSETS.format(model=source.name))

    @property
    def model(self) -> SentenceTransformer:
        """The loaded model: what is written into its weights changes the encoder."""
        return self._model

    @property
    def limit(self) -> int:
        """How many tokens of text the model reads, special ones not counted."""
        longest = self._model.max_seq_length or self._model.tokenizer.model_max_length
        return int(longest - self._model.tokenizer.num_special_tokens_to_add())

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        if self._apart is not None:
            return list(self._apart.encode(encodable(text), add_special_tokens=False).offsets)
        encoding = self._model.tokenizer(
            encodable(text), add_special_tokens=False, return_offsets_mapping=True, truncation=False
        )
        return list(encoding["offset_mapping"])

    def tell_tokens_apart(self) -> None:
        """Tell tokens by a second tokenizer from now on, so that no thread must wait for those that embed."""
        apart = copy.deepcopy(self._model.tokenizer.backend_tokenizer)
        apart.no_truncation()
        apart.no_padding()
        self._apart = apart

    def embed(self, texts: Sequence[str], quick: bool = False) -> Array:
        """Embed texts (n) as vectors (n × d), each distinct text once.

        With `quick`, in bfloat16 where the processor computes in it: for many texts that a head is learned from.
        """
        return _encoded(self._model, texts, self._normal, quick)

    def read(self, texts: Sequence[str], quick: bool = False) -> tuple[Array, Array]:
        """Embed texts as `embed` does (n × d), and give the means of an inner layer's tokens (n × m, of any length).

        m is 0 for an encoder that has no layer with one vector for each token. One thread at a time may ask.
        Raises ModelError where the layer gave that for other texts, and does not for these.
        """
        if self._inner is None or not texts:
            return self.embed(texts, quick), np.zeros((len(texts), 0), np.float32)
        with self._inner.listening() as model:
            found = _encoded(model, texts, False, quick)
        width = found.shape[1] - self._inner.width
        return found[:, :width], found[:, width:]

    @cached_property
    def _inner(self) -> Inner | None:
        return inner(self._model, self._normal)


def _encoded(model: SentenceTransformer, texts: Sequence[str], normal: bool, quick: bool) -> Array:
    """Let a model encode texts (n × numbers), each distinct text once."""
    distinct = {encodable(text): None for text in texts}
    with torch.autocast("cpu", torch.bfloat16, enabled=quick and has_bfloat16()):
        vectors = model.encode(
            list(distinct), normalize_embeddings=normal, show_progress_bar=False, convert_to_numpy=True
        )
    place = {text: row for row, text in enumerate(distinct)}
    rows: Array = np.asarray(vectors, dtype=np.float32)[[place[encodable(text)] for text in texts]]
    return rows


def has_bfloat16() -> bool:
    """Tell whether the processor computes in bfloat16: elsewhere it would be slower than float32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))
