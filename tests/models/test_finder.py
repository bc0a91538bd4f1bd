"""A search over past issues: by the index beside a learned model, brought up to date by what changed since."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.config import Step
from hubpipe.errors import ModelError, TaskError
from hubpipe.event import KnownIssue
from hubpipe.models import describe, load, resolve
from hubpipe.models.abilities import Certain, Searching
from hubpipe.models.base import Alike, Model, Places
from hubpipe.models.hub import fetch, locate
from hubpipe.models.learned import archive, finder, folder
from hubpipe.models.learned.archive import Archived, digest
from hubpipe.models.learned.parts import Evidence
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.sentence_encoder import Encoder

STEP = Step.model_validate({"against": "issues"})
TEXTS = (
    "Crash when a large PNG is opened\n\nOpening a 200 MB PNG ends the program with out of memory.",
    "Dark mode for the settings\n\nIt would be nice if the settings followed the system's theme.",
    "How do I change the language?\n\nI find no place where to choose Spanish.",
    "Docs: the link to the API reference is broken\n\nIt leads to a page that is not there.",
    "Export as CSV writes the wrong separator\n\nIt writes semicolons although commas are chosen.",
)
LIKE_THE_FIRST = "Out of memory on opening big PNG files\n\nThe program crashes when I open a PNG of 300 MB."


@pytest.fixture
def where(specimen: Callable[[str, str], Path], places: Places, tmp_path: Path) -> Places:
    """A learned model with an index of five open issues."""
    place = tmp_path / "model"
    shutil.copytree(specimen("hubpipe", "text-classification"), place)
    found = replace(places, learned=place, keeps=True)
    kept(
        found,
        [
            Archived(text.partition("\n")[0], (), number, "", True, "2026-01-01T00:00:00Z", digest(text))
            for number, text in enumerate(TEXTS, start=1)
        ],
        TEXTS,
    )
    return found


def kept(where: Places, issues: Sequence[Archived], texts: Sequence[str], tried: Evidence | None = None) -> None:
    assert where.learned is not None
    parts = folder.read(where.learned).parts
    scorer = Scorer(Encoder(fetch(locate("embedded", None, where), where)), parts)
    for name, data in archive.pack(scorer.embed(texts), issues, tried, parts.encoding).items():
        (where.learned / name).write_bytes(data)


def found(model: Model, text: str = LIKE_THE_FIRST) -> list[int | None]:
    [prediction] = model.predict([text])
    assert isinstance(prediction, Alike)
    return [issue.number for issue in prediction.issues]


def known(number: int, text: str, *, is_open: bool = True, day: int = 2) -> KnownIssue:
    title, _, body = text.partition("\n\n")
    return KnownIssue(number, title, body, (), "", is_open, f"2026-01-{day:02}T00:00:00Z")


def index(where: Places) -> archive.Archive:
    assert where.learned is not None
    held = archive.read(where.learned)
    assert held is not None
    return held


def test_the_issue_that_tells_the_same_comes_first(where: Places) -> None:
    model = load(STEP, {}, where)
    assert found(model)[0] == 1
    [prediction] = model.predict([LIKE_THE_FIRST])
    assert isinstance(prediction, Alike)
    assert prediction.issues[0].score > 0.7 > 0.4 > prediction.issues[1].score
    assert found(model, "") != []


def test_what_is_closed_is_not_found(where: Places) -> None:
    model = load(STEP, {}, where)
    assert isinstance(model, Searching)
    model.learn([known(1, TEXTS[0], is_open=False)], [TEXTS[0]], "2026-01-02T00:00:00Z")
    assert 1 not in found(model)
    assert 1 not in found(load(STEP, {}, where))


def test_what_was_opened_since_is_found_by_this_run_and_by_later_ones(where: Places) -> None:
    model = load(STEP, {}, where)
    assert isinstance(model, Searching)
    assert model.since == "2026-01-01T00:00:00Z"
    model.learn([known(9, LIKE_THE_FIRST)], [LIKE_THE_FIRST], "2026-01-02T00:00:00Z")
    assert found(model)[:2] == [9, 1]
    assert model.since == "2026-01-02T00:00:00Z"
    later = load(STEP, {}, where)
    assert found(later)[:2] == [9, 1]
    assert index(where).issues[-1].number == 9


def test_only_what_reads_otherwise_is_embedded_again(where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = load(STEP, {}, where), list[tuple[list[str], bool]]()
    embed = Scorer.embed

    def counted(self: Scorer, texts: Sequence[str], quick: bool = False) -> NDArray[np.float32]:
        asked.append((list(texts), quick))
        return embed(self, texts, quick)

    monkeypatch.setattr(Scorer, "embed", counted)
    assert isinstance(model, Searching)
    model.learn(
        [known(1, TEXTS[0]), known(2, LIKE_THE_FIRST), known(7, TEXTS[1])],
        [TEXTS[0], LIKE_THE_FIRST, TEXTS[1]],
        "2026-01-02T00:00:00Z",
    )
    assert asked == [([LIKE_THE_FIRST, TEXTS[1]], True)]
    assert found(model)[:2] == [2, 1]


def test_an_index_that_may_not_be_kept_stays_as_it_was(where: Places) -> None:
    before = index(where)
    for places, until in ((where, None), (replace(where, keeps=False), "2026-01-02T00:00:00Z")):
        model = load(STEP, {}, places)
        assert isinstance(model, Searching)
        model.learn([known(9, LIKE_THE_FIRST)], [LIKE_THE_FIRST], until)
        assert found(model)[0] == 9
        assert index(where).issues == before.issues


def test_a_model_without_an_index_says_so(where: Places) -> None:
    assert where.learned is not None
    (where.learned / folder.ARCHIVE).unlink()
    model = load(STEP, {}, where)
    [prediction] = model.predict([LIKE_THE_FIRST])
    assert isinstance(prediction, Alike)
    assert prediction.remark == "there is no index of past issues beside learned: train it again"
    assert isinstance(model, Searching)
    model.learn([known(9, LIKE_THE_FIRST)], [LIKE_THE_FIRST], "2026-01-02T00:00:00Z")
    assert model.since is None
    assert isinstance(model, Certain)
    assert model.limits(0.9) is not None


def test_a_precision_is_held_by_what_people_marked(where: Places) -> None:
    scores = np.linspace(0.99, 0.5, 100, dtype=np.float32).reshape(-1, 1)
    issues = index(where).issues
    kept(where, issues, TEXTS, Evidence(("same",), scores, (scores > 0.7).astype(np.int8)))
    model = load(STEP, {}, where)
    assert isinstance(model, Certain)
    limits = model.limits(0.9)
    assert limits is not None
    [cutoff] = limits.values.values()
    assert cutoff is not None
    assert 0.68 < cutoff < 0.75
    kept(where, issues, TEXTS)
    nothing = load(STEP, {}, where)
    assert isinstance(nothing, Certain)
    never = nothing.limits(0.9)
    assert never is not None
    assert list(never.values.values()) == [None]
    assert "nobody has marked a duplicate" in next(iter(never.reasons.values()))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(task="sentence-similarity", model="./learned"), "add against: issues"),
        (
            Step(task="sentence-similarity", model="sentence-transformers/all-MiniLM-L6-v2", against="issues"),
            "keeps no index",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_it_is_loaded(
    where: Places, step: Step, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert where.learned is not None
    shutil.copytree(where.learned, where.learned.parent / "learned")
    monkeypatch.chdir(where.learned.parent)
    if "keeps" in words:
        step = step.model_copy(update={"model": "embedded", "library": "sentence-transformers"})
    with pytest.raises(TaskError, match=words):
        describe(step, where)


def learnt_one_more(where: Places, step: Step = STEP) -> Model:
    """Load a model, and let it learn of one more issue."""
    model = load(step, {}, where)
    assert isinstance(model, Searching)
    model.learn([known(9, LIKE_THE_FIRST)], [LIKE_THE_FIRST], "2026-01-02T00:00:00Z")
    return model


def test_an_index_of_another_encoder_is_refused(where: Places) -> None:
    assert where.learned is not None
    held = index(where)
    archive.write(where.learned, replace(held, encoder="tuned"))
    with pytest.raises(ModelError, match="another encoder's than the model's"):
        load(STEP, {}, where)


def test_an_index_of_longer_vectors_than_its_encoders_is_refused_also_where_an_issue_is_new(where: Places) -> None:
    assert where.learned is not None
    held = index(where)
    archive.write(where.learned, replace(held, vectors=np.ones((5, 8), np.float16)))
    with pytest.raises(ModelError, match="vectors of 8 numbers"):
        learnt_one_more(where)


def test_a_model_that_was_put_there_meanwhile_keeps_its_own_index(
    where: Places, caplog: pytest.LogCaptureFixture
) -> None:
    assert where.learned is not None
    model = load(STEP, {}, where)
    before = index(where)
    learned = folder.read(where.learned)
    changed = replace(learned, seen=np.array([7], np.uint64))
    folder.save(where.learned, changed, "", {folder.ARCHIVE: (where.learned / folder.ARCHIVE).read_bytes()})
    assert isinstance(model, Searching)
    model.learn([known(9, LIKE_THE_FIRST)], [LIKE_THE_FIRST], "2026-01-02T00:00:00Z")
    assert index(where).issues == before.issues
    assert found(model)[0] == 9
    assert "another model lies there by now" in caplog.text


def test_a_folder_that_cannot_be_written_fails_no_run(
    where: Places, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert found(learnt_one_more(where))[0] == 9
    assert "No space left on device" in caplog.text


def test_only_the_folder_that_the_user_keeps_is_written_to(where: Places, tmp_path: Path) -> None:
    assert where.learned is not None
    other = tmp_path / "other"
    shutil.copytree(where.learned, other)
    before = (other / folder.ARCHIVE).read_bytes()
    assert found(learnt_one_more(where, Step.model_validate({"against": "issues", "model": str(other)})))[0] == 9
    assert (other / folder.ARCHIVE).read_bytes() == before


def apart(where: Places, tmp_path: Path) -> Places:
    """Places whose model may not be written to, with a file beside for what runs learn."""
    return replace(where, keeps=False, index=tmp_path / "kept" / "octo-org@octo-repo.safetensors")


def test_what_a_run_learns_is_kept_apart_where_the_models_folder_may_not_be_written(
    where: Places, tmp_path: Path
) -> None:
    assert where.learned is not None
    before, places = (where.learned / folder.ARCHIVE).read_bytes(), apart(where, tmp_path)
    model = learnt_one_more(places)
    assert isinstance(model, Searching)
    assert model.keeps
    later = load(STEP, {}, places)
    assert found(later)[:2] == [9, 1]
    assert isinstance(later, Searching)
    assert later.since == "2026-01-02T00:00:00Z"
    assert (where.learned / folder.ARCHIVE).read_bytes() == before
    assert places.index is not None
    # Titles of a private repository's issues stand in it.
    assert places.index.stat().st_mode & 0o077 == 0
    assert places.index.parent.stat().st_mode & 0o077 == 0


def test_after_a_training_its_index_is_the_one_to_go_on_from(where: Places, tmp_path: Path) -> None:
    places = apart(where, tmp_path)
    learnt_one_more(places)
    kept(where, index(where).issues[1:], TEXTS[1:])
    assert 9 not in found(load(STEP, {}, places))


def test_what_was_kept_apart_and_cannot_be_read_is_left_out_and_told(
    where: Places, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    places = apart(where, tmp_path)
    assert places.index is not None
    places.index.parent.mkdir()
    places.index.write_bytes(b"no index")
    assert found(load(STEP, {}, places))[0] == 1
    assert "what earlier runs kept of the issues is left out" in caplog.text
    assert found(learnt_one_more(places))[0] == 9
    assert found(load(STEP, {}, places))[0] == 9


def test_where_a_run_ended_is_kept_also_where_no_issue_was_among_what_changed(where: Places) -> None:
    model = load(STEP, {}, where)
    assert isinstance(model, Searching)
    model.learn([], [], "2026-03-01T00:00:00Z")
    later = load(STEP, {}, where)
    assert isinstance(later, Searching)
    assert later.since == "2026-03-01T00:00:00Z"
    assert found(later) == found(model)


def test_an_index_without_a_model_is_searched_with_the_encoder_that_comes_with_hubpipe(
    where: Places, tmp_path: Path
) -> None:
    assert where.learned is not None
    alone = replace(where, learned=tmp_path / "alone")
    (tmp_path / "alone").mkdir()
    shutil.copy(where.learned / folder.ARCHIVE, tmp_path / "alone")
    for step in (STEP, Step.model_validate({"against": "issues", "model": "auto"})):
        assert describe(resolve(step, alone), alone).problems == ()
        assert found(load(resolve(step, alone), {}, alone))[0] == 1
    assert found(learnt_one_more(alone))[:2] == [9, 1]
    assert found(load(STEP, {}, alone))[:2] == [9, 1]
    with pytest.raises(ModelError):
        load(Step(task="text-classification", model="learned"), {}, alone)


def test_issues_that_had_no_room_in_the_index_are_told(where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "MOST", 5)
    [prediction] = learnt_one_more(where).predict([LIKE_THE_FIRST])
    assert isinstance(prediction, Alike)
    assert prediction.remark == "the 1 oldest issues are not in the index, which holds 5"
    assert 1 not in [issue.number for issue in prediction.issues]
    [later] = load(STEP, {}, where).predict([LIKE_THE_FIRST])
    assert isinstance(later, Alike)
    assert later.remark == prediction.remark
