"""Turn a repository's `.gitattributes` into what it says of each path."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import re2
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

# The attributes that GitHub's linguist reads
# (https://github.com/github-linguist/linguist/blob/main/docs/overrides.md), and Git's own that hides a diff.
ATTRIBUTES = frozenset({"linguist-generated", "linguist-vendored", "linguist-documentation", "diff"})
# Git's built-in macro (https://git-scm.com/docs/gitattributes#_using_macro_attributes).
BINARY = {"diff": False, "binary": True}
FALSE = frozenset({"false", "0", "no", "off"})
LINE = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|(\S+))\s+(.*)')
# A pattern becomes a regular expression, and a repository has thousands of paths for it: it runs on an engine that is
# linear in the path, whatever its stars.
QUIET = re2.Options()
QUIET.log_errors = False


@dataclass(frozen=True)
class Rule:
    """A pattern, and what it says of the paths that it matches; None takes back what an earlier rule said."""

    pattern: re2._Regexp
    says: Mapping[str, bool | None]


def rules(text: str) -> tuple[Rule, ...]:
    """Read the rules about what we ask for; a line that is none is passed over, as Git does."""
    found = (_rule(line.strip()) for line in text.split("\n"))
    return tuple(rule for rule in found if rule is not None)


def unread(text: str) -> int:
    """Count the lines that may say something of a file and are not read: own macros, and patterns that are none."""
    return sum(_is_unread(line.strip()) for line in text.split("\n"))


def _is_unread(line: str) -> bool:
    match = LINE.fullmatch(line)
    if match is None or line.startswith(("#", "!")):
        return False
    says = _says(match[3].split())
    return bool(says) and (line.startswith("[attr]") or _compiled(_pattern(match)) is None)


def _rule(line: str) -> Rule | None:
    match = LINE.fullmatch(line)
    if match is None or line.startswith(("#", "!", "[attr]")):
        return None
    pattern = _pattern(match)
    says = _says(match[3].split())
    compiled = _compiled(pattern) if says else None
    return None if compiled is None else Rule(compiled, says)


def _pattern(match: re.Match[str]) -> str:
    return str(match[2]) if match[1] is None else re.sub(r"\\(.)", r"\1", match[1])


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re2._Regexp | None:
    # pathspec's own error is a ValueError, and so is an error of a regular expression's range.
    try:
        compiled = GitIgnoreSpecPattern(pattern)
        return re2.compile(compiled.regex.pattern, QUIET) if compiled.regex is not None else None
    except (ValueError, re.error, re2.error):
        return None


def _says(words: Sequence[str]) -> dict[str, bool | None]:
    says: dict[str, bool | None] = {}
    for word in words:
        if word == "binary":
            says |= BINARY
            continue
        name, equals, value = word.lstrip("-!").partition("=")
        if name in ATTRIBUTES:
            off = word.startswith("-") or bool(equals and value.lower() in FALSE)
            says[name] = None if word.startswith("!") else not off
    return says


def said(path: str, rules: Sequence[Rule]) -> Mapping[str, bool | None]:
    """Tell which attributes are set (True) and unset (False) for a path; the last rule that matches wins."""
    says: dict[str, bool | None] = {}
    path = path.encode("utf-8", "replace").decode("utf-8")
    for rule in rules:
        if _matches(rule.pattern, path):
            says |= rule.says
    return says


def _matches(pattern: re2._Regexp, path: str) -> bool:
    """Tell whether a pattern matches the path itself: unlike in `.gitignore`, a folder's match is not its files'."""
    found = pattern.search(path)
    return found is not None and not found.groupdict().get("ps_d")
