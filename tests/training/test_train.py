"""Training as a whole: what is measured is what is kept, on what it has not seen."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError, TooLittleError, UsageError
from hubpipe.models import load
from hubpipe.models.base import Limits, Model, Places
from hubpipe.models.learned import folder
from hubpipe.models.learned.classifier import Classifier
from hubpipe.models.learned.parts import Evidence
from hubpipe.training import trying
from hubpipe.training.evaluate import evaluate
from hubpipe.training.examples import Example
from hubpipe.training.fit import Settings
from hubpipe.training.learning import Plan, alike, learn
from hubpipe.training.promoting import promote
from hubpipe.training.train import Request, train

PLACES = Places(offline=True)
START = datetime(2025, 1, 1, tzinfo=UTC)
REPO = "octo-org/octo-repo"
PLAN = Plan(Settings(min_examples=4))


def issues(count: int = 40, repo: str = REPO, wrong: float = 0.0) -> list[Example]:
    """Bugs and wishes in turn, a day apart; a share of them under the other's label."""
    chance, found = np.random.default_rng(0), []
    for number in range(count):
        crash = number % 2 == 0
        title = f"Part {number} crashes" if crash else f"Add an option to part {number}"
        body = "It fails with an error." if crash else "Please support this."
        label = ("bug", "wish")[int(crash == (chance.random() < wrong))]
        day = START + timedelta(days=number)
        found.append(Example(title, body, (label,), created_at=day, repo=repo, number=number + 1))
    return found


def quiet(_: str) -> None:
    return None


def test_what_is_reported_decides_as_what_is_kept(tmp_path: Path) -> None:
    """The newest issue alone has two labels: by the older ones, labels would exclude each other."""
    examples = issues()
    examples[-1] = replace(examples[-1], labels=("wish", "bug"))
    trained = train(examples, Request(tmp_path / "model", PLAN), PLACES, quiet)

    assert not folder.read(tmp_path / "model").exclusive
    assert not trained.report.measures.exclusive


def test_labels_that_all_issues_together_have_often_enough_are_measured_too(tmp_path: Path) -> None:
    examples = [replace(one, labels=("late",)) if row in {20, 24, 36, 38} else one for row, one in enumerate(issues())]
    trained = train(examples, Request(tmp_path / "model", PLAN), PLACES, quiet)

    assert set(folder.read(tmp_path / "model").parts.labels) == {"bug", "wish", "late"}
    assert {label.name for label in trained.report.measures.labels} == {"bug", "wish", "late"}


def test_a_label_that_only_the_newest_have_is_the_kept_models_alone(tmp_path: Path) -> None:
    examples = [replace(one, labels=("new",)) if row >= 34 else one for row, one in enumerate(issues())]
    train(examples, Request(tmp_path / "model", PLAN), PLACES, quiet)
    model = folder.read(tmp_path / "model")

    assert set(model.parts.labels) == {"bug", "wish", "new"}
    assert model.exclusive


def test_one_rare_label_does_not_hide_the_zero_day_head(tmp_path: Path) -> None:
    examples = [*issues(), replace(issues(41)[-1], labels=("wontfix",))]
    examples = [replace(one, labels=tuple("enhancement" if x == "wish" else x for x in one.labels)) for one in examples]
    report = train(examples, Request(tmp_path / "model", PLAN), PLACES, quiet).report

    assert "zero-day" in report.baselines
    assert [label.name for label in report.baselines["zero-day"].labels] == ["bug", "enhancement", "wontfix"]


def test_nothing_of_other_repositories_is_among_the_examples() -> None:
    own, told = issues(), list[str]()
    edited = replace(own[3], body="Please support this. (edited)")
    elsewhere = replace(own[5], repo="other/repo")
    strange = Example("Something else", "entirely", ("bug",), repo="other/repo", number=99)
    first, whole = alike(replace(PLAN, corpus=(own[0], edited, elsewhere, strange)), own, own[:30], told.append)

    # The same text in another repository was labelled by the same eyes, as far as anybody can tell.
    assert whole.corpus == first.corpus == (strange,)
    assert told == ["3 examples of other repositories are left out: they are among this one's"]


def test_what_other_repositories_taught_is_not_measured_on() -> None:
    corpus = issues(repo="other/repo")
    learned = learn(issues(30), replace(PLAN, corpus=tuple(corpus)), PLACES, quiet)

    assert trying.unseen(learned, corpus) == []


