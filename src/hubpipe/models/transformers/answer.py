"""Turn questions and a text into the stretches of the text that answer them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import Prediction, Span, Spans, encodable
from hubpipe.models.transformers.adapter import BATCH, NO_QUESTIONS, Adapter
from hubpipe.models.transformers.opening import Loaded, need_offsets

# In tokens; what SQuAD's own evaluation allows.
LONGEST_ANSWER = 30


class QuestionAnswering(Adapter):
    """question-answering: for each question the stretch of the text that answers it, and how sure the model is.

    The Hub's answer (`answer`, `score`, `start`, `end`) is a Span here, its label the question's name. The
    score is the probability of the start times that of the end, among all places of the text and "no answer".
    Where "no answer" is likelier than any stretch there is no span.
    https://huggingface.co/docs/inference-providers/tasks/question-answering
    """

    head = "AutoModelForQuestionAnswering"
    advice = "shorten the longest question, or choose a model that reads more"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        need_offsets(loaded, name)
        if not step.questions:
            raise TaskError(NO_QUESTIONS.format(task=step.task))
        self._questions = {key: question.instructions for key, question in step.questions.items()}
        self._context = loaded.context
        # What looks like a separator in the text is text.
        loaded.tokenizer.split_special_tokens = True

    def _overhead(self, step: Step) -> int:
        longest = max(len(self.tokens(question)) for question in self._questions.values())
        return int(self._tokenizer.num_special_tokens_to_add(pair=True)) + longest

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer all questions about each text."""
        return [self._spans(text) for text in texts]

    def _spans(self, text: str) -> Spans:
        names = list(self._questions)
        found = [
            span
            for first in range(0, len(names), BATCH)
            for span in self._asked(text, names[first : first + BATCH])
            if span is not None
        ]
        return Spans(tuple(sorted(found, key=lambda span: (span.start, span.end))))

    def _asked(self, text: str, names: Sequence[str]) -> list[Span | None]:
        """Ask several questions about a text in one pass."""
        matter = encodable(text)
        encoding = self._tokenizer(
            [self._questions[name] for name in names],
            [matter] * len(names),
            truncation="only_second",
            max_length=self._context,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoding.pop("offset_mapping").tolist()
        with torch.inference_mode():
            output = self._model(**encoding)
        spans = []
        for row, name in enumerate(names):
            inside = torch.tensor([segment == 1 for segment in encoding.sequence_ids(row)])
            best = _best(output.start_logits[row], output.end_logits[row], inside)
            spans.append(_span(name, text, offsets[row], best))
        return spans


def _best(start_logits: Any, end_logits: Any, inside: Any) -> tuple[int, int, float] | None:
    """Find the likeliest stretch of tokens `inside` the text: (first, last, probability); None for no answer.

    The first token stands for "no answer" (SQuAD 2).
    """
    allowed = inside.clone()
    allowed[0] = True
    starts, ends = (
        logits.float().masked_fill(~allowed, -torch.inf).softmax(-1) for logits in (start_logits, end_logits)
    )
    nothing = float(starts[0] * ends[0])
    starts, ends = starts.masked_fill(~inside, 0.0), ends.masked_fill(~inside, 0.0)
    # Both ends: at or behind the start, and no further than the longest answer reaches.
    stretches = torch.outer(starts, ends).triu().tril(LONGEST_ANSWER - 1)
    place = int(stretches.argmax())
    first, last = divmod(place, stretches.shape[1])
    score = float(stretches[first, last])
    return None if score <= nothing else (first, last, score)


def _span(name: str, text: str, offsets: Sequence[Sequence[int]], best: tuple[int, int, float] | None) -> Span | None:
    """Give the stretch's place in characters, without the space around it."""
    if best is None:
        return None
    first, last, score = best
    found = text[offsets[first][0] : offsets[last][1]]
    start = offsets[first][0] + len(found) - len(found.lstrip())
    answer = found.strip()
    return Span(name, start, start + len(answer), answer, score) if answer else None
