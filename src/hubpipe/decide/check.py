"""Turn what was found in a change's files into a check run: annotations on the lines, and a conclusion."""

from collections.abc import Iterator, Sequence

from hubpipe.config import CheckTarget, Decide
from hubpipe.decide.choose import renamed
from hubpipe.decide.effects import CheckEffect
from hubpipe.digest import Digest, Judged
from hubpipe.event import Annotation
from hubpipe.models.base import Score

USUAL_NAME = "hubpipe / {flow}"
FOUND = "{labels}"
MESSAGE = "hubpipe's model finds {found} here. It may be wrong."


def check_effect(
    flow: str, target: CheckTarget, rules: Decide, digest: Digest | None, chosen: Sequence[Score], head: str
) -> CheckEffect:
    """Plan a check run: with something found it is neutral, or a failure where that is asked for."""
    annotations = tuple(_annotations(target, rules, digest)) if digest is not None else ()
    found = bool(chosen or annotations)
    return CheckEffect(
        flow=flow,
        head=head,
        name=target.name or USUAL_NAME.format(flow=flow),
        conclusion=("failure" if target.fail and chosen else "neutral") if found else "success",
        annotations=annotations,
    )


def _annotations(target: CheckTarget, rules: Decide, digest: Digest) -> Iterator[Annotation]:
    for judged in digest.judged:
        scores = [score for score in renamed(judged.scores, rules) if score.score >= rules.threshold]
        if not scores:
            continue
        start, end = _place(judged)
        yield Annotation(
            path=judged.unit.file.path,
            start=start,
            end=end,
            level=target.level,
            title=FOUND.format(labels=", ".join(score.label for score in scores)),
            message=MESSAGE.format(found=" and ".join(f"{score.label} ({score.score:.2f})" for score in scores)),
        )


def _place(judged: Judged) -> tuple[int, int]:
    """Give the first and last new line of a hunk, or of a file's first hunk: an annotation stands on lines of the head.

    A hunk that only removes lines has the line behind which they were.
    """
    hunk = judged.unit.hunk or next(iter(judged.unit.file.hunks), None)
    if hunk is None:
        return 1, 1
    numbers = [number for number, _ in hunk.added]
    return (numbers[0], numbers[-1]) if numbers else (max(hunk.start, 1), max(hunk.start, 1))
