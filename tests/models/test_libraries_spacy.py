import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hubpipe.config import Step, Task
from hubpipe.errors import ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Scores, Spans

Specimen = Callable[[str, str], Path]
FUNCTION = '@architectures = "spacy.TransitionBasedParser.v2"'
ATTACKS = {
    "a function of another package": (FUNCTION, '@architectures = "spacy-transformers.TransformerListener.v1"'),
    "a function that wraps PyTorch": (FUNCTION, '@layers = "PyTorchWrapper.v3"'),
    "a function that reads files": (FUNCTION, '@readers = "srsly.read_msgpack.v1"\npath = "/etc/passwd"'),
    "a function named by a variable": (FUNCTION, "@architectures = ${paths.train}"),
    "code before the pipeline is made": ("before_creation = null", 'before_creation = {"@callbacks":"x.v1"}'),
    "a language that is a path": ('lang = "en"', 'lang = "en.stop_words"'),
}


@pytest.fixture
def tagger(specimen: Specimen, tmp_path: Path) -> Path:
    """A copy of a pipeline that finds version numbers, to change."""
    return Path(shutil.copytree(specimen("spacy", "token-classification"), tmp_path / "copy"))


def changed(folder: Path, old: str, new: str) -> Path:
    config = folder / "config.cfg"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def opened(folder: Path, places: Places, task: Task = "token-classification") -> Model:
    return load(Step(task=task, model=str(folder)), {}, places)


def test_a_folder_is_known_by_its_files_and_its_entities_have_exact_places(tagger: Path, places: Places) -> None:
    model = opened(tagger, places)
    text = "🎉 since the app  on start with version 2.0.0 it"
    [found] = model.predict([text])
    assert model.info.library == "spacy"
    assert isinstance(found, Spans)
    assert [(span.label, span.text, span.score) for span in found.spans] == [("VERSION", "2.0.0", 1.0)]
    assert text[found.spans[0].start : found.spans[0].end] == "2.0.0"


def test_categories_are_the_pipelines_own(specimen: Specimen, places: Places) -> None:
    model = opened(specimen("spacy", "text-classification"), places, "text-classification")
    bug, wish = model.predict(["the app fails with a crash", "please add support"])
    assert isinstance(bug, Scores)
    assert isinstance(wish, Scores)
    assert (bug.scores[0].label, wish.scores[0].label) == ("bug", "enhancement")
    assert sum(score.score for score in bug.scores) == pytest.approx(1)


def test_a_part_that_the_task_does_not_need_is_left_out_whatever_it_is(tagger: Path, places: Places) -> None:
    changed(tagger, 'pipeline = ["ner"]', 'pipeline = ["evil","ner"]')
    changed(tagger, "[components.ner]", '[components.evil]\nfactory = "evil"\n\n[components.ner]')
    assert isinstance(opened(tagger, places).predict(["version 2.0.0"])[0], Spans)


@pytest.mark.parametrize(("old", "new"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_config_that_names_more_than_spacys_own_parts_is_refused(
    old: str, new: str, tagger: Path, places: Places
) -> None:
    if "paths.train" in new:
        changed(tagger, "train = null", 'train = "evil.v1"')
    with pytest.raises(UnsafeModelError, match="which hubpipe does not run"):
        opened(changed(tagger, old, new), places)


def test_a_part_that_would_be_taken_from_another_folder_is_never_loaded(tagger: Path, places: Places) -> None:
    changed(tagger, 'factory = "ner"', 'source = "/tmp"')
    with pytest.raises(TaskError, match=r"its parts are ner, and none is of beam_ner, entity_ruler, ner"):
        opened(tagger, places)


def test_a_pipeline_without_the_tasks_part_is_refused(tagger: Path, places: Places) -> None:
    with pytest.raises(TaskError, match="none is of textcat"):
        opened(tagger, places, "text-classification")


def test_what_is_no_pipeline_is_told(tagger: Path, places: Places) -> None:
    config = tagger / "config.cfg"
    config.write_text("[nlp]\nlang = en en\n[", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        opened(tagger, places)
    config.write_text("[paths]\n", encoding="utf-8")
    with pytest.raises(ModelError, match="it needs nlp"):
        opened(tagger, places)
    config.unlink()
    with pytest.raises(ModelNotFoundError, match=r"no config\.cfg"):
        load(Step(task="token-classification", model=str(tagger), library="spacy"), {}, places)


def test_weights_that_are_broken_are_told(tagger: Path, places: Places) -> None:
    (tagger / "ner" / "model").write_bytes(b"broken")
    with pytest.raises(ModelError, match="does not load with spaCy"):
        opened(tagger, places)
