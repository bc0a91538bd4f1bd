"""Turn any text into a line that no chat acts on, and a Plan into the message of a notification."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hubpipe.decide import Findings, Notice, NotifyEffect, Plan
from hubpipe.event import Subject
from hubpipe.render.neutral import opening_of, uncalling
from hubpipe.render.pages import filled
from hubpipe.render.values import Context, lines_of, values

TITLE_ROOM = 200
LINE_ROOM = 400
MOST_LINES = 10
TEMPLATE_OF = "the notification template of flow {flow}"

NAMES = {"pull_request": "pull request"}
TITLE = "{repo}, {thing}: {title}"
FOUND = "Found: {labels}"
LABEL = "{label} ({score:.2f})"
LINE = "- {line}"
SPAN = "{label}: {text}"
SIMILAR = "perhaps the same as #{number}: {title}"
NOTES = "{heading}: {count} pull request{s}"
MORE = "… and {rest} more"

# GitHub's own address of a thing; what else a payload may hold there is no link of a message's.
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+/[\w./%~#?=&+-]*", re.ASCII)


def notice(effect: NotifyEffect, plan: Plan, findings: Findings, context: Context) -> NotifyEffect:
    """Write what a notification tells.

    Raises TemplateError when its template does not render.
    """
    shown = values(plan, findings, context)
    subject = context.event.subject or Subject("issue", None, "", "")
    own = Notice(
        repository=context.event.repo,
        kind=subject.kind,
        number=subject.number,
        title=in_chat(subject.title, TITLE_ROOM),
        url=subject.url if _ADDRESS.fullmatch(subject.url) else "",
        labels=tuple(replace(score, label=in_chat(score.label, TITLE_ROOM)) for score in plan.chosen),
        summary=tuple(in_chat(line, LINE_ROOM) for line in _first(list(_said(findings, context)))),
    )
    lines = _usual(own) if effect.template is None else _custom(effect.template, effect.flow, shown)
    return replace(effect, notice=replace(own, lines=tuple(lines)))


def in_chat(text: str, room: int = LINE_ROOM) -> str:
    """Make any text one line of plain text, its wording kept, in which no chat finds a mention, a link or code."""
    return uncalling(opening_of(text, room))


def check_notice(template: str, name: str, shown: Mapping[str, Any]) -> None:
    """Raise TemplateError when a template does not render with some values."""
    filled(template, _public(shown), name, chat=True)


def _usual(own: Notice) -> Iterator[str]:
    name = NAMES.get(own.kind, own.kind)
    thing = f"{name} #{own.number}" if own.number else name
    yield TITLE.format(repo=own.repository, thing=thing, title=own.title)
    if own.labels:
        yield FOUND.format(labels=", ".join(LABEL.format(label=one.label, score=one.score) for one in own.labels))
    yield from (LINE.format(line=line) for line in own.summary)


def _custom(template: str, flow: str, shown: Mapping[str, Any]) -> Sequence[str]:
    body = filled(template, _public(shown), TEMPLATE_OF.format(flow=flow), chat=True)
    return [line.rstrip() for line in body.strip().splitlines()]


def _public(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if key != "seconds"}


def _said(findings: Findings, context: Context) -> Iterator[str]:
    if findings.text is not None:
        yield from lines_of(findings.text.text)
    for span in findings.spans:
        yield SPAN.format(label=span.label, text=span.text)
    for past in findings.similar:
        yield SIMILAR.format(number=past.number, title=past.title)
    for group in context.notes:
        count = len(group.notes)
        yield NOTES.format(heading=group.heading, count=count, s="" if count == 1 else "s")


def _first(lines: Sequence[str]) -> Sequence[str]:
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], MORE.format(rest=rest)] if rest > 0 else lines
