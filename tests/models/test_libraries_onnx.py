import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Prediction, Scores, Spans, Vector
from tests.models.specimens import STEPS

Specimen = Callable[[str, str], Path]
LABELS = {"bug": "", "enhancement": ""}
TEXTS = ["the app fails with a crash", "please add support", "version 2.0.0 and 1.2.3 on start", "", "crash " * 200]
LIBRARY = "transformers.js"


@pytest.fixture
def classifier(specimen: Specimen, tmp_path: Path) -> Path:
    """A copy of a classifier, to change."""
    return Path(shutil.copytree(specimen(LIBRARY, "text-classification"), tmp_path / "copy"))


def opened(folder: Path, places: Places, **keys: Any) -> Model:
    return load(Step.model_validate({"task": "text-classification", "model": str(folder), **keys}), LABELS, places)


def plain(prediction: Prediction) -> list[Any]:
    """Give a prediction's names and numbers."""
    if isinstance(prediction, Scores):
        return [value for item in prediction.scores for value in (item.label, pytest.approx(item.score, abs=1e-4))]
    assert isinstance(prediction, Spans)
    return [(span.label, span.start, span.end, span.text, round(span.score, 3)) for span in prediction.spans]


@pytest.mark.parametrize(
    ("task", "multi_label"),
    [
        ("text-classification", False),
        ("text-classification", True),
        ("zero-shot-classification", False),
        ("zero-shot-classification", True),
        ("token-classification", False),
    ],
)
def test_an_onnx_model_says_what_the_model_that_it_was_made_from_says(
    task: str, multi_label: bool, specimen: Specimen, places: Places
) -> None:
    folder = specimen(LIBRARY, task)
    keys = {"task": task, "multi_label": multi_label, **STEPS.get((LIBRARY, task), {})}
    exported = opened(folder, places, **keys)
    original = opened(folder.with_name(f"{folder.name}-base"), places, **keys)
    assert (exported.info.library, original.info.library) == (LIBRARY, "transformers")
    assert exported.info.limit == original.info.limit
    for one, other in zip(exported.predict(TEXTS), original.predict(TEXTS), strict=True):
        assert plain(one) == plain(other)


def test_an_encoder_chooses_among_labels_by_their_nearness(specimen: Specimen, places: Places) -> None:
    model = opened(specimen(LIBRARY, "feature-extraction"), places, task="zero-shot-classification")
    similar = opened(specimen(LIBRARY, "feature-extraction"), places, task="sentence-similarity")
    assert isinstance(model.predict(["crash"])[0], Scores)
    [same] = similar.predict(["bug"])
    assert isinstance(same, Scores)
    assert same.scores[0].score == pytest.approx(1, abs=1e-4)


def test_an_encoder_is_pooled_as_its_settings_say(specimen: Specimen, tmp_path: Path, places: Places) -> None:
    folder = Path(shutil.copytree(specimen(LIBRARY, "feature-extraction"), tmp_path / "copy"))
    mean = opened(folder, places, task="feature-extraction").predict(["the app fails"])[0]
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    first = opened(folder, places, task="feature-extraction").predict(["the app fails"])[0]
    assert isinstance(mean, Vector)
    assert isinstance(first, Vector)
    assert mean != first


def test_what_is_to_be_told_apart_without_an_entailment_is_refused(classifier: Path, places: Places) -> None:
    with pytest.raises(TaskError, match=r"none of its labels \(bug, enhancement\) is an entailment"):
        opened(classifier, places, task="zero-shot-classification")


def test_an_encoder_is_no_classifier_and_a_classifier_no_encoder(
    classifier: Path, specimen: Specimen, places: Places
) -> None:
    with pytest.raises(TaskError, match="gives last_hidden_state"):
        opened(specimen(LIBRARY, "feature-extraction"), places)
    with pytest.raises(TaskError, match="gives logits"):
        opened(classifier, places, task="feature-extraction")


def test_what_is_missing_or_broken_is_told(classifier: Path, places: Places) -> None:
    (classifier / "onnx" / "model.onnx").write_bytes(b"broken")
    with pytest.raises(ModelError, match="does not load with ONNX Runtime"):
        opened(classifier, places)
    (classifier / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        opened(classifier, places, library=LIBRARY)


def test_a_repository_without_one_of_the_usual_files_is_told(classifier: Path, places: Places) -> None:
    (classifier / "onnx" / "model.onnx").rename(classifier / "onnx" / "decoder_model.onnx")
    with pytest.raises(ModelNotFoundError, match=r"no ONNX model among|no weights"):
        opened(classifier, places, library=LIBRARY)


def test_it_runs_without_torch(specimen: Specimen) -> None:
    folder = specimen(LIBRARY, "text-classification")
    code = (
        "import sys; from hubpipe.config import Step; from hubpipe.models import load\n"
        "from hubpipe.models.base import Places\n"
        f"step = Step(task='text-classification', model={str(folder)!r}, library={LIBRARY!r})\n"
        "load(step, {}, Places(offline=True)).predict(['crash'])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
