"""Turn texts into named spans or scores with those parts of a spaCy pipeline that the task needs."""

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import spacy
from spacy.util import load_config

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, Span, Spans, encodable, ranked
from hubpipe.models.hub import Repository, Source, fetch

LIBRARY = "spacy"
CONFIG = "config.cfg"

# The parts that do a task, by spaCy's names of their factories, and those that they build on. All other parts of a
# pipeline are left out: they would cost time, and each may bring a file format of its own.
FACTORIES = {
    "token-classification": frozenset({"ner", "beam_ner", "entity_ruler"}),
    "text-classification": frozenset({"textcat", "textcat_multilabel"}),
}
SHARED = frozenset({"tok2vec"})
# What a config may name: spaCy's own functions that compute. Left out are those that read files or other models,
# call the network, run code, or wrap PyTorch, whose weights are pickles; what other packages register is, too.
ALLOWED = {
    "@architectures": r"spacy(-legacy)?\.(Tok2Vec|Tok2VecListener|HashEmbedCNN|MultiHashEmbed|CharacterEmbed"
    r"|MaxoutWindowEncoder|MishWindowEncoder|TransitionBasedParser|TextCatEnsemble|TextCatCNN|TextCatBOW"
    r"|TextCatLowData|TextCatReduce|TextCatParametricAttention)\.v\d",
    "@layers": r"spacy(-legacy)?\.StaticVectors\.v\d",
    "@scorers": r"spacy(-legacy)?\.\w+_scorer\.v\d",
    "@tokenizers": r"spacy\.Tokenizer\.v1",
    "@vectors": r"spacy\.Vectors\.v1",
}
LANGUAGE = re.compile(r"[a-z]{2,3}")
PART = re.compile(r"[\w-]+")
CALLBACKS = ("before_creation", "after_creation", "after_pipeline_creation")
# spaCy gives its entities no score: it found them, or it did not.
FOUND = 1.0
# spaCy's own limit is a guard for the memory of its parser, which is left out.
LONGEST_TEXT = 1_000_000_000

NO_CONFIG = "{model} has no config.cfg: is it a spaCy pipeline (version 3)?"
BAD_CONFIG = "{model} has a config.cfg that cannot be read: {reason}"
OWN_CODE = "{model} needs {what}, which hubpipe does not run: choose a pipeline of spaCy's own parts"
NO_PART = "{model} cannot do {task} with spaCy: its parts are {parts}, and none is of {factories}"
NOT_LOADED = "{model} does not load with spaCy: {reason}"


class Pipeline(ABC):
    """What the tasks share: a spaCy pipeline, and what is known of it."""

    def __init__(self, step: Step, source: Source, nlp: Any):
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, None)
        self._nlp = nlp

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token but white space."""
        tokens = self._nlp.tokenizer(encodable(text))
        return [(token.idx, token.idx + len(token)) for token in tokens if not token.is_space]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        # A maximum over no token at all is an error of spaCy's: an empty text becomes a space.
        documents = self._nlp.pipe([encodable(text) or " " for text in texts])
        return [self._answer(text, document) for text, document in zip(texts, documents, strict=True)]

    @abstractmethod
    def _answer(self, text: str, document: Any) -> Prediction:
        """Give what a text's document holds."""


class TokenClassification(Pipeline):
    """token-classification: the named entities; each one's score is 1.0, since spaCy gives none."""

    def _answer(self, text: str, document: Any) -> Prediction:
        """Give the entities of one text."""
        return Spans(
            tuple(
                Span(found.label_, found.start_char, found.end_char, text[found.start_char : found.end_char], FOUND)
                for found in document.ents
                if text
            )
        )


class TextClassification(Pipeline):
    """text-classification: every category of the pipeline's own, with its score."""

    def _answer(self, text: str, document: Any) -> Prediction:
        """Give the categories of one text."""
        return ranked(document.cats.items())


def load(step: Step, labels: Mapping[str, str], repository: Repository, places: Places) -> Model:
    """Load the parts of a pipeline that a step's task needs, without running anything that its config names.

    Raises UnsafeModelError where they need more than spaCy's own functions, TaskError where no part does the
    task, and what `hub.fetch` raises.
    """
    source = fetch(repository, places)
    config = _config(source)
    kept = _kept(step, source.name, config)
    _refuse_code(source.name, config, kept)
    try:
        with warnings.catch_warnings():
            # Of other versions of spaCy, which read the same format.
            warnings.simplefilter("ignore")
            nlp = spacy.load(source.folder, exclude=[name for name in config["nlp"]["pipeline"] if name not in kept])
    except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError) as fault:
        raise ModelError(NOT_LOADED.format(model=source.name, reason=fault)) from fault
    nlp.max_length = LONGEST_TEXT
    kind = TextClassification if step.task == "text-classification" else TokenClassification
    return kind(step, source, nlp)


def _config(source: Source) -> Any:
    path = source.folder / CONFIG
    if not path.is_file():
        raise ModelNotFoundError(NO_CONFIG.format(model=source.name))
    try:
        config = load_config(path, interpolate=True)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelError(BAD_CONFIG.format(model=source.name, reason=fault)) from fault
    parts = config.get("components")
    if not isinstance(config.get("nlp", {}).get("pipeline"), list) or not isinstance(parts, dict):
        raise ModelError(BAD_CONFIG.format(model=source.name, reason="it needs nlp.pipeline and components"))
    return config


def _kept(step: Step, model: str, config: Any) -> dict[str, Any]:
    """Choose the parts to load, by name: those that do the task, and those that they build on.

    A part that is taken from another model (`source`) names no factory, so it is never chosen.
    """
    factories = FACTORIES[step.known_task]
    parts = {name: config["components"].get(name, {}) for name in config["nlp"]["pipeline"]}
    kept = {name: part for name, part in parts.items() if part.get("factory") in factories | SHARED}
    if not any(part["factory"] in factories for part in kept.values()):
        words = {"parts": ", ".join(parts) or "none", "factories": ", ".join(sorted(factories))}
        raise TaskError(NO_PART.format(model=model, task=step.task, **words))
    return kept


def _refuse_code(model: str, config: Any, kept: Mapping[str, Any]) -> None:
    nlp = config["nlp"]
    wrong = [f"{key} = {value}" for key, value in _functions([nlp, kept]) if not _is_allowed(key, value)]
    wrong += [f"nlp.{key}" for key in CALLBACKS if nlp.get(key)]
    wrong += [f"the language {nlp.get('lang')}"] if not LANGUAGE.fullmatch(str(nlp.get("lang"))) else []
    wrong += [f"the part {name}" for name in nlp["pipeline"] if not PART.fullmatch(str(name))]
    if wrong:
        raise UnsafeModelError(OWN_CODE.format(model=model, what=", ".join(wrong)))


def _functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Give every function that a part of a config names: `@registry` and its name there."""
    if isinstance(value, Mapping):
        yield from ((str(key), name) for key, name in value.items() if str(key).startswith("@"))
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _functions(item)


def _is_allowed(registry: str, name: Any) -> bool:
    return re.fullmatch(ALLOWED.get(registry, "(?!)"), str(name)) is not None
