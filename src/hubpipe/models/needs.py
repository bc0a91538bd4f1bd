"""Turn a step and its model's metadata into what it needs, and into what speaks against loading it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from hubpipe.config import TASKS, ModelRules, Step
from hubpipe.config.endpoints import token_limit
from hubpipe.config.tasks import Reads
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.download import no_room
from hubpipe.models.libraries import Library
from hubpipe.models.machine import free_memory
from hubpipe.models.repository import Repository

# torch, transformers and their code, before any weight (measured on x86-64 Linux).
RUNTIME_BYTES = 430_000_000
# Transformers computes with whole numbers: Q4_1 of 98 MB took 1.2 GB, the code included.
GGUF_GROWTH = 8
# [CLS] and [SEP] of BERT's family; for other families a token or two more than needed.
SPECIAL_TOKENS = 2
# Tokenizers without a limit of their own write 10**30.
NO_LIMIT = 1_000_000_000
ENDPOINT = "endpoint"

NOT_PINNED = "{model}: models.require_pinned is set, and {asked} may change: write {key}: {commit}"
NO_REVISION = "its newest version"
LICENCE = (
    "{model} has the licence {license}, and models.licenses allows only {allowed}: choose another model, "
    "or add its licence there"
)
NO_LICENCE = (
    "{model} names no licence, and models.licenses allows only {allowed}: choose a model that names one of them"
)
LANGUAGE = "{model} is for {languages}, not for {key}: {language}: choose a model of that language"
TOO_LARGE = (
    "{model} needs about {needed:,.0f} MB of memory, and {limit:,.0f} MB {source}: choose a smaller model, "
    "{way_out}, or let it run at an `endpoint:`"
)
RULE_ALLOWS = "are allowed by models.max_memory"
RAISE_RULE = "raise models.max_memory"
MACHINE_HAS = "are free on this machine"
LARGER_MACHINE = "use a larger runner"
EVERY_LANGUAGE = {"multilingual", "code"}


@dataclass(frozen=True)
class Needs:
    """What a step needs, told without loading a weight; None where it is not known before loading.

    `disk_bytes` is what would be downloaded, `memory_bytes` an estimate with the library's own code,
    `limit` the tokens of text that one prediction reads at most, None where it is unknown, where the model
    `reads_all` by itself, or where it reads no text. `windows`: a longer text is read in several parts, else its
    head alone. A fake needs nothing: 0. `problems` speak against loading the model.
    `key` names the variable that holds an endpoint's key, `is_fallback` the model for when the endpoint is away.
    `base_model` is the model that it is laid over or embedded with, which is loaded too and has a `base_revision`; else
    the one that its card says it was made from.
    """

    library: str
    repo: str
    revision: str | None
    disk_bytes: int | None
    memory_bytes: int | None
    limit: int | None
    load_seconds: float | None
    text_seconds: float | None
    task: str | None = None
    reads: Reads = "text"
    reads_all: bool = False
    windows: bool = False
    license: str | None = None
    languages: tuple[str, ...] = ()
    parameters: int | None = None
    gated: bool = False
    pinned: bool = True
    base_model: str | None = None
    base_revision: str | None = None
    base_license: str | None = None
    base_pinned: bool = True
    key: str | None = None
    is_fallback: bool = False
    problems: tuple[str, ...] = ()


def of_fake(step: Step, limit: int) -> Needs:
    """Tell that a fake needs nothing."""
    needs = _of_step(step, "fake", step.model)
    known = limit if needs.reads == "text" else None
    return replace(needs, disk_bytes=0, memory_bytes=0, limit=known, load_seconds=0, text_seconds=0)


def of_endpoint(step: Step, key: str) -> Needs:
    """Tell what a step needs whose model runs elsewhere: nothing of this machine, and perhaps a key."""
    host = urlsplit(step.endpoint or "").netloc.rpartition("@")[2] or step.endpoint
    needs = replace(_of_step(step, ENDPOINT, f"{step.model} at {host}"), disk_bytes=0, memory_bytes=0, key=key)
    if needs.reads_all or needs.reads != "text":
        return needs
    return replace(needs, limit=token_limit(step.known_task, step.endpoint or ""))


@dataclass(frozen=True)
class Choice:
    """A model that a step names, found but not loaded: its row, its files, and those of its base."""

    step: Step
    row: Library
    repository: Repository

    @property
    def base(self) -> Repository | None:
        """The second model that is loaded with it."""
        return self.repository.base

    @property
    def parts(self) -> tuple[Repository, ...]:
        """The repositories that are loaded for it."""
        return (self.repository,) if self.base is None else (self.repository, self.base)

    @property
    def memory_bytes(self) -> int | None:
        """Estimate the bytes of memory that the loaded model takes; None where its weights are not known."""
        weights = sum(map(_weights_bytes, self.parts))
        return weights + RUNTIME_BYTES if weights else None


def of_model(choice: Choice, places: Places) -> Needs:
    """Tell what a step needs whose model runs here, from its card, its list of files and its small files."""
    step, repository, card = choice.step, choice.repository, choice.repository.card
    needs = replace(
        _of_step(step, choice.row.name, repository.name),
        revision=repository.revision,
        disk_bytes=sum(part.wanted_bytes for part in choice.parts) or None,
        memory_bytes=choice.memory_bytes,
        load_seconds=embedded.LOAD_SECONDS if repository.embedded else None,
        text_seconds=embedded.TEXT_SECONDS if repository.embedded else None,
        license=card.license,
        languages=card.languages,
        parameters=card.parameters,
        gated=card.gated,
        pinned=repository.pinned,
        base_model=card.base_model,
    )
    needs = replace(needs, **_of_base(choice.base)) if choice.base else needs
    unlimited = needs.reads_all or needs.reads != "text"
    return needs if unlimited else replace(needs, limit=_limit(choice.base or repository, places))


def _of_base(base: Repository) -> dict[str, Any]:
    return {
        "base_model": base.name,
        "base_revision": base.revision,
        "base_license": base.card.license,
        "base_pinned": base.pinned,
    }


def constraints(choice: Choice, rules: ModelRules, places: Places) -> Iterator[str]:
    """Say what speaks against loading a model: licence, revision, language, memory and disk.

    From the metadata and the small files alone: nothing of this needs a weight.
    """
    step = choice.step
    yield from _pinned(choice.repository, "revision", step.revision, rules)
    if choice.base is not None:
        yield from _pinned(choice.base, "base_revision", step.base_revision, rules)
    for part in choice.parts:
        yield from _licence(part, rules)
    yield from _language(step, choice.repository)
    yield from _memory(choice, rules)
    yield from filter(None, (no_room(part, places) for part in choice.parts))


def _weights_bytes(repository: Repository) -> int:
    sizes = ((name, repository.sizes[name]) for name in repository.weights)
    return sum(size * GGUF_GROWTH if name.endswith(".gguf") else size for name, size in sizes)


def _of_step(step: Step, library: str, name: str) -> Needs:
    facts = TASKS[step.known_task]
    # Encoders choose sentences, one by one, for a summary or an answer.
    chooses = library == "sentence-transformers" and step.task in ("summarization", "question-answering")
    reads_all = facts.merge is None or chooses or library == "hubpipe"
    return Needs(
        library,
        name,
        revision=None,
        disk_bytes=None,
        memory_bytes=None,
        limit=None,
        load_seconds=None,
        text_seconds=None,
        task=step.task,
        reads=facts.reads,
        reads_all=reads_all,
        windows=not reads_all and step.merging not in (None, "head"),
    )


def _pinned(repository: Repository, key: str, asked: str | None, rules: ModelRules) -> Iterator[str]:
    if rules.require_pinned and not repository.pinned:
        yield NOT_PINNED.format(model=repository.name, asked=asked or NO_REVISION, key=key, commit=repository.revision)


def _licence(repository: Repository, rules: ModelRules) -> Iterator[str]:
    if rules.licenses is None or repository.own:
        return
    found, allowed = repository.card.license, ", ".join(rules.licenses)
    if found is None:
        yield NO_LICENCE.format(model=repository.name, allowed=allowed)
    elif found.casefold() not in {name.casefold() for name in rules.licenses}:
        yield LICENCE.format(model=repository.name, license=found, allowed=allowed)


def _language(step: Step, repository: Repository) -> Iterator[str]:
    for key in ("source_language", "target_language"):
        language = getattr(step, key)
        if language is not None and _lacks(repository.card.languages, language):
            languages = ", ".join(repository.card.languages)
            yield LANGUAGE.format(model=repository.name, languages=languages, key=key, language=language)


def _lacks(languages: tuple[str, ...], wanted: str) -> bool:
    """Tell whether a card says that a language is not among its own.

    Models write eng_Latn or en_XX where cards write en or eng: only codes of one length can be compared.
    """
    known = {_code(language) for language in languages}
    code = _code(wanted)
    comparable = known and all(len(other) == len(code) for other in known - EVERY_LANGUAGE)
    return bool(comparable) and code not in known and not known & EVERY_LANGUAGE


def _code(language: str) -> str:
    return language.replace("_", "-").split("-")[0].casefold()


def _memory(choice: Choice, rules: ModelRules) -> Iterator[str]:
    needed = choice.memory_bytes
    if needed is None:
        return
    if rules.max_memory is not None:
        limit, source, way_out = rules.max_memory * 1_000_000, RULE_ALLOWS, RAISE_RULE
    else:
        # What the process has loaded already, it does not take again.
        loaded = RUNTIME_BYTES if "torch" in sys.modules else 0
        free = free_memory()
        limit, source, way_out = needed if free is None else free + loaded, MACHINE_HAS, LARGER_MACHINE
    if needed > limit:
        yield TOO_LARGE.format(
            model=choice.repository.name, needed=needed / 1e6, limit=limit / 1e6, source=source, way_out=way_out
        )


def _limit(repository: Repository, places: Places) -> int | None:
    """Read the token limit from the small files; the loaded model may know better."""
    settings = [
        (hub.settings(repository, "sentence_bert_config.json", places), "max_seq_length"),
        (hub.settings(repository, "tokenizer_config.json", places), "model_max_length"),
        (hub.settings(repository, "config.json", places), "max_position_embeddings"),
    ]
    limits = [values.get(key) for values, key in settings]
    found = [limit for limit in limits if isinstance(limit, int) and SPECIAL_TOKENS < limit < NO_LIMIT]
    return min(found) - SPECIAL_TOKENS if found else None
