"""Turn the lines of a hunk into the definitions and comments in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node, Tree

from hubpipe.change.languages import GRAMMARS, Kind, parser

# tree-sitter's recovery from errors takes quadratic time and memory, and cannot be stopped within
# (https://github.com/tree-sitter/tree-sitter/issues/3538): 20,000 characters of `/*` fill 20 GB. So it gets some at a
# time, nothing that is mostly signs or one long line, and no more where much of it was no code.
MOST_AT_ONCE = 3_000
LONGEST_LINE = 500
MOST_CHARACTERS = 500_000
MOST_FAILURES = 8
CODE = re.compile(r"\w")
BLANK = re.compile(r"\s+")
LEAST_WORDS = 0.5
FEW_CHARACTERS = 500
# Where Git would see a new section begin.
TOP = re.compile(r"[^\W\d]")
# What a section's line says that is of no grammar of ours: a word that defines, or a name before a parenthesis.
SECTION = re.compile(
    r"\b(?:def|class|fun|func|function|fn|struct|enum|trait|interface|impl|module|object|type|sub|proc)\s+(?:\([^()]{0,99}\)\s+)?([^\W\d]\w*)"
    r"|\b([^\W\d]\w*)[ \t]?\("
)
SECTION_LENGTH = 200
STATEMENTS = frozenset({"if", "for", "while", "switch", "return", "elif", "catch", "with", "match", "not", "and", "or"})
CALLED = re.compile(r"[=.(]|\b(?:if|for|while|switch|return|elif|with|match|assert|await|yield)\b")
BRACED = re.compile(r"[{;:]\s{0,9}$")
# What a hunk from the middle of a class, or of a method of one, is read in where it cannot be read as it stands; the
# name is no symbol.
PLACEHOLDER = "_"
CLASS = "class _ {"
MOST_CLOSED = 50
# More than a row has: bytes count on from piece to piece.
BYTES_OF_ROW = 1 << 20
INDENT = re.compile(r"[ \t]*")


FUNCTIONS = frozenset({"arrow_function", "function_expression", "function"})
# `int *name(void)`: a C declarator wraps the name in its type.
DEEPEST_DECLARATOR = 8


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


@dataclass
class Effort:
    """How much may still be parsed: characters, and pieces that turn out to be no code."""

    characters: int = MOST_CHARACTERS
    failures: int = MOST_FAILURES
    refused: int = 0

    def allows(self, text: str) -> bool:
        """Tell whether a piece may be parsed, and count it."""
        if self.failures <= 0 or len(text) > self.characters or _is_mostly_signs(text):
            self.refused += 1
            return False
        self.characters -= len(text)
        return True


def _is_mostly_signs(text: str) -> bool:
    dense = BLANK.sub("", text)
    return len(text) > FEW_CHARACTERS and len(CODE.findall(dense)) < LEAST_WORDS * len(dense)


def section_name(section: str) -> str:
    """Give the name that a section's line is about; empty where there is none."""
    match = SECTION.search(section[:SECTION_LENGTH])
    if match is None:
        return ""
    # `LINE = re.compile(` and `if read(` call what they do not define.
    calls = match[1] is None and (match[2] in STATEMENTS or CALLED.search(section, 0, match.start(2)) is not None)
    return "" if calls else match[1] or match[2]


def found(language: str, section: str, lines: Sequence[str], effort: Effort) -> tuple[Found, ...]:
    """Parse lines, with the section that stands before them, and give the definitions and comments in their order."""
    every: list[Found] = []
    for start, piece, before in _pieces(section, lines):
        if effort.allows("\n".join(piece)):
            every += (_placed(one, start) for one in _best(language, before, piece, effort))
    return tuple(every)


def _pieces(section: str, lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str], str]]:
    """Cut lines into pieces, each with its first row and the section that Git would write over it."""
    start, length, top = 0, 0, section
    bare = ["" if len(line) > LONGEST_LINE else line for line in lines]
    before = section
    for row, line in enumerate(bare):
        begins = TOP.match(line) is not None
        if row > start and (length + len(line) > MOST_AT_ONCE or (begins and length > MOST_AT_ONCE // 2)):
            yield start, bare[start:row], before
            start, length, before = row, 0, top
        top = line if begins else top
        length += len(line) + 1
    yield start, bare[start:], before


def _placed(one: Found, start: int) -> Found:
    """Put what was found in a piece to its place among all lines; a section keeps a row that is none of them."""
    if not start:
        return one
    return replace(
        one,
        start=max(one.start, 0) + start,
        end=one.end + start,
        name_row=one.name_row + start if one.name_row >= 0 else -1,
        first=one.first + start * BYTES_OF_ROW,
        last=one.last + start * BYTES_OF_ROW,
    )


def _best(language: str, section: str, lines: Sequence[str], effort: Effort) -> tuple[Found, ...]:
    """Read lines in the surroundings in which the fewest of them are errors."""
    best: tuple[Found, ...] = ()
    fewest: int | None = None
    for before in _openings(language, section, lines):
        errors, those = _found(language, before, lines)
        if fewest is None or errors < fewest:
            fewest, best = errors, those
        if not errors:
            break
    # Code with a hole in it has errors, too, but not as many.
    effort.failures -= (fewest or 0) > sum(map(len, lines)) // 2
    return best


def _openings(language: str, section: str, lines: Sequence[str]) -> Iterator[list[str]]:
    """Give what may stand before a hunk's lines, the likeliest first."""
    method = GRAMMARS[language].method
    section = _opened(language, section.replace("\r", " "))
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


def _opened(language: str, section: str) -> str:
    """Write a section's line so that what follows can stand in it: Git cuts it off, and a brace may come later."""
    if not GRAMMARS[language].braces or not section_name(section) or BRACED.search(section):
        return section
    return section + ")" * max(0, section.count("(") - section.count(")")) + " {"


def _found(language: str, before: Sequence[str], lines: Sequence[str]) -> tuple[int, tuple[Found, ...]]:
    grammar = GRAMMARS[language]
    text = "\n".join([*before, *lines]).replace("\0", " ")
    opened = text.count("{") - text.count("}") if grammar.braces else 0
    if opened > 0:
        # A hunk ends where it ends: what it leaves open is closed, or the grammar gives up on all that is around.
        text += "\n" + "}" * min(MOST_CLOSED, opened)
    tree = parser(language).parse(text.encode("utf-8", "replace"))
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


def _read(node: Node, kind: Kind, shift: int) -> Iterator[Found]:
    named = None if kind == "comment" else _named(node)
    if named is None and (kind != "comment" or not _is_remark(node)):
        return
    start, end = node.start_point, node.end_point
    # What ends before the first byte of a row ends with the row before: some grammars' comments hold their newline.
    last_row = max(start[0], end[0] - 1) if end[1] == 0 else end[0]
    yield Found(
        start=start[0] - shift,
        end=last_row - shift,
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
