import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Scores, Vector

Specimen = Callable[[str, str], Path]


@pytest.fixture
def topics(specimen: Specimen, tmp_path: Path) -> Path:
    """A copy of a model of two topics, to change."""
    return Path(shutil.copytree(specimen("bertopic", "text-classification"), tmp_path / "copy"))


def opened(folder: Path, places: Places) -> Model:
    return load(Step(task="text-classification", model=str(folder)), {}, places)


def told(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def test_a_text_is_nearest_to_the_topic_that_it_is_about(topics: Path, places: Places) -> None:
    model = opened(topics, places)
    bug, wish = model.predict(["the app fails with a crash", "please add support"])
    assert isinstance(bug, Scores)
    assert isinstance(wish, Scores)
    assert model.info.library == "bertopic"
    assert (bug.scores[0].label, wish.scores[0].label) == ("0_crash_fails", "1_add_support")
    assert {score.label for score in bug.scores} == {"-1_the_app", "0_crash_fails", "1_add_support"}
    assert "not how likely" in bug.remark


def test_the_users_own_names_of_topics_come_first(topics: Path, places: Places) -> None:
    told(topics / "topics.json", custom_labels=["none", "bug", "wish"])
    [bug] = opened(topics, places).predict(["the app fails with a crash"])
    assert isinstance(bug, Scores)
    assert bug.scores[0].label == "bug"


def test_topics_that_another_encoder_made_are_refused(topics: Path, places: Places) -> None:
    told(topics / "config.json", embedding_model="all-MiniLM-L6-v2")
    with pytest.raises(ModelError, match="do not fit sentence-transformers/all-MiniLM-L6-v2"):
        opened(topics, places)


def test_a_model_that_does_not_name_its_encoder_is_refused(topics: Path, places: Places) -> None:
    told(topics / "config.json", embedding_model=None)
    with pytest.raises(TaskError, match="does not say which model embedded its topics"):
        opened(topics, places)


def test_topics_that_are_missing_are_told(topics: Path, places: Places) -> None:
    (topics / "topics.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no topics\.json"):
        load(Step(task="text-classification", model=str(topics), library="bertopic"), {}, places)


def test_nearness_is_the_cosine(topics: Path, places: Places) -> None:
    encoder = json.loads((topics / "config.json").read_text())["embedding_model"]
    text = "the app fails with a crash"
    [vector] = load(Step(task="feature-extraction", model=encoder), {}, places).predict([text])
    assert isinstance(vector, Vector)
    rows = load_file(topics / "topic_embeddings.safetensors")["topic_embeddings"]
    cosines = np.maximum(rows @ np.array(vector.values) / np.linalg.norm(rows, axis=1), 0)
    [found] = opened(topics, places).predict([text])
    assert isinstance(found, Scores)
    assert [score.score for score in found.scores] == pytest.approx(sorted(cosines, reverse=True), abs=1e-4)
