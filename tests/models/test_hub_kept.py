"""What the Hub said of a model is kept beside its files, for runs that cannot ask it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubpipe.config import Step
from hubpipe.models import describe, resolve
from hubpipe.models.base import Places
from hubpipe.models.hub import Card, Repository, fetch, locate
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached

NAME = "octo-org/tiny-bugs"
WEIGHTS = "model.safetensors"


@pytest.fixture
def model(tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    stored = Stored.of(tiny_model("text-classification"))
    with reached(LocalHub({NAME: stored}), monkeypatch):
        yield stored


def found(places: Places) -> Repository:
    return locate(NAME, None, places)


def test_offline_a_model_is_what_the_hub_said_when_it_was_downloaded(model: Stored, online: Places) -> None:
    model.metadata |= {
        "pipeline_tag": "zero-shot-classification",
        "library_name": "transformers",
        "cardData": {"license": "other", "license_name": "octo-licence", "language": ["en", "no"], "base_model": "o/b"},
        "tags": ["tiny"],
        "gated": "auto",
        "safetensors": {"parameters": {"F32": 5}, "total": 5},
    }
    asked = found(online)
    fetch(asked, online)
    offline = Places(cache=online.cache, offline=True)
    kept = found(offline)
    assert (kept.card, kept.library, kept.hashes) == (asked.card, asked.library, asked.hashes)
    assert resolve(Step(model=NAME), offline).task == "zero-shot-classification"
    needs = describe(Step(task="zero-shot-classification", model=NAME), offline)
    assert (needs.license, needs.languages, needs.parameters, needs.gated) == ("octo-licence", ("en", "no"), 5, True)


@pytest.mark.parametrize(
    "note", [b"", b"[]", b"{}", b"nonsense", b'{"card": [], "gated": 1, "parameters": 1, "hashes": {}}', b"[" * 100_000]
)
def test_a_note_of_the_hubs_words_that_cannot_be_read_says_nothing(model: Stored, online: Places, note: bytes) -> None:
    model.files["README.md"] = b"---\nlicense: mit\nlibrary_name: transformers\n---\n"
    source = fetch(found(online), online)
    (source.folder.parents[1] / "hubpipe" / f"{COMMIT}.json").write_bytes(note)
    kept = found(Places(cache=online.cache, offline=True))
    assert (kept.card.license, kept.library, kept.hashes) == ("mit", "transformers", {})


@pytest.mark.usefixtures("model")
def test_a_note_that_was_changed_decides_nothing_but_words(online: Places) -> None:
    source = fetch(found(online), online)
    note = source.folder.parents[1] / "hubpipe" / f"{COMMIT}.json"
    told = {**json.loads(note.read_text()), "library": "fake", "parameters": "x", "hashes": {WEIGHTS: 1}}
    note.write_text(json.dumps({**told, "card": {"pipeline_tag": ["x"], "tags": {}, "license": 1, "language": 2}}))
    kept = found(Places(cache=online.cache, offline=True))
    assert (kept.library, kept.hashes, kept.card) == (None, {}, Card())
