"""Turn a document and its attachments into what each step of a flow says of them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hubpipe import decide, digest, render, similar, weighing
from hubpipe.change import Change, Memory
from hubpipe.config import TASKS, Flow, Step
from hubpipe.digest import LINE_TOKENS, LINE_WORDS, Asker, Digest, Noted, judge, note, over, summarise
from hubpipe.errors import EndpointError
from hubpipe.event import Attachment, Label, MergedPull, Subject
from hubpipe.infer import Answer, ask, look
from hubpipe.models import fallback
from hubpipe.models.base import Alike, MediaModel, Model, Scores, Spans, Terms, Text
from hubpipe.report import StepReport
from hubpipe.similar import Tracker
from hubpipe.text import Document, Part

log = logging.getLogger("hubpipe")

# The tasks that write of a pull request file by file, where the flow reads its files.
DIGESTING = ("summarization", "text2text-generation", "text-generation")
PARTS = ("change", "file")
PROMPT_OF = "the prompt prompts.{part} of flow {flow}"
NOT_ALL_JUDGED = "not all of the change could be asked about, so that nobody knows how much of it has a label"
NO_LABELS = "the repository has no labels to choose from: make some, or name them under pipeline.labels"
SKIPPED = "{task} did not run: it runs when {wanted} is found, and {found} was"
NOTHING_FOUND = "nothing"
NO_MEDIA = "{task} did not run: there are no {kind} to read"
NOT_COMPARED = (
    "issues are compared with issues: a pull request that tells of one solves it (/hubpipe similar names those that "
    "tell of the same)"
)
NO_TEXT = "{task} did not run: the step before wrote nothing to read"
FELL_BACK = "{task} ran on the embedded model instead: {fault}"
READ_PART = "{rest} of {total} tokens by {task}"
WROTE_NOTHING = "{task}: the model wrote nothing"
LEFT_OUT = "{task}: {words}"


class Models(Protocol):
    """Where a run gets its models from."""

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known, or raise what is wrong with it."""
        ...

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Load the model that reads text for a step."""
        ...

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks."""
        ...

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Load the model that looks at images or listens to sounds for a step."""
        ...


@dataclass(frozen=True)
class Changed:
    """The change of a pull request that a flow reads file by file.

    `said` is what people wrote about it. `earlier` is what the run before found, None where nobody keeps it.
    `complete` tells whether all files could be listed.
    `prompts` are the texts of the templates that the step names: of a file, of the whole.
    """

    subject: Subject
    change: Change
    said: Document
    earlier: Memory | None = None
    complete: bool = True
    prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """What the steps of a flow work on, and where they get labels and models.

    `number` is that of the issue or pull request, `tracker` knows the repository's other issues. `pull_request` says
    that it is one, and that nobody asked by a command what is like it.
    """

    name: str
    flow: Flow
    document: Document
    attachments: tuple[Attachment, ...]
    labels: Callable[[Step], Sequence[Label]]
    models: Models
    terms: Terms
    changed: Changed | None = None
    pulls: tuple[MergedPull, ...] = ()
    number: int | None = None
    pull_request: bool = False
    tracker: Tracker | None = None


def steps(work: Work) -> Iterator[StepReport]:
    """Run the steps in order, each on the text that a step before wrote, else on the document.

    A step whose condition does not hold, or that finds nothing to read, says so and is passed over.
    """
    reports: list[StepReport] = []
    document = work.document
    for step in work.flow.pipeline:
        reason = _reason_to_skip(step, work, document, reports)
        report = (
            StepReport(step.known_task, skipped=reason)
            if reason
            else _step(step, work, document, first=not any(report.fitted for report in reports))
        )
        reports.append(report)
        yield report
        if isinstance(report.prediction, Text):
            document = Document((Part("text", report.prediction.text),))


def _reason_to_skip(step: Step, work: Work, document: Document, reports: Sequence[StepReport]) -> str:
    task = step.known_task
    ran = zip(work.flow.pipeline, reports, strict=False)
    before = [decide.named(report.prediction, other) for other, report in ran if report.prediction is not None]
    holds, found = decide.holds(step, work.flow.decide, before)
    if not holds and step.when is not None:
        wanted = " or ".join(step.when.labels)
        return SKIPPED.format(task=task, wanted=wanted, found=", ".join(found) or NOTHING_FOUND)
    if step.against is not None and work.pull_request:
        return NOT_COMPARED
    if step.chooses and not work.labels(step):
        return NO_LABELS
    if step.reads_text:
        if work.changed is not None and work.flow.each is not None:
            return ""
        return "" if document.text.strip() else NO_TEXT.format(task=task)
    kind = _kind(step)
    return "" if _of_kind(work, kind) else NO_MEDIA.format(task=task, kind=kind)


def _step(step: Step, work: Work, document: Document, *, first: bool) -> StepReport:
    """Ask one step's model, or the embedded one where an endpoint is away and the step says so."""
    notes: tuple[str, ...] = ()
    try:
        answer, found = _answer(step, work, document, first=first)
    except EndpointError as fault:
        second = fallback(step)
        if second is None:
            raise
        notes = (FELL_BACK.format(task=step.task, fault=fault),)
        log.warning("%s: %s", work.name, notes[0])
        answer, found = _answer(second, work, document, first=first)
    if isinstance(answer.prediction, Scores | Alike) and answer.prediction.remark:
        notes = (*notes, LEFT_OUT.format(task=step.task, words=answer.prediction.remark))
    if answer.info.spoke:
        notes = (answer.info.spoke, *notes)
    notes = (*notes, *weighing.not_held(step, work.flow, answer))
    if isinstance(answer.prediction, Text) and not answer.prediction.text.strip():
        notes = (*notes, WROTE_NOTHING.format(task=step.task))
    if isinstance(found, Noted):
        notes = (*notes, *found.remarks)
    windows = answer.fitted.windows if answer.fitted else 1
    return StepReport(
        task=step.known_task,
        model=answer.info,
        fitted=answer.fitted,
        how=(step.merging or "") if windows > 1 else "",
        unread=tuple(_unread(step, answer, first=first)),
        prediction=answer.prediction,
        notes=notes,
        digest=found if isinstance(found, Digest) else None,
        groups=found.groups if isinstance(found, Noted) else (),
        why=answer.why,
    )


