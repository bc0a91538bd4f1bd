"""Turn the path filters of GitHub's workflows into answers whether a path is chosen.

The syntax is that of
https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions#filter-pattern-cheat-sheet
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

EMPTY = "the pattern is empty"
ONLY_NOT = "only `!`: say behind it what is not meant"
ONLY_NEGATIVE = "the pattern begins with `!!`: one is enough"
BACKSLASH = "a backslash: the folders of a path are parted by `/`"
NEVER_ROOT = "a path begins with no `/`, so this never matches: leave it out"
NEVER_HERE = "a path begins with no `./`, so this never matches: leave it out"
UNCLOSED = "`[` without a `]` behind it"
EMPTY_CLASS = "`[]` holds no character"
BAD_RANGE = "the range `{range}` is none: ranges go from small to large, in a-z, A-Z or 0-9"
NOTHING_BEFORE = "`{sign}` stands behind no character that it could be about"

TOKEN = re.compile(
    r"(?P<folders>(?:(?<=/)|(?<![\s\S]))\*{2,}/)|(?P<any>\*{2,})|(?P<name>\*)|(?P<one>\[[^\]]+\]|[\s\S])"
)
RANGE = re.compile(r"[a-zA-Z0-9]-[a-zA-Z0-9]")
COUNTS = "?+"


@dataclass(frozen=True)
class _Glob:
    """A pattern as a machine whose states are bits: all of them move at once, so that no path is slow.

    By character: `steps` holds the states that go on to the next, `stays` those that also remain; `others` remain
    whatever the character is. `skips` may be passed over, `leaps` may be passed over with the state behind them.
    """

    steps: Mapping[str, int]
    stays: Mapping[str, int]
    others: int
    skips: int
    leaps: int
    end: int

    def matches(self, path: str) -> bool:
        """Tell whether the pattern matches the whole path."""
        states = self._closed(1)
        for char in path:
            stays = states & (self.stays.get(char, 0) if char in self.stays else self.others)
            states = self._closed(((states & self.steps.get(char, 0)) << 1) | stays)
            if not states:
                return False
        return bool(states & self.end)

    def _closed(self, states: int) -> int:
        while True:
            more = states | ((states & self.skips) << 1) | ((states & self.leaps) << 2)
            if more == states:
                return states
            states = more


@dataclass(frozen=True)
class _State:
    """One place in a pattern: the characters that lead on, those on which it remains, what may be passed over."""

    steps: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()
    stays_on: str = ""
    skip: bool = False
    leap: bool = False


ANY, NAME = "any", "name"


def chosen(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether `paths` with these patterns chooses a path: the last pattern that matches says so, or not."""
    for pattern in reversed(patterns):
        if _compiled(pattern.removeprefix("!")).matches(path):
            return not pattern.startswith("!")
    return False


def ignored(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether `paths-ignore` with these patterns leaves a path out."""
    return chosen(path, patterns)


def problem(pattern: str) -> str | None:
    """Say in words why a pattern cannot be meant so; None where nothing is wrong."""
    bare = pattern.removeprefix("!")
    faults = {
        EMPTY: not pattern.strip(),
        ONLY_NOT: pattern.strip() == "!",
        ONLY_NEGATIVE: bare.startswith("!"),
        BACKSLASH: "\\" in bare,
        NEVER_ROOT: bare.startswith("/"),
        NEVER_HERE: bare.startswith("./"),
    }
    return next((fault for fault, holds in faults.items() if holds), None) or _fault_inside(bare)


def _fault_inside(pattern: str) -> str | None:
    before = ""
    for match in TOKEN.finditer(pattern):
        part = match.group()
        if part == "[":
            return EMPTY_CLASS if pattern.startswith("[]", match.start()) else UNCLOSED
        if part in COUNTS and (not before or before in COUNTS or before.startswith("*") or before == "/"):
            return NOTHING_BEFORE.format(sign=part)
        bad = next((span for span in RANGE.findall(part) if not _is_range(span)), None)
        if len(part) > 1 and part.startswith("[") and bad:
            return BAD_RANGE.format(range=bad)
        before = part
    return None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> _Glob:
    states = list(_states([(match.lastgroup or "", match.group()) for match in TOKEN.finditer(pattern)]))
    known = {char for state in states for char in state.steps | state.stays} | {"/"}
    return _Glob(
        steps={char: _bits(char in state.steps for state in states) for char in known},
        stays={char: _bits(_stays(state, char) for state in states) for char in known},
        others=_bits(bool(state.stays_on) for state in states),
        skips=_bits(state.skip for state in states),
        leaps=_bits(state.leap for state in states),
        end=1 << len(states),
    )


def _states(tokens: Sequence[tuple[str, str]]) -> Iterator[_State]:
    for index, (kind, token) in enumerate(tokens):
        count = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if kind == "folders":
            yield _State(skip=True, leap=True)
            yield _State(steps=frozenset("/"), stays_on=ANY)
        elif kind in {ANY, NAME}:
            yield _State(skip=True, stays_on=kind)
        elif token not in COUNTS or index == 0:
            chars = _characters(token)
            yield _State(chars, chars if count == "+" else frozenset(), skip=count == "?")


def _stays(state: _State, char: str) -> bool:
    return char in state.stays or state.stays_on == ANY or (state.stays_on == NAME and char != "/")


def _characters(token: str) -> frozenset[str]:
    """Give the characters that a token means; a range that is none is taken by its letters."""
    if len(token) == 1:
        return frozenset(token)
    inside = token[1:-1]
    ranges = [part for part in RANGE.findall(inside) if _is_range(part)]
    spans = {chr(code) for part in ranges for code in range(ord(part[0]), ord(part[2]) + 1)}
    return frozenset(spans | set(RANGE.sub(lambda part: "" if _is_range(part.group()) else part.group(), inside)))


def _is_range(part: str) -> bool:
    kinds = (str.isdigit, str.islower, str.isupper)
    return part[0] <= part[2] and any(kind(part[0]) and kind(part[2]) for kind in kinds)


def _bits(holds: Iterator[bool]) -> int:
    return sum(1 << index for index, held in enumerate(holds) if held)
