"""From scores to a plan: thresholds, abstention, and people who win over the model."""

import pytest

from hubpipe import decide
from hubpipe.config import Flow, parse
from hubpipe.decide import CommentEffect, Findings, LabelsEffect, LabelState, Plan
from hubpipe.event import Label, LabelChange
from hubpipe.models.base import Prediction, Score, Scores, Span, Spans, Text, Vector

LABELS = (Label("bug", "It breaks"), Label("question", "Why?"), Label("docs"))
ME = "github-actions[bot]"


def flow(decide: str = "{}", publish: str = "labels", task: str = "zero-shot-classification") -> Flow:
    labels = ", labels: [bug, question, docs]" if task == "zero-shot-classification" else ""
    rules = f"decide: {decide}" if decide != "{}" else ""
    pipeline = f"pipeline: {{task: {task}{labels}}}"
    text = f"version: 1\nflows:\n  kind:\n    on: issues\n    {pipeline}\n    publish: {publish}\n    {rules}\n"
    found = parse(text).flows["kind"]
    assert found is not None
    return found


def plan(name: str, flow: Flow, prediction: Prediction, labels: tuple[Label, ...], state: LabelState) -> Plan:
    """Decide about what the only step of a flow says."""
    return decide.plan(name, flow, findings(flow, prediction), labels, state)


def findings(flow: Flow, prediction: Prediction) -> Findings:
    match prediction:
        case Scores():
            return Findings(deciding=flow.pipeline[-1], scores=prediction)
        case Text():
            return Findings(text=prediction)
        case Spans(spans):
            return Findings(spans=spans)
        case _:
            return Findings()


def scores(**given: float) -> Scores:
    return Scores(tuple(Score(label, score) for label, score in sorted(given.items(), key=lambda item: -item[1])))


def labels_of(result: Plan) -> LabelsEffect:
    [effect] = result.effects
    assert isinstance(effect, LabelsEffect)
    return effect


def added(label: str, actor: str | None = ME) -> LabelChange:
    return LabelChange(label, added=True, actor=actor)


def removed(label: str, actor: str | None) -> LabelChange:
    return LabelChange(label, added=False, actor=actor)


def test_the_best_label_over_the_threshold_is_added() -> None:
    result = plan("kind", flow(), scores(bug=0.8, question=0.15, docs=0.05), LABELS, LabelState())
    assert labels_of(result).add == ("bug",)
    assert result.chosen == (Score("bug", 0.8),)


def test_under_the_threshold_nothing_is_done_and_the_best_score_is_told() -> None:
    result = plan("kind", flow("{threshold: 0.9}"), scores(bug=0.8, question=0.2), LABELS, LabelState())
    assert result.effects == ()
    assert result.notes == ("no label reaches the threshold 0.9: the best is bug with 0.80",)


def test_a_score_equal_to_the_threshold_counts() -> None:
    result = plan("kind", flow("{threshold: 0.8}"), scores(bug=0.8, question=0.2), LABELS, LabelState())
    assert labels_of(result).add == ("bug",)


def test_two_scores_within_the_margin_make_it_abstain() -> None:
    result = plan("kind", flow("{threshold: 0.1, margin: 0.2}"), scores(bug=0.5, question=0.4), LABELS, LabelState())
    assert result.effects == ()
    assert "abstained" in result.notes[0]


def test_no_more_labels_than_max_labels_are_added() -> None:
    result = plan(
        "kind", flow("{threshold: 0.1, max_labels: 2}"), scores(bug=0.4, question=0.3, docs=0.2), LABELS, LabelState()
    )
    assert labels_of(result).add == ("bug", "question")


def test_a_label_that_was_not_to_choose_from_is_never_used() -> None:
    state = LabelState(existing=(Label("bug"), Label("evil")))
    result = plan("kind", flow(publish="{labels: {create: true}}"), scores(evil=1.0, bug=0.1), LABELS, state)
    assert (result.effects, result.chosen) == ((), ())
    assert result.notes[0] == "'evil' is not among the labels to choose from: it is not used, whatever the model says"