def _answer(step: Step, work: Work, document: Document, *, first: bool) -> tuple[Answer, Digest | Noted | None]:
    """Ask about a change file by file where the flow reads one so, about merged pull requests, or about the text."""
    changed = work.changed
    if first and work.pulls and step.known_task in DIGESTING:
        return _note(step, work)
    if changed is None or not first:
        return _ask(step, work, document), None
    if work.flow.each is not None:
        return _judge(step, work, changed)
    if step.gives == "text" and step.known_task in DIGESTING:
        return _digest(step, work, changed)
    return _ask(step, work, document), None


def _judge(step: Step, work: Work, changed: Changed) -> tuple[Answer, Digest]:
    model = work.models.load(step, _candidates(step, work), work.terms)
    earlier = digest.usable(changed.earlier, digest.stands_for(step, model.info, work.flow.each or "", {}))
    verdict = judge(model, step, work.flow, changed.subject, changed.change, earlier)
    found = verdict.digest
    log.info("%s: asked about %d, knew %d", work.name, found.inferred, found.remembered)
    how = work.flow.decide.files
    if how != "any" and not (verdict.whole and changed.complete):
        scores: Scores | None = Scores((), NOT_ALL_JUDGED)
    else:
        scores = over(found.judged, how) if found.judged else None
    return Answer(verdict.info, scores, None, verdict.unread), found


