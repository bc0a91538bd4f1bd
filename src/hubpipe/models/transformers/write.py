"""Turn texts into what a chat model answers about them: text, or scores of the labels that it names."""

from collections.abc import Mapping, Sequence

import jinja2
import torch

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import answers, chat
from hubpipe.models.base import NO_LABELS, Prediction, Text, encodable
from hubpipe.models.transformers.adapter import ENDS_EARLY, Adapter, ended
from hubpipe.models.transformers.opening import Loaded

NO_CHAT = "{model} has no chat template, so it cannot be given instructions: choose a model tuned for chat"


class TextGeneration(Adapter):
    """text-generation: what a chat model answers about the text, the likeliest word by word.

    With labels in the step it is asked for JSON that names some of them; see `hubpipe.models.answers`.
    """

    head = "AutoModelForCausalLM"
    advice = "lower max_new_tokens, shorten the instructions, or choose a model that reads more"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if not loaded.tokenizer.chat_template:
            raise TaskError(NO_CHAT.format(model=name))
        if step.labels and not labels:
            raise TaskError(NO_LABELS.format(task=step.task))
        self._labels = dict(labels) if step.labels else {}
        self._several = step.multi_label
        asked = answers.instructions(self._labels, step.multi_label) if self._labels else None
        self._instructions = "\n\n".join(told for told in (step.instructions, asked) if told)
        self._most_new = step.max_new_tokens
        self._special = [token.content for token in loaded.tokenizer.added_tokens_decoder.values()]
        self._with_system = self._takes_system()

    def _takes_system(self) -> bool:
        try:
            self._prompt("", with_system=True)
        except jinja2.TemplateError:
            return False
        return True

    def _overhead(self, step: Step) -> int:
        return len(self._prompt("", self._with_system)) + step.max_new_tokens

    def _prompt(self, text: str, with_system: bool) -> list[int]:
        messages = chat.conversation(self._instructions, text, with_system)
        return list(self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False))

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer about each text, without chance."""
        return [self._answer(text) for text in texts]

    def _answer(self, text: str) -> Prediction:
        matter = self._cut(chat.defused(encodable(text), self._special), self._room)
        written = self._written(self._prompt(matter, self._with_system))
        answer = chat.said(self._tokenizer.decode(written, skip_special_tokens=True))
        if self._labels:
            return answers.scores(answer, self._labels, self._several)
        whole = ended(self._model, written, self._most_new)
        return Text(answer, "" if whole else ENDS_EARLY.format(most=self._most_new))

    def _written(self, prompt: list[int]) -> list[int]:
        """Write the tokens that follow a prompt."""
        ids = torch.tensor([prompt])
        with torch.inference_mode():
            written = self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=self._most_new,
                do_sample=False,
            )
        return list(written[0, len(prompt) :].tolist())
