"""Turn what the steps of a flow report into what the flow found."""

from collections.abc import Iterable
from dataclasses import replace

from hubpipe.config import Flow, Step
from hubpipe.decide import Findings
from hubpipe.merging import joined
from hubpipe.models.base import Alike, Boxes, Prediction, Scores, Spans, Text, ranked
from hubpipe.report import StepReport


def findings(flow: Flow, reports: Iterable[StepReport]) -> Findings:
    """Gather what a flow's steps found; a text that a later step read was only on its way."""
    found = Findings()
    for step, report in zip(flow.pipeline, reports, strict=False):
        if report.digest is not None:
            found = replace(found, digest=report.digest)
        if report.groups:
            found = replace(found, groups=report.groups)
        if report.prediction is None:
            continue
        if step.reads_text:
            found = replace(found, text=None, writing=None)
        found = _with(found, flow, step, report, report.prediction)
    return found


def _with(found: Findings, flow: Flow, step: Step, report: StepReport, prediction: Prediction) -> Findings:
    """Add what one step found."""
    match prediction:
        case Scores() as scores:
            return replace(found, deciding=step, scores=scores, why=report.why)
        case Text() as text:
            return replace(found, text=joined([found.text, text], ()) if found.text else text, writing=step)
        case Spans(spans):
            return replace(found, spans=(*found.spans, *spans))
        case Boxes(boxes) as all_boxes:
            sure = tuple(box for box in boxes if box.score >= flow.decide.threshold)
            return replace(found, boxes=(*found.boxes, *sure), deciding=step, scores=_scores(all_boxes))
        case Alike(issues):
            return replace(found, similar=(*found.similar, *issues))
        case _:
            return found


def _scores(boxes: Boxes) -> Scores:
    """Score each label by its surest box."""
    return ranked({box.label: box.score for box in sorted(boxes.boxes, key=lambda box: box.score)}.items())
