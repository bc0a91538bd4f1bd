"""A precision instead of a threshold: each label's own cutoff decides, and what cannot be held is told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hubpipe import weighing
from hubpipe.config import Decide, Flow, parse
from hubpipe.decide import best, choose
from hubpipe.errors import TaskError
from hubpipe.infer import Answer
from hubpipe.models.base import Limits, ModelInfo, Prediction, Score, Scores, Why

SCORES = Scores((Score("bug", 0.8), Score("question", 0.6), Score("crash", 0.1)))
LIMITS = Limits(0.9, {"bug": 0.7, "question": 0.5, "crash": None}, {"crash": "10 of 10 were right: 12 more"})
RULES = Decide(precision=0.9, max_labels=3)


class Sure:
    """A model that knows how often it is right, and why."""

    def __init__(self) -> None:
        self.info = ModelInfo("hubpipe", "learned", None, "text-classification", None)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        return [(0, len(text))]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [SCORES for _ in texts]

    def limits(self, precision: float) -> Limits:
        return replace(LIMITS, precision=precision)

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        return tuple(Why(label, words=((text, 0.5),)) for label in labels)


class Unsure:
    """A model that knows nothing of itself."""

    def __init__(self) -> None:
        self.info = ModelInfo("transformers", "octo-org/classifier", None, "text-classification", None)

    tokens, predict = Sure.tokens, Sure.predict


def flow(pipeline: str = "{model: learned}", decide: str = "{precision: 0.9, max_labels: 3}") -> Flow:
    text = f"version: 1\nflows:\n  kind: {{on: issues, pipeline: {pipeline}, decide: {decide}, publish: labels}}\n"
    found = parse(text).flows["kind"]
    assert found is not None
    return found


def answer(model: Sure | Unsure) -> Answer:
    return Answer(model.info, SCORES)


def labels(scores: Scores, rules: Decide = RULES) -> list[str]:
    return [score.label for score in choose(scores, rules)[0]]


def test_each_label_has_a_cutoff_of_its_own() -> None:
    assert labels(replace(SCORES, limits=LIMITS)) == ["bug", "question"]
    assert labels(replace(SCORES, limits=replace(LIMITS, values={"bug": 0.81, "question": 0.5}))) == ["question"]


def test_of_labels_that_exclude_each_other_only_the_best_is_used() -> None:
    alone = replace(LIMITS, exclusive=True)
    assert labels(replace(SCORES, limits=alone)) == ["bug"]
    assert labels(replace(SCORES, limits=replace(alone, values={"bug": 0.9, "question": 0.1}))) == []


def test_a_score_that_is_its_cutoff_counts() -> None:
    assert labels(replace(SCORES, limits=replace(LIMITS, values={"bug": 0.8}))) == ["bug"]


def test_abstaining_says_how_far_the_best_label_is_from_its_cutoff() -> None:
    _, [note] = choose(replace(SCORES, limits=replace(LIMITS, values={"bug": 0.95})), RULES)
    assert note == "no label is sure enough for precision 0.9: bug (0.80) is under its cutoff 0.95"


def test_abstaining_says_why_a_label_is_never_set() -> None:
    scores = Scores((Score("crash", 0.99),), limits=LIMITS)
    _, [note] = choose(scores, RULES)
    assert note == (
        "no label is sure enough for precision 0.9: crash (0.99) is never set, for 10 of 10 were right: 12 more"
    )


def test_cutoffs_are_by_the_models_names_and_labels_by_the_repositorys() -> None:
    rules = Decide(precision=0.9, max_labels=3, rename={"bug": "T-Defect", "question": "T-Defect"})
    scores = replace(SCORES, limits=replace(LIMITS, values={"bug": None, "question": 0.5}))
    assert [(one.label, one.score) for one in choose(scores, rules)[0]] == [("T-Defect", 0.6)]
    assert [one.label for one in best(scores, rules)] == ["bug", "question"]


def test_a_margin_holds_beside_a_precision() -> None:
    rules = Decide(precision=0.9, margin=0.3)
    _, [note] = choose(replace(SCORES, limits=LIMITS), rules)
    assert "closer than the margin 0.3" in note


def test_the_model_that_decides_is_asked_for_its_cutoffs() -> None:
    model, chosen = Sure(), flow()
    found = weighing.weighed(model, chosen.pipeline[0], chosen, answer(model))
    assert isinstance(found.prediction, Scores)
    assert found.prediction.limits == LIMITS
    assert list(weighing.not_held(chosen.pipeline[0], chosen, found)) == []


def test_without_a_precision_nobody_is_asked() -> None:
    model, chosen = Sure(), flow(decide="{threshold: 0.5}")
    assert weighing.weighed(model, chosen.pipeline[0], chosen, answer(model)) == answer(model)


def test_a_named_model_that_knows_nothing_of_itself_is_refused() -> None:
    model, chosen = Unsure(), flow("{model: octo-org/classifier, task: text-classification}")
    with pytest.raises(TaskError, match=r"does not know how often it is right, so decide.precision 0.9 cannot be held"):
        weighing.weighed(model, chosen.pipeline[0], chosen, answer(model))


def test_auto_decides_by_the_threshold_until_something_was_learned_and_says_so() -> None:
    model, chosen = Unsure(), flow("{model: auto}", "{precision: 0.9, threshold: 0.7}")
    found = weighing.weighed(model, chosen.pipeline[0], chosen, answer(model))
    [note] = weighing.not_held(chosen.pipeline[0], chosen, found)
    assert "until hubpipe train has learned, the threshold 0.7 decides" in note
    assert isinstance(found.prediction, Scores)
    assert labels(found.prediction, chosen.decide) == ["bug"]


def test_reasons_are_given_for_the_labels_that_are_chosen() -> None:
    model, chosen = Sure(), flow("{model: learned, explain: true}")
    found = weighing.weighed(model, chosen.pipeline[0], chosen, answer(model))
    assert [why.label for why in found.why] == ["bug", "question"]


def test_a_model_that_cannot_say_why_is_told() -> None:
    model = Unsure()
    chosen = flow("{model: octo-org/classifier, task: text-classification, explain: true}", "{threshold: 0.5}")
    found = weighing.weighed(model, chosen.pipeline[0], chosen, answer(model))
    assert isinstance(found.prediction, Scores)
    assert "cannot say why" in found.prediction.remark