def test_a_classifiers_labels_can_be_narrowed() -> None:
    narrow = flow(task="text-classification")
    step = narrow.pipeline[0].model_copy(update={"labels": {"question": ""}})
    narrow = narrow.model_copy(update={"pipeline": (step,)})
    result = plan("kind", narrow, scores(bug=0.9, question=0.6), (Label("question"),), LabelState())
    assert (result.chosen, result.notes) == ((Score("question", 0.6),), ())


def test_case_makes_no_difference_between_a_models_labels_and_ours() -> None:
    rules = flow("{rename: {BUG: kind/bug}}", "{labels: {create: true}}", task="text-classification")
    step = rules.pipeline[0].model_copy(update={"labels": {"bug": "It breaks"}})
    rules = rules.model_copy(update={"pipeline": (step,)})
    result = plan("kind", rules, scores(Bug=0.9), (Label("bug", "It breaks"),), LabelState(existing=()))
    assert labels_of(result).create == (Label("kind/bug", "It breaks"),)
    assert result.scores == (Score("kind/bug", 0.9),)


def test_a_classifier_that_has_none_of_the_named_labels_is_told() -> None:
    rules = flow(task="text-classification")
    step = rules.pipeline[0].model_copy(update={"labels": {"defect": ""}})
    rules = rules.model_copy(update={"pipeline": (step,)})
    result = plan("kind", rules, scores(bug=0.9, docs=0.1), (Label("defect"),), LabelState())
    assert result.notes == ("none of pipeline.labels is a label of the model, which has: bug, docs",)


def test_a_label_that_is_there_is_not_added_again() -> None:
    result = plan("kind", flow(), scores(bug=0.9), LABELS, LabelState(present=("Bug",)))
    assert result.effects == ()
    assert result.chosen == (Score("bug", 0.9),)


@pytest.mark.parametrize("actor", ["octocat", "another-bot[bot]", None])
def test_a_label_that_somebody_else_removed_is_never_set_again(actor: str | None) -> None:
    state = LabelState(history=(added("bug"), removed("bug", actor)), me=ME)
    result = plan("kind", flow(), scores(bug=0.9), LABELS, state)
    assert result.effects == ()
    assert result.notes == ("bug was removed by a person: it stays away",)


def test_a_removal_by_a_deleted_user_counts_under_a_personal_token() -> None:
    state = LabelState(history=(added("bug", None), removed("bug", None)), me=None)
    assert plan("kind", flow(), scores(bug=0.9), LABELS, state).effects == ()


def test_a_label_that_hubpipe_itself_took_back_may_return() -> None:
    state = LabelState(history=(added("bug"), removed("bug", ME)), me=ME)
    assert labels_of(plan("kind", flow(), scores(bug=0.9), LABELS, state)).add == ("bug",)


def test_a_label_that_a_person_set_is_never_removed_and_takes_the_place() -> None:
    state = LabelState(present=("question",), history=(added("question", "octocat"),), me=ME)
    result = plan("kind", flow(publish="{labels: {remove_stale: true}}"), scores(bug=0.9, question=0.1), LABELS, state)
    assert result.effects == ()
    assert result.notes == ("bug is not added: question is there already (decide.max_labels is 1)",)


def unnamed() -> Flow:
    """A flow that chooses among the repository's own labels."""
    return flow().model_copy(update={"pipeline": (flow().pipeline[0].model_copy(update={"labels": None}),)})


@pytest.mark.parametrize("theirs", ["question", "type: bug", "Docs"])
def test_among_the_repositorys_kinds_a_persons_label_takes_the_place_in_every_spelling(theirs: str) -> None:
    state = LabelState(present=(theirs,), history=(added(theirs, "octocat"),), me=ME)
    result = plan("kind", unnamed(), scores(bug=0.9, question=0.1, docs=0), LABELS, state)
    assert result.effects == ()
    assert result.notes == (f"bug is not added: {theirs} is there already (decide.max_labels is 1)",)


def test_where_no_label_is_known_for_a_kind_a_persons_label_says_nothing_about_it() -> None:
    areas = (Label("area-x"), Label("priority: high"))
    state = LabelState(present=("priority: high",), history=(added("priority: high", "octocat"),), me=ME)
    given = Scores((Score("area-x", 0.9), Score("priority: high", 0.1)))
    assert labels_of(plan("kind", unnamed(), given, areas, state)).add == ("area-x",)


