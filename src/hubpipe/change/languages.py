"""Turn the lines of a hunk into a syntax tree's definitions and comments, in the languages that tree-sitter knows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import Language, Node, Parser, Query, QueryCursor

# Grammars are tolerant: what stands around a hunk may be missing. The names of the captures are ours: a `leaf` holds
# no symbols that matter outside of it, a `type` does, a `scope` only gives its name to what it holds.
PYTHON = """
(function_definition name: (_) @name) @leaf
(class_definition name: (_) @name) @type
(comment) @comment
(module . (expression_statement (string) @comment))
(block . (expression_statement (string) @comment))
"""
JAVASCRIPT = """
(function_declaration name: (_) @name) @leaf
(generator_function_declaration name: (_) @name) @leaf
(method_definition name: (_) @name) @leaf
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)]) @leaf
(class_declaration name: (_) @name) @type
(comment) @comment
"""
TYPESCRIPT = (
    JAVASCRIPT
    + """
(function_signature name: (_) @name) @leaf
(abstract_method_signature name: (_) @name) @leaf
(abstract_class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(type_alias_declaration name: (_) @name) @leaf
"""
)
GO = """
(function_declaration name: (_) @name) @leaf
(method_declaration receiver: (parameter_list (parameter_declaration type: (_) @owner)) name: (_) @name) @leaf
(type_spec name: (_) @name) @type
(comment) @comment
"""
RUST = """
(function_item name: (_) @name) @leaf
(function_signature_item name: (_) @name) @leaf
(macro_definition name: (_) @name) @leaf
(struct_item name: (_) @name) @type
(enum_item name: (_) @name) @type
(union_item name: (_) @name) @type
(trait_item name: (_) @name) @type
(type_item name: (_) @name) @leaf
(impl_item type: (_) @name) @scope
(line_comment) @comment
(block_comment) @comment
"""
JAVA = """
(method_declaration name: (_) @name) @leaf
(constructor_declaration name: (_) @name) @leaf
(class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(record_declaration name: (_) @name) @type
(annotation_type_declaration name: (_) @name) @type
(line_comment) @comment
(block_comment) @comment
"""
C = """
(function_definition declarator: (function_declarator declarator: (_) @name)) @leaf
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name))) @leaf
(struct_specifier name: (_) @name body: (_)) @type
(union_specifier name: (_) @name body: (_)) @type
(enum_specifier name: (_) @name body: (_)) @type
(type_definition declarator: (type_identifier) @name) @leaf
(comment) @comment
"""
CPP = (
    C
    + """
