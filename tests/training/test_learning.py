"""Learning as a whole: encoder, prior, head and what is kept of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError, UsageError
from hubpipe.models import hub, load
from hubpipe.models.base import Places
from hubpipe.models.learned import folder, tuned
from hubpipe.models.learned.classifier import Classifier
from hubpipe.models.learned.scorer import Scorer
from hubpipe.training import trying
from hubpipe.training.command import Asked, train_as_asked, train_or_index
from hubpipe.training.examples import Example
from hubpipe.training.fit import Settings
from hubpipe.training.indexing import Indexed
from hubpipe.training.learning import Plan, learn
from hubpipe.training.splitting import once, split
from hubpipe.training.train import Request, train
from hubpipe.training.tune import TuneSettings

PLACES = Places(offline=True)
START = datetime(2025, 1, 1, tzinfo=UTC)
THINGS = ("parser", "sidebar", "installer", "search", "scheduler", "importer", "login", "cache", "printer", "map")
QUICK = TuneSettings(epochs=1, least_steps=2, batch=8, length=32)


def issues(names: tuple[str, str] = ("bug", "wish"), repo: str = "octo-org/octo-repo") -> list[Example]:
    found = []
    for number, thing in enumerate(THINGS):
        day = START + timedelta(days=number)
        found += [
            Example(f"The {thing} crashes", "It fails with an error.", (names[0],), created_at=day, repo=repo),
            Example(f"Add an option to the {thing}", "Please support this.", (names[1],), created_at=day, repo=repo),
        ]
    return found


def test_what_was_learned_from_is_known_by_its_fingerprint_and_told() -> None:
    examples = issues()
    learned = learn(examples, Plan(Settings(min_examples=2)), PLACES, lambda _: None)
    assert set(learned.seen.tolist()) == {int(example.fingerprint, 16) for example in examples}
    assert learned.facts["learned"] == 20
    assert learned.facts["until"] == "2025-01-10T00:00:00+00:00"
    assert learned.facts["repositories"] == ["octo-org/octo-repo"]
    assert not learned.parts.tensors
    assert learned.parts.encoder == "embedded"


def test_other_repositories_are_a_first_opinion_over_an_adapted_encoder() -> None:
    corpus = [*issues(repo="a/b"), *issues(("defect", "feature"), repo="c/d")]
    told: list[str] = []
    plan = Plan(Settings(min_examples=2), corpus=tuple(corpus), tuning=QUICK)
    learned = learn(issues(), plan, PLACES, told.append)
    assert told[0].startswith("tuning the encoder on 40 examples of other repositories; not on this one's 20")
    assert learned.parts.tensors
    assert learned.facts["adapted"]["examples"] == 40
    assert learned.parts.spec["tuned"]
    assert learned.parts.spec["prior"]["tuned"]


def test_a_history_that_is_long_enough_is_tuned_on_beside_other_repositories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubpipe.training.learning.LEAST_OWN", 40)
    more = [replace(one, title=f"{one.title} again") for one in issues()]
    told: list[str] = []
    plan = Plan(Settings(min_examples=2), corpus=tuple(issues(repo="a/b")), tuning=QUICK)
    learned = learn([*issues(), *more], plan, PLACES, told.append)
    assert told[0] == "tuning the encoder on 40 examples and 20 of other repositories"
    assert learned.facts["tuned"]["examples"] == 60
    assert learned.parts.spec["tuned"]
    # By an encoder that has learned these examples by heart, a first opinion would be none.
    assert not learned.parts.spec["prior"]["tuned"]


def test_a_tuned_model_scores_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    more = [replace(one, title=f"{one.title} again") for one in issues()]
    learned = learn([*issues(), *more], Plan(Settings(min_examples=2), tuning=QUICK), PLACES, lambda _: None)
    folder.save(tmp_path / "model", learned, "")
    texts = [one.text for one in issues()]
    source = hub.fetch(hub.locate("embedded", None, PLACES), PLACES)
    own = Scorer(tuned.load(source, {}), learned.parts, tuned.load(source, learned.parts.tensors)).score(texts)
    found = trying.named(str(tmp_path / "model"), PLACES).load(learned.parts.labels)
    assert isinstance(found, Classifier)
    assert np.allclose(found.score(texts), own, atol=1e-3)
    assert found.embed(texts[:1]).shape == (1, 384)


def test_without_tuning_other_repositories_cost_no_weights() -> None:
    corpus = [*issues(repo="a/b"), *issues(("defect", "feature"), repo="c/d")]
    learned = learn(issues(), Plan(Settings(min_examples=2), corpus=tuple(corpus)), PLACES, lambda _: None)
    assert not learned.parts.tensors
    assert learned.parts.spec["prior"]["prior"] is not None  # the zero-day head, below the others' labels


def test_too_little_is_told_before_an_encoder_is_tuned() -> None:
    with pytest.raises(UsageError, match="Nothing to learn"):
        learn(issues()[:2], Plan(), PLACES, lambda _: None)


def test_the_same_text_many_times_is_one_example(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 labelled examples are too few"):
        train([Example("Same", "text", ("bug",))] * 50, Request(tmp_path / "model"), PLACES, lambda _: None)


def test_what_is_learned_from_the_same_again_has_the_same_numbers(tmp_path: Path) -> None:
    """The example workflow proposes nothing where they are the same."""
    out, found = tmp_path / "model", []
    for _ in range(2):
        assert train(issues(), Request(out), PLACES, lambda _: None).promoted
        found.append([(out / name).read_bytes() for name in (folder.WEIGHTS, folder.ARCHIVE)])
    assert found[0] == found[1]


def test_a_model_in_use_that_nobody_can_read_is_taken_the_place_of(tmp_path: Path) -> None:
    """The error that a run ends with says to train again."""
    out = tmp_path / "model"
    old = folder.read(hub.ZERO_DAY_FOLDER)
    folder.save(out, replace(old, parts=replace(old.parts, tensors={"layer": np.ones((2, 2), np.float16)})), "")
    with pytest.raises(ModelError, match="train it again"):
        folder.read(out)
    found = train(issues(), Request(out), PLACES, lambda _: None)
    assert found.promoted
    assert "not compared with the model in use, which no run can read" in found.words
    assert folder.read(out).parts.labels == ("bug", "wish")


def test_numbers_that_do_not_fit_are_told(tmp_path: Path) -> None:
    old = folder.read(hub.ZERO_DAY_FOLDER)
    arrays = {**old.parts.arrays, "linear/weights": np.ones((2, 3), np.float32)}
    folder.save(tmp_path / "model", replace(old, parts=replace(old.parts, arrays=arrays)), "")
    model = load(Step(model="learned", task="text-classification"), {}, replace(PLACES, learned=tmp_path / "model"))
    with pytest.raises(ModelError, match="its numbers do not fit together"):
        model.predict(["It crashes"])


def test_the_newest_are_measured_on_and_no_text_is_on_both_sides() -> None:
    examples = issues()
    parted = split([*examples, *examples[:5]])
    learned, tested = ({one.fingerprint for one in side} for side in (parted.learn, parted.test))
    assert not learned & tested
    assert len(parted.test) == 5
    assert max(one.created_at or START for one in parted.learn) <= min(one.created_at or START for one in parted.test)
    assert parted.words.startswith("in time")


def test_without_all_dates_the_split_is_random_and_says_so() -> None:
    examples = [*issues(), Example("No date", "", ("bug",)), Example("Nor has this", "", ("wish",))]
    parted = split(examples)
    assert "2 of 22 have no date" in parted.words
    assert "at random" in parted.words
    assert split(examples) == parted


def test_a_few_without_a_date_are_only_learned_from() -> None:
    bare = Example("No date", "", ("bug",))
    parted = split([*issues(), bare])
    assert parted.words.startswith("in time")
    assert parted.words.endswith("; 1 of 21 have no date, and are only learned from")
    assert bare in parted.learn


def test_of_equal_texts_the_last_one_counts() -> None:
    first, last = Example("Same", "text", ("bug",)), Example("Same ", "text", ("wish",))
    assert once([first, last]) == [last]


def test_an_issue_in_two_versions_is_one() -> None:
    first = Example("Crash", "at start", ("bug",), repo="octo-org/octo-repo", number=7)
    last, other = replace(first, body="at start (edited)"), replace(first, repo="octo-org/other")
    assert once([first, other, last]) == [last, other]
    assert once([replace(first, repo=""), replace(last, repo="")]) == [replace(first, repo=""), replace(last, repo="")]


def test_only_too_little_to_learn_makes_an_index_instead_and_no_other_mistake(tmp_path: Path) -> None:
    data = tmp_path / "issues.jsonl"
    data.write_text("".join(json.dumps({"title": f"Crash {number}", "label": "bug"}) + "\n" for number in range(30)))
    asked = Asked(tmp_path / "model", data=data, labels="nope")
    offline = {"HF_HUB_OFFLINE": "1"}
    with pytest.raises(UsageError, match="No example of the label nope"):
        train_or_index(asked, offline, lambda *_: None, lambda: True)
    assert not (tmp_path / "model").exists()
    made = train_or_index(replace(asked, labels=None), offline, lambda *_: None, lambda: True)
    assert isinstance(made, Indexed)
    assert "holds the index of 30 issues" in made.words
    assert "there is nothing to tell it from" in made.words


def test_a_file_in_the_way_of_a_model_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    asked = Asked(tmp_path, data=tmp_path / "not-there.csv")
    with pytest.raises(UsageError, match=r"holds no learned model, but README\.md"):
        train_as_asked(asked, {}, lambda *_: None)
    with pytest.raises(UsageError, match=r"holds no learned model, but README\.md"):
        train_or_index(asked, {}, lambda *_: None, lambda: True)
