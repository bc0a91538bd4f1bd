"""Turn a flow's steps into the problems that they have with each other, with its input and by themselves."""

from collections.abc import Iterator, Sequence

from hubpipe.config.endpoints import problems_of_endpoint, problems_of_task
from hubpipe.config.section import LONGEST_LABEL, Found
from hubpipe.config.step_keys import is_own, problems_of_keys
from hubpipe.config.steps import AUTO, LEARNED, ZERO_DAY, Step
from hubpipe.config.tasks import TASKS
from hubpipe.config.values import Decide, Flow
from hubpipe.config.words import nearest

EMBEDDED_TASKS = ("feature-extraction", "sentence-similarity", "summarization", "zero-shot-classification")
# What hubpipe's own models that were learned do; the embedded model and a fake do many tasks.
OWN_TASKS = {
    AUTO: ("zero-shot-classification",),
    LEARNED: ("text-classification", "zero-shot-classification"),
    ZERO_DAY: ("text-classification",),
}
# The events that are about an issue; a comment can be on a pull request, too.
WITH_ISSUES = {"issues", "issue_comment"}
INPUT_OF = {"image": "images", "audio": "audio"}
# A fake that always says one label, whatever it may choose from.
FIXED_LABEL = "fake:label="

NO_DECISION_LABELS = "its questions say what a decision may answer: leave labels out"
LONG_ANSWER = (
    "{label!r} would be a label, which has 1 to 50 characters: give the {what} a short name"
    " (is_bug: Is this a bug report?), or rename it under decide"
)
NOT_DONE_BY = "{model} does not do {task}; it does {able}"
ITS_INDEX = (
    "{model} keeps no index of past issues, hubpipe train does, beside the model that it learns: leave model out, "
    "name auto, or the folder of such a model, or its Hub id"
)
NO_ISSUES_ELSEWHERE = "the index of past issues is searched on the runner: leave endpoint out"
NO_LABELS_THERE = "against: issues compares with issues: there are no labels to choose from"
NO_WINDOWS_THERE = "against: issues reads title and body, each up to the encoder's limit: leave long_text out"
NO_ISSUE_COMES = (
    "issues are compared with issues, and {events} bring none (a pull request that tells of an issue solves it): put "
    "the step into a flow on issues"
)
SAME_ANSWER = "several questions have the answer {label!r}: give each answer a name of its own"


def problems_of_steps(flow: Flow) -> Found:
    """Give every (path, message) of what cannot work as written in a flow's pipeline."""
    for index, step in enumerate(flow.pipeline):
        before = flow.pipeline[:index]
        last = index == len(flow.pipeline) - 1
        for rule in (_own_model, _search, _asking, problems_of_keys, _wording, _reading, _endpoint):
            for key, message in rule(step):
                yield ("pipeline", index, key), message
        for key, message in (
            *_order(step, last),
            *_condition(step, before, flow),
            *_material(step, flow),
            *_compared(step, flow),
            *_answers(step, flow),
        ):
            yield ("pipeline", index, key), message
    yield from _unread_inputs(flow)


def _own_model(step: Step) -> Iterator[tuple[str, str]]:
    if step.model.strip() == "":
        yield "model", "name a model: embedded, fake:, or a Hub id such as org/name"
    elif step.task is None and is_own(step.model):
        yield "task", f"{step.model} does several tasks: name one, such as zero-shot-classification or summarization"
    elif step.against is None and step.model in OWN_TASKS and step.task not in OWN_TASKS[step.model]:
        able = " and ".join(OWN_TASKS[step.model])
        yield "task", NOT_DONE_BY.format(model=step.model, task=step.task, able=able)


def _search(step: Step) -> Iterator[tuple[str, str]]:
    """Check a search over past issues, which only the models that were learned with hubpipe can do."""
    if step.against is None:
        return
    if is_own(step.model) and step.model not in (LEARNED, ZERO_DAY, AUTO):
        yield "model", ITS_INDEX.format(model=step.model)
    if step.endpoint is not None:
        yield "endpoint", NO_ISSUES_ELSEWHERE
    if step.labels is not None:
        yield "labels", NO_LABELS_THERE
    if step.long_text == "windows":
        yield "long_text", NO_WINDOWS_THERE


def _asking(step: Step) -> Iterator[tuple[str, str]]:
    """Check labels and questions against what the task asks."""
    if step.task is None:
        return
    if step.labels is not None and step.against is None and step.gives not in ("scores", "boxes"):
        yield "labels", f"{step.task} gives {step.gives}: there are no labels to choose from"
    if TASKS[step.task].asks and step.questions is None:
        yield "questions", f"{step.task} answers questions: ask at least one"
    if step.questions is not None and not TASKS[step.task].asks:
        able = ", ".join(name for name, facts in TASKS.items() if facts.asks)
        yield "questions", f"{step.task} answers no questions; these do: {able}"
    if step.task == "decision":
        if step.labels is not None:
            yield "labels", NO_DECISION_LABELS
        yield from _criteria(step)


def _criteria(step: Step) -> Iterator[tuple[str, str]]:
    for name, question in (step.questions or {}).items():
        options = question.criteria
        if question.type == "choice" and not (isinstance(options, dict) and len(options) > 1):
            yield "questions", f"{name}: a choice needs criteria: at least two options, each with its description"
        if question.type == "score" and not (isinstance(options, tuple) and len(options) > 1):
            yield "questions", f"{name}: a score needs criteria: a list of at least two levels, the lowest first"
        if question.type == "noul" and options is not None and not set(options) <= {"true", "false"}:
            yield "questions", f"{name}: a noul's criteria describe true and false"


