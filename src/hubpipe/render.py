"""Turn a Plan into Markdown that is safe to post: what a model or a stranger wrote is text, never markup."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt

from hubpipe.config import PATH
from hubpipe.decide import CommentEffect, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Prediction, Spans, Text
from hubpipe.text import Fitted

COMMENT_LIMIT = 65_536  # characters: https://docs.github.com/rest/issues/comments, error "body is too long"
LINE_LIMIT = 1_000
MOST_LINES = 100
ELLIPSIS = "…"
_MARKER = "<!-- hubpipe: flow="
SHORTENED = "\n\n_Shortened: the whole text is too long for a comment._\n"

# Between a sign and what follows it, so that GitHub finds no mention, no reference and no address.
_APART = "&#8203;"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SIGNS = re.compile(r"[\\`*_\[\]|~$]")
_LINKING = re.compile(r"@(?=\w)|#(?=\d)|\bgh-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)
# What would make a line a heading, a list, a quotation, a rule or a command for another bot.
_LINE_START = re.compile(r"^(?:[#>+=-]|(?=/))|^(\d+)([.)])(?=\s|$)")
_CODE_SPANS = MarkdownIt("zero").enable("backticks")


class _Markdown(str):
    """Text that is safe as Markdown already; the only thing that a template prints unchanged."""

    __slots__ = ()


@dataclass(frozen=True)
class Context:
    """What a template may show besides the prediction itself."""

    flow: str
    event: Event
    models: tuple[ModelInfo, ...]
    fitted: Fitted
    unread: tuple[str, ...] = ()


def write(plan: Plan, prediction: Prediction, context: Context) -> Plan:
    """Fill in the bodies of a Plan's comments.

    Raises TemplateError when a custom template does not render.
    """
    effects = tuple(
        replace(effect, body=comment(effect, plan, prediction, context))
        if isinstance(effect, CommentEffect)
        else effect
        for effect in plan.effects
    )
    return replace(plan, effects=effects)


def marker(flow: str) -> str:
    """Give the hidden line by which a flow finds its own comment again."""
    return f"{_MARKER}{flow} -->"


def is_own(body: str) -> bool:
    """Tell whether a comment was written by hubpipe, or pretends to be: either way it is not read."""
    return body.lstrip().startswith(_MARKER)


def comment(effect: CommentEffect, plan: Plan, prediction: Prediction, context: Context) -> str:
    """Write a comment's body: the marker, then the template's text, within GitHub's limit."""
    values = _values(plan, prediction, context)
    if effect.template is None:
        body = page("comment.md.j2", values)
    else:
        body = _custom(effect.template, values, f"the comment template of flow {effect.flow}")
    head = marker(effect.flow) + "\n"
    room = COMMENT_LIMIT - len(head) - len(SHORTENED)
    if len(body) > room:
        body = body[: body.rfind("\n", 0, room) if "\n" in body[:room] else room] + SHORTENED
    return head + body.strip() + "\n"


def page(file: str, values: Mapping[str, Any]) -> str:
    """Render one of hubpipe's own templates; every printed value is neutralised."""
    return _TEMPLATES.get_template(file).render(values)


def _custom(template: str, values: Mapping[str, Any], name: str) -> str:
    try:
        return _TEMPLATES.from_string(template).render(values)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {error.message}") from error
    except (JinjaError, TypeError, ValueError, ArithmeticError, OverflowError, MemoryError) as error:
        raise TemplateError(f"{name}: {error}; it may use {', '.join(sorted(values))}") from error


def check_template(template: str, name: str) -> None:
    """Raise TemplateError when a template's syntax is wrong."""
    try:
        _TEMPLATES.parse(template)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {error.message}") from error


def neutralise(text: str) -> str:
    """Make any text safe to stand in a line of a GitHub comment, its wording kept.

    Mentions, issue references, closing words, links and HTML lose their effect; inline code stays
    code. White space is folded to one line of at most 1,000 characters.
    """
    line = " ".join(_INVISIBLE.sub("", text).split())
    if len(line) > LINE_LIMIT:
        line = line[:LINE_LIMIT].rstrip() + ELLIPSIS
    tokens = _CODE_SPANS.parseInline(line)[0].children or []
    safe = "".join(code(token.content) if token.type == "code_inline" else _plain(token.content) for token in tokens)
    return _LINE_START.sub(_escaped_start, safe)


def code(text: str) -> str:
    """Put any text into a code span, in which GitHub links nothing."""
    line = " ".join(_INVISIBLE.sub("", text).split())[:LINE_LIMIT]
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return _Markdown(f"{fence}{pad}{line}{pad}{fence}") if line else _Markdown("")


def _plain(text: str) -> str:
    # First of all, while the text is as written; the stand-in cannot be in it, for it is an invisible character.
    text = _LINKING.sub(lambda sign: sign.group() + "\u200b", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SIGNS.sub(lambda sign: "\\" + sign.group(), text)
    return text.replace("\u200b", _APART)


def _escaped_start(start: re.Match[str]) -> str:
    if start.group(1):
        return f"{start.group(1)}\\{start.group(2)}"
    return "\\" + start.group() if start.group() else _APART


def _printed(value: object) -> str:
    if isinstance(value, _Markdown):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_printed(item) for item in value)
    return neutralise(str(value))


def _values(plan: Plan, prediction: Prediction, context: Context) -> dict[str, Any]:
    lines = [line for line in prediction.text.splitlines() if line.strip()] if isinstance(prediction, Text) else []
    spans = prediction.spans if isinstance(prediction, Spans) else ()
    return {
        "summary": lines[:MOST_LINES],
        "labels": [{"label": score.label, "score": score.score} for score in plan.chosen],
        "spans": [{"label": span.label, "text": span.text, "score": span.score} for span in spans[:MOST_LINES]],
        "shortened": len(lines) > MOST_LINES or len(spans) > MOST_LINES,
        "flow": context.flow,
        "model": " → ".join(info.reference for info in context.models),
        "read": context.fitted.read,
        "total": context.fitted.total,
        "cut": list(context.fitted.cut),
        "unread": list(context.unread),
        "config_path": PATH,
        "event": {"name": context.event.name, "repo": context.event.repo, "actor": context.event.actor or ""},
        "subject": _subject_values(context.event.subject),
    }


def _subject_values(subject: Subject | None) -> dict[str, Any]:
    shown = subject or Subject("issue", None, "", "")
    return {
        "kind": shown.kind,
        "number": shown.number or "",
        "title": shown.title,
        "author": shown.author or "",
        "from_fork": shown.from_fork,
        "changed_files": shown.changed_files,
        "additions": shown.additions,
        "deletions": shown.deletions,
    }


def _environment() -> ImmutableSandboxedEnvironment:
    templates = ImmutableSandboxedEnvironment(
        loader=PackageLoader("hubpipe"),
        undefined=StrictUndefined,
        finalize=_printed,
        autoescape=False,  # the result is Markdown, no HTML: `finalize` neutralises every value
        keep_trailing_newline=True,
    )
    templates.filters["code"] = lambda value: code(str(value))
    return templates


_TEMPLATES = _environment()
