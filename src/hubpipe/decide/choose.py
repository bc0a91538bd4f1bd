"""Turn scores into those that count, under the repository's names, and tell whether a step's condition holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hubpipe.config import Decide, Step
from hubpipe.models.base import Boxes, Limits, Prediction, Score, Scores, Spans

UNDER_THRESHOLD = "no label reaches the threshold {threshold:g}: the best is {label} with {score:.2f}"
NOT_SURE = "no label is sure enough for precision {precision:g}: {label} ({score:.2f}) is under its cutoff {cutoff:.2f}"
NEVER_SURE = "no label is sure enough for precision {precision:g}: {label} ({score:.2f}) is never set, for {reason}"
NO_EVIDENCE = "nothing is known of how often it is right"
TOO_CLOSE = "{first} ({a:.2f}) and {second} ({b:.2f}) are closer than the margin {margin:g}: abstained"


def choose(prediction: Scores, rules: Decide) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Pick the scores that count, under the repository's names, or abstain and say why.

    Where the flow asks for a precision, each label has a cutoff of its own, found by the model's own names.
    """
    scores = renamed(prediction, rules)
    if not scores:
        return (), ()
    if prediction.limits is not None:
        return _sure(prediction, prediction.limits, rules)
    best = scores[0]
    if best.score < rules.threshold:
        note = UNDER_THRESHOLD.format(threshold=rules.threshold, label=best.label, score=best.score)
        return (), (note,)
    if len(scores) > 1 and best.score - scores[1].score < rules.margin:
        return (), (_too_close(best, scores[1], rules),)
    return tuple(score for score in scores if score.score >= rules.threshold)[: rules.max_labels], ()


def _sure(prediction: Scores, limits: Limits, rules: Decide) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Pick the scores that reach their labels' own cutoffs; where the labels exclude each other, the best alone."""
    considered = prediction.scores[:1] if limits.exclusive else prediction.scores
    reaching = [score for score in considered if _reaches(score, limits)]
    kept = renamed(replace(prediction, scores=tuple(reaching)), rules)
    if not kept:
        return (), (_unsure(prediction.scores[0], limits),)
    others = [score for score in renamed(prediction, rules) if score.label.casefold() != kept[0].label.casefold()]
    # A label over it was not sure enough by its own cutoff: that one does not compete.
    rest = [score for score in others if score.score <= kept[0].score]
    if rest and kept[0].score - rest[0].score < rules.margin:
        return (), (_too_close(kept[0], rest[0], rules),)
    return tuple(kept)[: rules.max_labels], ()


def _reaches(score: Score, limits: Limits) -> bool:
    cutoff = limits.values.get(score.label)
    return cutoff is not None and score.score >= cutoff


def _unsure(best: Score, limits: Limits) -> str:
    """Say why nothing is sure enough: how far the best label is from its cutoff, or why it has none."""
    cutoff = limits.values.get(best.label)
    if cutoff is None:
        reason = limits.reasons.get(best.label, NO_EVIDENCE)
        return NEVER_SURE.format(precision=limits.precision, label=best.label, score=best.score, reason=reason)
    return NOT_SURE.format(precision=limits.precision, label=best.label, score=best.score, cutoff=cutoff)


def _too_close(first: Score, second: Score, rules: Decide) -> str:
    return TOO_CLOSE.format(first=first.label, a=first.score, second=second.label, b=second.score, margin=rules.margin)


def best(prediction: Scores, rules: Decide) -> list[Score]:
    """Give those of the model's own scores whose labels are chosen, by the model's names."""
    chosen = {score.label.casefold() for score in choose(prediction, rules)[0]}
    return [score for score in prediction.scores if (rules.renamed(score.label) or "").casefold() in chosen]


def renamed(prediction: Scores, rules: Decide) -> list[Score]:
    """Give the scores under the repository's label names; several that get one name keep the highest."""
    best: dict[str, Score] = {}
    for score in prediction.scores:
        name = rules.renamed(score.label)
        if name is None:
            continue
        known = best.get(name.casefold())
        if known is None or score.score > known.score:
            best[name.casefold()] = Score(name, score.score)
    return sorted(best.values(), key=lambda score: -score.score)


def holds(step: Step, rules: Decide, found: Sequence[Prediction]) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a step's `when` holds, and which labels the steps before it found.

    Scores count as the flow's rules choose them, with the condition's own threshold where it has one;
    spans and boxes count from that threshold on.
    """
    if step.when is None:
        return True, ()
    rules = rules if step.when.threshold is None else rules.model_copy(update={"threshold": step.when.threshold})
    labels = tuple(dict.fromkeys(label for prediction in found for label in _found(prediction, rules)))
    wanted = {label.casefold() for label in step.when.labels}
    return any(label.casefold() in wanted for label in labels), labels


def _found(prediction: Prediction, rules: Decide) -> Iterator[str]:
    """Name the labels that a prediction holds, by the repository's name and by the model's."""
    match prediction:
        case Scores():
            for chosen in choose(prediction, rules)[0]:
                yield chosen.label
                yield from (score.label for score in prediction.scores if rules.renamed(score.label) == chosen.label)
        case Spans(spans):
            yield from _both([span.label for span in spans if span.score >= rules.threshold], rules)
        case Boxes(boxes):
            yield from _both([box.label for box in boxes if box.score >= rules.threshold], rules)
        case _:
            return


def _both(labels: Sequence[str], rules: Decide) -> Iterator[str]:
    """Give labels by the model's name and by the repository's."""
    for label in labels:
        yield label
        yield from filter(None, [rules.renamed(label)])


def named(prediction: Prediction, step: Step) -> Prediction:
    """Keep of a classifier's scores those of the labels that its step names, where it names some."""
    if not isinstance(prediction, Scores) or step.labels is None:
        return prediction
    names = {name.casefold() for name in step.labels}
    return replace(prediction, scores=tuple(score for score in prediction.scores if score.label.casefold() in names))