def test_own_stale_labels_stay_unless_asked() -> None:
    state = LabelState(present=("question",), history=(added("question"),), me=ME)
    assert plan("kind", flow(), scores(bug=0.9, question=0.1), LABELS, state).effects == ()


def test_own_stale_labels_make_room_when_asked() -> None:
    state = LabelState(present=("question", "other"), history=(added("question"), added("other")), me=ME)
    result = plan("kind", flow(publish="{labels: {remove_stale: true}}"), scores(bug=0.9, question=0.1), LABELS, state)
    effect = labels_of(result)
    assert (effect.add, effect.remove) == (("bug",), ("question",))


def test_a_stale_label_stays_where_its_successor_may_not_come() -> None:
    refused = (added("bug"), removed("bug", "octocat"), added("question"))
    state = LabelState(present=("question",), history=refused, me=ME)
    result = plan("kind", flow(publish="{labels: {remove_stale: true}}"), scores(bug=0.9, question=0.1), LABELS, state)
    assert result.effects == ()


def test_two_labels_that_get_one_name_are_one_label() -> None:
    rules = "{threshold: 0.1, max_labels: 2, rename: {bug: Bug, question: bug}}"
    result = plan("kind", flow(rules), scores(bug=0.6, question=0.4), LABELS, LabelState())
    assert labels_of(result).add == ("Bug",)


def test_abstaining_takes_nothing_back() -> None:
    state = LabelState(present=("question",), history=(added("question"),), me=ME)
    result = plan("kind", flow("{threshold: 0.99}", "{labels: {remove_stale: true}}"), scores(bug=0.9), LABELS, state)
    assert result.effects == ()


def test_a_label_that_a_person_set_again_after_hubpipe_is_theirs() -> None:
    history = (added("question"), removed("question", ME), added("question", "octocat"))
    state = LabelState(present=("question",), history=history, me=ME)
    result = plan("kind", flow(publish="{labels: {remove_stale: true}}"), scores(bug=0.9, question=0.1), LABELS, state)
    assert result.effects == ()


def test_without_a_login_of_its_own_hubpipe_takes_every_label_for_a_persons() -> None:
    state = LabelState(present=("question",), history=(added("question", None),), me=None)
    result = plan("kind", flow(publish="{labels: {remove_stale: true}}"), scores(bug=0.9, question=0.1), LABELS, state)
    assert result.effects == ()


def test_a_label_that_the_repository_lacks_is_told_and_not_made() -> None:
    result = plan("kind", flow(), scores(bug=0.9), LABELS, LabelState(existing=(Label("question"),)))
    assert result.effects == ()
    assert "the repository has no label 'bug'" in result.notes[0]


def test_a_missing_label_is_made_with_its_description_on_request() -> None:
    state = LabelState(existing=(Label("question"),))
    effect = labels_of(plan("kind", flow(publish="{labels: {create: true}}"), scores(bug=0.9), LABELS, state))
    assert (effect.add, effect.create) == (("bug",), (Label("bug", "It breaks"),))


def test_a_label_is_written_as_the_repository_spells_it() -> None:
    effect = labels_of(plan("kind", flow(), scores(bug=0.9), LABELS, LabelState(existing=(Label("Bug"),))))
    assert effect.add == ("Bug",)


def test_rename_maps_a_models_labels_and_null_drops_one() -> None:
    rules = "{rename: {LABEL_0: bug, LABEL_1: bug, LABEL_2: null}}"
    given = Scores((Score("LABEL_2", 0.9), Score("LABEL_1", 0.7), Score("LABEL_0", 0.6)))
    result = plan("kind", flow(rules, task="text-classification"), given, (), LabelState())
    assert result.chosen == (Score("bug", 0.7),)


@pytest.mark.parametrize(
    ("prediction", "says"),
    [
        (Text("A summary."), True),
        (Text(" \n"), False),
        (Spans((Span("V", 0, 1, "1", 0.9),)), True),
        (Spans(()), False),
        (Vector((0.1,)), False),
        (Scores(()), False),
    ],
)
def test_a_comment_is_kept_only_when_there_is_something_to_say(
    prediction: Text | Spans | Vector | Scores, says: bool
) -> None:
    result = plan("kind", flow(publish="comment"), prediction, LABELS, LabelState())
    assert [type(effect) for effect in result.effects] == ([CommentEffect] if says else [])
