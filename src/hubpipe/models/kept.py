"""Turn what the Hub says of a model into a note beside its files in the cache, and back where the Hub is not asked."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubpipe.models import metadata
from hubpipe.models.repository import Card, Repository

FOLDER = "hubpipe"


@dataclass(frozen=True)
class Said:
    """What the Hub, or a README, says of a commit: its library, its card, and the hashes of its files by name."""

    library: str | None
    card: Card
    hashes: dict[str, str] = field(default_factory=dict)


def keep(repository: Repository, snapshot: Path) -> None:
    """Write down what the Hub said of the commit whose files are in a snapshot of the cache."""
    text = json.dumps(_note(repository), indent=1, sort_keys=True)
    # A cache that cannot be written to is less known offline, and nothing else.
    with suppress(OSError):
        file = _file(snapshot)
        file.parent.mkdir(exist_ok=True)
        unfinished = file.with_suffix(".part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)


def recall(snapshot: Path) -> Said:
    """Read what the Hub said of a snapshot's commit; what its README says where there is no note that can be read."""
    try:
        note = json.loads(_file(snapshot).read_text(encoding="utf-8"))
        parameters, hashes = note["parameters"], note["hashes"].items()
        card = metadata.card_of_note(note["card"], bool(note["gated"]), parameters)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        card, library = metadata.card_of_folder(snapshot)
        return Said(library, card)
    known = {name: told for name, told in hashes if isinstance(told, str)}
    return Said(metadata.word(note.get("library")), card, known)


def _file(snapshot: Path) -> Path:
    return snapshot.parents[1] / FOLDER / f"{snapshot.name}.json"


def _note(repository: Repository) -> dict[str, Any]:
    card = repository.card
    return {
        "library": repository.library,
        "card": metadata.note_of_card(card),
        "gated": card.gated,
        "parameters": card.parameters,
        "hashes": dict(repository.hashes),
    }
