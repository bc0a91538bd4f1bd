"""The folder of a learned model: whole or not at all, and nothing in it is trusted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hubpipe.errors import ModelError, ModelNotFoundError, UsageError
from hubpipe.models.learned import folder
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.parts import Evidence, Parts


def learned(name: str = "bug") -> Learned:
    parts = Parts(
        labels=(name, "question"),
        spec={"exclusive": True, "tuned": True},
        arrays={"bias": np.zeros(2, np.float32)},
        tensors={"layer.weight": np.ones((2, 2), np.float16)},
    )
    scores, truth = np.full((3, 2), 0.5, np.float32), np.zeros((3, 2), np.int8)
    return Learned(parts, Evidence(parts.labels, scores, truth), np.array([7], np.uint64), {"learned": 3})


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    folder.save(tmp_path / "model", learned(), "# Card\n")
    found = folder.read(tmp_path / "model")
    assert found.parts.labels == ("bug", "question")
    assert found.exclusive
    assert found.parts.tensors["layer.weight"].dtype == np.float16
    assert found.evidence.scores.tolist() == learned().evidence.scores.tolist()
    assert found.seen.tolist() == [7]
    assert found.facts == {"learned": 3}
    assert (tmp_path / "model" / "README.md").read_text() == "# Card\n"


def test_a_tuned_encoder_that_the_head_does_not_read_is_of_another_version(tmp_path: Path) -> None:
    old = replace(learned(), parts=replace(learned().parts, spec={"exclusive": True}))
    folder.save(tmp_path / "model", old, "")
    with pytest.raises(ModelError, match="tuned by a version of hubpipe that read it otherwise: train it again"):
        folder.read(tmp_path / "model")


def test_a_head_that_reads_a_tuned_encoder_needs_one(tmp_path: Path) -> None:
    without = replace(learned(), parts=replace(learned().parts, tensors={}))
    folder.save(tmp_path / "model", without, "")
    with pytest.raises(ModelError, match="train it again"):
        folder.read(tmp_path / "model")


def test_only_safetensors_json_and_text_are_written(tmp_path: Path) -> None:
    folder.save(tmp_path / "model", learned(), "")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"hubpipe.json", "model.safetensors", "README.md"}
    json.loads((tmp_path / "model" / "hubpipe.json").read_text())


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("mine")
    folder.save(tmp_path / "model", learned(), "")
    folder.save(tmp_path / "model", learned("crash"), "")
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"
    assert folder.read(tmp_path / "model").parts.labels == ("crash", "question")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_file_deeper_in_the_folder_stays_whatever_its_name_is(tmp_path: Path) -> None:
    deep = tmp_path / ".github" / "ISSUE_TEMPLATE"
    deep.mkdir(parents=True)
    for name in folder.FILES:
        (deep / name).write_text("mine")
    folder.save(tmp_path / ".github", learned(), "")
    assert {path.name: path.read_text() for path in deep.iterdir()} == dict.fromkeys(folder.FILES, "mine")


def test_links_in_the_folder_stay_links(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "model" / "notes.txt").symlink_to("../notes.txt")
    (tmp_path / "model" / "gone.txt").symlink_to("nowhere")
    folder.save(tmp_path / "model", learned(), "")
    assert (tmp_path / "model" / "notes.txt").readlink() == Path("../notes.txt")
    assert (tmp_path / "model" / "gone.txt").is_symlink()


@pytest.mark.parametrize("name", ["README.md", "model.safetensors"])
def test_what_is_none_of_a_models_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / name).write_text("mine")
    with pytest.raises(UsageError, match=rf"holds no learned model, but {name}, .*an empty or a new folder \(--out"):
        folder.save(tmp_path / "model", learned(), "")
    assert (tmp_path / "model" / name).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_folder_that_a_program_works_in_is_filled_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path / "model")
    folder.save(Path(), learned(), "", {folder.ARCHIVE: b""})
    monkeypatch.chdir("deep")
    folder.save(Path(".."), learned("crash"), "")
    assert folder.read(Path("..")).parts.labels == ("crash", "question")
    held = {path.name for path in (tmp_path / "model").iterdir()}
    assert held == {"hubpipe.json", "model.safetensors", "README.md", "notes.txt", "deep"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_no_model_takes_the_place_of_a_whole_disk() -> None:
    with pytest.raises(UsageError, match="name a folder in it"):
        folder.save(Path("/"), learned(), "")


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "model").symlink_to("kept")
    folder.save(tmp_path / "model", learned(), "")
    assert (tmp_path / "model").is_symlink()
    assert folder.read(tmp_path / "kept").parts.labels == ("bug", "question")


def test_a_run_that_ends_while_it_writes_leaves_the_model_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.save(tmp_path / "model", learned(), "")

    def broken(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(folder, "save_file", broken)
    with pytest.raises(OSError, match="no space left"):
        folder.save(tmp_path / "model", learned("crash"), "")
    assert folder.read(tmp_path / "model").parts.labels == ("bug", "question")


def test_a_run_that_ends_between_the_two_moves_is_mended(tmp_path: Path) -> None:
    folder.save(tmp_path / "model", learned(), "")
    (tmp_path / "model").rename(tmp_path / "model.old")
    folder.recover(tmp_path / "model")
    assert folder.read(tmp_path / "model").parts.labels == ("bug", "question")


def test_between_the_two_moves_the_model_of_before_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.save(tmp_path / "model", learned(), "")
    rename = Path.rename

    def ended(path: Path, target: Path) -> Path:
        if path.name == "model.new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", ended)
    with pytest.raises(KeyboardInterrupt):
        folder.save(tmp_path / "model", learned("crash"), "")
    assert not (tmp_path / "model").exists()
    assert folder.read(tmp_path / "model").parts.labels == ("bug", "question")
    assert folder.is_learned(tmp_path / "model")
    assert folder.located(str(tmp_path / "model")) == tmp_path / "model.old"
    assert folder.identity(tmp_path / "model") == folder.identity(tmp_path / "model.old")


def test_no_folder_and_an_empty_one_hold_no_model(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(ModelNotFoundError, match="hubpipe train makes one"):
            folder.read(place)


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{", "no JSON of a learned model"),
        ("[]", "no JSON of a learned model"),
        ('{"format": 99}', "another version of hubpipe"),
        ("[" * 100_000, "no JSON of a learned model"),
    ],
)
def test_broken_settings_are_told(tmp_path: Path, settings: str, said: str) -> None:
    folder.save(tmp_path / "model", learned(), "")
    (tmp_path / "model" / "hubpipe.json").write_text(settings)
    with pytest.raises(ModelError, match=said):
        folder.read(tmp_path / "model")


@pytest.mark.threat("attack", "supply-chain")
def test_weights_of_another_model_are_told(tmp_path: Path) -> None:
    folder.save(tmp_path / "model", learned(), "")
    folder.save(tmp_path / "other", learned("crash"), "")
    other = tmp_path / "other" / "model.safetensors"
    data = other.read_bytes()[:-1] + b"\1"
    (tmp_path / "model" / "model.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match="is not whole"):
        folder.read(tmp_path / "model")


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("key", ["labels", "encoder", "spec", "facts", "evidence"])
def test_settings_that_lack_a_part_are_told(tmp_path: Path, key: str) -> None:
    folder.save(tmp_path / "model", learned(), "")
    path = tmp_path / "model" / "hubpipe.json"
    settings = json.loads(path.read_text())
    del settings[key]
    path.write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="train it again"):
        folder.read(tmp_path / "model")
