"""An adapter of PEFT and the model that it is laid over, before anything is downloaded."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError
from hubpipe.models import describe, resolve
from hubpipe.models.base import Places
from tests.models.hub_server import COMMIT, LocalHub, reached
from tests.models.test_hub_metadata import NAME, architecture, put


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with reached(LocalHub({}), monkeypatch) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "task"),
    [("SEQ_CLS", "text-classification"), ("CAUSAL_LM", "text-generation"), ("TOKEN_CLS", "token-classification")],
)
def test_an_adapter_tells_its_task(tmp_path: Path, kind: str, task: str) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"task_type": kind}))
    assert resolve(Step(model=str(tmp_path)), Places(offline=True)).task == task


def test_an_adapter_needs_what_its_base_model_needs(hub: LocalHub, online: Places) -> None:
    put(
        hub,
        {"library_name": "transformers"},
        "octo-org/base",
        config=architecture("BertModel", max_position_embeddings=64),
    )
    hub.models["octo-org/base"].sizes["model.safetensors"] = 1_000_000
    put(
        hub,
        {"library_name": "peft"},
        adapter_config={"task_type": "SEQ_CLS", "base_model_name_or_path": "octo-org/base"},
    )
    needs = describe(Step(task="text-classification", model=NAME), online)
    assert (needs.library, needs.base_model, needs.limit) == ("peft", "octo-org/base", 62)
    assert (needs.disk_bytes or 0) > 1_000_000
    assert (needs.base_revision, needs.base_license, needs.base_pinned) == (COMMIT, None, False)
    assert describe(Step(task="text-classification", model=NAME, base_revision=COMMIT), online).base_pinned


def test_an_adapter_of_the_hub_names_no_folder_of_this_machine(hub: LocalHub, online: Places, tmp_path: Path) -> None:
    put(hub, {"library_name": "peft"}, adapter_config={"base_model_name_or_path": str(tmp_path)})
    with pytest.raises(ModelError, match="names none that is on the Hub"):
        describe(Step(task="text-classification", model=NAME), online)
