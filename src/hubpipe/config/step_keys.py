"""Turn a step's keys into what is said of those that its task, or its model, does not read."""

from collections.abc import Iterator

from hubpipe.config.endpoints import problems_of_endpoint, speech
from hubpipe.config.steps import USUAL_TASKS, Step
from hubpipe.config.tasks import TASKS

# The models that are no repository of the Hub.
EMBEDDED, FAKE = "embedded", "fake"
WRITING = ("summarization", "translation", "text2text-generation", "text-generation")
# The tasks that read each key; a key that is not here is every task's, or has a rule of its own.
READ_BY: dict[str, tuple[str, ...]] = {
    "against": ("sentence-similarity",),
    "explain": ("text-classification", "zero-shot-classification"),
    "multi_label": tuple(name for name, facts in TASKS.items() if facts.gives == "scores" or name == "text-generation"),
    "hypothesis_template": ("zero-shot-classification", "fill-mask", "zero-shot-image-classification"),
    "target_language": ("translation",),
    "max_words": ("summarization",),
    "instructions": (*WRITING, "image-text-to-text"),
    "prompts": ("summarization", "text2text-generation", "text-generation"),
    "max_new_tokens": (*WRITING, "image-to-text", "image-text-to-text", "document-question-answering"),
}
# Only where the step has labels, too.
WITH_LABELS = {"multi_label": ("fill-mask", "text-generation"), "hypothesis_template": ("fill-mask",)}
# The embedded model tells labels and sentences apart by their vectors: there is nothing that it could be told.
NOT_EMBEDDED = ("explain", "hypothesis_template", "instructions", "prompts", "max_new_tokens")
# What hubpipe learned, it learned of the labels alone.
NOT_LEARNED = ("hypothesis_template", "multi_label")
# What the Hub's own request of a task has no room for; a chat is told all of it.
NOT_SENT = {
    "multi_label": ("zero-shot-image-classification",),
    "hypothesis_template": ("fill-mask", "zero-shot-image-classification"),
    "max_words": ("summarization",),
    "instructions": ("summarization", "translation"),
    "max_new_tokens": ("summarization", "translation", "image-to-text", "document-question-answering"),
}
OF_A_REPOSITORY = ("library", "revision", "base_revision")

NOT_READ = "{task} does not read it; {others}"
OTHERS = {False: "only {able} does", True: "these tasks do: {able}"}
NEEDS_LABELS = "{task} reads it only where the step has labels: name some, or leave it out"
NOT_BY_EMBEDDED = "the embedded model does not read it: leave it out, or name a model of the Hub"
NOT_BY_OWN = "{model} does not read it: leave it out"
SENT_TO_CHATS = (
    "a request for {task} cannot hold it, only a chat server (its address ends in /v1) is told: leave it out"
)
SENT_NOWHERE = "a request for {task} to an endpoint cannot hold it: leave it out"
NO_REVISIONS = "{model} has no revisions to choose from: leave it out, or name a model of the Hub"
NOT_AT_AN_ENDPOINT = "the endpoint serves what it serves: hubpipe loads nothing there, so leave this out"
ONLY_DECISIONS = "{name}: {task} reads a question's instructions alone; type and criteria are for decision"


def is_own(model: str) -> bool:
    """Tell whether a model is no repository of the Hub, which could tell its task."""
    return model in (EMBEDDED, *USUAL_TASKS) or model.partition(":")[0] == FAKE


def problems_of_keys(step: Step) -> Iterator[tuple[str, str]]:
    """Give (key, message) of every key that would do nothing."""
    yield from _of_its_model(step)
    if step.task is None:
        return
    for key in READ_BY:
        message = _unread(step, step.task, key) if _is_given(step, key) else None
        if message is not None:
            yield key, message
    if step.task != "decision":
        for name, question in (step.questions or {}).items():
            if question.model_fields_set & {"type", "criteria"}:
                yield "questions", ONLY_DECISIONS.format(name=name, task=step.task)


def _of_its_model(step: Step) -> Iterator[tuple[str, str]]:
    for key in OF_A_REPOSITORY:
        if getattr(step, key) is None:
            continue
        if step.endpoint is not None:
            yield key, NOT_AT_AN_ENDPOINT
        elif is_own(step.model) and key != "library":
            yield key, NO_REVISIONS.format(model=step.model)


def _unread(step: Step, task: str, key: str) -> str | None:
    """Say why a key that the step gives would do nothing; None where it does something."""
    if task not in READ_BY[key]:
        able = READ_BY[key]
        return NOT_READ.format(task=task, others=OTHERS[len(able) > 1].format(able=", ".join(able)))
    if step.labels is None and task in WITH_LABELS.get(key, ()):
        return NEEDS_LABELS.format(task=task)
    if step.endpoint is not None:
        return _unsent(step, task, step.endpoint, key)
    # Another library may load the same files in its own way.
    if step.model == EMBEDDED and step.library is None and key in NOT_EMBEDDED:
        return NOT_BY_EMBEDDED
    if step.model in USUAL_TASKS and key in NOT_LEARNED:
        return NOT_BY_OWN.format(model=step.model)
    return None


def _unsent(step: Step, task: str, endpoint: str, key: str) -> str | None:
    if task not in NOT_SENT.get(key, ()) or any(problems_of_endpoint(endpoint)) or speech(endpoint, task) == "chat":
        return None
    if key == "max_words" and step.fallback is not None:
        return None  # the embedded model reads it
    return (SENT_TO_CHATS if task in WRITING else SENT_NOWHERE).format(task=task)


def _is_given(step: Step, key: str) -> bool:
    """Tell whether a step says more with a key than that it does not want it."""
    return key in step.model_fields_set and getattr(step, key) not in (None, False)
