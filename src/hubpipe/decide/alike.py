"""Turn the issues that are like a text into those that are likely the same."""

from hubpipe.config import Decide
from hubpipe.models.base import Alike, Limits, Past

# Cosine, seen from the centre of the repository's issues. Looked at by eye on NLBSE'24's training file, about eighty
# pairs of five repositories: from here on nearly all tell of the same thing, under .7 few do.
USUAL_CUTOFF = 0.8

NONE_ALIKE = "no open issue is alike enough: the nearest is #{number} ({score:.2f}, of {cutoff:.2f} wanted)"
NONE_KNOWN = "there is no other open issue in the index"
NEVER_SURE = "no issue can be suggested with precision {precision:g}: {reason}"


def likely(
    found: Alike, rules: Decide, limits: Limits | None, *, alone: bool = True
) -> tuple[tuple[Past, ...], tuple[str, ...]]:
    """Pick the issues that are near enough, the nearest first, or say why there is none.

    Where the flow asks for a precision, `limits` hold its one cutoff; else the flow's threshold does, as a cosine.
    Where it is not `alone`, that threshold is one of labels.
    """
    usual = rules.threshold if alone and "threshold" in rules.model_fields_set else USUAL_CUTOFF
    cutoff = next(iter(limits.values.values()), None) if limits is not None else usual
    if cutoff is None:
        reason = next(iter(limits.reasons.values()), "") if limits is not None else ""
        return (), (NEVER_SURE.format(precision=rules.precision, reason=reason),)
    near = tuple(issue for issue in found.issues if issue.score >= cutoff)
    if near or not found.issues:
        return near, () if near or found.remark else (NONE_KNOWN,)
    best = found.issues[0]
    return (), (NONE_ALIKE.format(number=best.number, score=best.score, cutoff=cutoff),)
