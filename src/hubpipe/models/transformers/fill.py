"""Turn a text with a gap into the words that could stand there."""

from collections.abc import Mapping, Sequence
from typing import Any

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import NO_LABELS, Prediction, encodable, ranked
from hubpipe.models.transformers.adapter import Adapter, pipe
from hubpipe.models.transformers.opening import Loaded

TOKENS_FOR_A_MASK = 5
NO_MASK = "{model} has no mask token: choose a model of the fill-mask task"
NOT_ONE_PIECE = (
    "{model} does not know {label!r} as one token, so it cannot stand at the mask: choose another word for it"
)


class FillMask(Adapter):
    """fill-mask: the likeliest tokens for the text's first mask, or after its end where it has none.

    With labels in the step only these are scored, sharing 1.0 unless several may hold; a text without a mask
    is then followed by the step's hypothesis_template, the mask in the label's place.
    """

    head = "AutoModelForMaskedLM"
    advice = "shorten hypothesis_template, or choose a model that reads more"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if loaded.tokenizer.mask_token is None:
            raise TaskError(NO_MASK.format(model=name))
        if step.labels and not labels:
            raise TaskError(NO_LABELS.format(task=step.task))
        self._pipe = pipe(step, loaded)
        self._several = step.multi_label
        named = labels if step.labels else ()
        self._labels = {label: _token(loaded.tokenizer, label, name) for label in named}
        self._mask = str(loaded.tokenizer.mask_token)
        self._question = step.hypothesis_template.replace("{}", self._mask) if self._labels else self._mask

    def _overhead(self, step: Step) -> int:
        return super()._overhead(step) + len(self.tokens(self._question))

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score the tokens, or the labels, that could stand at each text's mask."""
        return [self._scored(self._masked(text)) if self._labels else self._likeliest(text) for text in texts]

    def _likeliest(self, text: str) -> Prediction:
        items = _first(self._pipe(self._masked(text), top_k=TOKENS_FOR_A_MASK))
        return ranked((item["token_str"].strip(), item["score"]) for item in items)

    def _scored(self, masked: str) -> Prediction:
        tokens = sorted(set(self._labels.values()))
        items = _first(self._pipe(masked, targets=self._tokenizer.convert_ids_to_tokens(tokens)))
        scores = {int(item["token"]): float(item["score"]) for item in items}
        whole = 1.0 if self._several else sum(scores[token] for token in self._labels.values()) or 1.0
        return ranked((label, scores[token] / whole) for label, token in self._labels.items())

    def _masked(self, text: str) -> str:
        cut = self._cut(encodable(text), self._room)
        return cut if self._mask in cut else f"{cut} {self._question}"


def _token(tokenizer: Any, label: str, name: str) -> int:
    """Find the one token that a label is, within a sentence or by itself."""
    # Byte-level tokenizers have other tokens for words behind a space.
    for written in (f" {label}", label):
        tokens = tokenizer(written, add_special_tokens=False)["input_ids"]
        if len(tokens) == 1 and tokens[0] != tokenizer.unk_token_id:
            return int(tokens[0])
    raise TaskError(NOT_ONE_PIECE.format(model=name, label=label))


def _first(answer: Any) -> Any:
    """Give what is said of the first mask; a text with several gets one answer each."""
    return answer[0] if answer and isinstance(answer[0], list) else answer
