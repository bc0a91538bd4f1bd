"""Turn deliveries into the models that spoke in them, each with what its card says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hubpipe import config
from hubpipe.errors import HubpipeError
from hubpipe.models import embedded
from hubpipe.models.base import Places, reference
from hubpipe.models.hub import OWN_FOLDERS, ZERO_DAY_FOLDER, locate
from hubpipe.models.metadata import card_of_folder
from hubpipe.server.ledger import Entry
from hubpipe.server.page.rows import flows_of, objects

LEARNED, ZERO_DAY = OWN_FOLDERS
NOT_KNOWN = "not known on this machine"
OF_THE_REPOSITORY = "the repository's own"
NONE = "the card names none"
# Libraries whose models are no repository of the Hub.
ELSEWHERE = frozenset({"fake", "endpoint"})


@dataclass(frozen=True)
class ModelCard:
    """A model that spoke in `deliveries`; `url` is its page on the Hub, or the folder of what was learned."""

    reference: str
    library: str
    task: str
    revision: str
    license: str
    url: str
    place: str
    base: str
    spoke: str
    deliveries: int


def cards(entries: Iterable[Entry], server: str, places: Places) -> tuple[ModelCard, ...]:
    """Gather the models of deliveries that are done, those that spoke most often first."""
    found: dict[tuple[str, str, str], ModelCard] = {}
    for entry in entries:
        models = {_key(model, entry): model for flow in flows_of(entry) for model in objects(flow.get("models"))}
        for key, model in models.items():
            known = found.get(key) or _card(model, entry, server, places)
            found[key] = replace(known, deliveries=known.deliveries + 1)
    return tuple(sorted(found.values(), key=lambda card: (-card.deliveries, card.reference)))


def _key(model: Mapping[str, Any], entry: Entry) -> tuple[str, str, str]:
    # Each repository has learned its own.
    own = entry.event.repo if _word(model, "repo") == LEARNED else ""
    return _named(model), _word(model, "task"), own


def _card(model: Mapping[str, Any], entry: Entry, server: str, places: Places) -> ModelCard:
    library, repo, revision = (_word(model, key) for key in ("library", "repo", "revision"))
    on_hub = bool(revision) and library not in ELSEWHERE and repo not in OWN_FOLDERS
    # A folder that the environment names is on the worker's machine alone.
    learned = repo == LEARNED and places.learned is None
    url = f"{server}/{entry.event.repo}/tree/HEAD/{config.LEARNED}" if learned else ""
    return ModelCard(
        reference=_named(model),
        library=library,
        task=_word(model, "task"),
        revision=revision,
        license=_license(repo, revision, on_hub, places),
        url=f"{_hub()}/{repo}/tree/{revision}" if on_hub else url,
        place="its page on the Hub" if on_hub else f"its README in {entry.event.repo}" if learned else "",
        base=_word(model, "base"),
        spoke=_word(model, "spoke"),
        deliveries=0,
    )


def _license(repo: str, revision: str, on_hub: bool, places: Places) -> str:
    """Give a licence as far as this machine knows it: the page asks nobody."""
    if repo == LEARNED:
        return OF_THE_REPOSITORY
    if repo == ZERO_DAY:
        return card_of_folder(ZERO_DAY_FOLDER)[0].license or NONE
    if (repo, revision) == (embedded.REPO, embedded.REVISION):
        return embedded.CARD.license or NONE
    return _in_cache(repo, revision, replace(places, offline=True)) if on_hub else NOT_KNOWN


@lru_cache(maxsize=256)
def _in_cache(repo: str, revision: str, places: Places) -> str:
    try:
        return locate(repo, revision, places).card.license or NONE
    except HubpipeError:
        return NOT_KNOWN


def _hub() -> str:
    from huggingface_hub.constants import ENDPOINT

    return ENDPOINT


def _named(model: Mapping[str, Any]) -> str:
    return reference(_word(model, "library"), _word(model, "repo"), _word(model, "revision") or None)


def _word(model: Mapping[str, Any], key: str) -> str:
    value = model.get(key)
    return value if isinstance(value, str) else ""
