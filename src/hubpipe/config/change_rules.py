"""Turn what a flow says of changed files, threads and releases into the problems that cannot work as written."""

from collections.abc import Iterator

from hubpipe.config import globs
from hubpipe.config.events import ACTIVITIES
from hubpipe.config.files import Rules
from hubpipe.config.section import Found
from hubpipe.config.values import FILE_INPUTS, Flow

PULLS = {"pull_request", "pull_request_target", "pull_request_review_comment", "issue_comment"}
# What has no subject of its own: the notes are then of what is not released yet.
RELEASES = {"release", "workflow_dispatch", "schedule"}
OF_EACH = ("path", "patch", "contents")

NO_PULLS = "{what}: comes with pull requests, which this flow's events never bring"
NO_COMMITS = "commits: come with pull requests and pushes, which this flow's events never bring"
NO_RELEASES = "pulls: the merged pull requests of a release, which this flow's events never bring"
NO_MODEL = "this key is needed: name a model, or give rules (labels by paths and size) instead"
ONE_OF_TWO = "labels by rules need no model, and this flow has one: give each a flow of its own"
NO_RULE = "give paths or size: label: paths, or size: true"
EMPTY_RULE = "say when: any, all, base or head, each with patterns"
ONLY_LABELS = "rules give labels: publish labels"
READ_BY_A_MODEL = "rules read no text: leave it out"
ONE_FILTER = "use paths or paths-ignore; with both in mind write paths with ! patterns"
NOT_OF_ONE_FILE = "{name}: is not of one file; with each, the input may be path, patch and contents"
NOT_OF_A_HUNK = "contents: are a file's; with each: hunk, the input may be path and patch"
ONLY_WITH_EACH = "path: is read with each: file or each: hunk; files lists all paths"
ONE_STEP = "each file is asked about once: write one step, which gives scores"
SCORES_ONLY = "{task} gives {gives}: with each, a step gives scores"
WITHOUT_EACH = "how much of the change has a label is only known with each: file or each: hunk"
NO_COMMAND = "a command stands in a new comment: write `on: {issue_comment: [created]}`, other events in another flow"
NO_PULL_INPUT = "groups are of release notes: set input: [pulls]"
ONLY_PULLS = "with pulls, the input is the merged pull requests alone"
RELEASE_TARGET = "only the event release brings a release, and input: [pulls] its notes"
ONE_NOTE = "each merged pull request is asked about once: write one step, which gives text"
NOTES_IN = "release notes go into the release or the summary"
ONLY_NEGATIVE = "! only takes back what a pattern before it chose: write at least one pattern without it"
SAME_LABEL = "{label} stands twice: GitHub takes labels that differ in case alone for one"
SAME_SIZE = "another label begins at {least} lines, too: only one of them could ever be given"
NO_LEAST = "say how much: comments, or words"


def problems_of_changes(flow: Flow) -> Found:
    """Give every (path, message) of what cannot work as written in one flow."""
    for rule in (_inputs, _source, _filters, _each, _threads, _notes):
        yield from rule(flow)


def _brings_pulls(flow: Flow) -> bool:
    return bool(PULLS & set(flow.on))


def _inputs(flow: Flow) -> Found:
    for index, name in enumerate(flow.input):
        if (name in FILE_INPUTS or name == "linked") and not _brings_pulls(flow):
            yield ("input", index), NO_PULLS.format(what=name)
        if name == "commits" and not (PULLS | {"push"}) & set(flow.on):
            yield ("input", index), NO_COMMITS
        if name == "pulls" and not RELEASES & set(flow.on):
            yield ("input", index), NO_RELEASES
        if name == "path" and flow.each is None:
            yield ("input", index), ONLY_WITH_EACH


def _source(flow: Flow) -> Found:
    """Find a flow that has neither a model nor rules, or both."""
    if flow.rules is None and not flow.pipeline:
        yield ("pipeline",), NO_MODEL
    if flow.rules is not None and flow.pipeline:
        yield ("rules",), ONE_OF_TWO
    elif flow.rules is not None:
        yield from _around_rules(flow)
        yield from _of_rules(flow.rules)


