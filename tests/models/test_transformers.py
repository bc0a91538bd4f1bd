import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Prediction, Scores, Spans, Vector
from tests.models import tiny

TinyModels = Callable[[str], Path]
LABELS = {"bug": "", "enhancement": ""}


def model(folder: Path, task: Any, places: Places, **more: Any) -> Model:
    step = Step(task=task, model=str(folder), hypothesis_template=tiny.HYPOTHESIS, **more)
    return load(step, LABELS, places)


def labels(prediction: Prediction) -> list[str]:
    assert isinstance(prediction, Scores)
    return [item.label for item in prediction.scores]


@pytest.mark.parametrize("task", ["text-classification", "zero-shot-classification"])
def test_a_crash_is_a_bug_and_a_wish_is_an_enhancement(task: str, tiny_model: TinyModels, places: Places) -> None:
    bug, wish = model(tiny_model(task), task, places).predict(["the app crash with error", "please add a button"])
    assert labels(bug) == ["bug", "enhancement"]
    assert labels(wish) == ["enhancement", "bug"]


@pytest.mark.parametrize("task", ["text-classification", "zero-shot-classification"])
def test_scores_share_one_whole_unless_several_labels_may_hold(
    task: str, tiny_model: TinyModels, places: Places
) -> None:
    for several in (False, True):
        (prediction,) = model(tiny_model(task), task, places, multi_label=several).predict(["crash please"])
        assert isinstance(prediction, Scores)
        whole = sum(item.score for item in prediction.scores)
        assert (whole == pytest.approx(1)) is not several


def test_a_single_label_does_not_hold_for_every_text(tiny_model: TinyModels, places: Places) -> None:
    folder = str(tiny_model("zero-shot-classification"))
    step = Step(task="zero-shot-classification", model=folder, hypothesis_template=tiny.HYPOTHESIS)
    bug, wish = load(step, {"bug": ""}, places).predict(["the app crash with error", "please add a button"])
    assert isinstance(bug, Scores)
    assert isinstance(wish, Scores)
    assert bug.scores[0].score > 0.5 > wish.scores[0].score


def test_versions_are_found_where_they_stand(tiny_model: TinyModels, places: Places) -> None:
    text = "since version 3.1.4 it starts"
    (prediction,) = model(tiny_model("token-classification"), "token-classification", places).predict([text])
    assert isinstance(prediction, Spans)
    (span,) = prediction.spans
    assert (span.label, span.start, span.end, span.text) == ("VERSION", 14, 19, "3.1.4")
    assert type(span.score) is float
    assert span.score > 0.9


def test_a_mask_is_filled_and_a_text_without_one_is_continued(tiny_model: TinyModels, places: Places) -> None:
    filler = model(tiny_model("fill-mask"), "fill-mask", places)
    masked, plain = filler.predict(["the app with a [MASK]", "the app with a"])
    assert labels(masked)[0] == "crash"
    assert masked == plain
    assert len(labels(masked)) == 5


def test_only_the_first_of_several_masks_is_filled(tiny_model: TinyModels, places: Places) -> None:
    filler = model(tiny_model("fill-mask"), "fill-mask", places)
    (prediction,) = filler.predict(["the app with a [MASK] and [MASK]"])
    assert len(labels(prediction)) == 5


def test_features_are_unit_vectors_that_padding_does_not_move(tiny_model: TinyModels, places: Places) -> None:
    extractor = model(tiny_model("feature-extraction"), "feature-extraction", places)
    together = extractor.predict(["crash", "please add a button with a log on the page"])[0]
    assert isinstance(together, Vector)
    assert sum(value**2 for value in together.values) == pytest.approx(1, abs=1e-4)
    assert together == extractor.predict(["crash"])[0]


def test_a_model_that_infers_nothing_is_refused_for_zero_shot(tiny_model: TinyModels, places: Places) -> None:
    with pytest.raises(TaskError, match=r"none of its labels \(bug, enhancement\) is an entailment"):
        model(tiny_model("text-classification"), "zero-shot-classification", places)


def test_a_hypothesis_without_a_place_for_the_label_is_refused(tiny_model: TinyModels, places: Places) -> None:
    folder = str(tiny_model("zero-shot-classification"))
    step = Step(task="zero-shot-classification", model=folder, hypothesis_template="Is it so?")
    with pytest.raises(TaskError, match="hypothesis_template"):
        load(step, LABELS, places)


