"""Repositories that are wrong on purpose or by accident: each is refused in words, before a weight is downloaded."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Flow, Step
from hubpipe.errors import ModelError, TaskError, UnsafeModelError
from hubpipe.models import describe, load, resolve, resolve_flow
from hubpipe.models.base import Places, Scores
from tests.models.hub_server import LocalHub, Stored, reached

NAME = "octo-org/odd"
WEIGHTS = "model.safetensors"
STEP = Step(task="text-classification", model=NAME)


@pytest.fixture
def model(tiny_model: Callable[[str], Path]) -> Stored:
    return Stored.of(tiny_model("text-classification"))


@pytest.fixture
def hub(model: Stored, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with reached(LocalHub({NAME: model}), monkeypatch) as running:
        yield running


@pytest.fixture
def online(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache")


def as_bytes(data: object) -> bytes:
    return json.dumps(data).encode()


def changed(model: Stored, file: str, **values: object) -> None:
    """Change some values of a JSON file."""
    model.files[file] = as_bytes({**json.loads(model.files.get(file, b"{}")), **values})


def refused(places: Places, kind: type[ModelError], told: str, step: Step = STEP) -> None:
    """Hold that describing and loading a model both raise one error."""
    for ask in (lambda: describe(step, places), lambda: load(step, {}, places)):
        with pytest.raises(kind, match=told):
            ask()


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("target", ["weights.txt", "../evil.safetensors", "/tmp/evil.safetensors"])
def test_an_index_leads_to_no_pickle_and_no_file_elsewhere(model: Stored, online: Places, target: str) -> None:
    model.files["model-00001-of-00001.safetensors"] = model.files.pop(WEIGHTS)
    model.files["weights.txt"] = b"a pickle"
    changed(model, "model.safetensors.index.json", weight_map={"classifier.weight": target})
    refused(online, UnsafeModelError, "no safetensors file beside it")


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("library", ["fake", "Fake", " fake "])
def test_a_card_cannot_make_a_model_the_fake(model: Stored, online: Places, tmp_path: Path, library: str) -> None:
    model.metadata = {"library_name": library, "pipeline_tag": "text-classification"}
    loaded = load(resolve(Step(model=NAME), online), {}, online)
    [found] = loaded.predict(["crash"])
    assert isinstance(found, Scores)
    assert (loaded.info.library, found.scores[0].label) == ("transformers", "bug")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in {**model.files, "README.md": f"---\nlibrary_name: '{library}'\n---\n".encode()}.items():
        (folder / name).write_bytes(data)
    assert describe(Step(task="text-classification", model=str(folder)), online).library == "transformers"


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("name", ["../evil.json", "a/../../evil.json", "/tmp/evil.json"])
def test_a_list_of_files_that_leads_elsewhere_is_refused(model: Stored, online: Places, name: str) -> None:
    model.files[name] = b"{}"
    refused(online, UnsafeModelError, "names a file outside of itself")
