"""Turn the hunks of a file into the symbols that its change adds, changes and removes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hubpipe.change.files import Hunk, Symbols
from hubpipe.change.languages import language
from hubpipe.change.openings import MEMBER_DEPTH, PLACEHOLDER, named_by_word, opened, remark_rows
from hubpipe.change.patch import sides
from hubpipe.change.syntax import LEAST_CHARGE, TOP, Effort, Found, found, parsed

# A name with its scopes; `?`, `!` and `=` end Ruby's, `~` begins C++'s destructors, `#` JavaScript's private ones.
NAME = re.compile(r"[~#]?[^\W\d][\w$]*(?:::~?[^\W\d]\w*)*[?!=]?|\$[\w$]*")
LONGEST_NAME = 100
SECTION_LENGTH = 200
C_OR_CPP = ".h"
# A line that closes what a section opened, and opens nothing more.
CLOSES = re.compile(r"(?:\}|end\b)(?!.*[{:]\s*$)")


@dataclass
class _Touched:
    """What one side of the hunks touches: definitions whose own line it holds, and those around its lines."""

    own: dict[str, None] = field(default_factory=dict)
    around: dict[str, None] = field(default_factory=dict)


def symbols(path: str, hunks: Sequence[Hunk], effort: Effort) -> Symbols:
    """Tell which functions, classes and the like the hunks touch.

    A definition whose own line is added is added, one whose line is removed removed, both: changed; so is one
    around a line that is added or removed. Languages without a grammar have the names of the sections only.
    """
    known = language(path)
    before, after = _Touched(), _Touched()
    for hunk in hunks:
        if known is None:
            _add_section(named_by_word(hunk.section), after)
            continue
        one, other, sure = _read(known, hunk, effort)
        if not sure and path.lower().endswith(C_OR_CPP):
            one, other, sure = _read("cpp", hunk, effort)
        for touched, every in ((one, before), (other, after)):
            # What is on one side only is new or gone only where the other side could be read.
            every.own |= touched.own if sure or not (hunk.added and hunk.removed) else {}
            every.around |= touched.around
    return _compared(before, after)


def _read(known: str, hunk: Hunk, effort: Effort) -> tuple[_Touched, _Touched, bool]:
    """Read both sides of a hunk, and tell whether all of it could be read."""
    one, other, unsure = _Touched(), _Touched(), effort.unsure + effort.refused
    for lines, touched in zip(sides(hunk), (one, other), strict=True):
        _touch(known, hunk, lines, touched, effort)
    return one, other, effort.unsure + effort.refused == unsure


def _compared(before: _Touched, after: _Touched) -> Symbols:
    added = tuple(name for name in after.own if name not in before.own)
    removed = tuple(name for name in before.own if name not in after.own)
    both = [name for name in before.own if name in after.own]
    changed = dict.fromkeys([*both, *after.around, *before.around])
    named = {*added, *removed}
    holders = {scope for name in (*named, *changed) for scope in _scopes(name)}
    rest = tuple(name for name in changed if name not in named and name not in holders)
    return Symbols(added, rest, removed)


def _scopes(name: str) -> list[str]:
    """Give the names that a name stands in: what is in it is touched, so it need not be named itself."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _add_section(name: str, touched: _Touched) -> None:
    if name:
        touched.around[name] = None


@lru_cache(256)
def _section_name(language: str, section: str) -> str:
    """Give the name that a section's line defines; empty where it does not parse as a definition."""
    for head in opened(language, section[:SECTION_LENGTH]):
        errors, every = parsed(language, [], [head, "    pass" if language == "python" else "", ""])
        named = [name for name, one in _qualified([one for one in every if one.kind not in {"comment", "scope"}])]
        if named and not errors:
            return named[0] if len(named) == 1 else ""
    return ""


