"""What a model is: its library, its task and its card, from the Hub, a README or its files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Flow, Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.models import describe, resolve, resolve_flow
from hubpipe.models.base import Places
from hubpipe.models.hub import Card, locate
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached

NAME = "octo-org/model"
STEP = Step(model=NAME)
README = """\
---
license: other
license_name: octo-licence
language:
- en
- no
pipeline_tag: text-classification
library_name: setfit
base_model: octo-org/base
tags: [setfit]
---
# A model
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with reached(LocalHub({}), monkeypatch) as running:
        yield running


def put(hub: LocalHub, metadata: dict[str, Any], name: str = NAME, **files: object) -> None:
    """Give the Hub a model of JSON files (`config` is config.json), and of weights that nobody may fetch."""
    texts = {f"{file}.json": json.dumps(data).encode() for file, data in files.items()}
    hub.models[name] = Stored({"model.safetensors": b"never sent", **texts}, metadata)


def architecture(name: str, **more: object) -> dict[str, object]:
    return {"architectures": [name], **more}


def test_the_hub_tells_the_card(hub: LocalHub, online: Places) -> None:
    put(
        hub,
        {
            "pipeline_tag": "translation",
            "library_name": "transformers",
            "tags": ["translation", "license:mit"],
            "cardData": {"license": "mit", "language": ["en", "de"], "base_model": "octo-org/base"},
            "safetensors": {"parameters": {"F32": 100, "I8": 20}, "total": 120},
            "gated": "auto",
        },
    )
    found = locate(NAME, "v1", online)
    assert found.card == Card(
        "translation", ("translation", "license:mit"), "mit", ("en", "de"), "octo-org/base", gated=True, parameters=120
    )
    assert (found.library, found.revision, found.pinned) == ("transformers", COMMIT, False)
    assert locate(NAME, COMMIT, online).pinned


def test_a_licence_that_only_a_tag_names_counts(hub: LocalHub, online: Places) -> None:
    put(hub, {"tags": ["license:apache-2.0"]})
    assert locate(NAME, None, online).card.license == "apache-2.0"


def test_a_folder_tells_its_card_by_its_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    found = locate(str(tmp_path), None, Places(offline=True))
    assert found.library == "setfit"
    assert found.card == Card(
        "text-classification", ("setfit",), "octo-licence", ("en", "no"), base_model="octo-org/base"
    )


@pytest.mark.parametrize(
    "readme",
    ["", "# No front matter", "---\n- a list\n---\n", "---\nlicense: [mit\n---\n", "---\nlanguage: {en: 1}\n---\n"],
)
def test_a_readme_that_says_nothing_is_no_fault(tmp_path: Path, readme: str) -> None:
    (tmp_path / "README.md").write_text(readme)
    assert locate(str(tmp_path), None, Places(offline=True)).card == Card()


@pytest.mark.parametrize(
    "front",
    [
        "license: " + "[" * 5_000,
        "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\ntags: [*c, *c, *c, *c]",
        "license: !!python/object/apply:os.system [ls]",
        "tags: 2026-01-01",
    ],
    ids=["deep", "laughing", "code", "a date"],
)
def test_a_hostile_front_matter_says_nothing(tmp_path: Path, front: str) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n")
    assert locate(str(tmp_path), None, Places(offline=True)).card == Card()


@pytest.mark.parametrize(
    "config", [b"[" * 100_000, b"{", b"[]", b"\xff", b'"text"'], ids=["deep", "cut", "list", "no text", "text"]
)
def test_a_configuration_that_is_none_is_told(hub: LocalHub, online: Places, config: bytes) -> None:
    put(hub, {"library_name": "transformers"})
    hub.models[NAME].files["config.json"] = config
    with pytest.raises(ModelError, match=r"config\.json is not JSON"):
        resolve(STEP, online)


def test_a_configuration_as_large_as_a_model_is_not_downloaded(hub: LocalHub, online: Places) -> None:
    put(hub, {"library_name": "transformers"}, config=architecture("BertModel"))
    hub.models[NAME].sizes["config.json"] = 10**10
    with pytest.raises(ModelError, match=r"config\.json .* too large to be settings"):
        resolve(STEP, online)
    assert hub.downloaded == []


def test_a_library_that_is_not_installed_names_its_extra(
    hub: LocalHub, online: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, {"library_name": "spacy"})
    monkeypatch.setattr("hubpipe.models.find_spec", lambda name: None)
    with pytest.raises(TaskError, match=r"spaCy needs a package .*no spacy.*hubpipe\[spacy\]"):
        describe(Step(task="token-classification", model=NAME), online)


def test_the_hubs_word_is_the_task(hub: LocalHub, online: Places) -> None:
    put(hub, {"pipeline_tag": "zero-shot-classification"}, config=architecture("BertForSequenceClassification"))
    assert resolve(STEP, online).task == "zero-shot-classification"
    assert hub.downloaded == []


def test_a_task_of_the_file_is_not_asked_for(hub: LocalHub, online: Places) -> None:
    step = Step(task="fill-mask", model=NAME)
    assert resolve(step, online) is step
    assert hub.asked == []


def test_a_tag_tells_the_task_where_the_hub_does_not(hub: LocalHub, online: Places) -> None:
    put(hub, {"tags": ["pytorch", "question-answering"]}, config=architecture("BertModel"))
    assert resolve(STEP, online).task == "question-answering"


