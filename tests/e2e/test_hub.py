"""A Hub id alone in the configuration, through the Action's own process: the Hub tells the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.e2e.step import run
from tests.models import tiny
from tests.models.hub_server import COMMIT, LocalHub, Stored, served
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
MODELS
flows:
  kind:
    on: issues
    pipeline: octo-org/tiny-classifier
    publish: labels
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A Hub with one trained classifier, of which it tells library, task and licence."""
    torch.manual_seed(0)
    folder = tiny.classifier(tmp_path_factory.mktemp("hub") / "classifier")
    card = {"library_name": "transformers", "pipeline_tag": "text-classification", "cardData": {"license": "mit"}}
    with served(LocalHub({"octo-org/tiny-classifier": Stored.of(folder, metadata=card)})) as running:
        yield running


@pytest.fixture
def variables(hub: LocalHub, tmp_path: Path) -> dict[str, str]:
    """What an Action's container gets: a Hub, and a home with nothing in it."""
    hub.downloaded.clear()
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": ""}


def opened(repo: StandIn, models: str = "") -> int:
    for name in ("bug", "enhancement"):
        repo.add_label(name)
    repo.put_file(".github/hubpipe.yml", CONFIG.replace("MODELS", models))
    return repo.open_issue("crash error", "the app fails with error on start")


def test_a_hub_id_is_all_that_is_needed(
    standin: StandIn, hub: LocalHub, variables: dict[str, str], tmp_path: Path
) -> None:
    number = opened(standin)
    step = run(standin, tmp_path / "1", "issues", standin.event("issues", "opened", number), variables)
    assert step.status == 0, step.log
    assert standin.labels_of(number) == ["bug"]
    [model] = step.plan[0]["models"]
    assert (model["library"], model["task"], model["revision"]) == ("transformers", "text-classification", COMMIT)
    assert f"transformers:octo-org/tiny-classifier@{COMMIT[:12]}" in step.summary

    hub.downloaded.clear()
    again = run(standin, tmp_path / "2", "issues", standin.event("issues", "edited", number), variables)
    assert again.status == 0, again.log
    assert hub.downloaded == []


def test_a_model_that_may_change_is_refused_before_a_weight_is_downloaded(
    standin: StandIn, hub: LocalHub, variables: dict[str, str], tmp_path: Path
) -> None:
    number = opened(standin, "models: {require_pinned: true}")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number), variables)
    assert step.status == 2, step.log
    assert f"revision: {COMMIT}" in step.summary
    assert standin.labels_of(number) == []
    assert not any(file.endswith(".safetensors") for file in hub.downloaded)


def test_a_model_that_is_gone_makes_the_run_red(
    standin: StandIn, hub: LocalHub, variables: dict[str, str], tmp_path: Path
) -> None:
    number = opened(standin)
    moved = hub.models.pop("octo-org/tiny-classifier")
    try:
        step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number), variables)
    finally:
        hub.models["octo-org/tiny-classifier"] = moved
    assert step.status == 1, step.log
    assert "octo-org/tiny-classifier" in step.summary
    assert step.outputs["published"] == "false"
