"""Of the issues that a model finds, at most three are suggested: near enough, open, and not the issue itself."""

from collections.abc import Sequence

import pytest

from hubpipe import similar
from hubpipe.config import Flow, parse
from hubpipe.event import Changes, KnownIssue
from hubpipe.infer import Answer
from hubpipe.models.base import Alike, Limits, ModelInfo, Past, Prediction
from hubpipe.similar import Tracker

INFO = ModelInfo("hubpipe", "learned", None, "sentence-similarity", None)


class Index:
    """A model that keeps an index."""

    info = INFO
    since = "2026-01-01T00:00:00Z"

    def __init__(self, cutoff: float | None = 0.7, *, keeps: bool = True) -> None:
        self._cutoff = cutoff
        self.keeps = keeps
        self.learned: list[tuple[list[int], list[str], str | None]] = []

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        return [(0, len(text))]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Alike(()) for _ in texts]

    def limits(self, precision: float) -> Limits:
        return Limits(precision, {"same": self._cutoff}, {"same": "20 more examples are needed"})

    def learn(self, issues: Sequence[KnownIssue], texts: Sequence[str], until: str | None) -> None:
        self.learned.append(([issue.number for issue in issues], list(texts), until))


def flow(decide: str = "{}") -> Flow:
    text = (
        f"version: 1\nflows:\n  one: {{on: issues, pipeline: {{against: issues}}, decide: {decide}, publish: comment}}"
    )
    found = parse(text).flows["one"]
    assert found is not None
    return found


def now(number: int, *, is_open: bool = True, title: str = "Now") -> KnownIssue:
    return KnownIssue(
        number, title, "", (), f"https://github.com/octo-org/octo-repo/issues/{number}", is_open, "2026-02-01"
    )


def tracker(*gone: int, closed: Sequence[int] = ()) -> Tracker:
    def issue(number: int) -> KnownIssue | None:
        return None if number in gone else now(number, is_open=number not in closed)

    return Tracker(lambda since, onward: Changes(), issue)


def find(
    *scores: float, decide: str = "{}", own: int | None = None, of: Tracker | None = None, model: Index | None = None
) -> Alike:
    past = tuple(Past(f"Past {number}", score, number) for number, score in enumerate(scores, start=1))
    answer = Answer(INFO, Alike(past))
    kept = similar.found(model or Index(), flow(decide), answer, own, of if of is not None else tracker())
    assert isinstance(kept.prediction, Alike)
    return kept.prediction


def numbers(found: Alike) -> list[int | None]:
    return [issue.number for issue in found.issues]


def test_those_over_the_usual_cutoff_are_suggested() -> None:
    assert numbers(find(0.95, 0.81, 0.79)) == [1, 2]


def test_a_threshold_is_a_cosine() -> None:
    assert numbers(find(0.95, 0.81, 0.79, 0.4, decide="{threshold: 0.9}")) == [1]
    assert numbers(find(0.95, 0.5, decide="{threshold: 0.5}")) == [1, 2]


def test_a_precision_has_a_cutoff_of_its_own() -> None:
    assert numbers(find(0.95, 0.71, 0.69, decide="{precision: 0.9}")) == [1, 2]


def test_a_precision_that_cannot_be_held_suggests_nothing_and_says_what_is_missing() -> None:
    found = find(0.99, decide="{precision: 0.9}", model=Index(None))
    assert found.issues == ()
    assert "precision 0.9: 20 more examples are needed" in found.remark


def test_no_more_than_three_are_suggested() -> None:
    assert numbers(find(*[0.9] * 8)) == [1, 2, 3]


def test_the_issue_itself_is_none_of_them() -> None:
    assert numbers(find(1.0, 0.9, own=1)) == [2]


def test_one_that_was_closed_moved_or_deleted_by_now_is_left_out() -> None:
    assert numbers(find(0.95, 0.94, 0.93, 0.92, 0.91, of=tracker(1, closed=[3]))) == [2, 4, 5]


def test_they_are_called_as_they_are_called_now() -> None:
    [issue] = find(0.95).issues
    assert (issue.title, issue.url, issue.open) == ("Now", "https://github.com/octo-org/octo-repo/issues/1", True)


def test_no_more_than_ten_are_asked_for() -> None:
    asked: list[int] = []

    def closed(number: int) -> KnownIssue:
        asked.append(number)
        return now(number, is_open=False)

    assert find(*[0.9] * 20, of=Tracker(lambda since, onward: Changes(), closed)).issues == ()
    assert asked == list(range(1, 11))


def test_where_none_is_near_enough_the_nearest_is_told() -> None:
    assert find(0.61).remark == "no open issue is alike enough: the nearest is #1 (0.61, of 0.80 wanted)"
    assert find().remark == "there is no other open issue in the index"


def test_where_all_that_are_near_enough_are_gone_by_now_that_is_told() -> None:
    found = find(0.95, 0.9, 0.5, of=tracker(1, closed=[2]))
    assert found.issues == ()
    assert found.remark == "those that are alike enough were closed, moved or deleted by now"
    assert find(0.95, 0.9, of=tracker(1)).remark == ""


def test_without_github_the_index_is_taken_at_its_word_and_that_is_told() -> None:
    past = (Past("Past 1", 0.9, 1),)
    kept = similar.found(Index(), flow(), Answer(INFO, Alike(past)), None, None)
    assert isinstance(kept.prediction, Alike)
    assert kept.prediction.issues == past
    assert "GitHub was not asked" in kept.prediction.remark


CHANGED = KnownIssue(7, "Crash", "<!-- form -->\r\nIt crashes", (), "", True, "2026-02-01")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_what_changed_since_is_read_as_an_events_text_is_and_a_gap_is_not_kept(whole: bool, keeps: bool) -> None:
    model, asked = Index(keeps=keeps), []

    def changed(since: str | None, onward: bool) -> Changes:
        asked.append((since, onward))
        return Changes((CHANGED,), "2026-02-01", whole)

    told = similar.brought_up_to_date(model, Tracker(changed, now))
    # Where it is kept, in the order of time: the next run goes on there.
    assert asked == [("2026-01-01T00:00:00Z", keeps)]
    assert model.learned == [([7], ["Crash\n\nIt crashes"], "2026-02-01" if keeps or whole else None)]
    assert (told == "") is whole
    if not whole:
        assert ("until 2026-02-01 is in it now, and the next run goes on there" in told) is keeps
        assert ("nothing is kept of them. hubpipe train brings the index up to date" in told) is not keeps


def test_a_threshold_of_labels_is_none_of_cosines() -> None:
    steps = "[{task: zero-shot-classification, labels: [bug, wish]}, {against: issues}]"
    text = f"version: 1\nflows:\n  one: {{on: issues, pipeline: {steps}, decide: {{threshold: 0.5}}, publish: comment}}"
    both = parse(text).flows["one"]
    assert both is not None
    past = (Past("Past 1", 0.85, 1), Past("Past 2", 0.6, 2))
    kept = similar.found(Index(), both, Answer(INFO, Alike(past)), None, tracker())
    assert isinstance(kept.prediction, Alike)
    assert numbers(kept.prediction) == [1]
