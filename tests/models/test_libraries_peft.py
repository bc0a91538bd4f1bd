import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Scores

Specimen = Callable[[str, str], Path]


@pytest.fixture
def adapter(specimen: Specimen, tmp_path: Path) -> Path:
    """A copy of an adapter that tells bugs from wishes, to change."""
    return Path(shutil.copytree(specimen("peft", "text-classification"), tmp_path / "copy"))


def opened(folder: Path, places: Places, **keys: Any) -> Model:
    return load(Step.model_validate({"task": "text-classification", "model": str(folder), **keys}), {}, places)


def told(folder: Path, **settings: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def best(model: Model, text: str) -> str:
    [prediction] = model.predict([text])
    assert isinstance(prediction, Scores)
    return prediction.scores[0].label


def test_an_adapter_and_its_head_make_a_classifier_of_a_model_that_was_none(adapter: Path, places: Places) -> None:
    model = opened(adapter, places)
    assert model.info.library == "peft"
    assert model.info.repo == str(adapter)
    assert best(model, "the app fails with a crash") == "LABEL_0"
    assert best(model, "please add support") == "LABEL_1"


def test_the_names_of_the_labels_stand_in_a_config_beside_the_adapter(adapter: Path, places: Places) -> None:
    (adapter / "config.json").write_text(json.dumps({"id2label": {"0": "bug", "1": "enhancement"}}))
    assert best(opened(adapter, places), "the app fails with a crash") == "bug"


def test_an_adapter_without_a_head_keeps_what_its_base_model_says(specimen: Specimen, places: Places) -> None:
    folder = specimen("peft", "token-classification")
    text = "version 2.0.0 and 1.2.3 on start"
    laid, base = (
        opened(path, places, task="token-classification") for path in (folder, folder.with_name(f"{folder.name}-base"))
    )
    assert laid.info.limit == base.info.limit
    assert laid.predict([text]) == base.predict([text])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"r": 16}, "was not made for"),
        ({"target_modules": ["query", "value", "key"]}, "missing adapter keys"),
        ({"target_modules": ["other"]}, "was not made for"),
    ],
    ids=["other sizes", "more layers", "no such layer"],
)
def test_an_adapter_that_does_not_fit_its_base_model_is_refused(
    settings: dict[str, Any], reason: str, adapter: Path, places: Places
) -> None:
    told(adapter, **settings)
    with pytest.raises(TaskError, match=reason):
        opened(adapter, places)


def test_a_base_model_whose_own_part_was_never_trained_is_refused(
    adapter: Path, specimen: Specimen, places: Places
) -> None:
    told(adapter, base_model_name_or_path=str(specimen("peft", "token-classification")) + "-base")
    with pytest.raises(TaskError, match=r"was not trained for text-classification: its weights lack bert\.pooler"):
        opened(adapter, places)


def test_a_base_model_that_is_not_named_is_told(adapter: Path, places: Places) -> None:
    told(adapter, base_model_name_or_path=None)
    with pytest.raises(ModelError, match="names none that is on the Hub"):
        opened(adapter, places)


def test_a_kind_of_adapter_that_is_not_merged_is_refused(adapter: Path, places: Places) -> None:
    told(adapter, peft_type="PROMPT_TUNING")
    with pytest.raises(TaskError, match="of the kind PROMPT_TUNING"):
        opened(adapter, places)


def test_a_module_that_an_adapter_names_is_never_imported(adapter: Path, places: Places) -> None:
    told(adapter, megatron_config={"a": 1}, megatron_core="antigravity")
    with pytest.raises(UnsafeModelError, match="megatron_config"):
        opened(adapter, places)


@pytest.mark.threat("attack", "supply-chain")
def test_an_adapter_that_is_a_pickle_is_refused(adapter: Path, places: Places) -> None:
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises((UnsafeModelError, ModelNotFoundError), match="adapter_model"):
        opened(adapter, places)
