"""The tasks of the Hub that hubpipe does: what each reads, what it gives, and how it reads a long text."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

# The Hub's names: https://huggingface.co/tasks, and transformers' `decision`.
Task = Literal[
    "text-classification",
    "zero-shot-classification",
    "sentence-similarity",
    "token-classification",
    "question-answering",
    "table-question-answering",
    "summarization",
    "translation",
    "text2text-generation",
    "text-generation",
    "fill-mask",
    "feature-extraction",
    "decision",
    "image-classification",
    "zero-shot-image-classification",
    "object-detection",
    "image-to-text",
    "image-text-to-text",
    "document-question-answering",
    "automatic-speech-recognition",
]
Reads: TypeAlias = Literal["text", "image", "audio"]
Gives: TypeAlias = Literal["scores", "spans", "text", "vector", "boxes", "issues"]
# How the answers about the windows of a long text become one: the scores' mean or maximum, the best answer,
# all spans, the answers one after the other, the answer about all the answers; or only the text's head is read.
Merge: TypeAlias = Literal["mean", "max", "best", "all", "join", "reduce", "head"]


@dataclass(frozen=True)
class TaskFacts:
    """What the rest of hubpipe needs to know of a task.

    `merge` is None where the model reads a text of any length by itself. `chooses`: among labels that the
    user, or the repository, names. `asks`: it needs `questions`.
    """

    reads: Reads
    gives: Gives
    merge: Merge | None
    chooses: bool = False
    asks: bool = False


TASKS: dict[str, TaskFacts] = {
    "text-classification": TaskFacts("text", "scores", "mean"),
    # Of a long issue the head tells more than the mean of its windows does, and asking costs a pass a label.
    "zero-shot-classification": TaskFacts("text", "scores", "head", chooses=True),
    "sentence-similarity": TaskFacts("text", "scores", "head", chooses=True),
    "token-classification": TaskFacts("text", "spans", "all"),
    "question-answering": TaskFacts("text", "spans", "best", asks=True),
    "table-question-answering": TaskFacts("text", "text", None, asks=True),
    "summarization": TaskFacts("text", "text", "reduce"),
    "translation": TaskFacts("text", "text", "join"),
    "text2text-generation": TaskFacts("text", "text", "reduce"),
    "text-generation": TaskFacts("text", "text", "reduce"),
    "fill-mask": TaskFacts("text", "scores", "max"),
    "feature-extraction": TaskFacts("text", "vector", "mean"),
    "decision": TaskFacts("text", "scores", "mean", asks=True),
    "image-classification": TaskFacts("image", "scores", "max"),
    "zero-shot-image-classification": TaskFacts("image", "scores", "max", chooses=True),
    "object-detection": TaskFacts("image", "boxes", "all"),
    "image-to-text": TaskFacts("image", "text", "join"),
    "image-text-to-text": TaskFacts("image", "text", "join"),
    "document-question-answering": TaskFacts("image", "text", "join", asks=True),
    "automatic-speech-recognition": TaskFacts("audio", "text", "join"),
}
# The tasks that choose among labels that the user, or the repository, names.
CHOOSING = frozenset(name for name, facts in TASKS.items() if facts.chooses)


def gives(task: str, labels: object) -> Gives:
    """Tell what a task's predictions are: a model that writes gives scores where it is to name labels."""
    return "scores" if task == "text-generation" and labels else TASKS[task].gives
