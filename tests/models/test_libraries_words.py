"""Model2Vec and scikit-learn: what they say, and what they refuse to read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Scores
from tests.models.specimens.libraries import KINDS, TEXTS

Specimen = Callable[[str, str], Path]
LABELS = {"bug": "", "enhancement": ""}
BUG, WISH = "the app fails with a crash", "please add support"


def opened(folder: Path, places: Places, task: str = "text-classification", library: str | None = None) -> Model:
    step = Step.model_validate({"task": task, "model": str(folder), "library": library})
    return load(step, LABELS, places)


def best(model: Model, text: str) -> str:
    [prediction] = model.predict([text])
    assert isinstance(prediction, Scores)
    return prediction.scores[0].label


def shouting(texts: Any) -> Any:
    """Stand for code that a stranger wrote."""
    return texts


def saved(folder: Path, *parts: Any, truth: Any = KINDS) -> Path:
    skops.io.dump(make_pipeline(*parts).fit(TEXTS, truth), folder / "model.skops")
    return folder


@pytest.mark.parametrize("task", ["text-classification", "zero-shot-classification", "sentence-similarity"])
def test_a_table_of_vectors_tells_bugs_from_wishes(task: str, specimen: Specimen, places: Places) -> None:
    model = opened(specimen("model2vec", task), places, task, "model2vec")
    assert model.info.reference.startswith("model2vec:")
    assert (best(model, BUG), best(model, WISH)) == ("bug", "enhancement")


def test_a_table_of_vectors_without_a_head_is_no_classifier(specimen: Specimen, places: Places) -> None:
    with pytest.raises(TaskError, match=r"no classifier \(head\.safetensors\)"):
        opened(specimen("model2vec", "feature-extraction"), places, library="model2vec")


def test_an_older_head_of_unknown_types_is_refused(specimen: Specimen, tmp_path: Path, places: Places) -> None:
    folder = Path(shutil.copytree(specimen("model2vec", "feature-extraction"), tmp_path / "copy"))
    skops.io.dump(FunctionTransformer(shouting), folder / "pipeline.skops")
    with pytest.raises(UnsafeModelError, match="shouting"):
        opened(folder, places, library="model2vec")


def test_a_pipeline_of_words_tells_bugs_from_wishes(tmp_path: Path, places: Places) -> None:
    model = opened(saved(tmp_path, TfidfVectorizer(), LogisticRegression()), places)
    assert model.info.library == "sklearn"
    assert (best(model, BUG), best(model, WISH)) == ("bug", "enhancement")


def test_a_pipeline_that_gives_no_probabilities_says_so(tmp_path: Path, places: Places) -> None:
    [prediction] = opened(saved(tmp_path, TfidfVectorizer(), LinearSVC()), places).predict([BUG])
    assert isinstance(prediction, Scores)
    assert prediction.scores[0].label == "bug"
    assert prediction.scores[0].score > 0.5 > prediction.scores[1].score
    assert "not how likely" in prediction.remark


def test_a_function_of_a_strangers_is_refused_by_name(tmp_path: Path, places: Places) -> None:
    folder = saved(tmp_path, FunctionTransformer(shouting), TfidfVectorizer(), LogisticRegression())
    with pytest.raises(UnsafeModelError, match=r"model\.skops that hubpipe does not trust: .*shouting"):
        opened(folder, places)


def test_a_vectorizer_that_would_open_what_a_text_names_is_refused(tmp_path: Path, places: Places) -> None:
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, KINDS)
    pipeline[0].input = "filename"
    skops.io.dump(pipeline, tmp_path / "model.skops")
    with pytest.raises(UnsafeModelError, match="would open files that an issue's text names"):
        opened(tmp_path, places)


def test_a_model_of_tables_and_one_of_numbers_are_refused(tmp_path: Path, places: Places) -> None:
    skops.io.dump(LogisticRegression().fit(np.eye(4), [0, 1, 0, 1]), tmp_path / "model.skops")
    with pytest.raises(TaskError, match="does not read texts"):
        opened(tmp_path, places)
    with pytest.raises(TaskError, match=r"no classifier that scores its labels \(Pipeline\)"):
        opened(saved(tmp_path, TfidfVectorizer(), LinearRegression(), truth=range(len(TEXTS))), places)


def test_of_several_files_the_one_that_the_config_names_is_read(tmp_path: Path, places: Places) -> None:
    saved(tmp_path, TfidfVectorizer(), LogisticRegression())
    shutil.copy(tmp_path / "model.skops", tmp_path / "other.skops")
    with pytest.raises(ModelNotFoundError, match=r"model\.skops, other\.skops"):
        opened(tmp_path, places)
    (tmp_path / "config.json").write_text(json.dumps({"sklearn": {"model": {"file": "other.skops"}}}))
    assert best(opened(tmp_path, places), BUG) == "bug"


def test_what_is_no_skops_file_is_told(tmp_path: Path, places: Places) -> None:
    (tmp_path / "model.skops").write_bytes(b"broken")
    with pytest.raises(ModelError, match="no skops file that can be read"):
        opened(tmp_path, places)


@pytest.mark.threat("attack", "supply-chain")
def test_a_pickle_is_refused_by_name(tmp_path: Path, places: Places) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeModelError, match=r"model\.pkl"):
        opened(tmp_path, places, library="sklearn")
