"""Turn the hunks of a file into the symbols that its change adds, changes and removes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from hubpipe.change.files import Hunk, Symbols
from hubpipe.change.languages import language
from hubpipe.change.patch import sides
from hubpipe.change.syntax import PLACEHOLDER, Effort, Found, found, section_name

# A name with its scopes; `?`, `!` and `=` end Ruby's, `~` begins C++'s destructors, `#` JavaScript's private ones.
NAME = re.compile(r"[~#]?[^\W\d][\w$]*(?:::~?[^\W\d]\w*)*[?!=]?|\$[\w$]*")
LONGEST_NAME = 100


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
            _add_section(hunk, after)
            continue
        for lines, touched in zip(sides(hunk), (before, after), strict=True):
            _touch(known, hunk, lines, touched, effort)
    return _compared(before, after)


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


def _add_section(hunk: Hunk, touched: _Touched) -> None:
    name = section_name(hunk.section)
    if name:
        touched.around[name] = None


def _touch(known: str, hunk: Hunk, lines: Sequence[tuple[str, bool]], touched: _Touched, effort: Effort) -> None:
    rows = {row for row, (text, changed) in enumerate(lines) if changed and text.strip()}
    if not rows:
        return
    every = found(known, hunk.section, [text for text, _ in lines], effort)
    definitions = _qualified([one for one in every if one.kind != "comment"])
    owners = _owners(definitions, len(lines))
    for name, one in definitions:
        if one.name_row in rows and one.kind != "scope":
            touched.own[name] = None
    for row in sorted(rows):
        owner = owners[row]
        if owner is None:
            if not any(one.start <= row for _, one in definitions):
                _add_section(hunk, touched)
        elif owner[1].name_row not in rows and owner[1].kind != "scope":
            touched.around[owner[0]] = None


def _qualified(every: Sequence[Found]) -> list[tuple[str, Found]]:
    """Name the definitions with what they stand in; those inside a function are its own business."""
    open_ones: list[tuple[str, Found]] = []
    named = []
    for one in every:
        while open_ones and open_ones[-1][1].last <= one.first:
            open_ones.pop()
        holder = open_ones[-1] if open_ones else None
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
    if (
        name == PLACEHOLDER
        or len(name) > LONGEST_NAME
        or not NAME.fullmatch(name)
        or (owner and not NAME.fullmatch(owner))
    ):
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
