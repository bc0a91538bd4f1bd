"""Turn a model and examples into what the model says of each, as a run would ask it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hubpipe import text
from hubpipe.config import Step
from hubpipe.infer import ask
from hubpipe.models.base import Model, Scores
from hubpipe.training.examples import Example

BATCH = 64


def scores_of(
    model: Model,
    step: Step,
    examples: Sequence[Example],
    labels: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Score examples for labels (examples × labels, from 0 to 1); a label that the model does not know has 0.

    `progress` is told how many of how many examples are read.
    """
    columns = {name.casefold(): column for column, name in enumerate(labels)}
    found = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, prediction in enumerate(_predictions(model, step, examples)):
        for score in prediction.scores:
            if score.label.casefold() in columns:
                found[row, columns[score.label.casefold()]] = score.score
        if progress is not None:
            progress(row + 1, len(examples))
    return found


def _predictions(model: Model, step: Step, examples: Sequence[Example]) -> Iterator[Scores]:
    limit = model.info.limit
    windows = not (limit is None or step.merging in (None, "head"))
    for start in range(0, len(examples), BATCH):
        documents = [example.document for example in examples[start : start + BATCH]]
        if windows:
            answers = [ask(model, step, document).prediction for document in documents]
        else:
            answers = list(model.predict([text.fit(document, limit, model.tokens).text for document in documents]))
        yield from (answer if isinstance(answer, Scores) else Scores(()) for answer in answers)