(function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name))) @leaf
(class_specifier name: (_) @name body: (_)) @type
"""
)
C_SHARP = """
(method_declaration name: (_) @name) @leaf
(constructor_declaration name: (_) @name) @leaf
(property_declaration name: (_) @name) @leaf
(local_function_statement name: (_) @name) @leaf
(delegate_declaration name: (_) @name) @leaf
(class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(struct_declaration name: (_) @name) @type
(record_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(comment) @comment
"""
RUBY = """
(method name: (_) @name) @leaf
(singleton_method name: (_) @name) @leaf
(class name: (_) @name) @type
(module name: (_) @name) @type
(comment) @comment
"""
PHP = """
(function_definition name: (_) @name) @leaf
(method_declaration name: (_) @name) @leaf
(class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(trait_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(comment) @comment
"""
ERRORS = "(ERROR) @error"
# What a hunk from the middle of a class, or of a method of one, is read in where it cannot be read as it stands; the
# name is no symbol.
PLACEHOLDER = "_"
CLASS = "class _ {"
MOST_CLOSED = 50
INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Grammar:
    """A tree-sitter grammar: its module and function, our query; how a method begins that can stand in a class only."""

    module: str
    function: str
    query: str
    method: str = ""


GRAMMARS = {
    "python": Grammar("tree_sitter_python", "language", PYTHON),
    "javascript": Grammar("tree_sitter_javascript", "language", JAVASCRIPT, method="_() {"),
    "typescript": Grammar("tree_sitter_typescript", "language_typescript", TYPESCRIPT, method="_() {"),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", TYPESCRIPT, method="_() {"),
    "go": Grammar("tree_sitter_go", "language", GO),
    "rust": Grammar("tree_sitter_rust", "language", RUST),
    "java": Grammar("tree_sitter_java", "language", JAVA, method="void _() {"),
    "c": Grammar("tree_sitter_c", "language", C),
    "cpp": Grammar("tree_sitter_cpp", "language", CPP),
    "c_sharp": Grammar("tree_sitter_c_sharp", "language", C_SHARP, method="void _() {"),
    "ruby": Grammar("tree_sitter_ruby", "language", RUBY),
    "php": Grammar("tree_sitter_php", "language_php_only", PHP, method="function _() {"),
}
ENDS = {
    **dict.fromkeys(("py", "pyi", "pyw"), "python"),
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), "javascript"),
    **dict.fromkeys(("ts", "mts", "cts"), "typescript"),
    **dict.fromkeys(("rb", "rake", "gemspec"), "ruby"),
    **dict.fromkeys(("cc", "cpp", "cxx", "hh", "hpp", "hxx"), "cpp"),
    **dict.fromkeys(("c", "h"), "c"),
    "tsx": "tsx",
    "go": "go",
    "rs": "rust",
    "java": "java",
    "cs": "c_sharp",
    "php": "php",
}


@dataclass(frozen=True)
class Found:
    """A definition or a comment.

    `start`, `end` and `name_row` count from the first of the lines given, what stands before them is below 0;
    `column` is the byte of its first row at which it begins, `first` and `last` are its bytes in all that was parsed.
    `owner` is what a Go method belongs to.
    """

    start: int
    end: int
    name_row: int
    kind: str
    name: str = ""
    owner: str = ""
    column: int = 0
    first: int = 0
    last: int = 0


def language(path: str) -> str | None:
    """Tell in which of our languages a file is written, by the end of its name."""
    return ENDS.get(path.lower().rpartition(".")[2])


def found(language: str, section: str, lines: Sequence[str]) -> tuple[Found, ...]:
    """Parse lines, with the section that stands before them, and give the definitions and comments in their order."""
    best: tuple[Found, ...] = ()
    fewest: int | None = None
    for before in _openings(language, section, lines):
        errors, those = _found(language, before, lines)
        if fewest is None or errors < fewest:
            fewest, best = errors, those
        if not errors:
            break
    return best


def _openings(language: str, section: str, lines: Sequence[str]) -> Iterator[list[str]]:
    """Give what may stand before a hunk's lines, the likeliest first."""
    method = GRAMMARS[language].method
    if language == "python":
        yield [section, *_python_method(lines)]
        return
    yield [section]
    if method:
        yield from ([f"{section} {method}"], [CLASS], [f"{CLASS} {method}"])


def _python_method(lines: Sequence[str]) -> Iterator[str]:
    """Open a method where the first line is in one: what follows is then read at the depth at which it stands."""
    depths = [len(match.group()) for line in lines if line.strip() and (match := INDENT.match(line))]
    least = min(filter(None, depths), default=0)
    if depths and least < depths[0]:
        yield " " * least + "def _():"


def _found(language: str, before: Sequence[str], lines: Sequence[str]) -> tuple[int, tuple[Found, ...]]:
    parser, query = _tools(language)
    text = "\n".join([*before, *lines]).replace("\0", " ")
    # A hunk ends where it ends: what it leaves open is closed, or the grammar gives up on all that is around.
    text += "\n" + "}" * min(MOST_CLOSED, text.count("{") - text.count("}"))
    tree = parser.parse(text.encode("utf-8", "replace"))
    all_found: list[Found] = []
    errors = 0
    for _, captures in QueryCursor(query).matches(tree.root_node):
        errors += sum(node.end_byte - node.start_byte for node in captures.get("error", ()))
        all_found += _read(captures, len(before))
    return errors, tuple(sorted(all_found, key=lambda one: (one.first, -one.last)))


@cache
def _tools(language: str) -> tuple[Parser, Query]:
    grammar = GRAMMARS[language]
    loaded = Language(getattr(import_module(grammar.module), grammar.function)())
    return Parser(loaded), Query(loaded, grammar.query + ERRORS)


def _read(captures: dict[str, list[Node]], shift: int) -> Iterator[Found]:
    names, owners = captures.get("name", ()), captures.get("owner", ())
    for kind in ("leaf", "type", "scope", "comment"):
        for node in captures.get(kind, ()):
            start, end = node.start_point, node.end_point
            name_row = names[0].start_point[0] if names else start[0]
            yield Found(
                start=start[0] - shift,
                end=end[0] - shift,
                name_row=name_row - shift,
                kind=kind,
                name=_text(names[0]) if names else "",
                owner=_text(owners[0]) if owners else "",
                column=start[1],
                first=node.start_byte,
                last=node.end_byte,
            )


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
