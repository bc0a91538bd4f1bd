"""Turn the lines of a hunk into a syntax tree's definitions and comments, in the languages that tree-sitter knows."""

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
# Where a method can stand in a class only, a hunk from the middle of one is read in this one.
CLASS = "class _ {"


@dataclass(frozen=True)
class Grammar:
    """A tree-sitter grammar: its module and function, our query, and whether methods stand in classes only."""

    module: str
    function: str
    query: str
    in_class: bool = False


GRAMMARS = {
    "python": Grammar("tree_sitter_python", "language", PYTHON),
    "javascript": Grammar("tree_sitter_javascript", "language", JAVASCRIPT, in_class=True),
    "typescript": Grammar("tree_sitter_typescript", "language_typescript", TYPESCRIPT, in_class=True),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", TYPESCRIPT, in_class=True),
    "go": Grammar("tree_sitter_go", "language", GO),
    "rust": Grammar("tree_sitter_rust", "language", RUST),
    "java": Grammar("tree_sitter_java", "language", JAVA, in_class=True),
    "c": Grammar("tree_sitter_c", "language", C),
    "cpp": Grammar("tree_sitter_cpp", "language", CPP),
    "c_sharp": Grammar("tree_sitter_c_sharp", "language", C_SHARP, in_class=True),
    "ruby": Grammar("tree_sitter_ruby", "language", RUBY),
    "php": Grammar("tree_sitter_php", "language_php_only", PHP, in_class=True),
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

    `start`, `end` and `name_row` count from the first of the lines given, -1 is the section before them; `column`
    is the byte of its first row at which it begins. `owner` is what a Go method belongs to.
    """

    start: int
    end: int
    name_row: int
    kind: str
    name: str = ""
    owner: str = ""
    column: int = 0


def language(path: str) -> str | None:
    """Tell in which of our languages a file is written, by the end of its name."""
    return ENDS.get(path.lower().rpartition(".")[2])


def found(language: str, section: str, lines: Sequence[str]) -> tuple[Found, ...]:
    """Parse lines, with the section that stands before them, and give the definitions and comments in their order."""
    grammar = GRAMMARS[language]
    errors, plain = _found(language, section, lines)
    if errors and grammar.in_class:
        errors_in_class, in_class = _found(language, CLASS, lines)
        if errors_in_class < errors:
            return in_class
    return plain


def _found(language: str, before: str, lines: Sequence[str]) -> tuple[int, tuple[Found, ...]]:
    parser, query = _tools(language)
    text = "\n".join([before, *lines]).replace("\0", " ")
    tree = parser.parse(text.encode("utf-8", "replace"))
    all_found: list[Found] = []
    errors = 0
    for _, captures in QueryCursor(query).matches(tree.root_node):
        errors += sum(node.end_byte - node.start_byte for node in captures.get("error", ()))
        all_found += _read(captures)
    return errors, tuple(sorted(all_found, key=lambda one: (one.start, -one.end)))


@cache
def _tools(language: str) -> tuple[Parser, Query]:
    grammar = GRAMMARS[language]
    loaded = Language(getattr(import_module(grammar.module), grammar.function)())
    return Parser(loaded), Query(loaded, grammar.query + ERRORS)


def _read(captures: dict[str, list[Node]]) -> Iterator[Found]:
    names, owners = captures.get("name", ()), captures.get("owner", ())
    for kind in ("leaf", "type", "scope", "comment"):
        for node in captures.get(kind, ()):
            name_row = names[0].start_point[0] if names else node.start_point[0]
            named = (_text(names[0]) if names else "", _text(owners[0]) if owners else "")
            yield Found(node.start_point[0] - 1, node.end_point[0] - 1, name_row - 1, kind, *named, node.start_point[1])


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