def test_an_issue_that_was_edited_since_is_not_new() -> None:
    examples = issues(30)
    learned = learn(examples, PLAN, PLACES, quiet)
    edited = replace(examples[3], body="Please support this. (edited)")
    other = replace(edited, number=99)

    assert trying.unseen(learned, [edited, other]) == [other]


def test_a_model_in_use_whose_encoder_is_gone_does_not_end_a_training(tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(issues(120), Request(out, PLAN), PLACES, quiet)
    old = folder.read(out)
    gone = replace(old, seen=np.zeros(0, np.uint64), parts=replace(old.parts, encoder="octo-org/gone"))
    folder.save(out, gone, "")
    trained = train(issues(120), Request(out, PLAN), PLACES, quiet)

    assert trained.promoted
    assert "not compared with the model in use, which no run can read" in trained.words


def test_a_model_that_is_far_from_the_old_report_is_not_promoted(tmp_path: Path) -> None:
    """With a few issues a week there is never enough to compare two models on."""
    out = tmp_path / "model"
    first = train(issues(120), Request(out, PLAN), PLACES, quiet)
    before = (out / "hubpipe.json").read_bytes()
    again = train(issues(130, wrong=0.5), Request(out, PLAN), PLACES, quiet)

    assert first.promoted
    assert first.report.measures.accuracy.value == 1
    assert not again.promoted
    assert "only" in again.words
    assert "worse than the model in use was on other examples, beyond chance: its best label" in again.words
    assert (out / "hubpipe.json").read_bytes() == before
    assert train(issues(130, wrong=0.5), Request(out, PLAN, force=True), PLACES, quiet).promoted


def test_a_rare_new_label_does_not_hide_how_far_a_model_fell(tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(issues(120), Request(out, PLAN), PLACES, quiet)
    worse = issues(130, wrong=0.5)
    worse[-1] = replace(worse[-1], labels=("rare",))

    assert not train(worse, Request(out, PLAN), PLACES, quiet).promoted


def test_other_labels_than_before_are_no_fall(tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(issues(120), Request(out, PLAN), PLACES, quiet)
    other = [replace(one, labels=(f"new {one.labels[0]}",)) for one in issues(130, wrong=0.5)]

    assert train(other, Request(out, PLAN), PLACES, quiet).promoted


def test_the_model_in_use_stands_beside_the_new_one(tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(issues(40), Request(out, PLAN), PLACES, quiet)
    report = train(issues(180), Request(out, PLAN), PLACES, quiet).report

    assert report.baselines["in use, on 45 that are new to it"].n == 45
    assert report.comparison is not None


def test_only_the_labels_that_were_asked_for_are_reported(tmp_path: Path) -> None:
    examples = [replace(one, labels=("docs",)) if row % 3 == 0 else one for row, one in enumerate(issues(60))]
    plan = Plan(Settings(labels=("bug", "wish")))
    report = train(examples, Request(tmp_path / "model", plan), PLACES, quiet).report

    assert [label.name for label in report.measures.labels] == ["bug", "wish"]


def test_what_the_corpus_and_the_examples_share_is_not_counted_as_adapted_on(tmp_path: Path) -> None:
    corpus = (*issues(60), *(replace(one, title=f"{one.title} there", repo="other/repo") for one in issues(30)))
    report = train(issues(60), Request(tmp_path / "model", replace(PLAN, corpus=corpus)), PLACES, quiet).report

    assert report.settings["adapted on"] == 30


def test_a_card_names_labels_that_call_nobody(tmp_path: Path) -> None:
    odd = "<img src=x> @octocat](https://evil.example)"
    examples = [replace(one, labels=(odd,)) if one.labels == ("wish",) else one for one in issues(40)]
    train(examples, Request(tmp_path / "model", PLAN), PLACES, quiet)
    card = (tmp_path / "model" / "README.md").read_text("utf-8")

    assert "<img" not in card
    assert "@octocat" not in card


@pytest.mark.parametrize("kept", [None, [], {"labels": 3}, {"intervals": {"top1": ["x", 1]}}, "measured"])
def test_a_report_that_is_none_stops_nobody(tmp_path: Path, kept: object) -> None:
    out = tmp_path / "model"
    train(issues(60), Request(out, PLAN), PLACES, quiet)
    old = folder.read(out)
    folder.save(out, replace(old, facts={**old.facts, "measured": json.loads(json.dumps(kept))}), "")

    assert train(issues(60, wrong=0.5), Request(out, PLAN), PLACES, quiet).promoted


def test_a_text_that_a_file_has_many_times_is_measured_once(tmp_path: Path) -> None:
    train(issues(60), Request(tmp_path / "model", PLAN), PLACES, quiet)
    fresh = issues(100)[60:]
    report = evaluate([*fresh, *fresh[:10] * 20], str(tmp_path / "model"), PLACES, 0.9)

    assert report.measures.n == 40
    assert report.split.learned is not None
    assert report.split.learned.n == 60


def test_lines_may_end_otherwise_and_what_has_no_label_is_told(tmp_path: Path) -> None:
    examples = [replace(one, body=f"{one.body}\nMore of {row}.", number=None) for row, one in enumerate(issues(100))]
    train(examples[:60], Request(tmp_path / "model", PLAN), PLACES, quiet)
    windows = [replace(one, body=one.body.replace("\n", "\r\n")) for one in examples]
    bare = replace(windows[99], title="Nobody labelled this", labels=())
    report = evaluate([*windows, bare], str(tmp_path / "model"), PLACES, 0.9)

    assert report.measures.n == 40
    assert "60 of 100 left out, for the model learned from them" in report.split.how
    assert "1 without a label left out" in report.split.how


def test_a_model_in_use_that_is_damaged_can_be_replaced_by_force(tmp_path: Path) -> None:
    for name in ("old", "new"):
        train(issues(60), Request(tmp_path / name, PLAN), PLACES, quiet)
    with (tmp_path / "old" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="is not whole"):
        promote(tmp_path / "new", tmp_path / "old", issues(100), PLACES)
    found = promote(tmp_path / "new", tmp_path / "old", issues(100), PLACES, force=True)

    assert found.promoted
    assert "is not whole" in found.words
    assert folder.read(tmp_path / "old").parts.labels


def test_two_models_are_compared_on_each_issue_once(tmp_path: Path) -> None:
    for name in ("old", "new"):
        train(issues(60), Request(tmp_path / name, PLAN), PLACES, quiet)
    few = issues(80)[60:]
    found = promote(tmp_path / "new", tmp_path / "old", few * 5, PLACES)

    assert not found.promoted
    assert "only 20 of 20 examples are new to both models" in found.words


def test_a_corpus_that_teaches_nothing_is_named(tmp_path: Path) -> None:
    corpus = tuple(replace(one, repo="other/repo", labels=(f"label {row}",)) for row, one in enumerate(issues(30)))
    corpus = tuple(replace(one, title=f"{one.title} elsewhere") for one in corpus)
    with pytest.raises(UsageError, match=r"--adapt: .*Nothing to learn") as caught:
        train(issues(60), Request(tmp_path / "model", replace(PLAN, corpus=corpus)), PLACES, quiet)

    # It is no reason to make an index and be content.
    assert not isinstance(caught.value, TooLittleError)


def asked_of(model: Model) -> Limits:
    assert isinstance(model, Classifier)
    limits = model.limits(0.9)
    assert limits is not None
    return limits


def test_cutoffs_are_of_the_labels_that_a_step_names(tmp_path: Path) -> None:
    """Where "bug" may not be given, "wish" is: of what is a bug, too."""
    examples = [replace(one, labels=("docs",)) if row % 3 == 0 else one for row, one in enumerate(issues(60))]
    model = learn(examples, replace(PLAN, fitting=Settings(labels=("bug", "wish", "docs"))), PLACES, quiet)
    scores = np.array([[0.25, 0.5, 0.25], [0.55, 0.45, 0.0], [0.3, 0.4, 0.3]] * 60, np.float32)
    truth = np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0]] * 60, np.int8)
    model = replace(model, evidence=Evidence(("bug", "wish", "docs"), scores, truth))
    folder.save(tmp_path / "model", model, "")
    places = replace(PLACES, learned=tmp_path / "model")
    step = Step(model="learned", task="text-classification")
    all_three, one = (asked_of(load(step, labels, places)) for labels in ({}, {"wish": ""}))

    assert all_three.values["wish"] == pytest.approx(0.4)
    assert one.values == {"wish": pytest.approx(0.5)}
