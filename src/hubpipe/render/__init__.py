"""Turn a Plan into Markdown that is safe to post: what a model or a stranger wrote is text, never markup."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hubpipe.config import PATH
from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import Box, ModelInfo, Score, Span, Text
from hubpipe.render.neutral import LINE_LIMIT, code, code_anywhere, printed, printed_anywhere
from hubpipe.text import Fitted

COMMENT_LIMIT = 65_536  # characters: https://docs.github.com/rest/issues/comments, error "body is too long"
MOST_LINES = 100
_MARKER = "<!-- hubpipe: flow="
MARKER_ROOM = 200  # characters; a flow's name has 64 at most
MOST_NAMES = 10
TEMPLATE_OF = "the comment template of flow {flow}"
USUAL_HEADING = "Summary"
HEADINGS = {
    "translation": "Translation",
    "text-generation": "Answer",
    "text2text-generation": "Answer",
    "table-question-answering": "Answers",
    "document-question-answering": "Answers",
    "image-to-text": "In the images",
    "image-text-to-text": "In the images",
    "automatic-speech-recognition": "Transcript",
}
ONLY_SIMPLE = "a comment template has {{ values }}, filters, for, if, set and range(); no other call, block or file"
TOO_LONG = (
    f"the comment has {{length:,}} characters, GitHub takes {COMMENT_LIMIT:,}: write less in each round of a loop"
)

_STATEMENTS = (nodes.Output, nodes.For, nodes.If, nodes.Assign)
# What a template's own expressions can raise, besides Jinja2's errors.
_TEMPLATE_FAULTS = (
    JinjaError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Context:
    """What a template may show besides the prediction itself."""

    flow: str
    event: Event
    models: tuple[ModelInfo, ...]
    fitted: Fitted
    unread: tuple[str, ...] = ()


def write(plan: Plan, findings: Findings, context: Context) -> Plan:
    """Fill in the bodies of a Plan's comments.

    Raises TemplateError when a custom template does not render.
    """
    effects = tuple(
        replace(effect, body=comment(effect, plan, findings, context)) if isinstance(effect, CommentEffect) else effect
        for effect in plan.effects
    )
    return replace(plan, effects=effects)


def lines_of(text: str) -> list[str]:
    """Part a text into the lines that a list can show, none longer than one may be: nothing of it is lost."""
    lines = (line for line in text.splitlines() if line.strip())
    return [piece for line in lines for piece in wrap(line, LINE_LIMIT, break_on_hyphens=False)]


def marker(flow: str) -> str:
    """Give the hidden line by which a flow finds its own comment again."""
    return f"{_MARKER}{flow} -->"


def is_own(body: str) -> bool:
    """Tell whether a comment begins as hubpipe's own do; whose it is, its author tells."""
    return body.lstrip().startswith(_MARKER)


def comment(effect: CommentEffect, plan: Plan, findings: Findings, context: Context) -> str:
    """Write a comment's body: the marker, then the template's text, within GitHub's limit."""
    values = _values(plan, findings, context)
    if not effect.holds:
        body = page("outdated.md.j2", {"flow": effect.flow, "config_path": PATH})
    elif effect.template is not None:
        body = custom(effect.template, values, TEMPLATE_OF.format(flow=effect.flow))
    else:
        body = page("comment.md.j2", values)
        while len(body) > COMMENT_LIMIT - MARKER_ROOM:
            body = page("comment.md.j2", values := _halved(values))
    return f"{marker(effect.flow)}\n{body.strip()}\n"


def page(file: str, values: Mapping[str, Any]) -> str:
    """Render one of hubpipe's own templates; every printed value is neutralised."""
    return _OWN.get_template(file).render(values)


def custom(template: str, values: Mapping[str, Any], name: str) -> str:
    """Render a user's template; every printed value is neutralised and stands apart from its neighbours.

    Raises TemplateError, `name` first, for a syntax error, a value that is not there, what only a macro, a block or
    another file could do (their output would be printed as it is, or neutralised twice), and a text over the limit.
    """
    try:
        tree = _CUSTOM.parse(template)
        for node in tree.find_all((nodes.Stmt, nodes.Call)):
            if not (isinstance(node, _STATEMENTS) or _is_range(node)):
                raise TemplateError(f"{name}, line {node.lineno}: {ONLY_SIMPLE}")
        body = _CUSTOM.from_string(template).render(values)
        body.encode("utf-8")
    except TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {error.message}") from error
    except _TEMPLATE_FAULTS as error:
        message = f"{name}: {error or type(error).__name__}; it may use {', '.join(sorted(values))}"
        raise TemplateError(message) from error
    if len(body) > COMMENT_LIMIT - MARKER_ROOM:
        raise TemplateError(f"{name}: {TOO_LONG.format(length=len(body))}")
    return body


