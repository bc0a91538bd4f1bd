"""`model: auto`: who speaks, and why."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, TaskError
from hubpipe.event import KnownIssue
from hubpipe.models import describe, hub, load, resolve
from hubpipe.models.abilities import Certain, Explaining, Searching
from hubpipe.models.base import Alike, Model, Places, Scores
from hubpipe.models.learned import archive, folder
from hubpipe.models.learned.archive import Archived
from hubpipe.models.learned.kinds import ZERO_DAY_KINDS, kinds
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.sentence_encoder import Encoder

AUTO = Step(model="auto", task="zero-shot-classification")
KINDS = {"type: bug": "", "enhancement": "A wish"}
ISSUES = {1: "The app crashes on start", 2: "Add a dark theme", 3: "How do I install it?"}
CRASH = "The app crashes on start\n\nSince the update it fails with a NullPointerException. Stack trace below."


@pytest.fixture
def learned(specimen: Callable[[str, str], Path], places: Places) -> Places:
    """Everything from this machine, and a model that learned bug and enhancement."""
    return replace(places, learned=specimen("hubpipe", "text-classification"))


def retold(where: Places, tmp_path: Path, **facts: object) -> Places:
    """Give the same learned model with other facts."""
    assert where.learned is not None
    found = folder.read(where.learned)
    folder.save(tmp_path / "model", replace(found, facts={**found.facts, **facts}), "")
    return replace(where, learned=tmp_path / "model")


def test_on_the_first_day_the_zero_day_head_speaks_under_the_repositorys_names(places: Places) -> None:
    model = load(AUTO, KINDS, places)
    [scores] = model.predict([CRASH])
    assert isinstance(scores, Scores)
    assert [score.label for score in scores.scores] == ["type: bug", "enhancement"]
    assert sum(score.score for score in scores.scores) == pytest.approx(1, abs=1e-5)
    assert model.info.reference.startswith("hubpipe:zero-day@")
    assert isinstance(model, Certain)
    assert model.limits(0.9) is None  # what it says of our own issues tells nothing of these
    assert model.info.spoke == ("zero-day speaks: nothing was learned of this repository yet (hubpipe train does)")


@pytest.mark.parametrize("labels", [{"area/ui": "", "bug": ""}, {"bug": "", "defect": ""}, {"bug": ""}])
def test_labels_that_are_not_all_kinds_of_their_own_are_told_apart_by_names_and_descriptions(
    places: Places, labels: dict[str, str]
) -> None:
    model = load(AUTO, labels, places)
    assert "embedded speaks" in model.info.spoke
    assert model.info.library == "sentence-transformers"


def test_a_learned_model_speaks_by_itself(learned: Places) -> None:
    step = resolve(AUTO, learned)
    assert (step.model, step.task) == ("learned", "text-classification")
    model = load(step, {}, learned)
    [scores] = model.predict([CRASH])
    assert isinstance(scores, Scores)
    assert scores.scores[0].label == "bug"
    assert "learned speaks, learned from" in model.info.spoke
    assert isinstance(model, Certain)


def test_a_learned_model_that_was_worse_stays_silent_and_that_is_told(learned: Places, tmp_path: Path) -> None:
    where = retold(learned, tmp_path, speaks=False, silent="it is worse than zero-shot")
    assert resolve(AUTO, where) == AUTO
    assert "does not speak yet: it is worse than zero-shot" in load(AUTO, KINDS, where).info.spoke


def test_a_learned_model_that_does_not_know_a_label_leaves_it_to_another(learned: Places) -> None:
    step = AUTO.model_copy(update={"labels": {"bug": "", "question": ""}})
    assert resolve(step, learned) == step
    assert "does not know question" in load(step, {"bug": "", "question": ""}, learned).info.spoke


def test_a_learned_model_that_is_broken_is_told_and_another_speaks(learned: Places, tmp_path: Path) -> None:
    where = retold(learned, tmp_path)
    assert where.learned is not None
    (where.learned / folder.SETTINGS).write_text("{", "utf-8")
    assert resolve(AUTO, where) == AUTO
    assert "no JSON of a learned model" in load(AUTO, KINDS, where).info.spoke


def test_past_issues_that_cannot_be_read_are_told_and_left_out_of_the_reasons(
    learned: Places, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = retold(learned, tmp_path)
    assert where.learned is not None
    (where.learned / folder.ARCHIVE).write_bytes(b"no tensors")
    model = load(Step(model="learned"), {}, where)
    assert isinstance(model, Explaining)
    [why] = model.explain(CRASH, ["bug"])
    assert why.nearest == ()
    assert why.words
    assert "issues.safetensors is no archive" in caplog.text


def test_where_nothing_was_learned_the_learned_model_is_an_error_that_says_what_to_do(places: Places) -> None:
    with pytest.raises(ModelNotFoundError, match=r"hubpipe train makes one; commit its folder as .github/hubpipe"):
        load(Step(model="learned"), {}, places)


def test_labels_that_nobody_learned_are_refused(learned: Places) -> None:
    with pytest.raises(TaskError, match="none of the labels to choose from"):
        load(Step(model="learned", task="zero-shot-classification"), {"colour": ""}, learned)


def test_what_a_step_needs_is_told_before_it_is_known_who_speaks(places: Places, learned: Places) -> None:
    assert describe(AUTO, places).repo == "sentence-transformers/all-MiniLM-L6-v2"
    needs = describe(resolve(AUTO, learned), learned)
    assert (needs.library, needs.repo, needs.reads_all) == ("hubpipe", "learned", True)
    assert needs.base_model == "sentence-transformers/all-MiniLM-L6-v2"


def test_the_zero_day_head_knows_the_kinds_that_labels_are_held_against() -> None:
    assert sorted(folder.read(hub.ZERO_DAY_FOLDER).parts.labels) == sorted(ZERO_DAY_KINDS)


def test_every_kind_may_be_named_once() -> None:
    assert kinds(["C-bug", "feature request"]) == {"bug": "C-bug", "enhancement": "feature request"}
    assert kinds(["bug", "regression"]) is None


def test_a_search_is_made_in_the_learned_index_and_before_there_is_one_among_what_it_is_told(
    learned: Places, places: Places, tmp_path: Path
) -> None:
    step = Step(model="auto", task="sentence-similarity", against="issues")
    bare = retold(learned, tmp_path)
    assert bare.learned is not None
    assert resolve(step, bare).model == "zero-day"
    (bare.learned / folder.ARCHIVE).write_bytes(b"")
    assert resolve(step, bare).model == "learned"
    model = load(resolve(step, places), {}, places)
    assert isinstance(model, Searching)
    before = sorted(path.name for path in hub.ZERO_DAY_FOLDER.iterdir())
    told = [KnownIssue(number, title, "", (), "", True, "2026-01-01T00:00:00Z") for number, title in ISSUES.items()]
    model.learn(told, [f"{issue.title}\n\n" for issue in told], None)
    [alike] = model.predict(["The application crashes when it starts\n\n"])
    assert isinstance(alike, Alike)
    assert alike.issues[0].number == 1
    assert len(alike.issues) == len(ISSUES)
    # What comes with hubpipe stays as it came.
    assert sorted(path.name for path in hub.ZERO_DAY_FOLDER.iterdir()) == before


AREAS = {"printing": "Printing documents", "network": "Connecting to a server", "files": "Opening and saving files"}


def indexed(places: Places, place: Path, texts: Sequence[str], encoding: str | None = None) -> Places:
    """Give a folder with an index of texts alone, as the embedded model sees them (or of another encoder's vectors)."""
    parts = folder.read(hub.ZERO_DAY_FOLDER).parts
    vectors = Scorer(Encoder(hub.fetch(hub.locate("embedded", None, places), places)), parts).embed(texts)
    place.mkdir()
    for name, data in archive.pack(
        vectors, [Archived(text) for text in texts], None, encoding or parts.encoding
    ).items():
        (place / name).write_bytes(data)
    return replace(places, learned=place)


def chances(model: Model, text: str) -> dict[str, float]:
    [found] = model.predict([text])
    assert isinstance(found, Scores)
    return {score.label: score.score for score in found.scores}


def test_labels_are_seen_from_the_texts_of_the_repositorys_index_and_that_is_told(
    places: Places, tmp_path: Path
) -> None:
    texts = [f"The printer jams on page {page}\n\nPrinting stops." for page in range(30)]
    where = indexed(places, tmp_path / "index", texts)
    plain, seen = load(AUTO, AREAS, places), load(AUTO, AREAS, where)
    assert "its labels are seen from the centre of 30 issues of the repository" in seen.info.spoke
    assert "centre" not in plain.info.spoke
    # Of a repository where all is about printing, that word tells less.
    asked = "The printer is offline\n\nIt cannot be reached through the network."
    before, after = chances(plain, asked), chances(seen, asked)
    assert after["printing"] < before["printing"] - 0.01
    assert after["network"] > before["network"]
    assert sum(after.values()) == pytest.approx(1, abs=1e-5)
    # The setting that does without.
    alone = load(AUTO.model_copy(update={"model": "embedded"}), AREAS, where)
    assert chances(alone, asked) == pytest.approx(before)


@pytest.mark.parametrize(("count", "encoding"), [(19, None), (30, "another's")])
def test_few_texts_or_another_encoders_are_no_centre(
    places: Places, tmp_path: Path, count: int, encoding: str | None
) -> None:
    where = indexed(places, tmp_path / "index", [f"Issue {number}" for number in range(count)], encoding)
    model = load(AUTO, AREAS, where)
    assert "seen from the centre" not in model.info.spoke
    assert chances(model, CRASH) == pytest.approx(chances(load(AUTO, AREAS, places), CRASH))


def test_an_index_of_vectors_of_another_size_is_told_and_no_centre(places: Places, tmp_path: Path) -> None:
    encoding = folder.read(hub.ZERO_DAY_FOLDER).parts.encoding
    written = archive.pack(np.eye(30, 7, dtype=np.float32), [Archived("It jams")] * 30, None, encoding)
    (tmp_path / folder.ARCHIVE).write_bytes(written[folder.ARCHIVE])
    model = load(AUTO, AREAS, replace(places, learned=tmp_path))
    assert "its labels are not seen from the repository's issues" in model.info.spoke
    assert chances(model, CRASH) == pytest.approx(chances(load(AUTO, AREAS, places), CRASH))


def test_labels_that_stand_each_by_itself_are_not_centred(places: Places, tmp_path: Path) -> None:
    where = indexed(places, tmp_path / "index", [f"The printer jams on page {page}" for page in range(30)])
    alone = AUTO.model_copy(update={"multi_label": True})
    model = load(alone, AREAS, where)
    assert "seen from the centre" not in model.info.spoke
    assert chances(model, CRASH) == pytest.approx(chances(load(alone, AREAS, places), CRASH))
