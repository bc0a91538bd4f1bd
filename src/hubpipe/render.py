"""Turn a Plan into Markdown that is safe to post: what a model or a stranger wrote is text, never markup."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt

from hubpipe.config import PATH
from hubpipe.decide import CommentEffect, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Prediction, Score, Span, Spans, Text
from hubpipe.text import Fitted, visible

COMMENT_LIMIT = 65_536  # characters: https://docs.github.com/rest/issues/comments, error "body is too long"
LINE_LIMIT = 1_000
MOST_LINES = 100
ELLIPSIS = "…"
_MARKER = "<!-- hubpipe: flow="
MARKER_ROOM = 200  # characters; a flow's name has 64 at most
MOST_NAMES = 10
TEMPLATE_OF = "the comment template of flow {flow}"
ONLY_SIMPLE = "a comment template has {{ values }}, for, if and set; no macro, block, call, filter block or other file"
TOO_LONG = (
    f"the comment has {{length:,}} characters, GitHub takes {COMMENT_LIMIT:,}: write less in each round of a loop"
)

# Between a sign and what follows it, so that GitHub finds no mention, no reference and no address.
_APART = "&#8203;"
_SIGNS = re.compile(r"[\\`*_\[\]|~$]")
# `_` is no letter to GitHub's autolinks; a reference may stand behind any sign or letter.
_LINKING = re.compile(r"@(?=\S)|#(?=\d)|gh-(?=\d)|:(?=//)|(?<![^\W_])www(?=\.)", re.IGNORECASE)
# A commit's SHA of 7 to 40 digits becomes a link where there is such a commit; a part of it from its middle does not.
_SHA = re.compile(
    r"(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{4}(?=[0-9a-f]{3,36}(?![0-9a-z]))",
    re.IGNORECASE,
)
# What would make a line a heading, a list, a quotation, a rule or a command for another bot.
_LINE_START = re.compile(r"^(?:[#>+=-]|(?=/))|^(\d+)([.)])(?=\s|$)")
_CODE_SPANS = MarkdownIt("zero").enable("backticks")


_FORBIDDEN = (
    nodes.AssignBlock,
    nodes.Block,
    nodes.CallBlock,
    nodes.Extends,
    nodes.FilterBlock,
    nodes.FromImport,
    nodes.Import,
    nodes.Include,
    nodes.Macro,
)
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
    if not effect.holds:
        body = page("outdated.md.j2", values)
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
        for node in tree.find_all(_FORBIDDEN):
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


def check_template(template: str, name: str) -> None:
    """Raise TemplateError when a template does not render with values of every kind."""
    custom(template, _sample(), name)


def neutralise(text: str) -> str:
    """Make any text safe to stand in a line of a GitHub comment, its wording kept.

    Mentions, issue references, closing words, links and HTML lose their effect; inline code stays
    code. White space is folded to one line of at most 1,000 characters.
    """
    tokens = _CODE_SPANS.parseInline(_line(text))[0].children or []
    safe = "".join(
        (code(token.content) or _APART) if token.type == "code_inline" else _plain(token.content) for token in tokens
    )
    return _LINE_START.sub(_escaped_start, safe)


def code(text: str) -> str:
    """Put any text into a code span, in which GitHub links nothing."""
    line = _line(text)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return _Markdown(f"{fence}{pad}{line}{pad}{fence}") if line else _Markdown("")


def _line(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= LINE_LIMIT else line[:LINE_LIMIT].rstrip() + ELLIPSIS


def _plain(text: str) -> str:
    # First of all, while the text is as written; the stand-in cannot be in it, for it is an invisible character.
    for pattern in (_LINKING, _SHA):
        text = pattern.sub(lambda sign: sign.group() + "\u200b", text)
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


def _printed_apart(value: object) -> str:
    """Keep two values that a template puts side by side from making a mention or a code span together."""
    if value is None or isinstance(value, int | float):
        return str(value)
    return f"{_APART}{_printed(value)}{_APART}"


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
        "cut": _some(context.fitted.cut),
        "unread": _some(context.unread),
        "config_path": PATH,
        "event": {"name": context.event.name, "repo": context.event.repo, "actor": context.event.actor or ""},
        "subject": _subject_values(context.event.subject),
    }


def _halved(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first half of what a comment lists."""
    halves = {name: values[name][: len(values[name]) // 2] for name in ("summary", "labels", "spans", "cut", "unread")}
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
    spans = Spans((Span("version", 0, 5, "1.2.3", 0.9),))
    return _values(plan, Text("A sentence.\nAnother."), context) | {"spans": _values(plan, spans, context)["spans"]}


def _environment(printed: Callable[[object], str]) -> ImmutableSandboxedEnvironment:
    templates = ImmutableSandboxedEnvironment(
        loader=PackageLoader("hubpipe"),
        undefined=StrictUndefined,
        finalize=printed,
        autoescape=False,  # the result is Markdown, no HTML: `finalize` neutralises every value
        keep_trailing_newline=True,
    )
    templates.filters["code"] = lambda value: code(str(value))
    return templates


_OWN, _CUSTOM = _environment(_printed), _environment(_printed_apart)
