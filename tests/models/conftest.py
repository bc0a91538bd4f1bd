"""Fixtures: models that the tests train themselves, saved as the Hub holds them."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from hubpipe.models.base import Places
from tests.models import tiny
from tests.models.endpoint_calls import Clock
from tests.models.endpoint_server import EndpointServer, serving
from tests.models.specimens import MAKERS

TinyModels = Callable[[str], Path]


@pytest.fixture(scope="session")
def places() -> Places:
    """Everything from this machine: no Hub."""
    return Places(offline=True)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Give the folder of a tiny Transformers model that was trained for a task."""
    root = tmp_path_factory.mktemp("models")

    @cache
    def make(task: str) -> Path:
        torch.manual_seed(0)
        return tiny.MAKERS[task](root / task)

    return make


@pytest.fixture(scope="session")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Give the folder of a tiny model of a library, made for a task."""
    root = tmp_path_factory.mktemp("specimens")

    @cache
    def make(library: str, task: str) -> Path:
        torch.manual_seed(0)
        return MAKERS[library, task](root / f"{library}-{task}")

    return make


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EndpointServer]:
    """Give a model server on this machine, to which endpoints may lead although the tests are offline."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serving() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Give a clock for what asks an endpoint."""
    return Clock()


@pytest.fixture
def online(tmp_path: Path) -> Places:
    """A cache of the test's own, and a Hub that is asked."""
    return Places(cache=tmp_path / "cache")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Hub's own library try again at once."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
