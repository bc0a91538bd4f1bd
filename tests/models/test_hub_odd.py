"""Repositories that are wrong on purpose or by accident: each is refused in words, before a weight is downloaded."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Flow, Step
from hubpipe.errors import ModelError, UnsafeModelError
from hubpipe.models import describe, load, resolve, resolve_flow
from hubpipe.models.base import Places, Scores
from hubpipe.models.hub import locate
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


def as_bytes(data: object) -> bytes:
    return json.dumps(data).encode()


def changed(stored: Stored, file: str, /, **values: object) -> None:
    """Change some values of a JSON file."""
    stored.files[file] = as_bytes({**json.loads(stored.files.get(file, b"{}")), **values})


def refused(places: Places, kind: type[ModelError], told: str, step: Step = STEP) -> None:
    """Hold that describing and loading a model both raise one error."""
    for ask in (lambda: describe(step, places), lambda: load(step, {}, places)):
        with pytest.raises(kind, match=told):
            ask()


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("target", ["weights.txt", "../evil.safetensors", "/tmp/evil.safetensors"])
def test_an_index_leads_to_no_pickle_and_no_file_elsewhere(model: Stored, online: Places, target: str) -> None:
    model.files["model-00001-of-00001.safetensors"] = model.files.pop(WEIGHTS)
    model.files["weights.txt"] = b"a pickle"
    changed(model, "model.safetensors.index.json", weight_map={"classifier.weight": target})
    refused(online, UnsafeModelError, "no safetensors file beside it")


@pytest.mark.threat("attack", "supply-chain")
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


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("name", ["../evil.json", "a/../../evil.json", "/tmp/evil.json"])
def test_a_list_of_files_that_leads_elsewhere_is_refused(model: Stored, online: Places, name: str) -> None:
    model.files[name] = b"{}"
    refused(online, UnsafeModelError, "names a file outside of itself")


SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "labels that are a list": ("config.json", {"id2label": ["a", "b"]}),
    "no heads": ("config.json", {"num_attention_heads": 0}),
    "heads that are a word": ("config.json", {"num_attention_heads": "x"}),
    "no kind of model": ("config.json", {"model_type": ["bert"]}),
    "an index that is a list": ("model.safetensors.index.json", {"weight_map": ["m"]}),
    "a tokenizer that is none": ("tokenizer.json", {"model": 1}),
}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(("file", "values"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_a_library_stumbles_over_are_told_as_such(
    model: Stored, online: Places, file: str, values: dict[str, Any]
) -> None:
    changed(model, file, **values)
    if file.endswith("index.json"):
        model.files["model-00001-of-00001.safetensors"] = model.files.pop(WEIGHTS)
    with pytest.raises(ModelError, match=NAME):
        load(STEP, {}, online)


WRONG_LISTS = {
    "a list of modules that is none": {"modules.json": {"a": 1}},
    "settings that are a list": {"config.json": [1]},
}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("files", WRONG_LISTS.values(), ids=WRONG_LISTS)
def test_files_of_another_shape_are_told_by_every_door(model: Stored, online: Places, files: dict[str, object]) -> None:
    model.files |= {name: as_bytes(data) for name, data in files.items()}
    refused(online, ModelError, NAME)
    step = Step(model=NAME)
    for ask in (lambda: resolve(step, online), lambda: resolve_flow(flow_of(step), online)):
        with pytest.raises(ModelError, match=NAME):
            ask()


def flow_of(step: Step) -> Flow:
    return Flow.model_validate({"on": "issues", "pipeline": (step,), "publish": "summary"})


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("kind", [["SEQ_CLS"], {}, 1, None])
def test_an_adapters_kind_that_is_no_word_says_nothing(model: Stored, online: Places, kind: object) -> None:
    model.files["adapter_config.json"] = as_bytes({"task_type": kind})
    model.metadata = {"library_name": "transformers"}
    assert resolve(Step(model=NAME), online).task == "text-classification"


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    "metadata",
    [
        {"library_name": ["transformers"]},
        {"pipeline_tag": ["text-classification"]},
        {"tags": "text-classification"},
        {"gguf": [1]},
        {"cardData": [1]},
    ],
    ids=str,
)
def test_what_the_hub_says_in_another_shape_is_no_crash(
    model: Stored, online: Places, metadata: dict[str, Any]
) -> None:
    model.metadata = metadata
    try:
        assert resolve(Step(model=NAME), online).task == "text-classification"
    except ModelError as fault:
        assert NAME in str(fault)


ODD_ENCODERS: dict[str, tuple[str, object]] = {
    "a pooling that is a list": ("1_Pooling/config.json", [1, 2]),
    "a length that is a word": ("sentence_bert_config.json", {"max_seq_length": "x"}),
    "no modules": ("modules.json", []),
}


@pytest.mark.parametrize(("file", "data"), ODD_ENCODERS.values(), ids=ODD_ENCODERS)
def test_an_encoder_that_sentence_transformers_stumbles_over_is_told(
    hub: LocalHub, specimen: Callable[[str, str], Path], online: Places, file: str, data: object
) -> None:
    topics = specimen("bertopic", "text-classification")
    encoder = Stored.of(Path(json.loads((topics / "config.json").read_text())["embedding_model"]))
    encoder.files[file] = as_bytes(data)
    hub.models[NAME] = encoder
    step = Step(task="feature-extraction", model=NAME, library="sentence-transformers")
    describe(step, online)
    with pytest.raises(ModelError, match=NAME):
        load(step, {}, online)


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("folder", ["", "router", "./router/"])
def test_the_modules_within_a_router_bring_no_pickles_and_no_code(tmp_path: Path, folder: str) -> None:
    router = tmp_path / folder
    dense = router / "query_0_Dense"
    dense.mkdir(parents=True)
    (tmp_path / "modules.json").write_text(
        json.dumps([{"path": folder, "type": "sentence_transformers.base.modules.router.Router"}])
    )
    types = {"query_0_Dense": "sentence_transformers.models.Dense"}
    (router / "router_config.json").write_text(json.dumps({"types": types}))
    (tmp_path / WEIGHTS).write_bytes(b"never read")
    (dense / "pytorch_model.bin").write_bytes(b"a pickle")
    step = Step(task="feature-extraction", model=str(tmp_path), library="sentence-transformers")
    refused(Places(offline=True), UnsafeModelError, r"only in .*query_0_Dense/pytorch_model\.bin", step)
    (dense / "pytorch_model.bin").rename(dense / WEIGHTS)
    assert len(locate(str(tmp_path), None, Places(offline=True)).weights) == 2
    types["query_1_X"] = "sentence_transformers.base.modules.module.torch"
    (router / "router_config.json").write_text(json.dumps({"types": types}))
    refused(Places(offline=True), UnsafeModelError, r"module\.torch in .*router_config\.json", step)
    (router / "router_config.json").write_text(json.dumps({"types": {"../../x": types["query_0_Dense"]}}))
    refused(Places(offline=True), UnsafeModelError, "names a file outside of itself", step)
