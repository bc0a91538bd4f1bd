"""Turn an opened model into one that reads texts: what the tasks share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import transformers

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import Model, ModelInfo, Prediction, encodable
from hubpipe.models.transformers.opening import Loaded
from hubpipe.models.transformers.pieces import pieces

BATCH = 8
NO_ROOM = "{model} reads {context} tokens, of which nothing is left for the text: {advice}"
NO_QUESTIONS = "{task} answers questions: set pipeline.questions"
ENDS_EARLY = "the end of an answer, which is longer than {most} tokens (max_new_tokens)"
ADVICE = "choose a model that reads more"


@dataclass(frozen=True)
class Origin:
    """Where a loaded model is from: its library, its name, and its commit if it has one."""

    library: str
    name: str
    revision: str | None


class Adapter(ABC):
    """What the tasks share: the room for a text, and what is known of the model."""

    head: ClassVar[str]
    """The class of Transformers that loads the task's models."""
    advice: ClassVar[str] = ADVICE
    """What to change where no token is left for the text."""
    limited: ClassVar[bool] = True
    """Whether somebody must cut long texts for the task."""
    _mask: str = ""

    def __init__(self, step: Step, labels: Mapping[str, str], loaded: Loaded, origin: Origin):
        self._loaded, self._origin = loaded, origin
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._prepare(step, labels, loaded, origin.name)
        self._room = loaded.context - self._overhead(step)
        if self._room < 1:
            raise TaskError(NO_ROOM.format(model=origin.name, context=loaded.context, advice=self.advice))
        limit = self._room if self.limited else None
        self.info = ModelInfo(origin.library, origin.name, origin.revision, step.known_task, limit, self._mask or None)

    def told(self, step: Step) -> Model:
        """Give the same weights, asked as another step of this task without labels asks."""
        return type(self)(step, {}, self._loaded, self._origin)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return pieces(self._tokenizer, encodable(text))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        # Pipelines look at the first text before they count them.
        return self._answers(texts) if texts else []

    @abstractmethod
    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each of at least one text."""

    @abstractmethod
    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        """Refuse a model that would load but answer nonsense; keep what predicting needs."""

    def _overhead(self, step: Step) -> int:
        """Count the tokens of a prediction that are not the text's."""
        return int(self._tokenizer.num_special_tokens_to_add())

    def _cut(self, text: str, most: int) -> str:
        """Give the text up to a number of tokens."""
        offsets = self.tokens(text)
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


def pipe(step: Step, loaded: Loaded) -> Any:
    """Make the pipeline of a step's task, on the CPU."""
    # The stubs know one task name at a time, and no variable.
    make: Any = transformers.pipeline
    return make(step.task, model=loaded.model, tokenizer=loaded.tokenizer, device="cpu")


def pipeable(texts: Sequence[str]) -> list[str]:
    """Make texts that every pipeline takes: an empty one becomes a space."""
    return [encodable(text) or " " for text in texts]


def ended(model: Any, written: Sequence[int], most: int) -> bool:
    """Tell whether a model came to an end with what it wrote, rather than to the most that it may write."""
    settings = model.generation_config
    ends = settings.eos_token_id if isinstance(settings.eos_token_id, list) else [settings.eos_token_id]
    # BART's family is made to write the end where it must stop.
    forced = settings.forced_eos_token_id is not None and len(written) >= most
    return not forced and any(token in ends for token in written)
