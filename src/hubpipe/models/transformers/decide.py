"""Turn typed questions about a text into how likely each answer is, from one pass a question."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from transformers.decision.template_utils import label_token_ids, parse_questions

from hubpipe.config import Question, Step
from hubpipe.errors import TaskError
from hubpipe.models import chat
from hubpipe.models.base import Prediction, encodable, ranked
from hubpipe.models.transformers.adapter import NO_QUESTIONS, Adapter, pipe
from hubpipe.models.transformers.opening import Loaded

NO_CHAT = "{model} has no chat template, so it cannot be asked: choose a model tuned for chat"
OWN_ADAPTER = "{model} keeps its decision adapter in the folder {folder}, which hubpipe does not load: choose another"
NOT_ASKED = "{model} cannot answer these questions: {reason}"
SAME_LABEL = "several questions have the answer {label!r}: give each answer a name of its own"


class Decision(Adapter):
    """decision: the probability of each answer to typed questions, by the next token's logits of their letters.

    A `noul` question gives one label, its own name, with the probability of true; a `choice` its options, a
    `score` its levels. The options of one question share 1.0. What the repository's decision.json says holds;
    any chat model without one is asked by the general template.
    https://huggingface.co/docs/transformers/main_classes/pipelines
    """

    head = "AutoModelForCausalLM"
    advice = "shorten the longest question, or choose a model that reads more"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if not step.questions:
            raise TaskError(NO_QUESTIONS.format(task=step.task))
        if not loaded.tokenizer.chat_template:
            raise TaskError(NO_CHAT.format(model=name))
        self._asked = {key: _request(question) for key, question in step.questions.items()}
        self._pipe = pipe(step, loaded)
        settings = self._pipe.decision_config
        if settings.adapter:
            raise TaskError(OWN_ADAPTER.format(model=name, folder=settings.adapter))
        try:
            for question in parse_questions(self._asked, settings):
                label_token_ids(loaded.tokenizer, tuple(question.labels))
        except ValueError as fault:
            raise TaskError(NOT_ASKED.format(model=name, reason=fault)) from fault
        self._names = {key: _labels(key, question) for key, question in step.questions.items()}
        label, times = Counter(label for names in self._names.values() for label in names.values()).most_common(1)[0]
        if times > 1:
            raise TaskError(SAME_LABEL.format(label=label))

    def _overhead(self, step: Step) -> int:
        prompts = self._pipe.decision_config.prepare_inputs(self._request(""), self._tokenizer)
        return max(int(inputs["input_ids"].shape[1]) for inputs, _ in prompts)

    def _request(self, text: str) -> dict[str, Any]:
        return {"state": text, "questions": self._asked}

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer all questions about each text."""
        # The pipeline writes special tokens as text where it can, and raises where a tokenizer lets it not.
        special = [token.content for token in self._tokenizer.added_tokens_decoder.values()]
        return [self._answer(self._cut(chat.defused(encodable(text), special), self._room)) for text in texts]

    def _answer(self, text: str) -> Prediction:
        answers = self._pipe(self._request(text))
        return ranked(
            (label, score)
            for key, names in self._names.items()
            for label, score in _scores(names, answers[key]).items()
        )


def _request(question: Question) -> dict[str, Any]:
    """Write a question as transformers' decision pipeline reads it."""
    asked: dict[str, Any] = {"type": question.type, "instructions": question.instructions}
    if question.criteria is not None:
        criteria = question.criteria
        asked["criteria"] = dict(criteria) if isinstance(criteria, Mapping) else list(criteria)
    return asked


def _labels(key: str, question: Question) -> dict[str, str]:
    """Name the label of each option, by what the pipeline calls the option."""
    if question.type == "noul":
        return {"true": key}
    options = question.answers(key)
    names = map(str, range(len(options))) if question.type == "score" else options
    return dict(zip(names, options, strict=True))


def _scores(names: Mapping[str, str], answer: Mapping[str, Any]) -> dict[str, float]:
    found = {"true": answer["noul"]} if answer["type"] == "noul" else answer["probabilities"]
    return {label: float(found[option]) for option, label in names.items()}
