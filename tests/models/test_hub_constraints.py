"""What speaks against a model is told before a weight is downloaded: by `describe`, and as an error by `load`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import ModelRules, Step
from hubpipe.errors import ConstraintError, TaskError
from hubpipe.models import Needs, describe, load
from hubpipe.models.base import Places, Terms
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached

NAME = "octo-org/translator"
STEP = Step(task="translation", model=NAME)
WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A Hub with one model of 100 MB, whose weights must not be asked for."""
    metadata = {
        "library_name": "transformers",
        "pipeline_tag": "translation",
        "cardData": {"license": "cc-by-nc-4.0", "language": ["en", "de"]},
        "safetensors": {"parameters": {"F32": 25_000_000}, "total": 25_000_000},
    }
    files = {WEIGHTS: b"never sent", "config.json": b'{"architectures": ["MarianMTModel"]}'}
    with reached(LocalHub({NAME: Stored(files, metadata, sizes={WEIGHTS: 100_000_000})}), monkeypatch) as running:
        yield running
    assert WEIGHTS not in running.downloaded


def told(places: Places, step: Step = STEP, **rules: Any) -> Needs:
    """Describe a step under rules; what is told is what `load` refuses with."""
    terms = Terms(ModelRules(**rules))
    needs = describe(step, places, terms)
    if needs.problems:
        with pytest.raises(ConstraintError) as caught:
            load(step, {}, places, terms)
        assert str(caught.value) == "\n".join(needs.problems)
        assert caught.value.exit_code == 2
    return needs


def test_a_model_within_the_rules_has_no_problems(hub: LocalHub, online: Places) -> None:
    step = STEP.model_copy(update={"source_language": "en", "target_language": "deu_Latn", "revision": COMMIT})
    needs = told(online, step, licenses=("CC-BY-NC-4.0",), require_pinned=True, max_memory=1_000)
    assert needs.problems == ()
    assert (needs.license, needs.languages, needs.parameters) == ("cc-by-nc-4.0", ("en", "de"), 25_000_000)
    assert (needs.task, needs.pinned, needs.gated) == ("translation", True, False)
    assert (needs.disk_bytes, needs.memory_bytes) == (100_000_036, 530_000_000)


def test_another_licence_than_those_allowed_is_told(hub: LocalHub, online: Places) -> None:
    [problem] = told(online, licenses=("mit", "apache-2.0")).problems
    assert problem.startswith(f"{NAME} has the licence cc-by-nc-4.0, and models.licenses allows only mit, apache-2.0:")


def test_a_model_without_a_licence_is_told(hub: LocalHub, online: Places) -> None:
    hub.models[NAME].metadata["cardData"] = {}
    [problem] = told(online, licenses=("mit",)).problems
    assert problem.startswith(f"{NAME} names no licence")


@pytest.mark.parametrize("revision", [None, "main", "v1"])
def test_a_revision_that_may_change_is_told_with_the_commit_to_write(
    hub: LocalHub, online: Places, revision: str | None
) -> None:
    step = STEP.model_copy(update={"revision": revision})
    [problem] = told(online, step, require_pinned=True).problems
    assert problem.endswith(f"write revision: {COMMIT}")
    assert not told(online, step).pinned


@pytest.mark.parametrize(
    ("key", "language"), [("source_language", "fr"), ("target_language", "fr"), ("target_language", "fr_XX")]
)
def test_a_language_that_the_card_lacks_is_told(hub: LocalHub, online: Places, key: str, language: str) -> None:
    [problem] = told(online, STEP.model_copy(update={key: language})).problems
    assert problem == f"{NAME} is for en, de, not for {key}: {language}: choose a model of that language"


@pytest.mark.parametrize(
    ("card", "language"),
    [
        (["en", "de"], "de"),
        (["en", "de"], "de-AT"),
        (["en", "de"], "DE"),
        (["multilingual"], "fr"),
        (["multilingual", "en"], "fr"),
        (None, "fr"),
        ("en", "eng_Latn"),
        (["ace", "en"], "fra_Latn"),
    ],
    ids=str,
)
def test_a_language_that_the_card_may_have_is_no_problem(
    hub: LocalHub, online: Places, card: object, language: str
) -> None:
    hub.models[NAME].metadata["cardData"] = {"language": card}
    assert told(online, STEP.model_copy(update={"source_language": language})).problems == ()


