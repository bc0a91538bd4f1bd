"""Turn a model that keeps an index of past issues into the open ones that are likely the same as a text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hubpipe import decide
from hubpipe.config import Flow
from hubpipe.event import Changes, KnownIssue
from hubpipe.infer import Answer
from hubpipe.models.abilities import Certain, Searching
from hubpipe.models.base import Alike, Model, Past
from hubpipe.text import of_issue

MOST = 3
# Each costs a request; those behind are hardly alike.
MOST_ASKED = 10

GOES_ON = (
    "more issues changed since the index was made than one run reads: what changed until {until} is in it now, and the "
    "next run goes on there"
)
BEHIND = (
    "more issues changed since the index was made than one run reads: the last {count} are known, and nothing is kept "
    "of them. hubpipe train brings the index up to date; runs do where learned-model names a folder that stays "
    "(actions/cache), or HUBPIPE_INDEXES one of the bot's"
)
ALL_CLOSED = "those that are alike enough were closed, moved or deleted by now"
ALONE = "GitHub was not asked (no token): what was opened or closed since the index was made is not known"


@dataclass(frozen=True)
class Tracker:
    """A repository's issues as they are now.

    `changed` lists those that changed since a moment: the last ones, or (its second argument) those right after it.
    `issue` reads one, None where it is gone.
    """

    changed: Callable[[str | None, bool], Changes]
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
    """Take what changed since into a model's index; say what of it could not be.

    Where the index is kept, run by run in the order of time; else what changed last is of more use to this one.
    """
    if not isinstance(model, Searching) or tracker is None:
        return ""
    onward = model.keeps and model.since is not None
    found = tracker.changed(model.since, onward)
    texts = [of_issue(issue.title, issue.body).text for issue in found.issues]
    # An index with a gap in it is not kept: a later run could not tell.
    model.learn(found.issues, texts, found.until if onward or found.whole else None)
    if found.whole:
        return ""
    return GOES_ON.format(until=found.until) if onward else BEHIND.format(count=len(found.issues))


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
