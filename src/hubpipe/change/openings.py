"""Turn a hunk's section and lines into the code that may stand before them."""

import re
from collections.abc import Iterator, Sequence

from hubpipe.change.languages import GRAMMARS, Grammar

SECTION_LENGTH = 200
# What a section's line says that is of no grammar of ours: only a word that defines tells a name.
DEFINES = re.compile(
    r"\b(?:def|class|fun|func|function|fn|struct|enum|trait|interface|impl|module|object|sub|proc)\s+"
    r"(?:\([^()]{0,99}\)\s+)?([^\W\d]\w*)"
)
# What a hunk from the middle of a class, or of a method of one, is read in; the name is no symbol.
PLACEHOLDER = "_"
CLASS = "class _ {"
METHOD_OF_PYTHON = re.compile(r"([ \t]*)(?:async\s+)?def\s+\w+\s*\(\s*(?:self|cls)\b")
# Classes' members stand no deeper.
MEMBER_DEPTH = 4
MOST_OPENED = 12
# `main(int argc, char **argv)`: where its type stands on the line above.
UNTYPED = re.compile(r"[a-z_]\w*\s*\((?:void\)|[^()]*\w[ *]+\w)")
INDENT = re.compile(r"[ \t]*")
TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|//.*|/\*.*?\*/')
SIGNS = re.compile(r"[{}()\[\]]")
BEGINS = re.compile(r"^\s*(?:class|module|def|if|unless|while|until|case|begin|for)\b|\bdo\b\s*(?:\|[^|]*\|\s*)?$")
ENDS = re.compile(r"\s*end\b")
ENDS_ITSELF = re.compile(r"\S\s*;\s*end\b|^\s*def\b[^=#]*\)\s+=")
STATEMENT = re.compile(r"([)\]])(?=\})")
PAIRS = {")": "(", "]": "[", "}": "{"}
CLOSERS = {opener: closer for closer, opener in PAIRS.items()}


def named_by_word(section: str) -> str:
    """Give the name behind a section's defining word; empty where there is none."""
    match = DEFINES.search(section[:SECTION_LENGTH])
    return match[1] if match is not None else ""


def opened(language: str, section: str) -> list[str]:
    """Write a section's line so that what follows can stand in it: Git cuts it off, and a brace may come later."""
    section = section[:SECTION_LENGTH].replace("\r", " ").replace("\0", " ").strip()
    grammar = GRAMMARS[language]
    if not section or section.endswith(";"):
        return []
    _, open_ones = unmatched([section])
    closed = section.rstrip(", \t") + closing([sign for sign in open_ones if sign != "{"])
    if language == "python":
        return [section] if section.endswith(":") else list(dict.fromkeys([closed + ":", section]))
    if not grammar.braces or open_ones[-1:] == ["{"]:
        return [section]
    typed = ["int " + closed + " {"] if language in {"c", "cpp"} and UNTYPED.match(closed) else []
    return [closed + " {", *typed, section]


def openings(language: str, section: str, lines: Sequence[str]) -> Iterator[list[str]]:
    """Give what may stand before a hunk's lines, the likeliest first."""
    heads = opened(language, section) if section else []
    if language == "python":
        for head in heads or [""]:
            yield from _indented(head, lines)
        return
    if language == "ruby":
        yield from _begun(heads, lines)
        return
    grammar = GRAMMARS[language]
    missing = unmatched([line for line in lines if line[:1] not in PAIRS])[0] if grammar.braces else []
    if len(missing) > MOST_OPENED:
        return
    for head in heads or [""]:
        yield from ([" ".join(filter(None, [head, *inner]))] for inner in _inner(grammar, missing))
    if grammar.method:
        # A section that is a method's own line, or none: the class around it is not known.
        own = [head for head in heads if missing] or [""]
        yield from (
            [" ".join(filter(None, [CLASS, head, *inner]))] for head in own for inner in _inner(grammar, missing)
        )