def test_a_model_over_the_files_limit_of_memory_is_told(hub: LocalHub, online: Places) -> None:
    [problem] = told(online, max_memory=500).problems
    assert problem.startswith(f"{NAME} needs about 530 MB of memory, and 500 MB are allowed by models.max_memory:")


def test_a_model_over_the_machines_memory_and_disk_is_told(hub: LocalHub, online: Places) -> None:
    hub.models[NAME].sizes[WEIGHTS] = 10**18
    # What is free changes from one moment to the next, and with it the words.
    memory, disk = describe(STEP, online).problems
    with pytest.raises(ConstraintError, match="are free on this machine"):
        load(STEP, {}, online)
    assert "are free on this machine: choose a smaller model, use a larger runner" in memory
    assert "MB on disk" in disk
    # A limit of the file's own is taken at its word.
    assert len(told(online, max_memory=10**13).problems) == 1


def test_a_quantised_model_takes_the_memory_that_it_has_when_loaded(hub: LocalHub, online: Places) -> None:
    files = {"m.Q4_K_M.gguf": b"never sent", "m.Q8_0.gguf": b"never sent"}
    metadata = {"library_name": "gguf", "gguf": {"total": 135_000_000}}
    hub.models["octo-org/quantised"] = Stored(files, metadata, sizes={"m.Q4_K_M.gguf": 98_000_000})
    needs = told(online, Step(task="text-generation", model="octo-org/quantised"))
    assert (needs.library, needs.disk_bytes, needs.memory_bytes) == ("transformers", 98_000_000, 1_214_000_000)
    assert needs.parameters == 135_000_000


def test_everything_that_speaks_against_a_model_is_told_at_once(hub: LocalHub, online: Places) -> None:
    step = STEP.model_copy(update={"target_language": "fr"})
    needs = told(online, step, licenses=("mit",), require_pinned=True, max_memory=1)
    assert len(needs.problems) == 4


@pytest.mark.parametrize("task", ["token-classification", "zero-shot-classification", "question-answering"])
def test_a_task_that_the_model_has_no_head_for_is_refused(hub: LocalHub, online: Places, task: str) -> None:
    step = Step.model_validate({"task": task, "model": NAME, "questions": {"a": "b"}})
    for ask in (lambda: describe(step, online), lambda: load(step, {"bug": ""}, online)):
        with pytest.raises(
            TaskError, match=f"was not trained for {task}: it is a MarianMTModel, which does translation"
        ):
            ask()


@pytest.mark.parametrize("task", ["summarization", "translation", "fill-mask", "table-question-answering"])
def test_a_model_that_writes_on_is_refused_for_what_it_was_not_made_for(
    hub: LocalHub, online: Places, task: str
) -> None:
    hub.models[NAME].files["config.json"] = b'{"architectures": ["LlamaForCausalLM"]}'
    step = Step.model_validate({"task": task, "model": NAME, "questions": {"a": "b"}})
    with pytest.raises(TaskError, match=f"was not trained for {task}: it is a LlamaForCausalLM"):
        describe(step, online)
    assert describe(Step(task="decision", model=NAME), online).problems == ()


def test_rules_hold_offline_too(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: gpl-3.0\nlibrary_name: transformers\n---\n")
    (tmp_path / WEIGHTS).write_bytes(b"never read")
    step = Step(task="translation", model=str(tmp_path))
    [problem] = told(Places(offline=True), step, licenses=("mit",), require_pinned=True).problems
    assert "has the licence gpl-3.0" in problem


def test_the_embedded_model_keeps_strict_rules() -> None:
    needs = told(Places(offline=True), Step(task="summarization"), licenses=("apache-2.0",), require_pinned=True)
    assert needs.problems == ()
    assert (needs.license, needs.languages, needs.reads_all) == ("apache-2.0", ("en",), True)


def test_a_model_at_an_endpoint_needs_nothing_of_this_machine(hub: LocalHub, online: Places) -> None:
    step = Step(task="text-generation", model="octo-org/large", endpoint="https://me@models.example/v1")
    needs = describe(step, online, Terms(ModelRules(require_pinned=True, max_memory=1)))
    assert (needs.library, needs.repo) == ("endpoint", "octo-org/large at models.example")
    assert (needs.disk_bytes, needs.memory_bytes, needs.problems) == (0, 0, ())
    assert hub.asked == []
