"""The table of the Hub's libraries: the adapter that loads each, or why hubpipe declines it and what to use instead."""

from dataclasses import dataclass

from hubpipe.config import TASKS

SENTENCE_TRANSFORMERS = "sentence-transformers"
TRANSFORMERS = "transformers"
FAKE = "fake"


@dataclass(frozen=True)
class Library:
    """A library of the Hub: the adapter that loads it, by name so that nothing heavy is imported early."""

    name: str
    module: str
    tasks: frozenset[str]


LIBRARIES = (
    Library(
        SENTENCE_TRANSFORMERS,
        "hubpipe.models.sentence_transformers",
        frozenset({"zero-shot-classification", "sentence-similarity", "feature-extraction", "summarization"}),
    ),
    Library(
        TRANSFORMERS,
        "hubpipe.models.transformers",
        frozenset(TASKS) - {"sentence-similarity"},
    ),
    Library(FAKE, "hubpipe.models.fake", frozenset(name for name, facts in TASKS.items() if facts.reads == "text")),
)
