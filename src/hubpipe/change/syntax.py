"""Turn the lines of a hunk into the definitions and comments in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node, Tree

from hubpipe.change.languages import GRAMMARS, Kind, parser
from hubpipe.change.openings import closing, openings, remark_rows, unended, unmatched

# tree-sitter's recovery from errors takes quadratic time and memory, and cannot be stopped within
# (https://github.com/tree-sitter/tree-sitter/issues/3538): 20,000 characters of `/*` fill 20 GB. So it gets some at a
# time, nothing that is mostly signs or one long line, and no more where much of it was no code.
MOST_AT_ONCE = 3_000
LONGEST_LINE = 500
MOST_CHARACTERS = 500_000
MOST_FAILURES = 8
# A piece of a few characters costs, too: it is read in several surroundings.
LEAST_CHARGE = 100
CODE = re.compile(r"\w")
BLANK = re.compile(r"\s+")
LEAST_WORDS = 0.5
FEW_CHARACTERS = 500
# Where Git would see a new section begin; a label, as `out:` and `public:`, ends none.
TOP = re.compile(r"(?!\w{1,80}:\s*(?:$|/))[^\W\d$]|\$\w")
MOST_CLOSED = 50
# More than a row has: bytes count on from piece to piece.
BYTES_OF_ROW = 1 << 20
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
    """How much may still be parsed: characters, and pieces that turn out to be no code.

    `refused` counts the pieces that were not parsed, `unsure` those that could not be read without an error.
    """

    characters: int = MOST_CHARACTERS
    failures: int = MOST_FAILURES
    refused: int = 0
    unsure: int = 0

    def allows(self, text: str) -> bool:
        """Tell whether a piece may be parsed, and count it."""
        if self.failures <= 0 or len(text) > self.characters or _is_mostly_signs(text):
            self.refused += 1
            return False
        self.characters -= max(len(text), LEAST_CHARGE)
        return True


def _is_mostly_signs(text: str) -> bool:
    dense = BLANK.sub("", text)
    return len(text) > FEW_CHARACTERS and len(CODE.findall(dense)) < LEAST_WORDS * len(dense)


def found(language: str, section: str, lines: Sequence[str], effort: Effort) -> tuple[Found, ...]:
    """Parse lines, with the section that stands before them, and give the definitions and comments in their order."""
    every: list[Found] = []
    for start, piece, before in _pieces(section, lines):
        if effort.allows("\n".join(piece)):
            every += (_placed(one, start) for one in _best(language, before, piece, effort))
    return tuple(every)


def _pieces(section: str, lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str], str]]:
    """Cut lines into pieces, each with its first row and the section that Git would write over it.

    What begins at the margin ends the section: from there on nothing stands before the lines.
    """
    start, length, top = 0, 0, section
    bare = ["" if len(line) > LONGEST_LINE else line for line in lines]
    before, inside = section, True
    for row, line in enumerate(bare):
        begins = TOP.match(line) is not None
        full = length + len(line) > MOST_AT_ONCE or (begins and length > MOST_AT_ONCE // 2)
        if row > start and (full or (begins and inside)):
            yield start, bare[start:row], before
            start, length, before = row, 0, "" if begins else top
        if begins:
            before, inside = "" if row == start else before, False
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
    """Read lines in the surroundings in which none of them is an error.

    Where there are no such, nothing is known of what they define; their comments are those of the best reading.
    """
    best: tuple[Found, ...] = ()
    fewest: int | None = None
    at_margin = TOP.match(next((line for line in lines if line.strip()), "")) is not None
    remark = remark_rows(lines) if GRAMMARS[language].braces else 0
    code = [*[""] * remark, *lines[remark:]]
    for opening in [[]] if at_margin and not section else openings(language, section, code):
        before = [*opening, "/*"] if remark else opening
        errors, those = parsed(language, before, lines)
        if not errors:
            return those
        if fewest is None or errors < fewest:
            fewest, best = errors, those
    effort.unsure += 1
    # Code with a hole in it has errors, too, but not as many.
    effort.failures -= (fewest or 0) > sum(map(len, lines)) // 2
    return tuple(one for one in best if one.kind == "comment")


def parsed(language: str, before: Sequence[str], lines: Sequence[str]) -> tuple[int, tuple[Found, ...]]:
    """Parse lines behind others; give the bytes that are errors, and the definitions and comments.

    A hunk ends where it ends: what is wrong at its last line only is no error.
    """
    grammar = GRAMMARS[language]
    text = "\n".join([*before, *lines]).replace("\0", " ")
    # What is left open is closed, or the grammar gives up on all that is around.
    ends = _ends(language, text.split("\n"))
    tree = parser(language).parse(f"{text}\n{ends}".encode("utf-8", "replace"))
    last = len(before) + len(lines) - 1
    every: list[Found] = []
    errors = 0
    for node in _nodes(tree):
        if (node.type == "ERROR" or node.is_missing) and node.start_point[0] < last:
            errors += max(1, node.end_byte - node.start_byte)
        kind = grammar.kinds.get(node.type)
        if kind is not None:
            every += _read(node, kind, len(before))
    # What is closed behind the lines ends with them.
    return errors, tuple(replace(one, end=min(one.end, len(lines) - 1)) for one in every)


def _ends(language: str, lines: Sequence[str]) -> str:
    if language == "ruby":
        return "end\n" * min(MOST_CLOSED, unended(lines)[1])
    return closing(unmatched(lines)[1][-MOST_CLOSED:]) if GRAMMARS[language].braces else ""


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
