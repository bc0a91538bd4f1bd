"""Downloading: which files come, that they are what the Hub says, and what is told when they do not come."""

import errno
import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import run

import pytest

from hubpipe.config import Step
from hubpipe.errors import ConstraintError, HubError, ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import describe, load
from hubpipe.models.base import Places, Scores
from hubpipe.models.download import Progress
from hubpipe.models.hub import Repository, fetch, locate
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached

NAME = "octo-org/tiny-bugs"
STEP = Step(task="text-classification", model=NAME)
WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tiny_model: Callable[[str], Path]) -> Path:
    return tiny_model("text-classification")


@pytest.fixture
def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A Hub that has one model: safe weights, and beside them what must never be downloaded."""
    model = Stored.of(folder)
    model.files |= {"pytorch_model.bin": b"a pickle", "setup.py": b"raise SystemExit"}
    with reached(LocalHub({NAME: model}), monkeypatch) as running:
        yield running


@pytest.fixture
def model(hub: LocalHub) -> Stored:
    return hub.models[NAME]


def found(places: Places) -> Repository:
    return locate(NAME, None, places)


def test_a_model_of_the_hub_is_downloaded_safely_and_its_commit_told(hub: LocalHub, online: Places) -> None:
    model = load(STEP, {}, online)
    assert model.info.reference == f"transformers:{NAME}@{COMMIT[:12]}"
    (prediction,) = model.predict(["crash"])
    assert isinstance(prediction, Scores)
    assert prediction.scores[0].label == "bug"
    assert WEIGHTS in hub.downloaded
    assert not {"pytorch_model.bin", "setup.py"} & set(hub.downloaded)


def test_what_was_downloaded_once_loads_offline_at_the_same_commit(hub: LocalHub, online: Places) -> None:
    load(STEP, {}, online)
    hub.asked.clear()
    offline = Places(cache=online.cache, offline=True)
    for revision in (COMMIT, None, "main"):
        step = STEP.model_copy(update={"revision": revision})
        assert load(step, {}, offline).info.revision == COMMIT
    assert hub.asked == []


def test_a_second_run_downloads_nothing_again(hub: LocalHub, online: Places) -> None:
    fetch(found(online), online)
    hub.downloaded.clear()
    fetch(found(online), online)
    assert hub.downloaded == []


def test_a_file_that_is_missing_from_the_cache_is_told_offline(hub: LocalHub, online: Places) -> None:
    source = fetch(found(online), online)
    (source.folder / WEIGHTS).unlink()
    offline = Places(cache=online.cache, offline=True)
    with pytest.raises(ModelNotFoundError, match=r"not whole in the local cache \(model\.safetensors is missing\)"):
        fetch(found(offline), offline)


def test_needs_are_told_from_the_small_files_alone(hub: LocalHub, online: Places) -> None:
    needs = describe(STEP, online)
    assert (needs.library, needs.revision, needs.limit) == ("transformers", COMMIT, 62)
    assert needs.disk_bytes is not None
    assert WEIGHTS not in hub.downloaded


def test_an_environment_names_the_hub_and_the_cache(hub: LocalHub, tmp_path: Path) -> None:
    code = (
        "from hubpipe.models.base import Places; from hubpipe.models.hub import fetch, locate\n"
        f"print(fetch(locate({NAME!r}, None, Places()), Places()).folder)"
    )
    environ = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == tmp_path / "hub" / "models--octo-org--tiny-bugs" / "snapshots" / COMMIT


@pytest.mark.threat("attack", "supply-chain")
def test_bytes_that_are_not_those_that_the_hub_names_are_refused_and_removed(model: Stored, online: Places) -> None:
    model.changed[WEIGHTS] = bytes(reversed(model.files[WEIGHTS]))
    with pytest.raises(UnsafeModelError, match=r"model\.safetensors is not what the Hub says it is.*run again"):
        fetch(found(online), online)
    model.changed.clear()
    source = fetch(found(online), online)
    assert (source.folder / WEIGHTS).read_bytes() == model.files[WEIGHTS]


@pytest.mark.threat("attack", "supply-chain")
def test_small_files_are_held_against_their_hash_too(model: Stored, online: Places) -> None:
    model.changed["tokenizer.json"] = bytes(reversed(model.files["tokenizer.json"]))
    with pytest.raises(UnsafeModelError, match=r"tokenizer\.json is not what the Hub says"):
        fetch(found(online), online)


@pytest.mark.threat("attack", "supply-chain")
def test_a_cache_that_was_changed_since_is_refused(model: Stored, online: Places) -> None:
    source = fetch(found(online), online)
    (source.folder / WEIGHTS).resolve().write_bytes(b"other weights")
    with pytest.raises(UnsafeModelError, match=r"model\.safetensors is not what the Hub says"):
        fetch(found(online), online)


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("file", [WEIGHTS, "tokenizer.json"])
def test_a_cache_that_was_changed_is_refused_where_the_hub_is_not_asked(
    hub: LocalHub, online: Places, file: str
) -> None:
    source = fetch(found(online), online)
    bytes_of_it = (source.folder / file).resolve()
    bytes_of_it.write_bytes(bytes(reversed(bytes_of_it.read_bytes())))
    offline = Places(cache=online.cache, offline=True)
    with pytest.raises(
        UnsafeModelError, match=f"{re.escape(file)} is not what the Hub says.*where the Hub can be asked"
    ):
        fetch(locate(NAME, COMMIT, offline), offline)
    fetch(found(online), online)
    bytes_of_it.write_bytes(bytes(reversed(bytes_of_it.read_bytes())))
    hub.status = 503
    with pytest.raises(UnsafeModelError, match=f"{re.escape(file)} is not what the Hub says"):
        fetch(locate(NAME, COMMIT, online), online)


@pytest.mark.usefixtures("no_waiting")
def test_a_connection_that_is_cut_goes_on_where_it_was(model: Stored, online: Places) -> None:
    model.cut[WEIGHTS] = 2
    source = fetch(found(online), online)
    assert (source.folder / WEIGHTS).read_bytes() == model.files[WEIGHTS]
    assert model.cut[WEIGHTS] == 0


@pytest.mark.usefixtures("no_waiting")
def test_a_download_that_breaks_off_is_told_and_the_next_run_fetches_the_rest(
    hub: LocalHub, model: Stored, online: Places
) -> None:
    model.cut[WEIGHTS] = 1_000
    with pytest.raises(ModelError, match=f"the files of {NAME} did not come in whole .*run again"):
        fetch(found(online), online)
    model.cut.clear()
    hub.downloaded.clear()
    source = fetch(found(online), online)
    assert hub.downloaded == [WEIGHTS]
    assert (source.folder / WEIGHTS).read_bytes() == model.files[WEIGHTS]


def test_a_disk_that_is_too_small_is_told_before_the_download(hub: LocalHub, model: Stored, online: Places) -> None:
    model.sizes[WEIGHTS] = 10**18
    with pytest.raises(ConstraintError, match=r"needs 1,000,000,000,\d+ MB on disk, and .*cache has .* MB free"):
        fetch(found(online), online)
    assert WEIGHTS not in hub.downloaded


def test_a_disk_that_fills_up_is_told(hub: LocalHub, online: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", write)
    with pytest.raises(ConstraintError, match=r"the disk is full.*HF_HOME"):
        fetch(found(online), online)


def test_a_download_is_told_in_lines_and_draws_no_bar(
    hub: LocalHub, online: Places, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "hubpipe")
    fetch(found(online), online)
    first, *_, last = caplog.messages
    assert first.startswith(f"{NAME}: downloading 0 MB in ")
    assert str(online.cache) in first
    assert last == f"{NAME}: downloaded"
    assert "%" not in "".join(capfd.readouterr())
    caplog.clear()
    fetch(found(online), online)
    assert caplog.messages == []


def test_the_bytes_that_come_in_are_counted(
    hub: LocalHub, online: Places, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubpipe.models.download.SECONDS_BETWEEN_LINES", 0)
    hub.models[NAME].files[WEIGHTS] = bytes(3_000_000)
    caplog.set_level(logging.INFO, "hubpipe")
    fetch(found(online), online)
    assert f"{NAME}: 3 of 3 MB" in caplog.messages


def test_progress_is_a_line_a_tenth_and_none_within_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hubpipe")
    seconds = iter([0.0, 1.0, 20.0, 40.0, 60.0])
    progress = Progress("octo-org/large", 1_000_000_000, clock=lambda: next(seconds))
    for _ in range(4):
        progress.add(150_000_000)
    # The first is too early, and each of the others another tenth.
    assert caplog.messages == [
        "octo-org/large: 300 of 1,000 MB",
        "octo-org/large: 450 of 1,000 MB",
        "octo-org/large: 600 of 1,000 MB",
    ]


def test_a_library_that_hubpipe_declines_is_refused_with_what_to_use_instead(
    hub: LocalHub, model: Stored, online: Places
) -> None:
    model.metadata["library_name"] = "flair"
    with pytest.raises(TaskError, match=r"does not run Flair: .*Use instead"):
        load(STEP, {}, online)
    assert hub.downloaded == []


def test_a_commit_that_is_in_the_cache_is_taken_from_there_while_the_hub_is_away(
    hub: LocalHub, online: Places, caplog: pytest.LogCaptureFixture
) -> None:
    fetch(found(online), online)
    hub.status = 503
    with pytest.raises(HubError):
        locate(NAME, "main", online)
    hub.downloaded.clear()
    source = fetch(locate(NAME, COMMIT, online), online)
    assert (source.revision, hub.downloaded) == (COMMIT, [])
    assert "is in the cache, and is taken from there" in caplog.text
    with pytest.raises(HubError, match="status 503"):
        locate("octo-org/other", COMMIT, online)


@pytest.mark.threat("attack", "supply-chain")
def test_a_folder_in_the_working_directory_is_no_model_of_the_hub(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "work" / NAME)
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(ModelNotFoundError, match="not in the local cache"):
        load(STEP, {}, Places(cache=tmp_path / "cache", offline=True))


def test_a_module_of_a_sentence_transformer_comes_with_its_weights(hub: LocalHub, online: Places) -> None:
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
    ]
    hub.models["octo-org/dense"] = Stored(
        {
            "modules.json": json.dumps(modules).encode(),
            "model.safetensors": b"1",
            "2_Dense/config.json": b"{}",
            "2_Dense/model.safetensors": b"2",
            "training/model.safetensors": b"3",
        }
    )
    repository = locate("octo-org/dense", None, online)
    assert repository.weights == ("2_Dense/model.safetensors", "model.safetensors")
    del hub.models["octo-org/dense"].files["2_Dense/model.safetensors"]
    hub.models["octo-org/dense"].files["2_Dense/pytorch_model.bin"] = b"a pickle"
    with pytest.raises(UnsafeModelError, match=r"2_Dense/pytorch_model\.bin"):
        fetch(locate("octo-org/dense", None, online), online)
