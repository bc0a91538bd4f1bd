"""Tuning: an encoder learns to tell labels apart, within bounds of size and time."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hubpipe.errors import UsageError
from hubpipe.models import embedded
from hubpipe.models.learned import tuned
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.learned.views import look
from hubpipe.models.repository import Source
from hubpipe.training.examples import Example, truth
from hubpipe.training.likeness import contrast, ranking
from hubpipe.training.sampling import renamed, sampled
from hubpipe.training.tune import Tuned, TuneSettings, tune, twice

THINGS = ("parser", "sidebar", "installer", "search", "scheduler", "importer", "login", "cache", "printer", "map")
# Each of two labels is said in as many ways: what they have in common must be learned.
SAID = {
    "slow": ("The {} takes minutes", "Waiting for the {} forever", "{} uses all the memory"),
    "looks": ("The {} is too small to read", "Grey on grey in the {}", "{}: the icon overlaps the text"),
}
START = datetime(2024, 1, 1, tzinfo=UTC)
QUICK = TuneSettings(epochs=2, least_steps=8, rate=2e-4, batch=16)


def issues(things: tuple[str, ...] = THINGS) -> list[Example]:
    return [
        Example(said.format(thing), "", (label,), created_at=START + timedelta(days=day))
        for day, thing in enumerate(things)
        for label, ways in SAID.items()
        for said in ways
    ]


@pytest.fixture(scope="module")
def source() -> Source:
    folder = embedded.find(None)
    assert folder is not None
    return Source(folder, embedded.NAME, embedded.REVISION)


def told_apart(source: Source, tensors: Arrays, rows: list[Example]) -> float:
    vectors = look(tuned.load(source, tensors), [row.text for row in rows]).meaning / np.sqrt(2)
    return ranking(vectors, truth(rows, tuple(SAID)))


def test_a_tuned_encoder_tells_labels_of_unseen_issues_apart_better(source: Source) -> None:
    done = tune(issues(THINGS[:6]), QUICK, source)
    unseen = issues(THINGS[6:])
    assert told_apart(source, done.tensors, unseen) > told_apart(source, {}, unseen) + 0.05
    assert done.facts["steps"] == 8
    assert done.facts["stopped"] == ""


def test_what_changed_is_small_and_leaves_the_table_of_tokens_alone(source: Source) -> None:
    tensors = tune(issues(), replace(QUICK, least_steps=1, epochs=0.2), source).tensors
    own = tuned.load(source, {}).model.state_dict()
    assert all(weight.dtype == np.float16 and name in own for name, weight in tensors.items())
    assert not any("embeddings." in name or "pooler" in name for name in tensors)
    assert sum(weight.nbytes for weight in tensors.values()) < 22e6


def test_the_same_seed_gives_the_same_weights(source: Source) -> None:
    settings = replace(QUICK, least_steps=3, epochs=0.1)
    once, again, other = (tune(issues(), replace(settings, seed=seed), source).tensors for seed in (1, 1, 2))
    assert all(np.array_equal(once[name], again[name]) for name in once)
    assert any(not np.array_equal(once[name], other[name]) for name in once)


def test_a_few_examples_move_the_average_of_the_weights_too(source: Source) -> None:
    few = issues(THINGS[:3])
    done = tune(few, replace(QUICK, epochs=1, least_steps=12), source)
    assert done.facts["steps"] == 12
    assert told_apart(source, done.tensors, few) > told_apart(source, {}, few) + 0.05


def test_it_says_first_what_it_will_cost(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hubpipe"):
        done = tune(issues(), replace(QUICK, least_steps=3, epochs=0.1), source)
    assert "tuning: 3 steps, about" in caplog.text
    assert done.facts["estimated"] > 0


def test_it_does_fewer_steps_where_time_is_short(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which every step takes a second, however fast the machine is."""
    monkeypatch.setattr("hubpipe.training.tune.time", SimpleNamespace(monotonic=partial(next, count(0.0, 1.0))))
    done = tune(issues(), replace(QUICK, epochs=10_000, max_seconds=6), source)
    assert done.facts["steps"] == 6
    assert done.facts["estimated"] == 6
    assert done.facts["stopped"] == ""


