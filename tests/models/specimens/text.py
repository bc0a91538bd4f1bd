"""Tiny Transformers models that read text, made in seconds."""

from tests.models import readers, writers
from tests.models.specimens.maker import Maker, StepKeys

# By library and task: what writes the model into a folder, and the keys that its step needs.
MAKERS: dict[tuple[str, str], Maker] = {
    ("transformers", "question-answering"): readers.answerer,
    ("transformers", "table-question-answering"): readers.tapas,
    ("transformers", "decision"): readers.decider,
    ("transformers", "summarization"): writers.summarizer,
    ("transformers", "translation"): writers.marian,
    ("transformers", "text2text-generation"): writers.rewriter,
}
STEPS: dict[tuple[str, str], StepKeys] = {
    ("transformers", "text2text-generation"): {"instructions": writers.KIND},
}
