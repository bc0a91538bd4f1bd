"""Turn a model's settings into the repository of the second model that it needs: below an adapter, or its encoder."""

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models import embedded, hub
from hubpipe.models.base import Places
from hubpipe.models.repository import Repository

ADAPTER_CONFIG = "adapter_config.json"
BERTOPIC_CONFIG = "config.json"
LEARNED_SETTINGS = "hubpipe.json"

NO_BASE = (
    "{model} is laid over another model, and its adapter_config.json names none that is on the Hub: choose another"
)
NO_LEARNED_ENCODER = "{model} does not say with which encoder of the Hub it was learned: train it again"
NO_ENCODER = (
    "{model} does not say which model embedded its topics (embedding_model in config.json), or names none of the Hub: "
    "choose one that does"
)


def locate_base(step: Step, library: str, repository: Repository, places: Places) -> Repository | None:
    """Find the second model that a model of a library needs, at the step's `base_revision`; None where it needs none.

    Raises ModelError where the model names none, and what `hub.locate` raises; a model of the Hub may name no folder
    of this machine.
    """
    if library == "hubpipe":
        return encoder_of_learned(repository, places)
    if library == "peft":
        return below_adapter(step, repository, places)
    return encoder_of_topics(step, repository, places) if library == "bertopic" else None


def encoder_of_learned(learned: Repository, places: Places) -> Repository:
    """Find the encoder that a learned model reads with, at the revision that it was learned with.

    Raises ModelError where the model names none, or a folder of this machine and is no model of this machine.
    """
    encoder = hub.settings(learned, LEARNED_SETTINGS, places).get("encoder")
    name = encoder.get("model") if isinstance(encoder, dict) else None
    if not isinstance(name, str) or _is_folder_of_ours(name, learned) or name in hub.OWN_FOLDERS:
        raise ModelError(NO_LEARNED_ENCODER.format(model=learned.name))
    revision = encoder.get("revision") if isinstance(encoder, dict) else None
    return hub.locate(name, revision if isinstance(revision, str) else None, places)


def below_adapter(step: Step, adapter: Repository, places: Places) -> Repository:
    """Find the model that an adapter of PEFT is laid over, at the step's `base_revision`, else at the adapter's own.

    Raises ModelError where the adapter names none.
    """
    if adapter.base is not None:
        return adapter.base
    settings = hub.settings(adapter, ADAPTER_CONFIG, places)
    name, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(name, str) or _is_folder_of_ours(name, adapter):
        raise ModelError(NO_BASE.format(model=adapter.name))
    return hub.locate(name, step.base_revision or (revision if isinstance(revision, str) else None), places)


def encoder_of_topics(step: Step, topics: Repository, places: Places) -> Repository:
    """Find the encoder that the topics of a BERTopic model were embedded with, at the step's `base_revision`.

    Raises TaskError where the model names none.
    """
    if topics.base is not None:
        return topics.base
    name, revision = hub.settings(topics, BERTOPIC_CONFIG, places).get("embedding_model"), step.base_revision
    if not isinstance(name, str) or _is_folder_of_ours(name, topics):
        raise TaskError(NO_ENCODER.format(model=topics.name))
    # BERTopic's usual encoder is the one that comes with hubpipe; its library writes it with and without its owner.
    usual = name in (embedded.REPO, embedded.REPO.partition("/")[2]) and revision in (None, embedded.REVISION)
    return hub.locate(embedded.NAME if usual else name, None if usual else revision, places)


def _is_folder_of_ours(name: str, repository: Repository) -> bool:
    return repository.revision is not None and name.startswith(hub.FOLDER_PREFIXES)
