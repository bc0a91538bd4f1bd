"""Turn a Plan into Markdown that is safe to post: what a model or a stranger wrote is text, never markup."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hubpipe.change.memory import Memory, recalled, without_memory, written
from hubpipe.config import PATH
from hubpipe.decide import CheckEffect, CommentEffect, Effect, Findings, NotifyEffect, Plan, ReleaseEffect
from hubpipe.digest import Digest
from hubpipe.event import Annotation
from hubpipe.render.answer import Answer, AnswerPart, answer
from hubpipe.render.changes import change_page
from hubpipe.render.chat import check_notice, notice
from hubpipe.render.description import Refusal, held, spliced, taken_off, without
from hubpipe.render.neutral import line_of
from hubpipe.render.notes import RELEASE_LIMIT, NoteGroup, note_parts, notes_page
from hubpipe.render.pages import COMMENT_LIMIT, MARKER_ROOM, custom, filled, page, size, within_limit
from hubpipe.render.reasons import why_values
from hubpipe.render.said import described, says_something, unsaid
from hubpipe.render.values import Context, halved, lines_of, lists_something, sample, values

__all__ = [
    "COMMENT_LIMIT",
    "RELEASE_LIMIT",
    "Answer",
    "AnswerPart",
    "Context",
    "NoteGroup",
    "Refusal",
    "answer",
    "any_marker",
    "check_template",
    "custom",
    "flow_of",
    "held",
    "is_own",
    "lasting",
    "line_of",
    "lines_of",
    "marker",
    "note_parts",
    "page",
    "says_something",
    "spliced",
    "taken_off",
    "why_values",
    "without",
    "write",
]

# https://docs.github.com/rest/checks/runs: the summary of a check run's output
CHECK_LIMIT = 65_535
TITLE_ROOM = 120
MESSAGE_ROOM = 2_000
TEMPLATE_OF = "the comment template of flow {flow}"
NOTHING_FOUND = "Nothing found"
SHORTENED = "\n\n_Shortened: this is not all of it._"
REMARKS = "{count} remark{s} on {files} file{of}"

_MARKER = "<!-- hubpipe: flow="
_MARKED = re.compile(r"<!-- hubpipe: flow=(.{1,100}?) -->")
# What a run took to find the same: in the footer, which is the last line.
_EFFORT = re.compile(r" in \d+(?:\.\d)? s(?=, not by a person)| · read \d+ files?(?:, \d+ as before)?(?= ·)")


def write(plan: Plan, findings: Findings, context: Context) -> Plan:
    """Fill in the texts of a Plan's comments, checks and release notes.

    Raises TemplateError when a custom template does not render.
    """
    return replace(plan, effects=tuple(_written(effect, plan, findings, context) for effect in plan.effects))


def _written(effect: Effect, plan: Plan, findings: Findings, context: Context) -> Effect:
    match effect:
        case CommentEffect():
            return replace(effect, body=comment(effect, plan, findings, context))
        case CheckEffect():
            return check(effect, plan, findings, context)
        case ReleaseEffect():
            return replace(effect, body=_notes(context))
        case NotifyEffect():
            return notice(effect, plan, findings, context)
        case _:
            return effect


def marker(flow: str) -> str:
    """Give the hidden line by which a flow finds its own comment again."""
    return f"{_MARKER}{flow} -->"


def any_marker() -> str:
    """Give what the hidden lines of all flows begin with."""
    return _MARKER


def flow_of(body: str) -> str | None:
    """Give the flow whose comment a body begins as; None where it begins as none of hubpipe's."""
    found = _MARKED.match(body.lstrip())
    return found[1] if found else None


def is_own(body: str) -> bool:
    """Tell whether a comment begins as hubpipe's own do; whose it is, its author tells."""
    return body.lstrip().startswith(_MARKER)


def lasting(body: str) -> tuple[str, Memory | None]:
    """Give of a body what two equal runs write alike: neither what it took nor when it was."""
    text, memory = without_memory(body), recalled(body)
    return _without_effort(text), replace(memory, read_at=0.0, head="") if memory is not None else None


def _without_effort(text: str) -> str:
    """Leave out of a footer, the last line, what it took to find all this."""
    start = text.strip().rfind("\n") + 1
    return text.strip()[:start] + _EFFORT.sub("", text.strip()[start:], count=2)


