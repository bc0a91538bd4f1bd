"""Which labels of a history count, and for how much."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from hubpipe.github.history import Actor, Closing, Duplicate, Labelling, Past, Tag
from hubpipe.training import counting
from hubpipe.training.collect import History
from hubpipe.training.examples import Example

DAY = datetime(2025, 1, 1, tzinfo=UTC)
AUTHOR = Actor("author")
ANNE, BEN, BOT = Actor("anne"), Actor("ben"), Actor("labeler", bot=True)


def past(
    labels: Sequence[str] = (), labellings: Sequence[Labelling] = (), closings: Sequence[Closing] = (), number: int = 1
) -> Past:
    return Past(
        kind="issue",
        number=number,
        title=f"Title {number}",
        body="Body",
        url=f"https://github.com/octo-org/octo-repo/issues/{number}",
        created_at=DAY + timedelta(days=number),
        updated_at=DAY + timedelta(days=number),
        state="open",
        author=AUTHOR,
        labels=tuple(Tag(name, f"id of {name}") for name in labels),
        labellings=tuple(labellings),
        closings=tuple(closings),
    )


def add(name: str, actor: Actor | None, hour: int, label_id: str = "") -> Labelling:
    return Labelling(Tag(name, label_id or f"id of {name}"), True, DAY + timedelta(hours=hour), actor)


def drop(name: str, actor: Actor | None, hour: int) -> Labelling:
    return Labelling(Tag(name, f"id of {name}"), False, DAY + timedelta(hours=hour), actor)


def close(actor: Actor | None, hour: int) -> Closing:
    return Closing(DAY + timedelta(hours=hour), actor)


def history(*pasts: Past) -> History:
    return History("octo-org/octo-repo", pasts)


def only(*pasts: Past, machines: Sequence[str] = ()) -> Example:
    (example,) = counting.examples(history(*pasts), machines)
    return example


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (past(["bug"], [add("bug", ANNE, 1)]), "counts"),
        (past(["bug"], [add("bug", AUTHOR, 1)]), "counts"),
        (past(["bug"], [add("bug", None, 1)]), "counts"),
        (past(["bug"]), "counts"),
        (past(["bug"], [add("bug", BOT, 1), drop("bug", ANNE, 2), add("bug", ANNE, 3)]), "counts"),
        (past(["bug"], [add("bug", BOT, 1)]), "unsure"),
        (past(["bug"], [add("bug", BOT, 1)], [close(AUTHOR, 2)]), "unsure"),
        (past(["bug"], [add("bug", BOT, 1)], [close(BOT, 2)]), "unsure"),
        (past(["bug"], [add("bug", BOT, 1)], [close(None, 2)]), "unsure"),
        (past(["bug"], [add("bug", BOT, 3)], [close(ANNE, 2)]), "unsure"),
        (past(["bug"], [add("bug", BOT, 1)], [close(ANNE, 2)]), "counts"),
        (past(["bug", "ui"], [add("bug", BOT, 1), add("ui", ANNE, 2)]), "counts"),
        (past(["bug"], [add("bug", BOT, 1), add("ui", ANNE, 2), drop("ui", ANNE, 3)]), "counts"),
        (past(["bug", "ui"], [add("ui", ANNE, 1), add("bug", BOT, 2)]), "unsure"),
        (past(["bug", "ui"], [add("bug", BOT, 1), add("ui", BOT, 2)]), "unsure"),
        (past(["bug"], [add("bug", ANNE, 1), drop("bug", ANNE, 2), add("bug", BOT, 3)]), "unsure"),
        (past([], [add("bug", BOT, 1), drop("bug", ANNE, 2)]), "denied"),
        (past([], [add("bug", BOT, 1), drop("bug", None, 2)]), "denied"),
        (past([], [add("bug", ANNE, 1), drop("bug", BEN, 2)]), "denied"),
        (past([], [add("bug", ANNE, 1), drop("bug", ANNE, 2)]), "nothing"),
        (past([], [add("bug", ANNE, 1), drop("bug", BOT, 2)]), "nothing"),
        (past([], [add("bug", BOT, 1), drop("bug", BOT, 2)]), "nothing"),
        (past([], [drop("bug", ANNE, 2)]), "nothing"),
    ],
)
def test_a_label_counts_when_a_person_meant_it(one: Past, expected: str) -> None:
    found = history(one)
    (example,) = counting.examples(found) + counting.unlabelled(found)
    groups = {"counts": example.labels, "unsure": example.unsure, "denied": example.denied}
    assert [name for name, labels in groups.items() if "bug" in labels] == ([expected] if expected in groups else [])


def test_a_correction_of_a_bot_weighs_twice_and_one_of_a_person_does_not() -> None:
    corrected = past(["question"], [add("bug", BOT, 1), drop("bug", ANNE, 2), add("question", ANNE, 2)])
    assert (only(corrected).labels, only(corrected).denied, only(corrected).weight) == (("question",), ("bug",), 2.0)
    changed_mind = past(["question"], [add("bug", BEN, 1), drop("bug", ANNE, 2), add("question", ANNE, 2)])
    assert (only(changed_mind).denied, only(changed_mind).weight) == (("bug",), 1.0)


@pytest.mark.parametrize("login", ["hubby", "Hubby", "hubby[bot]"])
def test_a_machines_labels_are_a_bots_whatever_its_login_looks_like(login: str) -> None:
    one = past(["bug", "ui"], [add("ui", ANNE, 1), add("bug", Actor("hubby"), 2)])
    assert (only(one, machines=["other", login]).labels, only(one, machines=[login]).unsure) == (("ui",), ("bug",))
    assert only(one).labels == ("bug", "ui")


def test_a_renamed_label_is_the_one_that_is_there_now() -> None:
    one = past(["type: bug", "ui"], [add("ui", ANNE, 1), add("bug", BOT, 2, "id of type: bug")])
    assert (only(one).labels, only(one).unsure) == (("ui",), ("type: bug",))
    renamed = past(["type: bug"], [add("bug", ANNE, 2, "id of type: bug")])
    assert (only(renamed).labels, only(renamed).denied) == (("type: bug",), ())


def test_an_issue_without_labels_is_an_example_only_when_somebody_looked_at_it() -> None:
    left = past(number=1)
    closed_by_author = past(closings=[close(AUTHOR, 9)], number=2)
    closed = past(closings=[close(ANNE, 9)], number=3)
    cleared = past(labellings=[add("stale", BOT, 1), drop("stale", ANNE, 2)], number=4)
    guessed = past(["bug"], [add("bug", BOT, 1)], number=5)
    found = history(left, closed_by_author, closed, cleared, guessed)
    assert [(one.number, one.labels) for one in counting.examples(found)] == [(3, ()), (4, ())]
    assert [one.number for one in counting.unlabelled(found)] == [1, 2, 5]


def test_pull_requests_are_left_out_unless_they_are_asked_for() -> None:
    pull = Past("pull_request", 2, "Mend", "", "", DAY, DAY, "merged", AUTHOR, (Tag("bug"),))
    found = history(past(["bug"]), pull)
    assert [one.number for one in counting.examples(found)] == [1]
    assert [one.number for one in counting.examples(found, pulls=True)] == [1, 2]


def test_an_example_says_where_it_comes_from() -> None:
    example = only(past(["bug"], number=7))
    assert (example.title, example.body, example.repo, example.number) == ("Title 7", "Body", "octo-org/octo-repo", 7)
    assert example.url == "https://github.com/octo-org/octo-repo/issues/7"
    assert example.created_at == DAY + timedelta(days=7)


def test_duplicates_are_those_that_are_still_marked() -> None:
    def one(number: int, *marks: Duplicate) -> Past:
        return Past("issue", number, "", "", "", DAY, DAY, "closed", duplicates=marks)

    marked, taken_back = Duplicate(1, True, DAY), Duplicate(1, False, DAY + timedelta(hours=1))
    found = history(one(2, marked), one(3, marked, taken_back), one(4), one(5, marked, Duplicate(2, True, DAY)))
    repeats = {one.number: one.repeats for one in (*counting.examples(found), *counting.unlabelled(found))}
    assert repeats == {2: (1,), 3: (), 4: (), 5: (1, 2)}