def _wording(step: Step) -> Iterator[tuple[str, str]]:
    before, place, after = step.hypothesis_template.partition("{}")
    if not place or set("{}") & set(before + after):
        yield "hypothesis_template", "it must hold {} once, where the label goes, and no other brace"


def _reading(step: Step) -> Iterator[tuple[str, str]]:
    """Check how a long text is read against what the task gives."""
    if step.task is None:
        return
    if step.merge is not None and step.gives != "scores":
        yield "merge", f"{step.task} gives {step.gives}: only scores have a mean or a maximum"
    elif step.merge is not None and not step.reads_text:
        yield "merge", f"{step.task}: of several images a label keeps its highest score: leave this out"
    if step.merge is not None and step.long_text == "head":
        yield "merge", "only a text's head is read: there is nothing to merge"
    if step.long_text is not None and (TASKS[step.task].merge is None or not step.reads_text):
        yield "long_text", f"{step.task} does not read a text in windows"


def _endpoint(step: Step) -> Iterator[tuple[str, str]]:
    if step.endpoint is None:
        if step.fallback is not None:
            yield "fallback", "there is no endpoint that could be away: set endpoint, or leave this out"
        if "timeout" in step.model_fields_set:
            yield "timeout", "there is no endpoint to wait for: set endpoint, or leave this out"
        return
    for message in problems_of_endpoint(step.endpoint):
        yield "endpoint", message
        return
    if is_own(step.model):
        yield "model", f"{step.model} runs on the runner: name the model that the endpoint serves"
    if step.task is None:
        yield "task", "an endpoint does not tell the task: name it"
        return
    if step.fallback is not None and step.task not in EMBEDDED_TASKS:
        yield "fallback", f"embedded does not do {step.task}; it does {', '.join(EMBEDDED_TASKS)}"
    yield from problems_of_task(step.endpoint, step.task, step.source_language, step.target_language)


def _order(step: Step, last: bool) -> Iterator[tuple[str, str]]:
    if not last and step.gives == "vector":
        yield "task", f"{step.task} gives a vector, which no step reads: make it the last step"


def _condition(step: Step, before: Sequence[Step], flow: Flow) -> Iterator[tuple[str, str]]:
    if step.when is None:
        return
    scoring = [other for other in before if other.gives in ("scores", "boxes", "spans", None)]
    if not scoring:
        yield "when", "no step before gives labels: put a step that does before this one"
        return
    known = [name for other in scoring for name in _known_labels(other, flow.decide)]
    if all(_names_labels(other) for other in scoring):
        for label in step.when.labels:
            if label.casefold() not in {name.casefold() for name in known}:
                yield "when", f"no step before can find {label!r}" + nearest(label, list(dict.fromkeys(known)))


def _names_labels(step: Step) -> bool:
    """Tell whether the file says all that a step can find; else its model or the repository knows."""
    return step.labels is not None or (step.questions is not None and step.task is not None)


def _known_labels(step: Step, rules: Decide) -> Iterator[str]:
    """Give the labels that the file says a step can find, by the model's name and by the repository's."""
    fixed = (step.model.removeprefix(FIXED_LABEL),) if step.model.startswith(FIXED_LABEL) else ()
    for name in (*(step.labels or ()), *_answers_of(step), *fixed):
        yield name
        yield rules.renamed(name) or name


def _answers_of(step: Step) -> Iterator[str]:
    for name, question in (step.questions or {}).items():
        yield from question.answers(name) if step.task == "decision" else (name,)


def _answers(step: Step, flow: Flow) -> Iterator[tuple[str, str]]:
    """Check the answers of a decision: each is a label."""
    if step.task != "decision":
        return
    answers = list(_answers_of(step))
    for label in dict.fromkeys(label for label in answers if answers.count(label) > 1):
        yield "questions", SAME_ANSWER.format(label=label)
    for name, question in (step.questions or {}).items():
        what = "question" if question.type == "noul" else "option"
        for answer in question.answers(name):
            renamed = flow.decide.renamed(answer)
            if flow.publish.labels and renamed is not None and not 1 <= len(renamed.strip()) <= LONGEST_LABEL:
                yield "questions", LONG_ANSWER.format(label=renamed, what=what)


def _material(step: Step, flow: Flow) -> Iterator[tuple[str, str]]:
    needed = INPUT_OF.get(TASKS[step.task].reads) if step.task else None
    if needed is not None and needed not in flow.input:
        yield "task", f"{step.task} reads {needed}: add {needed} to the flow's input"


def _compared(step: Step, flow: Flow) -> Iterator[tuple[str, str]]:
    """Check that a search over past issues runs where there is an issue to compare."""
    if step.against is not None and not set(flow.on) & WITH_ISSUES:
        yield "against", NO_ISSUE_COMES.format(events=" and ".join(flow.on))


def _unread_inputs(flow: Flow) -> Found:
    reads = {TASKS[step.task].reads for step in flow.pipeline if step.task}
    if any(step.task is None for step in flow.pipeline):
        return
    for index, name in enumerate(flow.input):
        for kind, media in INPUT_OF.items():
            if name == media and kind not in reads:
                able = ", ".join(task for task, facts in TASKS.items() if facts.reads == kind)
                yield ("input", index), f"no step reads {name}; these tasks do: {able}"
