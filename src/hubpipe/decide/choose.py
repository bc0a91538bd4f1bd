"""Turn scores into those that count, under the repository's names, and tell whether a step's condition holds."""

from collections.abc import Iterator, Sequence

from hubpipe.config import Decide, Step
from hubpipe.models.base import Boxes, Prediction, Score, Scores, Spans

UNDER_THRESHOLD = "no label reaches the threshold {threshold:g}: the best is {label} with {score:.2f}"
TOO_CLOSE = "{first} ({a:.2f}) and {second} ({b:.2f}) are closer than the margin {margin:g}: abstained"


def choose(prediction: Scores, rules: Decide) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Pick the scores that count, under the repository's names, or abstain and say why."""
    scores = renamed(prediction, rules)
    if not scores:
        return (), ()
    best = scores[0]
    if best.score < rules.threshold:
        note = UNDER_THRESHOLD.format(threshold=rules.threshold, label=best.label, score=best.score)
        return (), (note,)
    if len(scores) > 1 and best.score - scores[1].score < rules.margin:
        second = scores[1]
        note = TOO_CLOSE.format(
            first=best.label, a=best.score, second=second.label, b=second.score, margin=rules.margin
        )
        return (), (note,)
    return tuple(score for score in scores if score.score >= rules.threshold)[: rules.max_labels], ()


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
    return Scores(tuple(score for score in prediction.scores if score.label.casefold() in names), prediction.remark)