def _digest(step: Step, work: Work, changed: Changed) -> tuple[Answer, Digest]:
    of_whole, of_file = (_told(step, work, changed, part) for part in PARTS)
    whole = work.models.load(of_whole, {}, work.terms)
    asker = Asker(whole, work.models.again(whole, of_file, work.terms), of_whole)
    # The sentences that a model chooses are those near the title.
    asked = f"line {changed.subject.title}" if asker.chooses else "line"
    earlier = digest.usable(changed.earlier, digest.stands_for(step, whole.info, asked, changed.prompts))
    digested = summarise(asker, changed.subject, changed.said, changed.change, earlier)
    found = digested.digest
    log.info("%s: read %d files, knew %d", work.name, found.inferred, found.remembered)
    return digested.answer, found


def _note(step: Step, work: Work) -> tuple[Answer, Noted]:
    words = step.max_words if "max_words" in step.model_fields_set else LINE_WORDS
    told: dict[str, Any] = {"max_words": words}
    if step.known_task == "text-generation":
        told["instructions"] = step.instructions or render.page("prompts/note.txt.j2", told)
        told["max_new_tokens"] = min(step.max_new_tokens, LINE_TOKENS)
    asked = step.model_copy(update=told)
    noted = note(work.models.load(asked, {}, work.terms), asked, work.pulls, work.flow.groups)
    log.info("%s: %d merged pull requests", work.name, len(work.pulls))
    return noted.answer, noted


def _told(step: Step, work: Work, changed: Changed, part: str) -> Step:
    """Give the step that asks about the whole of a change, or about one file of it."""
    words = step.max_words if part == "change" else min(step.max_words, LINE_WORDS)
    told: dict[str, Any] = {"max_words": words}
    prompt = changed.prompts.get(part)
    if prompt is not None:
        told["instructions"] = render.custom(prompt, {"max_words": words}, PROMPT_OF.format(part=part, flow=work.name))
    elif step.known_task == "text-generation" and (part == "file" or step.instructions is None):
        told["instructions"] = render.page(f"prompts/{part}.txt.j2", {"max_words": words})
    if part == "file" and step.known_task == "text-generation" and step.endpoint is None:
        told["max_new_tokens"] = min(step.max_new_tokens, LINE_TOKENS)
    return step.model_copy(update=told)


def _candidates(step: Step, work: Work) -> dict[str, str]:
    return {label.name: label.description for label in work.labels(step)}


def _ask(step: Step, work: Work, document: Document) -> Answer:
    labels = _candidates(step, work)
    log.info("%s: loading %s for %s", work.name, step.model, step.task)
    if not step.reads_text:
        attachments = _of_kind(work, _kind(step))
        log.info("%s: reading %d %s with %s", work.name, len(attachments), _kind(step), step.model)
        return look(work.models.load_media(step, labels, work.terms), attachments, document.text)
    model = work.models.load(step, labels, work.terms)
    behind = similar.brought_up_to_date(model, work.tracker) if step.against is not None else ""
    answer = weighing.weighed(model, step, work.flow, ask(model, step, document))
    if step.against is not None:
        answer = similar.found(model, work.flow, answer, work.number, work.tracker)
        answer = replace(answer, unread=(*answer.unread, *([behind] if behind else [])))
    read, total = (answer.fitted.read, answer.fitted.total) if answer.fitted else (0, 0)
    log.info("%s: read %d of %d tokens with %s", work.name, read, total, model.info.reference)
    return answer


def _unread(step: Step, answer: Answer, *, first: bool) -> Iterator[str]:
    """Say what a step did not read, beyond what the first reading says by itself."""
    yield from answer.unread
    fitted = answer.fitted
    if fitted is not None and fitted.cut and not first:
        yield READ_PART.format(task=step.task, rest=fitted.total - fitted.read, total=fitted.total)
    if isinstance(answer.prediction, Text | Spans) and answer.prediction.left_out:
        yield LEFT_OUT.format(task=step.task, words=answer.prediction.left_out)


def _kind(step: Step) -> str:
    """Name the input that a step's media come from."""
    return {"image": "images", "audio": "audio"}[TASKS[step.known_task].reads]


def _of_kind(work: Work, kind: str) -> tuple[Attachment, ...]:
    return tuple(attachment for attachment in work.attachments if attachment.kind == kind)
