"""Turn texts into the arrays that an ONNX model gives, with ONNX Runtime and the model's own tokenizer: no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from tokenizers import Tokenizer

from hubpipe.errors import ModelError, ModelNotFoundError
from hubpipe.models.base import NO_OFFSETS, encodable
from hubpipe.models.hub import Source, read_json

# The whole model first: the smaller ones answer a little differently.
FILES = ("onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx")
BATCH = 8
USUAL_LIMIT = 512
# ONNX Runtime's levels: errors alone.
QUIET = 3

NO_MODEL = "{model} has no ONNX model among {files}: choose one that has, or `library: transformers`"
NOT_LOADED = "{model} does not load with ONNX Runtime: {reason}"
MORE_INPUTS = "{model} needs {inputs}, which texts do not give: choose an encoder or a classifier"


@dataclass(frozen=True)
class Row:
    """What a model gives for one text: its first output, padding left out, and where its tokens stand.

    `output` is (tokens × d) or (d); `offsets` are characters, None for special tokens.
    """

    output: Any
    offsets: tuple[tuple[int, int] | None, ...]
    ids: tuple[int, ...]


class Session:
    """A loaded ONNX model with its tokenizer and its settings."""

    def __init__(self, source: Source):
        self.config = read_json(source.name, source.folder / "config.json")
        settings = read_json(source.name, source.folder / "tokenizer_config.json")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = QUIET
        try:
            self._whole = _tokenizer(source)
            self._cut = _tokenizer(source)
            self._session = onnxruntime.InferenceSession(_file(source), options, providers=["CPUExecutionProvider"])
        except ModelError:
            raise
        except Exception as fault:
            raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
        self._context = _context(self.config, settings)
        self._cut.enable_truncation(self._context, strategy="only_first")
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.output = str(self._session.get_outputs()[0].name)
        more = self._inputs - {"input_ids", "attention_mask", "token_type_ids"}
        if more:
            raise ModelError(MORE_INPUTS.format(model=source.name, inputs=", ".join(sorted(more))))

    @property
    def limit(self) -> int:
        """How many tokens of text one prediction reads."""
        return int(self._context - self._whole.num_special_tokens_to_add(False))

    def room_beside(self, other: str) -> int:
        """Tell how many tokens of text one prediction reads beside another text."""
        special = self._whole.num_special_tokens_to_add(True)
        return int(self._context - special - len(self.tokens(other)))

    @property
    def labels(self) -> list[str]:
        """The names of a classifier's outputs, in their order."""
        names: Mapping[str, str] = self.config.get("id2label") or {}
        return [str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0]))]

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token, none cut off."""
        return list(self._whole.encode(encodable(text), add_special_tokens=False).offsets)

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> list[Row]:
        """Run the model on texts, or on pairs of texts of which the first is cut where they are too long."""
        rows: list[Row] = []
        for start in range(0, len(texts), BATCH):
            readable = [_readable(text) for text in texts[start : start + BATCH]]
            rows += self._batch(self._cut.encode_batch(readable))
        return rows

    def _batch(self, encodings: Sequence[Any]) -> list[Row]:
        longest = max(1, *(len(encoding.ids) for encoding in encodings))
        ids, mask, types = (np.zeros((len(encodings), longest), dtype=np.int64) for _ in range(3))
        for row, encoding in enumerate(encodings):
            count = len(encoding.ids)
            ids[row, :count], types[row, :count] = encoding.ids, encoding.type_ids
            # A model that reads nothing at all would divide by zero.
            mask[row, : max(1, count)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        first = self._session.run([self.output], {name: given[name] for name in self._inputs})[0]
        return [_row(encoding, output) for encoding, output in zip(encodings, first, strict=True)]


def _row(encoding: Any, output: Any) -> Row:
    offsets = tuple(
        None if special else place
        for place, special in zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
    )
    kept = output if output.ndim == 1 else output[: max(1, len(encoding.ids))]
    return Row(np.asarray(kept, dtype=np.float32), offsets, tuple(encoding.ids))


def _readable(text: str | tuple[str, str]) -> str | tuple[str, str]:
    return encodable(text) if isinstance(text, str) else (encodable(text[0]), encodable(text[1]))


def _tokenizer(source: Source) -> Any:
    path = source.folder / "tokenizer.json"
    if not path.is_file():
        raise ModelError(NO_OFFSETS.format(model=source.name))
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _file(source: Source) -> Path:
    found = next((source.folder / name for name in FILES if (source.folder / name).is_file()), None)
    if found is None:
        raise ModelNotFoundError(NO_MODEL.format(model=source.name, files=", ".join(FILES)))
    return found


def _context(config: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """Find how many tokens the model reads, special ones included: the least that its settings allow."""
    positions = config.get("max_position_embeddings")
    # RoBERTa's family counts positions from behind the padding's index.
    behind = int(config.get("pad_token_id") or 0) + 1 if "roberta" in str(config.get("model_type")) else 0
    limits = [settings.get("model_max_length"), positions - behind if isinstance(positions, int) else None]
    return int(min([limit for limit in limits if isinstance(limit, int | float)] or [USUAL_LIMIT]))
