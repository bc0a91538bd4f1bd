"""Turn texts into what an encoder-decoder writes for them: a summary, a translation, an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import sentencex
import torch

from hubpipe.config import Step
from hubpipe.models import chat
from hubpipe.models.base import Prediction, Text, encodable
from hubpipe.models.transformers.adapter import ENDS_EARLY, Adapter, ended
from hubpipe.models.transformers.languages import direct, tasks_of
from hubpipe.models.transformers.opening import Loaded

# What a configuration may set for a task; lengths are bounded apart.
SETTINGS = (
    "num_beams",
    "early_stopping",
    "length_penalty",
    "no_repeat_ngram_size",
    "repetition_penalty",
    "forced_bos_token_id",
)

OVER_WORDS = "{count} of {total} sentences of the summary (over {most} words)"
OVER_LONG = "the end of the summary's first sentence (over {most} words)"


class TextToText(Adapter):
    """text2text-generation: what a model writes for the instructions followed by the text.

    What the model's configuration sets for the task holds (a prefix, beams, lengths), unless the step says
    otherwise. Nothing is left to chance, and nothing is written for an empty text.
    """

    head = "AutoModelForSeq2SeqLM"
    advice = "shorten the instructions, or choose a model that reads more"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        self._context = loaded.context
        self._special = [str(token) for token in loaded.tokenizer.all_special_tokens]
        settings = self._directed(step, loaded, name)
        self._prefix = step.instructions.rstrip() + " " if step.instructions else str(settings.get("prefix") or "")
        self._generation = {key: settings[key] for key in SETTINGS if settings.get(key) is not None}
        usual = loaded.model.generation_config
        self._least = int(settings.get("min_length") or usual.min_length or 0)
        self._most = self._most_new(step, settings.get("max_length") or usual.max_length)

    def _directed(self, step: Step, loaded: Loaded, name: str) -> Mapping[str, Any]:
        """Give the settings of the task."""
        return tasks_of(loaded.model.config).get(step.known_task, {})

    def _most_new(self, step: Step, usual: int | None) -> int:
        """Bound what is written by the step, or else by what is usual for the model."""
        return usual if usual and "max_new_tokens" not in step.model_fields_set else step.max_new_tokens

    def _overhead(self, step: Step) -> int:
        return super()._overhead(step) + len(self.tokens(self._prefix))

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Write for each text."""
        return [self._answer(encodable(text)) for text in texts]

    def _answer(self, text: str) -> Text:
        return self._write(chat.defused(self._cut(text, self._room), self._special))

    def _write(self, text: str) -> Text:
        """Write for one stretch of text, at most as many tokens as are allowed."""
        if not text.strip():
            return Text("")
        inputs = self._tokenizer(
            self._prefix + text, truncation=True, max_length=self._context, return_tensors="pt"
        ).data
        # Encoders of this kind know one segment; some tokenizers tell of it all the same.
        inputs.pop("token_type_ids", None)
        most = self._most
        # A minimum that was set for long articles makes a model invent more than a short text says.
        least = min(self._least, most, inputs["input_ids"].shape[1] // 2)
        with torch.inference_mode():
            written = self._model.generate(
                **inputs, **self._generation, min_new_tokens=least, max_new_tokens=most, do_sample=False
            )[0].tolist()
        # Not every tokenizer knows its languages' codes as special.
        said = [token for token in written if token != self._generation.get("forced_bos_token_id")]
        answer = self._tokenizer.decode(said, skip_special_tokens=True).strip()
        return Text(answer, "" if ended(self._model, written[1:], most) else ENDS_EARLY.format(most=most))


class Summarization(TextToText):
    """summarization: a summary of at most `max_words`, cut behind a sentence."""

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        super()._prepare(step, labels, loaded, name)
        self._most_words = step.max_words

    def _answer(self, text: str) -> Text:
        return shortened(super()._answer(text), self._most_words)


class Translation(TextToText):
    """translation: each line in the target language; lines stay lines, which most models would run together."""

    def _directed(self, step: Step, loaded: Loaded, name: str) -> Mapping[str, Any]:
        return direct(step, loaded, name)

    def _most_new(self, step: Step, usual: int | None) -> int:
        # A translation is as long as its text: only the person who configures may want less.
        return step.max_new_tokens if "max_new_tokens" in step.model_fields_set else self._context

    def _answer(self, text: str) -> Text:
        matter = chat.defused(self._cut(text, self._room), self._special)
        lines = [self._write(line) for line in matter.split("\n")]
        left_out = dict.fromkeys(line.left_out for line in lines if line.left_out)
        return Text("\n".join(line.text for line in lines).strip(), "; ".join(left_out))


def shortened(text: Text, most_words: int) -> Text:
    """Keep the sentences that fit into a number of words, and say which were left out."""
    if len(text.text.split()) <= most_words:
        return text
    sentences = [sentence.strip() for sentence in sentencex.segment("en", text.text) if sentence.strip()]
    kept: list[str] = []
    for sentence in sentences:
        if len(" ".join([*kept, sentence]).split()) > most_words:
            break
        kept.append(sentence)
    said = OVER_WORDS.format(count=len(sentences) - len(kept), total=len(sentences), most=most_words)
    if not kept:
        kept, said = text.text.split()[:most_words], OVER_LONG.format(most=most_words)
    return Text(" ".join(kept), "; ".join(filter(None, (text.left_out, said))))
