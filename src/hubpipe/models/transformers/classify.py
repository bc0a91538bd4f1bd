"""Turn texts into labels with their scores: a classifier's own, or those that a text entails."""

from collections.abc import Mapping, Sequence

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import NO_LABELS, Prediction, ranked
from hubpipe.models.transformers.adapter import BATCH, Adapter, pipe, pipeable
from hubpipe.models.transformers.opening import Loaded

NO_PLACE = "hypothesis_template needs one {} where the label goes"
NO_ENTAILMENT = (
    "{model} cannot do zero-shot-classification: none of its labels ({labels}) is an entailment. "
    "Choose a model trained on natural language inference, or model: embedded"
)


class TextClassification(Adapter):
    """text-classification: every label of the model's own, with its score."""

    head = "AutoModelForSequenceClassification"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        self._pipe = pipe(step, loaded)
        alone = step.multi_label or loaded.model.config.problem_type == "multi_label_classification"
        self._function = "sigmoid" if alone or loaded.model.config.num_labels == 1 else "softmax"

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for all of the model's labels."""
        answers = self._pipe(
            pipeable(texts),
            top_k=None,
            truncation=True,
            function_to_apply=self._function,
            batch_size=BATCH,
        )
        return [ranked((item["label"], item["score"]) for item in answer) for answer in answers]


class ZeroShotClassification(Adapter):
    """zero-shot-classification: how well a natural language inference model finds a label to follow."""

    head = "AutoModelForSequenceClassification"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        known = [str(label) for _, label in sorted(loaded.model.config.id2label.items())]
        if not any(label.lower().startswith("entail") for label in known):
            raise TaskError(NO_ENTAILMENT.format(model=name, labels=", ".join(known)))
        # Configurations that name only id2label leave the other direction empty.
        loaded.model.config.label2id = {label: place for place, label in enumerate(known)}
        if not labels:
            raise TaskError(NO_LABELS.format(task=step.task))
        if step.hypothesis_template.count("{}") != 1:
            raise TaskError(NO_PLACE)
        self._pipe = pipe(step, loaded)
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
        answers = self._pipe(pipeable(texts), candidate_labels=self._names, **self._question)
        return [ranked(zip(answer["labels"], answer["scores"], strict=True)) for answer in answers]