def test_it_ends_when_its_time_is_up_though_the_first_steps_were_quick(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = chain((0.0, 0.1, 0.2, 0.3), count(50.0))
    monkeypatch.setattr("hubpipe.training.tune.time", SimpleNamespace(monotonic=partial(next, ticks)))
    done = tune(issues(), replace(QUICK, epochs=10_000, max_seconds=40), source)
    assert done.facts["steps"] == 4
    assert done.facts["stopped"] == "the time of 40 seconds was up"


def test_it_stops_early_and_keeps_what_was_best_on_what_it_watched(source: Source) -> None:
    settings = replace(QUICK, epochs=200, looks=200, patience=2)
    done = tune(issues(THINGS[:6]), settings, source, watched=issues(THINGS[6:]))
    curve = done.facts["curve"]
    assert done.facts["stopped"] == "no better on what it does not learn from for 2 looks"
    assert 0 < done.useful < 1
    assert told_apart(source, done.tensors, issues(THINGS[6:])) == pytest.approx(max(curve), abs=0.02)


def test_tuning_twice_measures_on_the_newest_first_and_then_learns_from_all(source: Source) -> None:
    rows = issues()
    tried, done = twice(rows, np.arange(36), replace(QUICK, epochs=2, least_steps=2), source)
    assert tried.facts["examples"] == 36
    assert tried.facts["curve"]
    assert done.facts["examples"] == len(rows)
    assert done.facts["curve"] == []
    assert done.facts["epochs"] <= 2


def test_of_few_examples_too_the_second_tuning_is_as_short_as_the_first_was_useful(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tuned_first(
        rows: list[Example], settings: TuneSettings, source: Source, watched: Sequence[Example] = ()
    ) -> Tuned:
        return Tuned({}, {}, 0.25) if watched else tune(rows, settings, source)

    monkeypatch.setattr("hubpipe.training.tune.tune", tuned_first)
    for least, steps in ((8, 2), (1, 1)):
        settings = replace(QUICK, epochs=0.1, least_steps=least)
        assert twice(issues(), np.arange(36), settings, source)[1].facts["steps"] == steps


def test_other_repositories_are_learned_beside_the_examples_both_times(source: Source) -> None:
    rows, corpus = issues(), issues(THINGS[:3])
    tried, done = twice(rows, np.arange(36), replace(QUICK, epochs=0.1, least_steps=2), source, corpus)
    assert tried.facts["examples"] == 36 + len(corpus)
    assert done.facts["examples"] == len(rows) + len(corpus)


def test_the_upper_half_of_the_layers_is_tuned_and_no_table_of_tokens(source: Source) -> None:
    changed = tune(issues(), replace(QUICK, least_steps=1, epochs=0.1), source).tensors
    layers = {int(place) for name in changed for place in re.findall(r"layer\.(\d+)\.", name)}
    assert layers == {3, 4, 5}
    assert not [name for name in changed if "embeddings." in name]


@pytest.mark.parametrize("rows", [[row for row in issues() if row.labels == ("slow",)], issues()[:12], []])
def test_with_one_label_or_next_to_no_issues_there_is_nothing_to_tune_on(rows: list[Example], source: Source) -> None:
    with pytest.raises(UsageError, match="tuning needs at least 16 examples of two labels"):
        tune(rows, QUICK, source)


def test_issues_may_have_several_labels_and_some_that_nobody_knows(source: Source) -> None:
    rows = [replace(row, labels=(*row.labels, "old"), unsure=("looks",)) for row in issues(THINGS[:3])]
    done = tune(rows + issues(THINGS[3:]), replace(QUICK, least_steps=2, epochs=0.1), source)
    assert all(np.isfinite(weight).all() for weight in done.tensors.values())


def test_of_too_many_examples_rare_labels_are_all_kept_and_the_order_is_that_of_time() -> None:
    many = [Example(f"{number}", "", ("often",), created_at=START + timedelta(number)) for number in range(1_000)]
    rare = [Example(f"rare {number}", "", ("Rare",), created_at=START - timedelta(number)) for number in range(9)]
    kept = sampled([*many, *rare, Example("none", "", ())], 100, 0)
    assert len(kept) == 100
    assert sum(row.labels == ("Rare",) for row in kept) == 9
    assert kept == sorted(kept, key=lambda row: row.created_at or START)
    assert kept == sampled([*many, *rare], 100, 0)


def test_labels_of_one_meaning_are_one_across_repositories() -> None:
    rows = [Example("a", "", ("type: bug", "area"), repo="x"), Example("b", "", ("Defect",), repo="y")]
    assert [row.labels for row in renamed(rows)] == [("bug", "area"), ("bug",)]


def test_names_that_a_repository_tells_apart_stay_apart() -> None:
    rows = [Example("a", "", ("bug",), repo="x"), Example("b", "", ("defect",), repo="x")]
    assert [row.labels for row in renamed(rows)] == [("bug",), ("defect",)]


def test_the_contrastive_loss_is_least_where_issues_of_a_label_lie_together() -> None:
    known = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]])
    together = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    crossed = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    assert contrast(together, known, 0.1) < 0.01 < contrast(crossed, known, 0.1)


def test_issues_that_share_no_label_pull_nothing() -> None:
    assert contrast(torch.eye(3), torch.eye(3, dtype=torch.int64), 0.1) == 0


def test_the_ranking_is_one_where_the_nearest_share_the_label() -> None:
    known = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.int8)
    together = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert ranking(together, known) == 1
    assert ranking(together[[0, 2, 1, 3]], known) < 0.6
    assert ranking(together, np.eye(4, dtype=np.int8)) == 0
