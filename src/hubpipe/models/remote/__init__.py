"""Turn a step with an endpoint into a model that answers there: at a provider, a task's address or a chat server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hubpipe.config import TASKS, Step
from hubpipe.config.endpoints import problems_of_task, speech, token_limit
from hubpipe.errors import TaskError
from hubpipe.models.base import MediaModel, Model, ModelInfo, Places, Prediction, Terms, encodable
from hubpipe.models.remote import media, tasks
from hubpipe.models.remote.calls import Caller
from hubpipe.models.remote.pieces import cut, pieces
from hubpipe.models.remote.place import where
from hubpipe.models.remote.talk import talker

LIBRARY = "endpoint"
CANNOT = "{model} at {host}: {problem}"


@dataclass(frozen=True)
class RemoteText:
    """A model at an endpoint that reads text; the caller counts what it spends."""

    info: ModelInfo
    ask: tasks.AskText = field(repr=False)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give offsets of pieces of about four letters: the model's own tokens are not known here."""
        return list(pieces(text))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Ask about each text, one by one; a text without a word is not sent.

        Raises EndpointError, never for what a text holds.
        """
        return [self._answer(cut(text, self.info.limit)) for text in texts]

    def _answer(self, text: str) -> Prediction:
        return self.ask(encodable(text)) if text.strip() else tasks.nothing(self.info.task)


def load(step: Step, labels: Mapping[str, str], places: Places, terms: Terms) -> Model | MediaModel:
    """Make ready to ask a step's endpoint; nothing is sent yet.

    `labels` are the candidates as name -> description, for the tasks that choose. Raises TaskError for what no
    such endpoint does, EndpointError where a key is missing. Every answer spends from `terms.meter`.
    """
    place = where(step, places)
    task, endpoint = step.known_task, step.endpoint or ""
    for _, problem in problems_of_task(endpoint, task, step.source_language, step.target_language):
        raise TaskError(CANNOT.format(model=step.model, host=place.host, problem=problem))
    caller = Caller(place, step.model, task, float(step.timeout), terms.meter)
    info = ModelInfo(LIBRARY, f"{step.model} at {place.host}", None, task, _limit(step))
    if TASKS[task].reads != "text":
        return media.RemoteMedia(info, media.asking(step, labels, caller))
    if speech(endpoint, task) == "chat":
        return RemoteText(info, talker(step, labels, caller).answer)
    return RemoteText(info, tasks.asking(step, labels, caller))


def _limit(step: Step) -> int | None:
    """Tell how many pieces of about four letters one request to a step's endpoint holds; None for any number."""
    task = step.known_task
    return None if TASKS[task].merge is None else token_limit(task, step.endpoint or "")