def _rows_of_section(lines: Sequence[str]) -> int:
    """Count the lines up to what begins or closes at the margin: the section may hold these only."""
    ends = (row for row, line in enumerate(lines) if TOP.match(line) or CLOSES.match(line))
    return next(ends, len(lines))


def _is_in_remark(lines: Sequence[str]) -> bool:
    """Tell whether lines may begin in a comment, which may stand behind the section's end."""
    return any(line.lstrip().startswith("*") for line in lines) or remark_rows(lines) > 0


def _is_shallow(section: str, lines: Sequence[str]) -> bool:
    """Tell whether Python's lines may stand in a literal at the margin.

    GitHub's section of Python is the last `def` or `class`, whatever stood at the margin since.
    """
    depths = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return not section.startswith("class") and min(depths, default=0) <= MEMBER_DEPTH


def _touch(known: str, hunk: Hunk, lines: Sequence[tuple[str, bool]], touched: _Touched, effort: Effort) -> None:
    rows = {row for row, (text, changed) in enumerate(lines) if changed and text.strip()}
    if not rows:
        return
    texts = [text for text, _ in lines]
    every = found(known, hunk.section, texts, effort)
    definitions = _qualified([one for one in every if one.kind != "comment"])
    owners = _owners(definitions, len(lines))
    for name, one in definitions:
        if one.name_row in rows and one.kind != "scope":
            touched.own[name] = None
    inside = _rows_of_section(texts)
    remark = remark_rows(texts)
    unsure = _is_in_remark(texts[:inside]) or (known == "python" and _is_shallow(hunk.section, texts[:inside]))
    unsure = unsure or effort.characters < LEAST_CHARGE or all(owners[row] for row in rows)
    section = "" if unsure else _section_name(known, hunk.section)
    for row in sorted(rows):
        owner = owners[row]
        if owner is None:
            if row < inside and not any(one.start <= row for _, one in definitions):
                _add_section(section, touched)
        elif (
            owner[1].name_row not in rows
            and owner[1].kind != "scope"
            and (owner[1].start >= 0 or remark <= row < inside)
        ):
            touched.around[owner[0]] = None


def _qualified(every: Sequence[Found]) -> list[tuple[str, Found]]:
    """Name the definitions with what they stand in; those inside a function are its own business."""
    open_ones: list[tuple[str, Found]] = []
    named = []
    for one in every:
        while open_ones and open_ones[-1][1].last <= one.first:
            open_ones.pop()
        holder = open_ones[-1] if open_ones else None
        if one.name == PLACEHOLDER and one.name_row < 0:
            # A method that stands before the lines: what is defined in it is its own business.
            open_ones += [("", one)] if one.kind == "leaf" else []
            continue
        name = _name(one, holder[0] if holder else "")
        if name is None or (holder is not None and holder[1].kind == "leaf"):
            continue
        named.append((name, one))
        open_ones.append((name, one))
    return named


def _name(one: Found, holder: str) -> str | None:
    """Give a definition's name with its scope; None for what is no identifier, or not the change's own."""
    name = one.name.partition("<")[0].strip()
    owner = one.owner.lstrip("*& ").partition("[")[0].partition("<")[0]
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name) or (owner and not NAME.fullmatch(owner)):
        return None
    scope = owner or holder
    # A name of many scopes is a hostile one: it would grow with every level.
    return f"{scope}.{name}" if scope and len(scope) <= LONGEST_NAME else name


def _owners(definitions: Sequence[tuple[str, Found]], count: int) -> list[tuple[str, Found] | None]:
    """Give for each row the innermost definition around it."""
    owners: list[tuple[str, Found] | None] = []
    stack: list[tuple[str, Found]] = []
    following = iter(definitions)
    coming = next(following, None)
    for row in range(count):
        while coming is not None and coming[1].start <= row:
            stack.append(coming)
            coming = next(following, None)
        while stack and stack[-1][1].end < row:
            stack.pop()
        owners.append(stack[-1] if stack else None)
    return owners
