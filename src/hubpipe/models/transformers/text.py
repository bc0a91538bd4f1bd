"""Turn texts into predictions with a Transformers model, one class a task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jinja2
import numpy as np
import transformers

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import chat
from hubpipe.models.base import (
    NO_LABELS,
    ModelInfo,
    Prediction,
    Span,
    Spans,
    Text,
    Vector,
    encodable,
    ranked,
)
from hubpipe.models.hub import Source
from hubpipe.models.transformers.opening import LIBRARY, Loaded, open_model

BATCH = 8
TOKENS_FOR_A_MASK = 5

NO_PLACE = "hypothesis_template needs one {} where the label goes"
NO_ENTAILMENT = (
    "{model} cannot do zero-shot-classification: none of its labels ({labels}) is an entailment. "
    "Choose a model trained on natural language inference, or model: embedded"
)
NO_CHAT = "{model} has no chat template, so it cannot be given instructions: choose a model tuned for chat"
NO_ROOM = "{model} reads {context} tokens, which the instructions and max_new_tokens use up: lower max_new_tokens"
NO_MASK = "{model} has no mask token: choose a model of the fill-mask task"


class Adapter(ABC):
    """What the tasks share: a pipeline, and what is known of its model."""

    head: ClassVar[str]

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source):
        loaded = open_model(self.head, step, source)
        self._tokenizer = loaded.tokenizer
        self._check(step, labels, loaded, source.name)
        # The stubs know one task name at a time, and no variable.
        make: Any = transformers.pipeline
        self._pipe = make(step.task, model=loaded.model, tokenizer=loaded.tokenizer, device="cpu")
        self._room = loaded.context - self._overhead(step)
        if self._room < 1:
            raise TaskError(NO_ROOM.format(model=source.name, context=loaded.context))
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, self._room)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        encoding = self._tokenizer(
            encodable(text), add_special_tokens=False, return_offsets_mapping=True, truncation=False
        )
        return list(encoding["offset_mapping"])

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        # Pipelines look at the first text before they count them.
        return self._answers(texts) if texts else []

    @abstractmethod
    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each of at least one text."""

    def _check(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        """Refuse a model that would load but answer nonsense; remember what predicting needs."""
        return

    def _overhead(self, step: Step) -> int:
        """Count the tokens of a prediction that are not the text's."""
        return int(self._tokenizer.num_special_tokens_to_add())

    def _cut(self, text: str, most: int) -> str:
        """Give the text up to a number of tokens."""
        offsets = self.tokens(text)
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


class TextClassification(Adapter):
    """text-classification: every label of the model's own, with its score."""

    head = "AutoModelForSequenceClassification"

    def _check(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        alone = step.multi_label or loaded.model.config.problem_type == "multi_label_classification"
        self._function = "sigmoid" if alone or loaded.model.config.num_labels == 1 else "softmax"

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the model's labels."""
        answers = self._pipe(
            _pipeable(texts),
            top_k=None,
            truncation=True,
            function_to_apply=self._function,
            batch_size=BATCH,
        )
        return [ranked((item["label"], item["score"]) for item in answer) for answer in answers]


class ZeroShotClassification(Adapter):
    """zero-shot-classification: how well a natural language inference model finds a label to follow."""

    head = "AutoModelForSequenceClassification"

    def _check(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        known = [str(label) for _, label in sorted(loaded.model.config.id2label.items())]
        if not any(label.lower().startswith("entail") for label in known):
            raise TaskError(NO_ENTAILMENT.format(model=name, labels=", ".join(known)))
        # Configurations that name only id2label leave the other direction empty.
        loaded.model.config.label2id = {label: place for place, label in enumerate(known)}
        if not labels:
            raise TaskError(NO_LABELS.format(task=step.task))
        if step.hypothesis_template.count("{}") != 1:
            raise TaskError(NO_PLACE)
        self._names = list(labels)
        self._question = {
            "hypothesis_template": step.hypothesis_template,
            "multi_label": step.multi_label,
        }

    def _overhead(self, step: Step) -> int:
        hypotheses = [step.hypothesis_template.format(name) for name in self._names]
        longest = max(len(self.tokens(hypothesis)) for hypothesis in hypotheses)
        return int(self._tokenizer.num_special_tokens_to_add(pair=True)) + longest

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for every candidate by name."""
        answers = self._pipe(_pipeable(texts), candidate_labels=self._names, **self._question)
        return [ranked(zip(answer["labels"], answer["scores"], strict=True)) for answer in answers]


class TokenClassification(Adapter):
    """token-classification: the stretches that the model names, neighbours of one name joined."""

    head = "AutoModelForTokenClassification"

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Find each text's spans."""
        answers = self._pipe(_pipeable(texts), aggregation_strategy="simple", batch_size=BATCH)
        return [Spans(tuple(_span(text, item) for item in answer)) for text, answer in zip(texts, answers, strict=True)]


class FeatureExtraction(Adapter):
    """feature-extraction: the mean of the last layer's tokens, as a unit vector."""

    head = "AutoModel"

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Embed each text."""
        # One at a time: padding would count in the mean.
        answers = self._pipe(_pipeable(texts), truncation=True, return_tensors=True)
        means = [answer[0].float().mean(dim=0).numpy() for answer in answers]
        return [Vector(tuple(map(float, mean / max(np.linalg.norm(mean), 1e-12)))) for mean in means]


class FillMask(Adapter):
    """fill-mask: the likeliest tokens for the text's first mask, or after its end where it has none."""

    head = "AutoModelForMaskedLM"

    def _check(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if loaded.tokenizer.mask_token is None:
            raise TaskError(NO_MASK.format(model=name))

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score the tokens that could stand at each text's mask."""
        answers = [self._pipe(self._masked(text), top_k=TOKENS_FOR_A_MASK) for text in texts]
        firsts = [answer[0] if answer and isinstance(answer[0], list) else answer for answer in answers]
        return [ranked((item["token_str"].strip(), item["score"]) for item in first) for first in firsts]

    def _masked(self, text: str) -> str:
        mask = str(self._tokenizer.mask_token)
        cut = self._cut(encodable(text), self._room - 1)
        return cut if mask in cut else f"{cut} {mask}"


class TextGeneration(Adapter):
    """text-generation: what a chat model answers about the text, the likeliest word by word."""

    head = "AutoModelForCausalLM"

    def _check(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if not loaded.tokenizer.chat_template:
            raise TaskError(NO_CHAT.format(model=name))
        self._instructions = step.instructions
        self._most_new = step.max_new_tokens
        self._special = [token.content for token in loaded.tokenizer.added_tokens_decoder.values()]
        try:
            self._prompt("", with_system=True)
            self._with_system = True
        except jinja2.TemplateError:
            self._with_system = False

    def _overhead(self, step: Step) -> int:
        return len(self._prompt("", self._with_system)) + step.max_new_tokens

    def _prompt(self, text: str, with_system: bool) -> list[int]:
        messages = chat.conversation(self._instructions, text, with_system)
        return list(self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False))

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer about each text, without chance."""
        return [Text(self._answer(text)) for text in texts]

    def _answer(self, text: str) -> str:
        matter = self._cut(chat.defused(encodable(text), self._special), self._room)
        messages = chat.conversation(self._instructions, matter, self._with_system)
        answer = self._pipe(messages, max_new_tokens=self._most_new, do_sample=False, return_full_text=False)
        return str(answer[0]["generated_text"]).strip()


def _pipeable(texts: Sequence[str]) -> list[str]:
    """Make texts that every pipeline takes: an empty one becomes a space."""
    return [encodable(text) or " " for text in texts]


def _span(text: str, item: Mapping[str, Any]) -> Span:
    start, end = int(item["start"]), int(item["end"])
    return Span(str(item["entity_group"]), start, end, text[start:end], float(item["score"]))