def _around_rules(flow: Flow) -> Found:
    if not _brings_pulls(flow):
        yield ("rules",), NO_PULLS.format(what="rules")
    if flow.publish.labels is None:
        yield ("publish",), ONLY_LABELS
    for key in ("input", "each", "decide", "at_least", "command"):
        if key in flow.model_fields_set:
            yield (key,), READ_BY_A_MODEL


def _of_rules(rules: Rules) -> Found:
    if not rules.paths and rules.size is None:
        yield ("rules",), NO_RULE
    yield from _doubles(rules)
    for label, rule in rules.paths.items():
        if not rule.model_fields_set:
            yield ("rules", "paths", label), EMPTY_RULE
        for key in rule.model_fields_set:
            for message in _faulty(getattr(rule, key) or ()):
                yield ("rules", "paths", label, key), message


def _doubles(rules: Rules) -> Found:
    """Find labels that GitHub takes for one, and sizes of which one could never be given."""
    sizes = rules.size or {}
    for key, labels in (("paths", list(rules.paths)), ("size", list(sizes))):
        for index, label in enumerate(labels):
            if label.casefold() in (other.casefold() for other in labels[:index]):
                yield ("rules", key, label), SAME_LABEL.format(label=label)
    for index, (label, least) in enumerate(sizes.items()):
        if least in list(sizes.values())[:index]:
            yield ("rules", "size", label), SAME_SIZE.format(least=least)


def _filters(flow: Flow) -> Found:
    for key, patterns in (("paths", flow.paths), ("paths-ignore", flow.paths_ignore)):
        if patterns is None:
            continue
        if not _brings_pulls(flow):
            yield (key,), NO_PULLS.format(what=key)
        for message in _faulty(patterns):
            yield (key,), message
    if flow.paths is not None and flow.paths_ignore is not None:
        yield ("paths-ignore",), ONE_FILTER


def _faulty(patterns: tuple[str, ...]) -> Iterator[str]:
    if patterns and all(pattern.startswith("!") for pattern in patterns):
        yield ONLY_NEGATIVE
    for pattern in patterns:
        problem = globs.problem(pattern)
        if problem is not None:
            yield f"{pattern!r}: {problem}"


def _each(flow: Flow) -> Found:
    if flow.each is None:
        if "files" in flow.decide.model_fields_set:
            yield ("decide", "files"), WITHOUT_EACH
        return
    if not _brings_pulls(flow):
        yield ("each",), NO_PULLS.format(what="each")
    for index, name in enumerate(flow.input):
        if name not in OF_EACH:
            yield ("input", index), NOT_OF_ONE_FILE.format(name=name)
        elif name == "contents" and flow.each == "hunk":
            yield ("input", index), NOT_OF_A_HUNK
    if len(flow.pipeline) > 1:
        yield ("pipeline", 1), ONE_STEP
    for step in flow.pipeline:
        if step.gives not in (None, "scores"):
            yield ("pipeline", 0, "task"), SCORES_ONLY.format(task=step.task, gives=step.gives)


def _threads(flow: Flow) -> Found:
    if flow.command is not None and dict(flow.on) != {"issue_comment": ("created",)}:
        yield ("command",), NO_COMMAND
    if flow.at_least is not None and not flow.at_least.model_fields_set:
        yield ("at_least",), NO_LEAST


def _notes(flow: Flow) -> Found:
    noting = "pulls" in flow.input
    if noting and len(flow.input) > 1:
        yield ("input",), ONLY_PULLS
    if noting and (len(flow.pipeline) > 1 or any(step.gives not in (None, "text") for step in flow.pipeline)):
        yield ("pipeline",), ONE_NOTE
    if flow.groups is not None and not noting:
        yield ("groups",), NO_PULL_INPUT
    if flow.publish.release is not None and not (noting and "release" in flow.on):
        yield ("publish", "release"), RELEASE_TARGET
    for target in ("labels", "comment", "check"):
        if noting and getattr(flow.publish, target) is not None:
            yield ("publish", target), NOTES_IN
    known = set(ACTIVITIES)
    if noting and set(flow.on) & known - RELEASES:
        yield ("on",), NO_RELEASES