def _begun(heads: Sequence[str], lines: Sequence[str]) -> Iterator[list[str]]:
    """Begin what Ruby's lines end, in a method where there is one."""
    missing = min(MOST_OPENED, unended([line for line in lines if not line.startswith("end")])[0])
    yield [*heads, *["begin"] * missing]
    if missing:
        yield [*heads, "def _", *["begin"] * (missing - 1)]


def _inner(grammar: Grammar, missing: Sequence[str]) -> Iterator[list[str]]:
    """Open what the lines close, in a method and outside of one.

    Where a statement may pass for a method, as JavaScript's `if (a) {` does, the inside of a method comes first.
    """
    plain = _blocks(missing)
    ways = [plain]
    if grammar.method:
        outer = [[grammar.method, *_blocks(missing[:-1])]] if missing[-1:] == ["}"] else []
        ways = [*outer, plain, [grammar.method, *plain]]
        if grammar.statements_first:
            ways = [[grammar.method, *plain], *outer, plain]
    yield from ways


def _blocks(missing: Sequence[str]) -> list[str]:
    """Open, from the outside in, what closing signs ask for."""
    opened = []
    for outer, sign in zip(["", *reversed(missing)], reversed(missing), strict=False):
        opened.append("_(" if sign == ")" else "[" if sign == "]" else "function () {" if outer == ")" else "{")
    return opened


def unmatched(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the signs that lines close without having opened them, and those that they leave open."""
    closed: list[str] = []
    open_ones: list[str] = []
    for line in lines:
        for sign in SIGNS.findall(TEXTS.sub("", line)):
            if sign not in PAIRS:
                open_ones.append(sign)
            elif open_ones and open_ones[-1] == PAIRS[sign]:
                open_ones.pop()
            elif not open_ones:
                closed.append(sign)
    return closed, open_ones


def unended(lines: Sequence[str]) -> tuple[int, int]:
    """Count what Ruby's lines end without having begun it, and what they leave without its end."""
    closed = open_ones = 0
    for line in lines:
        open_ones += len(BEGINS.findall(line)) - len(ENDS_ITSELF.findall(line))
        if ENDS.match(line):
            closed, open_ones = (closed, open_ones - 1) if open_ones > 0 else (closed + 1, 0)
    return closed, max(0, open_ones)


def closing(open_ones: Sequence[str]) -> str:
    """Close what is open, the innermost first; a statement ends before its block does."""
    closers = "".join(CLOSERS[sign] for sign in reversed(open_ones))
    return STATEMENT.sub(r"\1;", closers)


def remark_rows(lines: Sequence[str]) -> int:
    """Count the lines up to the end of a comment that began before them."""
    for row, line in enumerate(lines):
        if "/*" in line:
            return 0
        if line.rstrip().endswith("*/"):
            return row + 1
    return 0


def _indented(head: str, lines: Sequence[str]) -> Iterator[list[str]]:
    """Open a level for each depth that Python's lines fall back to, below the section's."""
    depths = [match.group() for line in lines if line.strip() and (match := INDENT.match(line))]
    levels: list[str] = []
    for depth in depths:
        if not levels or len(depth) < len(levels[-1]):
            levels.append(depth)
    levels = [level for level in levels if level][:MOST_OPENED]
    methods = [match for match in map(METHOD_OF_PYTHON.match, lines) if match]
    is_method = bool(methods or METHOD_OF_PYTHON.match(head)) and not head.startswith("class")
    tab = "\t" if levels and levels[-1].startswith("\t") else " " * MEMBER_DEPTH
    tab = min((match[1] for match in methods if match[1]), key=len, default=tab)
    before = ["class _:", tab + head] if is_method and head else [head or "if _:"]
    deep = bool(levels) and not levels[-1].startswith("\t") and len(levels[-1]) > MEMBER_DEPTH
    if head.startswith("class") and (deep or levels[-1:] == ["\t\t"]):
        levels.append(tab)
    opened_levels = [level for level in levels[:0:-1] if not (is_method and head and level == tab)]
    words = ["def _():"] if head.startswith("class") else ["if _:"]
    inside = [level + (words[0] if index == 0 else "if _:") for index, level in enumerate(opened_levels)]
    yield [*before, *inside]
