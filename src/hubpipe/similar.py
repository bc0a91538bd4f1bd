"""Turn a model that keeps an index of past issues into the open ones that are likely the same as a text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hubpipe import decide
from hubpipe.config import Flow
from hubpipe.event import KnownIssue
from hubpipe.infer import Answer
from hubpipe.models.base import Alike, Certain, Model, Past, Searching
from hubpipe.text import of_issue

MOST = 3
# Each costs a request; those behind are hardly alike.
MOST_ASKED = 10

BEHIND = "more issues changed than one run reads since the index was made: hubpipe train brings it up to date"
ALL_CLOSED = "those that are alike enough were closed, moved or deleted by now"
ALONE = "GitHub was not asked (no token): what was opened or closed since the index was made is not known"


@dataclass(frozen=True)
class Tracker:
    """A repository's issues as they are now.

    `changed` lists those that changed since a moment, and says whether these are all; `issue` reads one, None where it
    is gone.
    """

    changed: Callable[[str | None], tuple[Sequence[KnownIssue], bool]]
    issue: Callable[[int], KnownIssue | None]


def found(model: Model, flow: Flow, answer: Answer, number: int | None, tracker: Tracker | None) -> Answer:
    """Keep of the issues that a model finds at most three that are near enough, open, and not the issue itself.

    `number` is the issue's own. What there is to know of it is in the answer's remark.
    """
    if not isinstance(answer.prediction, Alike):
        return answer
    prediction = answer.prediction
    others = replace(prediction, issues=tuple(one for one in prediction.issues if one.number != number))
    precision = flow.decide.precision
    limits = model.limits(precision) if precision is not None and isinstance(model, Certain) else None
    near, notes = decide.likely(others, flow.decide, limits, alone=flow.deciding is None)
    kept = tuple(_open(near, tracker))
    told = ALL_CLOSED if near and not kept else "" if tracker is not None or prediction.remark else ALONE
    remarks = filter(None, (prediction.remark, *notes, told))
    return replace(answer, prediction=Alike(kept, "; ".join(remarks)))


def brought_up_to_date(model: Model, tracker: Tracker | None) -> str:
    """Take what changed since into a model's index; say what of it could not be."""
    if not isinstance(model, Searching) or tracker is None:
        return ""
    changed, whole = tracker.changed(model.since)
    # An index with a gap in it is not kept: a later run could not tell.
    model.learn(changed, [of_issue(issue.title, issue.body).text for issue in changed], keep=whole)
    return "" if whole else BEHIND


def _open(near: Sequence[Past], tracker: Tracker | None) -> Iterator[Past]:
    """Give the first few that are open, as GitHub knows them now."""
    count = 0
    for past in near[:MOST_ASKED]:
        now = tracker.issue(past.number) if tracker is not None and past.number is not None else None
        if tracker is not None and (now is None or not now.open):
            continue
        yield past if now is None else replace(past, title=now.title, url=now.url, open=True)
        count += 1
        if count == MOST:
            return
