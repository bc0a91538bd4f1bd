"""Turn a text with a gap into the words that could stand there."""

from collections.abc import Mapping, Sequence

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import Prediction, encodable, ranked
from hubpipe.models.transformers.adapter import Adapter, pipe
from hubpipe.models.transformers.opening import Loaded

TOKENS_FOR_A_MASK = 5
NO_MASK = "{model} has no mask token: choose a model of the fill-mask task"


class FillMask(Adapter):
    """fill-mask: the likeliest tokens for the text's first mask, or after its end where it has none."""

    head = "AutoModelForMaskedLM"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        if loaded.tokenizer.mask_token is None:
            raise TaskError(NO_MASK.format(model=name))
        self._pipe = pipe(step, loaded)

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score the tokens that could stand at each text's mask."""
        answers = [self._pipe(self._masked(text), top_k=TOKENS_FOR_A_MASK) for text in texts]
        firsts = [answer[0] if answer and isinstance(answer[0], list) else answer for answer in answers]
        return [ranked((item["token_str"].strip(), item["score"]) for item in first) for first in firsts]

    def _masked(self, text: str) -> str:
        mask = str(self._tokenizer.mask_token)
        cut = self._cut(encodable(text), self._room - 1)
        return cut if mask in cut else f"{cut} {mask}"