def test_a_model_whose_head_was_never_trained_is_refused(
    tiny_model: TinyModels, tmp_path: Path, places: Places
) -> None:
    folder = copy(tiny_model("fill-mask"), tmp_path)
    configuration = json.loads((folder / "config.json").read_text())
    del configuration["architectures"]
    (folder / "config.json").write_text(json.dumps(configuration))
    with pytest.raises(TaskError, match=r"not trained for text-classification.*classifier"):
        model(folder, "text-classification", places)


def test_an_architecture_that_cannot_do_the_task_is_refused(tiny_model: TinyModels, places: Places) -> None:
    with pytest.raises(TaskError, match="not trained for fill-mask"):
        model(tiny_model("text-generation"), "fill-mask", places)


@pytest.mark.threat("attack", "supply-chain")
def test_a_pickle_is_never_read(tiny_model: TinyModels, tmp_path: Path, places: Places) -> None:
    folder = copy(tiny_model("text-classification"), tmp_path)
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    model(folder, "text-classification", places)
    weights.unlink()
    with pytest.raises(UnsafeModelError, match=r"only in pytorch_model\.bin"):
        model(folder, "text-classification", places)


@pytest.mark.threat("attack", "supply-chain")
def test_own_code_is_never_run(tiny_model: TinyModels, tmp_path: Path, places: Places) -> None:
    folder = copy(tiny_model("text-classification"), tmp_path)
    ran = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')")
    configuration = json.loads((folder / "config.json").read_text())
    configuration["auto_map"] = {"AutoModelForSequenceClassification": "own.Model", "AutoConfig": "own.Config"}
    (folder / "config.json").write_text(json.dumps(configuration))
    with pytest.raises(UnsafeModelError, match=r"auto_map in config\.json"):
        model(folder, "text-classification", places)
    assert not ran.exists()


def test_a_module_of_ones_own_is_never_imported(tiny_model: TinyModels, tmp_path: Path, places: Places) -> None:
    folder = copy(tiny_model("feature-extraction"), tmp_path)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "os.system"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(UnsafeModelError, match=r"os\.system in modules\.json"):
        model(folder, "feature-extraction", places)


def test_broken_files_are_told_as_such(tiny_model: TinyModels, tmp_path: Path, places: Places) -> None:
    folder = copy(tiny_model("text-classification"), tmp_path)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="does not load"):
        model(folder, "text-classification", places)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json is not JSON"):
        model(folder, "text-classification", places)


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path, places: Places) -> None:
    with pytest.raises(ModelNotFoundError, match="no such folder"):
        model(tmp_path / "nowhere", "text-classification", places)


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "model"))


def test_only_the_labels_are_scored_at_the_mask(tiny_model: TinyModels, places: Places) -> None:
    folder = str(tiny_model("fill-mask"))
    chosen = {"crash": "", "button": "", "page": ""}
    for several, text in ((False, "the app with a [MASK]"), (True, "please add a [MASK]")):
        filler = load(Step(task="fill-mask", model=folder, labels=chosen, multi_label=several), chosen, places)
        (prediction,) = filler.predict([text])
        assert isinstance(prediction, Scores)
        assert {item.label for item in prediction.scores} == set(chosen)
        assert prediction.scores[0].label == ("button" if several else "crash")
        assert (sum(item.score for item in prediction.scores) == pytest.approx(1)) is not several


def test_a_text_without_a_mask_is_asked_for_a_label_by_the_template(tiny_model: TinyModels, places: Places) -> None:
    folder = str(tiny_model("fill-mask"))
    chosen = {"crash": "", "button": ""}
    step = Step(task="fill-mask", model=folder, labels=chosen, hypothesis_template="with a {}")
    filler = load(step, chosen, places)
    plain, masked = filler.predict(["the app", "the app with a [MASK]"])
    assert plain == masked
    assert filler.info.limit == tiny.CONTEXT - 2 - 3


def test_a_label_that_is_not_one_token_is_named(tiny_model: TinyModels, places: Places) -> None:
    step = Step(task="fill-mask", model=str(tiny_model("fill-mask")), labels={"good first issue": ""})
    with pytest.raises(TaskError, match="'good first issue' as one token"):
        load(step, {"good first issue": ""}, places)
