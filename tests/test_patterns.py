"""No regular expression of hubpipe's explodes, and none is written by a user or a stranger."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from regexploit.ast.sre import SreOpParser
from regexploit.redos import find

import hubpipe
from hubpipe import config
from hubpipe.errors import ConfigError

SOURCE = Path(hubpipe.__file__).parent
# Where a pattern is put together at run time, and why no text of others is in it.
PUT_TOGETHER = {
    "config/source.py": "the words of YAML's core schema, in the line above",
    "models/learned/explain.py": "a word of the text itself, escaped",
    "models/learned/traits.py": "our own table",
    "models/remote/hints.py": "the key, escaped",
    "models/spacy.py": "our own table",
    "redaction/forms.py": "our own table",
    "redaction/services.py": "our own table",
    "render/neutral.py": "our own constants",
    "text/noise.py": "our own constants",
}
CALLS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
BOMB = "(a+)+$"
EVERY_PATTERN = f"""\
version: 1
flows:
  a:
    on: {{pull_request_target: [opened], issues: [opened]}}
    paths: ["{BOMB}", "**/**/**/**/a"]
    each: file
    pipeline: {{task: zero-shot-classification, model: "fake:", labels: ["{BOMB}", b]}}
    publish: labels
"""


class Parser(SreOpParser):  # type: ignore[misc]
    """Reads Python 3.11's possessive repeats as usual ones, which are slower."""

    from_POSSESSIVE_REPEAT = SreOpParser.from_MAX_REPEAT  # noqa: N815


def _patterns(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | frozenset) and depth < 3:
        for item in value:
            yield from _patterns(item, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        yield from _patterns(list(value.values()), depth + 1)


def _all() -> dict[str, re.Pattern[Any]]:
    found: dict[str, re.Pattern[Any]] = {}
    for info in pkgutil.walk_packages([str(SOURCE)], "hubpipe."):
        if not info.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(info.name)).items():
                for pattern in _patterns(value):
                    found.setdefault(f"{pattern.pattern!r} {pattern.flags}", pattern)
                    assert name
    return found


@pytest.mark.threat("attack", "input", cases=150)
def test_no_pattern_of_ours_takes_more_than_the_square_of_a_texts_length() -> None:
    patterns = _all()
    assert len(patterns) >= 150
    slow = []
    for name, pattern in patterns.items():
        text, flags = pattern.pattern, pattern.flags
        if isinstance(text, bytes):
            text, flags = text.decode("latin-1"), flags & ~re.UNICODE
        slow += [f"{name}: {found}" for found in find(Parser().parse_sre(text, flags))]
    assert slow == []


def test_the_checker_finds_one_that_explodes() -> None:
    assert list(find(Parser().parse_sre(BOMB, 0)))
    assert list(find(Parser().parse_sre(r"a*a*a*b", 0)))


@pytest.mark.threat("attack", "input")
def test_every_pattern_is_written_in_the_source_or_its_exception_is_named() -> None:
    computed = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _is_of_re(node.func) and not isinstance(node.args[0], ast.Constant):
                computed.add(str(path.relative_to(SOURCE)))
    assert computed == set(PUT_TOGETHER)


def _is_of_re(called: ast.expr) -> bool:
    of_re = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re"
    return of_re and isinstance(called, ast.Attribute) and called.attr in CALLS


@pytest.mark.threat("attack", "input")
def test_no_key_of_the_configuration_takes_a_regular_expression() -> None:
    # Where one would fit, it is a glob or a name: its signs mean themselves, or what a workflow's filters mean.
    flow = config.parse(EVERY_PATTERN, "a.yml").flows["a"]
    assert flow is not None
    assert flow.paths is not None
    assert not config.globs.chosen("a" * 5_000 + "b", flow.paths)
    assert config.globs.chosen("x/a", flow.paths)
    assert not config.globs.chosen("a" * 30 + "!", flow.paths)
    with pytest.raises(ConfigError, match="regex"):
        config.parse(EVERY_PATTERN.replace("each: file", "regex: a"), "a.yml")
