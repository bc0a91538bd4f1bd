"""Turn a template and its values into Markdown, every printed value neutralised."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hubpipe.errors import TemplateError
from hubpipe.render.neutral import (
    code,
    code_anywhere,
    in_cell,
    printed,
    printed_anywhere,
    printed_in_chat,
    uncalling,
)
from hubpipe.render.reasons import issue_link

COMMENT_LIMIT = 65_536  # characters: https://docs.github.com/rest/issues/comments, error "body is too long"
MARKER_ROOM = 200  # characters; a flow's name has 64 at most
ONLY_SIMPLE = "a template has {{ values }}, filters, for, if, set and range(); no other call, block or file"
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


def size(text: str) -> int:
    """Count what GitHub's limit counts: characters, and those beyond the basic plane (emoji) twice, to be safe."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def most(count: int, fits: Callable[[int], bool]) -> int:
    """Find how many fit, by halves: the more, the longer."""
    if fits(count):
        return count
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return max(low, 0)


def page(file: str, values: Mapping[str, Any]) -> str:
    """Render one of hubpipe's own templates; every printed value is neutralised."""
    return _OWN.get_template(file).render(values)


def custom(template: str, values: Mapping[str, Any], name: str) -> str:
    """Render a user's template, and raise TemplateError where the text is over the limit, or as `filled` does."""
    return within_limit(filled(template, values, name), name)


def within_limit(body: str, name: str) -> str:
    """Give a comment's text as it is, or raise TemplateError, `name` first, where it is over the limit."""
    if size(body) > COMMENT_LIMIT - MARKER_ROOM:
        raise TemplateError(f"{name}: {TOO_LONG.format(length=size(body))}")
    return body


def filled(template: str, values: Mapping[str, Any], name: str, *, chat: bool = False) -> str:
    """Render a user's template; every printed value is neutralised and stands apart from its neighbours.

    The result is Markdown, or with `chat` plain text.

    Raises TemplateError, `name` first, for a syntax error, a value that is not there, and what only a macro, a block
    or another file could do (their output would be printed as it is, or neutralised twice).
    """
    templates = _CHAT if chat else _CUSTOM
    try:
        tree = templates.parse(template)
        for node in tree.find_all((nodes.Stmt, nodes.Call)):
            if not (isinstance(node, _STATEMENTS) or _is_range(node)):
                raise TemplateError(f"{name}, line {node.lineno}: {ONLY_SIMPLE}")
        body = templates.from_string(template).render(values)
        body.encode("utf-8")
    except TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {error.message}") from error
    except _TEMPLATE_FAULTS as error:
        message = f"{name}: {error or type(error).__name__}; it may use {', '.join(sorted(values))}"
        raise TemplateError(message) from error
    return body


def _is_range(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"


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
    if not user:
        templates.filters["cell"] = lambda value: in_cell(str(value))
        templates.filters["issue"] = issue_link
    return templates


_OWN = _environment(printed, code, user=False)
_CUSTOM = _environment(printed_anywhere, code_anywhere, user=True)
_CHAT = _environment(printed_in_chat, uncalling, user=True)