@pytest.mark.parametrize(
    ("config", "task"),
    [
        (architecture("BertForSequenceClassification"), "text-classification"),
        (architecture("RobertaForTokenClassification"), "token-classification"),
        (architecture("BertForQuestionAnswering"), "question-answering"),
        (architecture("TapasForQuestionAnswering"), "table-question-answering"),
        (architecture("LayoutLMv3ForQuestionAnswering"), "document-question-answering"),
        (architecture("ElectraForMaskedLM"), "fill-mask"),
        (architecture("MarianMTModel"), "translation"),
        (architecture("M2M100ForConditionalGeneration"), "translation"),
        (architecture("T5ForConditionalGeneration"), "text2text-generation"),
        (
            architecture("BartForConditionalGeneration", task_specific_params={"summarization": {"num_beams": 4}}),
            "summarization",
        ),
        (
            architecture(
                "T5ForConditionalGeneration",
                task_specific_params={"summarization": {}, "translation_en_to_de": {}, "translation_en_to_fr": {}},
            ),
            "text2text-generation",
        ),
        (architecture("T5ForConditionalGeneration", task_specific_params={"translation_en_to_de": {}}), "translation"),
        (architecture("LlamaForCausalLM"), "text-generation"),
        (architecture("GPT2LMHeadModel"), "text-generation"),
        (architecture("T5WithLMHeadModel"), "text2text-generation"),
        (architecture("LlavaForConditionalGeneration", vision_config={}), "image-text-to-text"),
        (architecture("BlipForConditionalGeneration", vision_config={}), "image-to-text"),
        (architecture("VisionEncoderDecoderModel"), "image-to-text"),
        (architecture("WhisperForConditionalGeneration"), "automatic-speech-recognition"),
        (architecture("Wav2Vec2ForCTC"), "automatic-speech-recognition"),
        (architecture("ViTForImageClassification"), "image-classification"),
        (architecture("YolosForObjectDetection"), "object-detection"),
        (architecture("CLIPModel", vision_config={}), "zero-shot-image-classification"),
        (architecture("BertModel"), "feature-extraction"),
    ],
    ids=lambda value: value["architectures"][0] if isinstance(value, dict) else value,
)
def test_the_class_in_its_configuration_tells_the_task(
    hub: LocalHub, online: Places, config: dict[str, object], task: str
) -> None:
    put(hub, {"library_name": "transformers"}, config=config)
    assert resolve(STEP, online).task == task
    assert "model.safetensors" not in hub.downloaded


def test_a_library_tells_the_usual_task_of_its_models(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")
    assert resolve(Step(model=str(tmp_path)), Places(offline=True)).task == "sentence-similarity"


def test_a_gguf_alone_writes(tmp_path: Path) -> None:
    (tmp_path / "model.Q4_K_M.gguf").write_bytes(b"GGUF")
    assert resolve(Step(model=str(tmp_path)), Places(offline=True)).task == "text-generation"


def test_a_task_of_the_hub_that_hubpipe_does_not_do_is_told(hub: LocalHub, online: Places) -> None:
    put(hub, {"pipeline_tag": "text-to-image", "library_name": "transformers"})
    with pytest.raises(TaskError, match=r"does text-to-image, which hubpipe does not do: .*text-classification"):
        resolve(STEP, online)


def test_a_model_that_says_nothing_needs_a_task(hub: LocalHub, online: Places) -> None:
    put(hub, {"library_name": "transformers"}, config={})
    with pytest.raises(TaskError, match=r"set pipeline\.task to one of"):
        resolve(STEP, online)


def test_a_declined_library_names_the_model_to_use_instead(hub: LocalHub, online: Places) -> None:
    put(hub, {"library_name": "mlx", "cardData": {"base_model": "octo-org/base"}})
    with pytest.raises(TaskError, match=r"does not run MLX.*base_model \(octo-org/base\)"):
        resolve(STEP, online)


def test_the_files_word_for_the_library_goes_before_the_hubs(hub: LocalHub, online: Places) -> None:
    put(hub, {"library_name": "flair"}, config=architecture("BertForTokenClassification"))
    assert (
        describe(Step(task="token-classification", model=NAME, library="transformers"), online).library
        == "transformers"
    )


def test_a_fake_needs_its_task_from_the_file() -> None:
    with pytest.raises(TaskError, match=r"set pipeline\.task"):
        resolve(Step(model="fake:"), Places())


def test_a_flow_is_held_against_the_rules_once_the_hub_told_its_tasks(hub: LocalHub, online: Places) -> None:
    put(hub, {"pipeline_tag": "feature-extraction"}, config=architecture("BertModel"))
    flow = Flow.model_validate({"on": "issues", "pipeline": [NAME], "publish": ["labels", "comment"]})
    with pytest.raises(TaskError) as caught:
        resolve_flow(flow, online)
    assert "publish.labels: feature-extraction gives vector, not labels" in str(caught.value)
    assert "publish.comment: feature-extraction gives a vector" in str(caught.value)


def test_a_flow_whose_tasks_are_known_asks_nobody(hub: LocalHub, online: Places) -> None:
    step = {"task": "fill-mask", "model": NAME}
    flow = Flow.model_validate({"on": "issues", "pipeline": step, "publish": "summary"})
    assert resolve_flow(flow, online) is flow
    assert hub.asked == []


def test_a_flow_gets_the_tasks_that_the_hub_tells(hub: LocalHub, online: Places) -> None:
    put(hub, {"pipeline_tag": "summarization"}, config=architecture("BartForConditionalGeneration"))
    flow = Flow.model_validate({"on": "issues", "pipeline": [NAME], "publish": "comment"})
    assert [step.task for step in resolve_flow(flow, online).pipeline] == ["summarization"]
