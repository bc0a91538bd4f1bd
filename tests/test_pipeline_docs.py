import re
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.pipelines import SUPPORTED_TASKS

from hubpipe.config import parse
from hubpipe.models import libraries
from tests.models import readers, tiny, writers

PAGE = Path(__file__).parents[1] / "docs" / "pipeline-and-auto.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GONE = re.compile(r"^\| `([\w-]+)` \| `(\w+)` \| yes \|$", re.MULTILINE)
# What is done here with models of the Hub is shown with tiny ones of the same kind.
MODELS = {
    "distilbert/distilbert-base-uncased-finetuned-sst-2-english": tiny.classifier,
    "google-t5/t5-small": writers.summarizer,
    "distilbert/distilbert-base-cased-distilled-squad": readers.answerer,
}


def blocks(language: str) -> list[str]:
    return [code for name, code in BLOCK.findall(PAGE.read_text()) if name == language]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all of the page's Python, one block after the other, and give the names that it leaves."""
    code = "\n".join(blocks("python"))
    for model, maker in MODELS.items():
        torch.manual_seed(0)
        assert model in code
        code = code.replace(model, str(maker(tmp_path_factory.mktemp("docs") / "model")))
    found: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    return found


def test_a_pipeline_and_its_three_steps_give_the_same_scores(names: dict[str, Any]) -> None:
    for by_pipeline, by_hand in zip(names["by_pipeline"], names["by_hand"], strict=True):
        assert {item["label"]: item["score"] for item in by_pipeline} == pytest.approx(by_hand, abs=1e-5)
    assert [answer[0]["label"] for answer in names["by_pipeline"]] == ["bug", "enhancement"]


def test_what_the_page_writes_is_what_the_model_was_trained_to_write(names: dict[str, Any]) -> None:
    assert names["summary"] == writers.SUMMARIES[names["article"]]


def test_the_page_reads_the_answer_off_the_text(names: dict[str, Any]) -> None:
    assert names["answer"] == "error"


def test_the_tasks_that_the_page_calls_gone_are_gone_and_hubpipe_has_them(names: dict[str, Any]) -> None:
    gone = dict(GONE.findall(PAGE.read_text()))
    assert len(gone) == 4
    assert not gone.keys() & SUPPORTED_TASKS.keys()
    (row,) = (library for library in libraries.LIBRARIES if library.name == libraries.TRANSFORMERS)
    assert gone.keys() <= row.tasks
    from hubpipe.models.transformers import head

    assert {task: head(task) for task in gone} == gone
    assert "summarization" in names["gone"]


def test_the_configuration_of_the_page_is_valid() -> None:
    (text,) = blocks("yaml")
    (flow,) = parse(text).flows.values()
    assert flow is not None
    assert flow.pipeline[0].task == "summarization"
