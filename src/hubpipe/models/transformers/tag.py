"""Turn texts into the stretches that a token classifier names."""

from collections.abc import Mapping, Sequence
from typing import Any

from hubpipe.config import Step
from hubpipe.models.base import Prediction, Span, Spans
from hubpipe.models.transformers.adapter import BATCH, Adapter, pipe, pipeable
from hubpipe.models.transformers.opening import Loaded, need_offsets


class TokenClassification(Adapter):
    """token-classification: the stretches that the model names, neighbours of one name joined."""

    head = "AutoModelForTokenClassification"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        need_offsets(loaded, name)
        self._pipe = pipe(step, loaded)

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Find each text's spans."""
        answers = self._pipe(pipeable(texts), aggregation_strategy="simple", batch_size=BATCH)
        return [Spans(tuple(_span(text, item) for item in answer)) for text, answer in zip(texts, answers, strict=True)]


def _span(text: str, item: Mapping[str, Any]) -> Span:
    start, end = int(item["start"]), int(item["end"])
    return Span(str(item["entity_group"]), start, end, text[start:end], float(item["score"]))
