import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from hubpipe.config import Step, Task
from hubpipe.errors import TaskError
from hubpipe.models import describe, load
from hubpipe.models.base import Places
from hubpipe.models.libraries import LIBRARIES

HEAVY = ("torch", "transformers", "sentence_transformers", "huggingface_hub", "numpy")


def test_importing_the_table_imports_no_heavy_library() -> None:
    code = f"import hubpipe.models, sys; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_telling_the_needs_of_the_embedded_model_imports_no_heavy_library() -> None:
    code = (
        "from hubpipe.config import Step; from hubpipe.models import describe; from hubpipe.models.base import Places\n"
        "import sys; describe(Step(task='summarization'), Places())\n"
        "describe(Step(task='decision', model='fake:'), Places())\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_loading_writes_nothing_to_standard_output() -> None:
    code = (
        "from hubpipe.config import Step; from hubpipe.models import load; from hubpipe.models.base import Places\n"
        "load(Step(task='summarization'), {}, Places(offline=True)).predict(['One here. Two here now.'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == ""
    assert "Loading weights" not in found.stderr


def test_every_row_names_an_adapter_that_loads() -> None:
    assert all(callable(import_module(library.module).load) for library in LIBRARIES if library.module)


def test_every_task_has_a_real_library() -> None:
    assert {task for library in LIBRARIES if library.name != "fake" for task in library.tasks} == set(get_args(Task))


def test_the_fake_does_every_task_and_needs_nothing() -> None:
    for task in get_args(Task):
        needs = describe(Step(task=task, model="fake:echo"), Places())
        assert (needs.library, needs.repo, needs.revision) == ("fake", "fake:echo", None)
        assert (needs.disk_bytes, needs.memory_bytes, needs.load_seconds, needs.text_seconds) == (0, 0, 0, 0)
        assert needs.limit == load(Step(task=task, model="fake:echo"), {}, Places()).info.limit


def test_a_task_that_the_library_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(TaskError, match=r"does not do fill-mask .*summarization.*name a model of: transformers"):
        load(Step(task="fill-mask"), {}, Places(offline=True))


def test_a_misspelt_library_is_answered_with_the_nearest() -> None:
    with pytest.raises(TaskError, match=r"did you mean 'transformers'\?"):
        load(Step(task="fill-mask", library="transfomers"), {}, Places(offline=True))


def test_a_folder_that_is_of_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(TaskError, match=r"set pipeline\.library to one of"):
        load(Step(task="fill-mask", model=str(tmp_path)), {}, Places(offline=True))


@pytest.mark.parametrize("task", ["zero-shot-classification", "sentence-similarity"])
def test_choosing_without_labels_is_refused(task: Task) -> None:
    with pytest.raises(TaskError, match="needs labels"):
        load(Step(task=task), {}, Places(offline=True))


def test_a_folder_tells_its_needs(tiny_model: Callable[[str], Path], places: Places) -> None:
    step = Step(task="text-classification", model=str(tiny_model("text-classification")))
    needs = describe(step, places)
    assert needs.library == "transformers"
    assert needs.limit == load(step, {}, places).info.limit
    assert needs.memory_bytes is not None
    assert needs.memory_bytes > (needs.disk_bytes or 0) > 0
    assert needs.load_seconds is None
