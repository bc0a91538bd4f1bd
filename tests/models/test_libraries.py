import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import formats, load
from hubpipe.models.base import Places
from hubpipe.models.libraries import LIBRARIES, Library, library_named, library_of_files, needs_extra

# https://huggingface.co/docs/hub/models-libraries, and those that the Hub names besides.
NAMED = (
    *("transformers", "sentence-transformers", "peft", "setfit", "spacy", "sklearn", "adapter-transformers"),
    *("span-marker", "flair", "bertopic", "model2vec", "timm", "open_clip", "doctr", "keras", "fastai", "paddlenlp"),
    *("espnet", "speechbrain", "nemo", "asteroid", "pyannote-audio", "allennlp", "mbrl-lib", "ml-agents", "miditok"),
    *("mlx", "pythae", "pyctcdecode", "rl-baselines3-zoo", "sample-factory", "stable-baselines3", "tensorflowtts"),
    *("transformers.js", "unity-sentis", "diffusers", "tf-keras", "onnx", "gguf"),
)
FILES = {
    "setfit": ["config_setfit.json", "modules.json", "model.safetensors", "config.json"],
    "peft": ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"],
    "spacy": ["meta.json", "config.cfg", "ner/model"],
    "sklearn": ["config.json", "model.skops"],
    "bertopic": ["topics.json", "topic_embeddings.safetensors", "config.json"],
    "model2vec": ["head.safetensors", "model.safetensors", "tokenizer.json", "modules.json", "config.json"],
    "transformers.js": ["onnx/model.onnx", "tokenizer.json", "config.json"],
    "keras": ["model.keras"],
    "diffusers": ["model_index.json", "unet/config.json"],
    "sentence-transformers": ["modules.json", "config.json", "model.safetensors", "onnx/model.onnx", "tokenizer.json"],
    "transformers": ["config.json", "model.safetensors", "onnx/model.onnx", "tokenizer.json"],
}


@pytest.mark.parametrize("name", NAMED)
def test_every_library_of_the_hub_is_known_and_runs_or_is_declined_with_a_reason(name: str) -> None:
    row = library_named(name)
    assert row is not None
    assert bool(row.module and row.tasks) != bool(row.why)
    assert not row.why or (row.why in row.declined and row.instead in row.declined and len(row.instead) > 20)


def test_no_two_rows_share_a_name() -> None:
    names = [name for row in LIBRARIES for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))
    assert names == [name.lower() for name in names]


def test_a_name_is_known_in_any_case_and_an_unknown_one_is_not() -> None:
    assert library_named(" Scikit-Learn ") == library_named("sklearn")
    assert library_named("no-such-library") is None


@pytest.mark.parametrize(("library", "files"), FILES.items(), ids=FILES.keys())
def test_files_tell_the_library_where_nothing_else_does(library: str, files: list[str]) -> None:
    assert library_of_files(files) == library


def test_files_of_no_library_tell_none() -> None:
    assert library_of_files(["README.md", "model.safetensors"]) is None


@pytest.mark.parametrize("row", [row for row in LIBRARIES if row.declined], ids=lambda row: row.name)
def test_a_declined_library_is_told_before_anything_is_loaded(row: Library, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    step = Step(task="text-classification", model=str(tmp_path), library=row.name)
    with pytest.raises(TaskError, match=re.escape(row.instead)):
        load(step, {}, Places(offline=True))


@pytest.mark.parametrize(
    ("library", "task"),
    [
        ("setfit", "text-classification"),
        ("spacy", "token-classification"),
        ("sklearn", "text-classification"),
        ("model2vec", "text-classification"),
        ("transformers.js", "text-classification"),
        ("bertopic", "text-classification"),
        ("peft", "token-classification"),
    ],
)
def test_every_file_that_a_model_is_made_of_would_be_downloaded(
    library: str, task: str, specimen: Callable[[str, str], Path]
) -> None:
    row, folder = library_named(library), specimen(library, task)
    assert row is not None
    sizes = {path.relative_to(folder).as_posix(): 1 for path in folder.rglob("*") if path.is_file()}
    assert set(formats.wanted(sizes, row.patterns)) == sizes.keys()


def test_what_is_not_installed_is_named_with_its_extra() -> None:
    said = str(needs_extra("spacy", ModuleNotFoundError("No module named 'spacy'")))
    assert "hubpipe[spacy]" in said
    assert "`full`" in said


def test_an_adapter_imports_no_library_but_its_own() -> None:
    code = (
        "import sys, importlib; importlib.import_module(sys.argv[1])\n"
        "print(sorted({'spacy', 'onnxruntime', 'peft', 'model2vec', 'skops', 'bertopic', 'setfit'} & set(sys.modules)))"
    )
    for module, expected in (("spacy", ["spacy"]), ("onnx", ["onnxruntime"]), ("sklearn", ["skops"])):
        command = [sys.executable, "-c", code, f"hubpipe.models.{module}"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{expected}\n"


def test_the_page_of_libraries_holds_every_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "libraries.md").read_text(encoding="utf-8")
    assert all(f"| {row.title} |" in page for row in LIBRARIES if row.name != "fake")


def test_a_cross_encoder_is_not_taken_for_an_encoder(specimen: Callable[[str, str], Path], places: Places) -> None:
    folder = specimen("transformers", "zero-shot-classification")
    step = Step(task="feature-extraction", model=str(folder), library="sentence-transformers")
    with pytest.raises(TaskError, match="is a cross-encoder"):
        load(step, {}, places)
