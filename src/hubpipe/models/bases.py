"""Turn an adapter's settings into the repository of the model that it is laid over."""

from hubpipe.config import Step
from hubpipe.errors import ModelError
from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.repository import Repository

ADAPTER_CONFIG = "adapter_config.json"

NO_BASE = (
    "{model} is laid over another model, and its adapter_config.json names none that is on the Hub: choose another"
)


def locate_base(step: Step, adapter: Repository, places: Places) -> Repository:
    """Find the model that an adapter is laid over, at the step's `base_revision`, else at the adapter's own.

    Raises ModelError where the adapter names none; an adapter of the Hub may name no folder of this machine.
    """
    settings = hub.settings(adapter, ADAPTER_CONFIG, places)
    name, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(name, str) or (adapter.revision and name.startswith(hub.FOLDER_PREFIXES)):
        raise ModelError(NO_BASE.format(model=adapter.name))
    return hub.locate(name, step.base_revision or (revision if isinstance(revision, str) else None), places)