def comment(effect: CommentEffect, plan: Plan, findings: Findings, context: Context) -> str:
    """Write a comment's body: the marker, the template's text, what is to be remembered, within GitHub's limit.

    A part of a description has no marker of its own, only the room that the description leaves, and repeats no line
    of it; what a template repeats is its author's choice.
    """
    in_description = effect.mode == "description"
    room = COMMENT_LIMIT - MARKER_ROOM - (_taken(context) if in_description else 0)
    memory = findings.digest.memory if findings.digest is not None and effect.holds else None
    shown = values(plan, findings, context)
    if in_description and effect.template is None:
        shown["summary"] = unsaid(shown["summary"], _described(context))
    body = _body(effect, shown, findings.digest, room).strip()
    if not in_description:
        body = f"{marker(effect.flow)}\n{body}"
    hidden = written(memory, body, room - size(body)) if memory is not None and body else ""
    return f"{body}\n{hidden}\n" if hidden else f"{body}\n"


def _body(effect: CommentEffect, shown: dict[str, Any], digest: Digest | None, room: int) -> str:
    if not effect.holds:
        return page("outdated.md.j2", {"flow": effect.flow, "config_path": PATH})
    if effect.template is not None:
        return _filled(effect.template, shown, TEMPLATE_OF.format(flow=effect.flow), room)
    if digest is not None:
        return change_page(shown, digest, room - MARKER_ROOM, digest.memory)
    body = page("comment.md.j2", shown)
    while size(body) > room and lists_something(shown):
        body = page("comment.md.j2", shown := halved(shown))
    return body if size(body) <= room else ""


def _filled(template: str, shown: Mapping[str, Any], name: str, room: int) -> str:
    """Render a user's template, with less of what it lists until it fits; empty where a description has no room."""
    public = {key: value for key, value in shown.items() if key != "seconds"}
    body = filled(template, public, name)
    while size(body) > room and lists_something(public):
        public = halved(public)
        body = filled(template, public, name) + ("" if "shortened" in template else SHORTENED)
    return body if size(within_limit(body, name)) <= room else ""


def check(effect: CheckEffect, plan: Plan, findings: Findings, context: Context) -> CheckEffect:
    """Write a check run's title and summary, the same of the same findings: an equal check run is left alone."""
    if findings.digest is None:
        summary = _body(CommentEffect(effect.flow), values(plan, findings, context), None, CHECK_LIMIT)
    else:
        summary = change_page(values(plan, findings, context), findings.digest, CHECK_LIMIT)
    return replace(
        effect,
        title=effect.title or _title(effect, plan),
        summary=effect.summary or _without_effort(summary),
        annotations=tuple(map(_annotated, effect.annotations)),
    )


def _annotated(remark: Annotation) -> Annotation:
    """Write a remark's words in a line each: GitHub shows them as they are."""
    return replace(remark, title=line_of(remark.title, TITLE_ROOM), message=line_of(remark.message, MESSAGE_ROOM))


def check_template(template: str, name: str, *, chat: bool = False) -> None:
    """Raise TemplateError when a template, of a comment or for a `chat`, does not render with values of every kind."""
    if chat:
        check_notice(template, name, sample())
        return
    public = {key: value for key, value in sample().items() if key != "seconds"}
    custom(template, public, name)


def _title(effect: CheckEffect, plan: Plan) -> str:
    """Say in a line of plain text what a check found."""
    count, files = len(effect.annotations), len({one.path for one in effect.annotations})
    remarks = REMARKS.format(count=count, s="" if count == 1 else "s", files=files, of="" if files == 1 else "s")
    found = ", ".join(score.label for score in plan.chosen)
    return line_of(": ".join(filter(None, (found, remarks if count else ""))), TITLE_ROOM) or NOTHING_FOUND


def _notes(context: Context) -> str:
    return notes_page(context.notes, values(Plan(), Findings(), context), RELEASE_LIMIT - MARKER_ROOM - _taken(context))


def _described(context: Context) -> str:
    subject = context.event.subject
    return described(subject) if subject is not None else ""


def _taken(context: Context) -> int:
    """Count what people wrote into the description that a body is to be a part of."""
    subject = context.event.subject
    return size(without(subject.body)) if subject is not None else 0
