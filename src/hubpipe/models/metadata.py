"""Turn what the Hub, or a README's front matter, says of a model into a Card."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubpipe.models.repository import Card

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

README = "README.md"
OTHER_LICENSE = "other"


def card_of_hub(info: "ModelInfo") -> Card:
    """Read the Hub's answer about a model."""
    written = vars(info.card_data) if info.card_data else {}
    parameters = info.safetensors.total if info.safetensors else (info.gguf or {}).get("total")
    return _card(
        {**written, "pipeline_tag": info.pipeline_tag or written.get("pipeline_tag"), "tags": info.tags},
        gated=bool(info.gated),
        parameters=parameters if isinstance(parameters, int) else None,
    )


def card_of_folder(folder: Path) -> tuple[Card, str | None]:
    """Read the front matter of a folder's README.md: the card, and the library where it names one.

    A README that has none, or one that is no YAML, says nothing.
    """
    front = _front_matter(folder / README)
    return _card(front), word(front.get("library_name"))


def note_of_card(card: Card) -> dict[str, Any]:
    """Write a card by the names of a front matter; `card_of_note` reads it again."""
    return {
        "pipeline_tag": card.task,
        "tags": list(card.tags),
        "license": card.license,
        "language": list(card.languages),
        "base_model": card.base_model,
    }


def card_of_note(written: Mapping[str, Any], gated: bool, parameters: object) -> Card:
    """Read what `note_of_card` wrote, which may have been changed since."""
    return _card(written, gated, parameters if isinstance(parameters, int) else None)


def word(value: object) -> str | None:
    """Read a word of a front matter, which may hold anything."""
    return value if isinstance(value, str) else None


def _front_matter(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    import yaml
    from huggingface_hub import metadata_load

    try:
        return metadata_load(file) or {}
    except (ValueError, yaml.YAMLError, RecursionError):
        return {}


def _card(written: Mapping[str, Any], gated: bool = False, parameters: int | None = None) -> Card:
    tags = _words(written.get("tags"))
    bases = _words(written.get("base_model"))
    return Card(
        task=word(written.get("pipeline_tag")),
        tags=tags,
        license=_license(written, tags),
        languages=_words(written.get("language")),
        base_model=bases[0] if bases else None,
        gated=gated,
        parameters=parameters,
    )


def _license(written: Mapping[str, Any], tags: tuple[str, ...]) -> str | None:
    named = _words(written.get("license"))
    if named == (OTHER_LICENSE,):
        named = _words(written.get("license_name")) or named
    tagged = (tag.removeprefix("license:") for tag in tags if tag.startswith("license:"))
    return ", ".join(named) or next(tagged, None)


def _words(value: object) -> tuple[str, ...]:
    """Read a word or a list of words of a front matter, which may hold anything."""
    items = value if isinstance(value, list) else [value]
    # Norwegian is false to YAML 1.1.
    return tuple("no" if item is False else item for item in items if item is False or isinstance(item, str))
