"""Turn a Config into what each of its flows needs: events, permissions, memory, seconds and API calls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hubpipe import models, render
from hubpipe.config import FILE_INPUTS, Config, Flow, Step, problems_of_flow
from hubpipe.config.change_rules import PULLS
from hubpipe.config.steps import AUTO, LEARNED
from hubpipe.errors import ConstraintError, HubpipeError, ModelError, TemplateError, UsageError
from hubpipe.models import Needs
from hubpipe.models.base import Places, Terms, reference
from hubpipe.permissions import of_flow

# Calls of one run with a job's own token: the configuration; the login, which takes two questions for such a token;
# label list, labels, history, a look whether the label is still there, and one write; comments and one write (where it
# is the first one another look, and nobody asks for the login). A page is 100 entries. Of a pull request
# whose files are read, or that is commented on: how it is now, and with a comment again ahead of the write. Where
# files are read: .gitattributes, and with a comment the one of the run before. A description is read and written, after
# a look for a comment from before; a check looked for and written, a release too; for
# its notes the repository is asked for its default branch.
CONFIG_CALLS = 1
LOGIN_CALLS = 2
LABEL_CALLS = 5
CHOOSE_CALLS = 1
COMMENT_CALLS = 2
FILES_CALLS = 1
PULL_CALLS = 1
AGAIN_CALLS = 1
CHECK_CALLS = 2
RELEASE_CALLS = 2
# Whether there is a learned model on the default branch; each of its files is one more.
LEARNED_CALLS = 1
# Whether the issue is open still, and what changed since the index was made; more of it, and each issue that is
# suggested, is one more.
SEARCH_CALLS = 2
BRANCH_CALLS = 1
INPUT_CALLS = {
    "comments": "1 a 100 comments",
    "commits": "1 a 100 commits",
    "linked": "1",
    "files": "1 a 100 files",
    "pulls": "1 a 100 releases, 1 a 100 closed pull requests",
}
FILE_OF_MODEL = "learned model: 1 a file, where there is one"
MORE_SEARCHING = "against: 1 an issue that is alike, 1 a further 100 issues that changed since the index was made"
CONTENTS_CALLS = "1 a changed file"
DIFF_CALLS = "1 for patches that the list leaves out"
MORE_ANNOTATIONS = "check: 1 a further 50 annotations"

VARIABLES = "{names}: secrets, which the step's env gives (the bot's operator names them in HUBPIPE_NOTIFY)"
IN_THE_FLOW = "{place}: {message}"
UNKNOWN = "unknown"
READS_ALL = "all of the text, by itself"
READS_UNKNOWN = "as much of the text as the loaded model will tell"
READS_WINDOWS = "all of the text, {limit} tokens at a time"
READS_HEAD = "the first {limit} tokens of the text at most"
READS_MEDIA = "{reads}, one by one"
ASSUMED = " (assumed: the endpoint does not tell)"
MEDIA = {"image": "images", "audio": "sounds"}
NOT_PINNED = "may change: pin it with revision: {commit}"
BASE_LICENCE = "licence {license}"
BASE_NOT_PINNED = "may change: pin it with base_revision: {commit}"
GATED = "gated: its terms must be accepted, and hub-token set"


@dataclass(frozen=True)
class FlowNeeds:
    """What one flow needs before it can run.

    `calls` are GitHub API calls of one run on a subject of one page; `more_calls` name what adds to them.
    `variables` of the environment hold the addresses of its notifications.
    """

    flow: str
    events: dict[str, tuple[str, ...]]
    permissions: dict[str, str]
    models: tuple[Needs, ...]
    calls: int
    more_calls: tuple[str, ...]
    variables: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    exit_code: int = 0


def check(config: Config, places: Places) -> tuple[FlowNeeds, ...]:
    """Tell what every flow needs, without loading a model; what is wrong with a flow is among its `problems`."""
    terms = Terms(config.models)
    return tuple(_needs(name, flow, places, terms) for name, flow in config.flows.items() if flow is not None)


def text(needs: tuple[FlowNeeds, ...]) -> str:
    """Write what flows need for a person at a terminal."""
    if not needs:
        return "no flows: hubpipe would do nothing"
    return "\n\n".join("\n".join(_lines(flow)) for flow in needs)


def _needs(name: str, flow: Flow, places: Places, terms: Terms) -> FlowNeeds:
    steps = [_described(step, places, terms) for step in flow.pipeline]
    known = flow.model_copy(update={"pipeline": tuple(step for step, *_ in steps)})
    faults = [fault for *_, found in steps for fault in found]
    faults += _late_problems(flow, known) + _template_problems(name, flow)
    return FlowNeeds(
        flow=name,
        events=flow.on,
        permissions=of_flow(flow),
        models=tuple(needs for _, found, _ in steps for needs in found),
        calls=_calls(known),
        more_calls=tuple(_more_calls(flow)),
        variables=flow.publish.notify.variables if flow.publish.notify is not None else (),
        problems=tuple(str(fault) for fault in faults),
        exit_code=max((fault.exit_code for fault in faults), default=0),
    )


def _described(step: Step, places: Places, terms: Terms) -> tuple[Step, list[Needs], list[HubpipeError]]:
    """Find out a step's task, its needs and its fallback's, as far as they can be told, and what is wrong with them."""
    needs: list[Needs] = []
    try:
        step = models.resolve(step, places)
        needs.append(models.describe(step, places, terms))
        second = models.fallback(step)
        if second is not None:
            needs.append(replace(models.describe(second, places, terms), is_fallback=True))
    except ModelError as fault:
        return step, needs, [fault]
    return step, needs, [ConstraintError(problem) for model in needs for problem in model.problems]


def _late_problems(flow: Flow, known: Flow) -> list[HubpipeError]:
    """Find what only the Hub's word about a task shows to be wrong; the file's own words are checked already."""
    if flow == known:
        return []
    return [
        UsageError(IN_THE_FLOW.format(place=".".join(map(str, path)), message=message))
        for path, message in problems_of_flow(known)
    ]


def _template_problems(name: str, flow: Flow) -> list[HubpipeError]:
    faults: list[HubpipeError] = []
    for key, target in (("comment", flow.publish.comment), ("notify", flow.publish.notify)):
        if target is None or target.template is None:
            continue
        try:
            place = f"flows.{name}.publish.{key}.template"
            render.check_template(target.template, place, chat=key == "notify")
        except TemplateError as fault:
            faults.append(fault)
    return faults


def _calls(flow: Flow) -> int:
    publish, pulls = flow.publish, bool(PULLS & set(flow.on))
    calls = CONFIG_CALLS
    if publish.labels or (publish.comment and publish.comment.mode == "comment"):
        calls += LOGIN_CALLS
    if publish.labels:
        calls += LABEL_CALLS
    elif any(step.chooses and step.labels is None for step in flow.pipeline):
        calls += CHOOSE_CALLS
    costs = (
        (COMMENT_CALLS, publish.comment is not None),
        (CHECK_CALLS, publish.check is not None),
        (RELEASE_CALLS, publish.release is not None),
        (BRANCH_CALLS, "pulls" in flow.input),
        (PULL_CALLS, pulls and (flow.reads_files or publish.comment is not None)),
        (AGAIN_CALLS, pulls and publish.comment is not None),
        (LEARNED_CALLS, _uses_learned(flow)),
        (SEARCH_CALLS, flow.searches),
        (FILES_CALLS, flow.reads_files),
        (AGAIN_CALLS, flow.reads_files and publish.comment is not None and publish.comment.mode == "comment"),
    )
    prompts = [step.prompts.model_fields_set for step in flow.pipeline[:1] if step.prompts is not None]
    return calls + sum(cost for cost, holds in costs if holds) + sum(map(len, prompts))


def _more_calls(flow: Flow) -> Iterator[str]:
    inputs = ["files" if name in FILE_INPUTS else name for name in flow.input]
    if flow.at_least is not None and flow.at_least.comments is not None:
        inputs.append("comments")
    if flow.rules is not None:
        inputs = ["files"]
    for name in dict.fromkeys(inputs):
        if name in INPUT_CALLS:
            yield f"{name}: {INPUT_CALLS[name]}"
    if "patch" in flow.input and flow.rules is None:
        yield f"patch: {DIFF_CALLS}"
    if "contents" in flow.input and flow.rules is None:
        yield f"contents: {CONTENTS_CALLS}"
    if flow.publish.check is not None:
        yield MORE_ANNOTATIONS
    if _uses_learned(flow):
        yield FILE_OF_MODEL
    if flow.searches:
        yield MORE_SEARCHING


def _uses_learned(flow: Flow) -> bool:
    return any(step.model in (AUTO, LEARNED) for step in flow.pipeline)


def _lines(needs: FlowNeeds) -> Iterator[str]:
    yield needs.flow
    yield "  events       " + "; ".join(_event(name, activities) for name, activities in needs.events.items())
    yield "  permissions  " + ", ".join(f"{scope}: {level}" for scope, level in needs.permissions.items())
    if needs.variables:
        yield f"  variables    {VARIABLES.format(names=', '.join(needs.variables))}"
    for model in needs.models:
        yield from _model_lines(model)
    yield from (f"  PROBLEM      {problem}" for problem in needs.problems)
    yield f"  API calls    {needs.calls} a run" + "".join(f"; {more}" for more in needs.more_calls)


def _model_lines(model: Needs) -> Iterator[str]:
    name = "fallback" if model.is_fallback else "model"
    yield f"  {name:<12} {reference(model.library, model.repo, model.revision)}"
    yield f"  task         {model.task}"
    yield f"  size         {_megabytes(model.disk_bytes)} on disk, about {_megabytes(model.memory_bytes)} in memory"
    if model.parameters is not None:
        yield f"  parameters   {model.parameters / 1e6:,.1f} million"
    yield f"  reads        {_reads(model)}"
    yield f"  seconds      {_seconds(model.load_seconds)} to load, {_seconds(model.text_seconds)} a text"
    if model.revision is not None:
        yield f"  licence      {model.license or UNKNOWN}"
        yield f"  languages    {', '.join(model.languages) or UNKNOWN}"
    if model.base_model is not None:
        yield f"  base model   {_base(model)}"
    if not model.pinned:
        yield f"  revision     {NOT_PINNED.format(commit=model.revision)}"
    if model.key is not None:
        yield f"  key          {model.key}"
    if model.gated:
        yield f"  access       {GATED}"


def _base(model: Needs) -> str:
    if model.base_revision is None:
        return str(model.base_model)
    told = [
        f"{model.base_model}@{model.base_revision[:12]}",
        BASE_LICENCE.format(license=model.base_license or UNKNOWN),
    ]
    return ", ".join(told if model.base_pinned else [*told, BASE_NOT_PINNED.format(commit=model.base_revision)])


def _reads(model: Needs) -> str:
    if model.reads != "text":
        return READS_MEDIA.format(reads=MEDIA[model.reads])
    if model.reads_all:
        return READS_ALL
    if model.limit is None:
        return READS_UNKNOWN
    told = (READS_WINDOWS if model.windows else READS_HEAD).format(limit=model.limit)
    return f"{told}{ASSUMED}" if model.key is not None else told


def _event(name: str, activities: tuple[str, ...]) -> str:
    return name if "*" in activities else f"{name} ({', '.join(activities)})"


def _megabytes(size: int | None) -> str:
    return "unknown size" if size is None else f"{size / 1e6:,.0f} MB"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"about {seconds:g}"
