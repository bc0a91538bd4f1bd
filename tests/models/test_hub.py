import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import describe, load
from hubpipe.models.base import Places, Scores
from tests.models.hub_server import COMMIT, LocalHub, served

NAME = "octo-org/tiny-bugs"
STEP = Step(task="text-classification", model=NAME)


@pytest.fixture
def hub(tiny_model: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A Hub that has one model: safe weights, and beside them what must never be downloaded."""
    folder = Path(shutil.copytree(tiny_model("text-classification"), tmp_path / "repository"))
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "setup.py").write_text("raise SystemExit")
    with served(LocalHub(NAME, folder)) as running:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield running


@pytest.fixture
def online(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache")


def test_a_model_of_the_hub_is_downloaded_safely_and_its_commit_told(hub: LocalHub, online: Places) -> None:
    model = load(STEP, {}, online)
    assert model.info.reference == f"transformers:{NAME}@{COMMIT[:12]}"
    (prediction,) = model.predict(["crash"])
    assert isinstance(prediction, Scores)
    assert prediction.scores[0].label == "bug"
    assert "model.safetensors" in hub.downloaded
    assert not {"pytorch_model.bin", "setup.py"} & set(hub.downloaded)


def test_what_was_downloaded_once_loads_offline_at_the_same_commit(hub: LocalHub, online: Places) -> None:
    load(STEP, {}, online)
    hub.downloaded.clear()
    offline = Places(cache=online.cache, offline=True)
    pinned = STEP.model_copy(update={"revision": COMMIT})
    assert load(pinned, {}, offline).info.revision == COMMIT
    assert hub.downloaded == []


def test_needs_are_told_from_the_small_files_alone(hub: LocalHub, online: Places) -> None:
    needs = describe(STEP, online)
    assert (needs.library, needs.revision, needs.limit) == ("transformers", COMMIT, 62)
    assert needs.disk_bytes is not None
    assert "model.safetensors" not in hub.downloaded


def test_a_model_that_has_only_a_pickle_is_refused_before_anything_is_downloaded(hub: LocalHub, online: Places) -> None:
    (hub.folder / "model.safetensors").unlink()
    with pytest.raises(UnsafeModelError, match=r"pytorch_model\.bin"):
        load(STEP, {}, online)
    assert hub.downloaded == []


def test_a_library_that_hubpipe_does_not_load_is_refused_by_name(hub: LocalHub, online: Places) -> None:
    hub.library = "spacy"
    with pytest.raises(TaskError, match=r"of the library spacy.*transformers"):
        load(STEP, {}, online)


@pytest.mark.parametrize("change", [{"model": "octo-org/none"}, {"revision": "no-such-branch"}])
def test_a_model_or_revision_that_is_not_there_is_told_as_such(
    hub: LocalHub, online: Places, change: dict[str, str]
) -> None:
    with pytest.raises(ModelNotFoundError, match="no such model or revision"):
        load(STEP.model_copy(update=change), {}, online)


def test_a_name_that_cannot_be_one_is_told_as_such(online: Places) -> None:
    with pytest.raises(ModelNotFoundError, match="no model name"):
        load(Step(task="text-classification", model="a/b/c"), {}, online)


def test_a_hub_that_does_not_answer_is_told_as_such(hub: LocalHub, online: Places) -> None:
    hub.answer = lambda path: (503, {}, b"")  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="the Hub did not answer"):
        load(STEP, {}, online)


def test_a_folder_in_the_working_directory_is_no_model_of_the_hub(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(hub.folder, tmp_path / "work" / NAME)
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(ModelNotFoundError, match="not in the local cache"):
        load(STEP, {}, Places(cache=tmp_path / "cache", offline=True))
