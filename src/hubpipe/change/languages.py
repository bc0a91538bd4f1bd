"""Turn the lines of a hunk into a syntax tree's definitions and comments, in the languages that tree-sitter knows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal, TypeAlias

from tree_sitter import Language, Node, Parser, Tree

Kind: TypeAlias = Literal["leaf", "type", "scope", "comment"]


def _kinds(leaf: str, type_: str, comment: str = "comment", scope: str = "") -> Mapping[str, Kind]:
    """Tell of a grammar's nodes what they are to us.

    A `leaf` holds no symbols that matter outside of it, a `type` does, a `scope` only gives its name to what it holds.
    """
    groups: dict[Kind, str] = {"leaf": leaf, "type": type_, "comment": comment, "scope": scope}
    return {node: kind for kind, nodes in groups.items() for node in nodes.split()}


PYTHON = _kinds("function_definition", "class_definition", "comment expression_statement")
JAVASCRIPT_LEAVES = "function_declaration generator_function_declaration method_definition variable_declarator"
JAVASCRIPT = _kinds(JAVASCRIPT_LEAVES, "class_declaration")
TYPESCRIPT = _kinds(
    f"{JAVASCRIPT_LEAVES} function_signature abstract_method_signature type_alias_declaration",
    "class_declaration abstract_class_declaration interface_declaration enum_declaration",
)
GO = _kinds("function_declaration method_declaration", "type_spec")
RUST = _kinds(
    "function_item function_signature_item macro_definition type_item",
    "struct_item enum_item union_item trait_item",
    "line_comment block_comment",
    "impl_item",
)
JAVA = _kinds(
    "method_declaration constructor_declaration",
    "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration",
    "line_comment block_comment",
)
C = _kinds("function_definition type_definition", "struct_specifier union_specifier enum_specifier")
CPP = _kinds("function_definition type_definition", "struct_specifier union_specifier enum_specifier class_specifier")
C_SHARP = _kinds(
    "method_declaration constructor_declaration property_declaration local_function_statement delegate_declaration",
    "class_declaration interface_declaration struct_declaration record_declaration enum_declaration",
)
RUBY = _kinds("method singleton_method", "class module")
PHP = _kinds(
    "function_definition method_declaration",
    "class_declaration interface_declaration trait_declaration enum_declaration",
)
FUNCTIONS = frozenset({"arrow_function", "function_expression", "function"})
# `int *name(void)`: a C declarator wraps the name in its type.
DEEPEST_DECLARATOR = 8
# What a hunk from the middle of a class, or of a method of one, is read in where it cannot be read as it stands; the
# name is no symbol.
PLACEHOLDER = "_"
CLASS = "class _ {"
MOST_CLOSED = 50
INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Grammar:
    """A tree-sitter grammar: its module and function, what its nodes are, how a method begins that needs a class."""

    module: str
    function: str
    kinds: Mapping[str, Kind]
    braces: bool = True
    method: str = ""


GRAMMARS = {
    "python": Grammar("tree_sitter_python", "language", PYTHON, braces=False),
    "javascript": Grammar("tree_sitter_javascript", "language", JAVASCRIPT, method="_() {"),
    "typescript": Grammar("tree_sitter_typescript", "language_typescript", TYPESCRIPT, method="_() {"),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", TYPESCRIPT, method="_() {"),
    "go": Grammar("tree_sitter_go", "language", GO),
    "rust": Grammar("tree_sitter_rust", "language", RUST),
    "java": Grammar("tree_sitter_java", "language", JAVA, method="void _() {"),
    "c": Grammar("tree_sitter_c", "language", C),
    "cpp": Grammar("tree_sitter_cpp", "language", CPP),
    "c_sharp": Grammar("tree_sitter_c_sharp", "language", C_SHARP, method="void _() {"),
    "ruby": Grammar("tree_sitter_ruby", "language", RUBY, braces=False),
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
    grammar = GRAMMARS[language]
    text = "\n".join([*before, *lines]).replace("\0", " ")
    opened = text.count("{") - text.count("}") if grammar.braces else 0
    if opened > 0:
        # A hunk ends where it ends: what it leaves open is closed, or the grammar gives up on all that is around.
        text += "\n" + "}" * min(MOST_CLOSED, opened)
    tree = _parser(language).parse(text.encode("utf-8", "replace"))
    every: list[Found] = []
    errors = 0
    for node in _nodes(tree):
        if node.type == "ERROR":
            errors += node.end_byte - node.start_byte
        kind = grammar.kinds.get(node.type)
        if kind is not None:
            every += _read(node, kind, len(before))
    return errors, tuple(every)


def _nodes(tree: Tree) -> Iterator[Node]:
    """Walk a tree from the outside in: tree-sitter's own queries take quadratic time where it is deep."""
    cursor = tree.walk()
    down = True
    while True:
        if down and cursor.node is not None:
            yield cursor.node
        if down and cursor.goto_first_child():
            continue
        down = cursor.goto_next_sibling()
        if not down and not cursor.goto_parent():
            return


@cache
def _parser(language: str) -> Parser:
    grammar = GRAMMARS[language]
    return Parser(Language(getattr(import_module(grammar.module), grammar.function)()))


def _read(node: Node, kind: Kind, shift: int) -> Iterator[Found]:
    named = None if kind == "comment" else _named(node)
    if named is None and (kind != "comment" or not _is_remark(node)):
        return
    start = node.start_point
    yield Found(
        start=start[0] - shift,
        end=node.end_point[0] - shift,
        name_row=(start if named is None else named.start_point)[0] - shift,
        kind=kind,
        name=_text(named),
        owner=_text(_receiver(node)),
        column=start[1],
        first=node.start_byte,
        last=node.end_byte,
    )


def _is_remark(node: Node) -> bool:
    """Tell a comment, or a string that stands for itself as Python's docstrings do, from another statement."""
    inside = node.named_children if node.type == "expression_statement" and node.named_child_count == 1 else ()
    return node.type != "expression_statement" or any(child.type == "string" for child in inside)


def _named(node: Node) -> Node | None:
    """Give the node of a definition's name; None where it defines nothing: a mere mention, a plain variable."""
    if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return None
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        if value is None or value.type not in FUNCTIONS:
            return None
    if node.type == "impl_item":
        return node.child_by_field_name("type")
    return node.child_by_field_name("name") or _declared(node)


def _declared(node: Node) -> Node | None:
    found: Node | None = node
    for _ in range(DEEPEST_DECLARATOR):
        inner = found.child_by_field_name("declarator") if found is not None else None
        if inner is None and found is not None and found.type == "reference_declarator":
            inner = found.named_children[0] if found.named_child_count == 1 else None
        if inner is None:
            break
        found = inner
    return found if found is not node else None


def _receiver(node: Node) -> Node | None:
    """Give the type that a Go method belongs to."""
    receiver = node.child_by_field_name("receiver") if node.type == "method_declaration" else None
    inside = receiver.named_children[:1] if receiver is not None and receiver.named_child_count == 1 else []
    return inside[0].child_by_field_name("type") if inside else None


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