def _is_range(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"


def check_template(template: str, name: str) -> None:
    """Raise TemplateError when a template does not render with values of every kind."""
    custom(template, _sample(), name)


def _values(plan: Plan, findings: Findings, context: Context) -> dict[str, Any]:
    lines = lines_of(findings.text.text) if findings.text else []
    spans = _distinct(findings.spans)
    return {
        "heading": HEADINGS.get(findings.writing.known_task, USUAL_HEADING) if findings.writing else USUAL_HEADING,
        "summary": lines[:MOST_LINES],
        "labels": [{"label": score.label, "score": score.score} for score in plan.chosen],
        "spans": [{"label": span.label, "text": span.text, "score": span.score} for span in spans[:MOST_LINES]],
        "boxes": [_box_values(box) for box in findings.boxes[:MOST_LINES]],
        "shortened": any(len(found) > MOST_LINES for found in (lines, spans, findings.boxes)),
        "flow": context.flow,
        "model": " → ".join(info.reference for info in context.models),
        "read": context.fitted.read,
        "total": context.fitted.total,
        "cut": _some(context.fitted.cut),
        "unread": _some(context.unread),
        "config_path": PATH,
        "event": {"name": context.event.name, "repo": context.event.repo, "actor": context.event.actor or ""},
        "subject": _subject_values(context.event.subject),
    }


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Keep one of the spans that say the same, the surest, where the first of them stands."""
    best: dict[tuple[str, str], Span] = {}
    for span in spans:
        known = best.setdefault((span.label, span.text), span)
        if span.score > known.score:
            best[span.label, span.text] = span
    return list(best.values())


def _box_values(box: Box) -> dict[str, Any]:
    at = f"{box.xmin},{box.ymin} to {box.xmax},{box.ymax}"
    return {"label": box.label, "score": box.score, "at": at, "image": box.image}


def _halved(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first half of what a comment lists."""
    listed = ("summary", "labels", "spans", "boxes", "cut", "unread")
    halves = {name: values[name][: len(values[name]) // 2] for name in listed}
    return {**values, **halves, "shortened": True}


def _some(items: Sequence[str]) -> list[str]:
    """Name the first of many."""
    rest = len(items) - MOST_NAMES
    return [*items[:MOST_NAMES], *([f"{rest} more"] if rest > 0 else [])]


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


def _sample() -> dict[str, Any]:
    """Give the values of a comment that has everything."""
    subject = Subject("pull_request", 1, "Title", "Body", "octocat", changed_files=1, additions=1, deletions=1)
    event = Event("pull_request", "opened", "octo-org/octo-repo", subject, actor="octocat")
    info = ModelInfo("fake", "fake:", None, "summarization", None)
    context = Context("flow", event, (info,), Fitted("Title", 1, 2, ("body",)), ("files: too many",))
    plan = Plan(chosen=(Score("bug", 0.9),))
    spans = (Span("version", 0, 5, "1.2.3", 0.9),)
    boxes = (Box("button", 0.9, 0, 0, 10, 10),)
    return _values(plan, Findings(text=Text("A sentence.\nAnother."), spans=spans, boxes=boxes), context)


def _environment(
    printed: Callable[[object], str], as_code: Callable[[str], str], *, user: bool
) -> ImmutableSandboxedEnvironment:
    templates = ImmutableSandboxedEnvironment(
        loader=PackageLoader("hubpipe"),
        undefined=StrictUndefined,
        finalize=printed,
        autoescape=False,  # the result is Markdown, no HTML: `finalize` neutralises every value
        keep_trailing_newline=True,
        trim_blocks=user,  # a user's `{% for %}` on a line of its own leaves no empty line
        lstrip_blocks=user,
    )
    templates.filters["code"] = lambda value: as_code(str(value))
    return templates


_OWN = _environment(printed, code, user=False)
_CUSTOM = _environment(printed_anywhere, code_anywhere, user=True)
