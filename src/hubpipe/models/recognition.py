"""Turn a repository's card and small files into its library and its task."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from hubpipe.config import TASKS
from hubpipe.config.words import nearest
from hubpipe.errors import TaskError
from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.libraries import FAKE, LIBRARIES, Library, library_named, library_of_files
from hubpipe.models.repository import Repository

UNKNOWN_LIBRARY = "{model} is of the library {library}, which hubpipe does not know{nearest}"
NO_LIBRARY = "{model}: neither the Hub nor its files say which library it is of: set pipeline.library to one of {known}"
DECLINED = "{model}: {declined}"
NOT_LOADED = "{model}: hubpipe does not load {library}; it loads: {known}"
NO_TASK = "{model}: neither the file nor the Hub says which task it does: set pipeline.task to one of {known}"
NOT_OURS = (
    "{model} does {task}, which hubpipe does not do: choose another model, or set pipeline.task where it does one of "
    "these, too: {known}"
)
NOT_TRAINED = (
    "{model} was not trained for {task}: it is a {architecture}, which does {does}. Choose a model of {task}, "
    "or set pipeline.task to {does}"
)
ANOTHER = "something else"

# By the name of the class that a config.json names; the first that fits counts.
# https://huggingface.co/docs/transformers/main/model_doc/auto
TASK_OF_CLASS = (
    ("Tapas*ForQuestionAnswering", "table-question-answering"),
    ("*ForTableQuestionAnswering", "table-question-answering"),
    ("LayoutLM*ForQuestionAnswering", "document-question-answering"),
    ("*ForDocumentQuestionAnswering", "document-question-answering"),
    ("*ForSequenceClassification", "text-classification"),
    ("*ForTokenClassification", "token-classification"),
    ("*ForQuestionAnswering", "question-answering"),
    ("*ForMaskedLM", "fill-mask"),
    ("*ForImageClassification", "image-classification"),
    ("*ForObjectDetection", "object-detection"),
    ("CLIPModel", "zero-shot-image-classification"),
    ("Siglip*Model", "zero-shot-image-classification"),
    ("*ForCTC", "automatic-speech-recognition"),
    ("Whisper*", "automatic-speech-recognition"),
    ("Speech*", "automatic-speech-recognition"),
    ("VisionEncoderDecoderModel", "image-to-text"),
    ("Blip*ForConditionalGeneration", "image-to-text"),
    ("GitForCausalLM", "image-to-text"),
    ("MarianMTModel", "translation"),
    ("M2M100ForConditionalGeneration", "translation"),
    ("*ForConditionalGeneration", "text2text-generation"),
    ("T5WithLMHeadModel", "text2text-generation"),
    ("*EncoderDecoderModel", "text2text-generation"),
    ("*ForCausalLM", "text-generation"),
    ("*LMHeadModel", "text-generation"),
    ("*Model", "feature-extraction"),
)
# Tasks that need a head which no other class has; the others have several, or a class of a name of its own.
NEEDS_CLASS = {
    "text-classification": "*ForSequenceClassification",
    "zero-shot-classification": "*ForSequenceClassification",
    "token-classification": "*ForTokenClassification",
    "question-answering": "*ForQuestionAnswering",
}
# What a class with a head for one kind of text task does, beside feature-extraction, which every model does.
DOES_ONLY = (
    ("*ForSequenceClassification", ("text-classification", "zero-shot-classification")),
    ("*ForTokenClassification", ("token-classification",)),
    ("*ForMaskedLM", ("fill-mask",)),
    ("*ForCausalLM", ("text-generation", "decision")),
    ("T5WithLMHeadModel", ("text2text-generation", "summarization", "translation")),
    ("*LMHeadModel", ("text-generation", "decision")),
)
# https://huggingface.co/docs/peft/package_reference/peft_types
TASK_OF_ADAPTER = {
    "SEQ_CLS": "text-classification",
    "TOKEN_CLS": "token-classification",
    "QUESTION_ANS": "question-answering",
    "SEQ_2_SEQ_LM": "text2text-generation",
    "CAUSAL_LM": "text-generation",
    "FEATURE_EXTRACTION": "feature-extraction",
}
# What a model of a library does that says nothing else.
TASK_OF_LIBRARY = {
    "hubpipe": "text-classification",
    "setfit": "text-classification",
    "sklearn": "text-classification",
    "bertopic": "text-classification",
    "spacy": "token-classification",
    "sentence-transformers": "sentence-similarity",
    "model2vec": "feature-extraction",
}
# Names that the Hub gave tasks before.
OLD_NAMES = {"conversational": "text-generation", "sentiment-analysis": "text-classification"}


def library_of(library: str | None, repository: Repository) -> Library:
    """Find the row of a model's library: the configuration's, the Hub's, or the one that its files tell.

    Raises TaskError where none of them tells it, or hubpipe does not load it.
    """
    name = library or repository.library or library_of_files(repository.sizes)
    loads = [row.name for row in LIBRARIES if row.module and row.name != FAKE]
    if name is None:
        raise TaskError(NO_LIBRARY.format(model=repository.name, known=", ".join(loads)))
    row = library_named(name)
    if row is None:
        raise TaskError(UNKNOWN_LIBRARY.format(model=repository.name, library=name, nearest=nearest(name, loads)))
    if row.declined:
        base = f" ({repository.card.base_model})" if "base_model" in row.instead and repository.card.base_model else ""
        raise TaskError(DECLINED.format(model=repository.name, declined=row.declined + base))
    if not row.module:
        raise TaskError(NOT_LOADED.format(model=repository.name, library=name, known=", ".join(loads)))
    return row


def task_of(repository: Repository, row: Library, places: Places) -> str:
    """Find a model's task: the Hub's word, its card's tags, the class that its files name, or its library's usual one.

    Raises TaskError where none of them tells it, or hubpipe does not do it.
    """
    named = repository.card.task
    task = OLD_NAMES.get(named, named) if named else next(_guesses(repository, row, places), None)
    if task in TASKS:
        return task
    if task is not None:
        raise TaskError(NOT_OURS.format(model=repository.name, task=task, known=", ".join(TASKS)))
    raise TaskError(NO_TASK.format(model=repository.name, known=", ".join(sorted(row.tasks))))


def misfit(task: str, repository: Repository, places: Places) -> str:
    """Say that a Transformers model has no head for a task, from its config.json; empty where it may have."""
    classes = _classes(hub.settings(repository, "config.json", places))
    if not classes or TASKS[task].reads != "text" or task == "feature-extraction":
        return ""
    needed = NEEDS_CLASS.get(task, "*")
    only = next((tasks for pattern, tasks in DOES_ONLY if fnmatch(classes[0], pattern)), (task,))
    if task in only and any(fnmatch(name, needed) for name in classes):
        return ""
    does = next(_tasks_of_classes(classes), ANOTHER)
    return NOT_TRAINED.format(model=repository.name, task=task, architecture=classes[0], does=does)


def _guesses(repository: Repository, row: Library, places: Places) -> Iterator[str]:
    """Give the tasks that something else than the Hub's own field tells, the surest first."""
    tagged = {OLD_NAMES.get(tag, tag) for tag in repository.card.tags} & row.tasks
    if len(tagged) == 1:
        yield from tagged
    adapter = hub.settings(repository, "adapter_config.json", places)
    kind = str(adapter.get("task_type"))
    if kind in TASK_OF_ADAPTER:
        yield TASK_OF_ADAPTER[kind]
    if row.name in TASK_OF_LIBRARY:
        yield TASK_OF_LIBRARY[row.name]
    yield from _of_config(hub.settings(repository, "config.json", places))
    if any(name.endswith(".gguf") for name in repository.weights):
        yield "text-generation"


def _of_config(config: Mapping[str, Any]) -> Iterator[str]:
    classes = _classes(config)
    writes = [name for name in classes if name.endswith("ForConditionalGeneration")]
    if writes and "vision_config" in config and not any(name.startswith("Blip") for name in writes):
        yield "image-text-to-text"
    # T5's own settings name translation_en_to_de and more: one kind of task tells, several do not.
    named = config.get("task_specific_params")
    kinds = {str(name).split("_")[0] for name in named} if isinstance(named, dict) else set()
    if writes and len(kinds) == 1:
        yield from kinds & TASKS.keys()
    yield from _tasks_of_classes(classes)


def _tasks_of_classes(classes: tuple[str, ...]) -> Iterator[str]:
    return (task for name in classes for pattern, task in TASK_OF_CLASS if fnmatch(name, pattern))


def _classes(config: Mapping[str, Any]) -> tuple[str, ...]:
    names = config.get("architectures")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
