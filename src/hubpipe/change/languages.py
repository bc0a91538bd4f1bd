"""Turn a file's name into the grammar that tree-sitter has for it, and what the nodes of its trees are to us."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal, TypeAlias

from tree_sitter import Language, Parser

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


@dataclass(frozen=True)
class Grammar:
    """A tree-sitter grammar: its module and function, what its nodes are, how a method begins that needs a class.

    `statements_first` says that a statement may pass for a method where one may stand.
    """

    module: str
    function: str
    kinds: Mapping[str, Kind]
    braces: bool = True
    method: str = ""
    statements_first: bool = False


GRAMMARS = {
    "python": Grammar("tree_sitter_python", "language", PYTHON, braces=False),
    "javascript": Grammar("tree_sitter_javascript", "language", JAVASCRIPT, method="_() {", statements_first=True),
    "typescript": Grammar(
        "tree_sitter_typescript", "language_typescript", TYPESCRIPT, method="_() {", statements_first=True
    ),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", TYPESCRIPT, method="_() {", statements_first=True),
    "go": Grammar("tree_sitter_go", "language", GO),
    "rust": Grammar("tree_sitter_rust", "language", RUST, method="fn _() {"),
    "java": Grammar("tree_sitter_java", "language", JAVA, method="void _() {"),
    "c": Grammar("tree_sitter_c", "language", C),
    "cpp": Grammar("tree_sitter_cpp", "language", CPP, method="void _() {"),
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


def language(path: str) -> str | None:
    """Tell in which of our languages a file is written, by the end of its name."""
    return ENDS.get(path.lower().rpartition(".")[2])


@cache
def parser(language: str) -> Parser:
    """Load a language's parser, at its first use."""
    grammar = GRAMMARS[language]
    return Parser(Language(getattr(import_module(grammar.module), grammar.function)()))
