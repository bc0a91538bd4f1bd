"""Turn YAML text into plain data and the line on which each of its keys stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from hubpipe.errors import ConfigError, Problem

Path: TypeAlias = tuple[str | int, ...]

MAX_CHARACTERS = 200_000
MAX_NODES = 20_000  # aliases are followed, so a small file can name a huge tree


@dataclass(frozen=True)
class Source:
    """A configuration file as data, with the 1-based line of every key and list item."""

    file: str
    data: Any
    lines: dict[Path, int]

    def problem(self, path: Path, message: str) -> Problem:
        """Name what is wrong at a path, on its line or that of its nearest parent."""
        if path not in self.lines:
            # A list of one may be written without the list: `pipeline.0.task` then stands at `pipeline.task`.
            path = _without_indices(path)
        place = path
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(self.file, self.lines.get(place), ".".join(str(word) for word in path), message)


class _Yaml12Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: only `true` and `false` are booleans, so that a bare `on:` stays a word."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as in the base class


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,18}", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
):
    _Yaml12Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), ["" if c == "\0" else c for c in _first]
    )

_INT = "tag:yaml.org,2002:int"
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null", "str", "map", "seq")}


def read(text: str, file: str) -> Source:
    """Read one YAML document.

    Raises ConfigError for what is no YAML, a key that stands twice, a tag, or a file too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise _error(file, None, f"the file has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
    try:
        loader = _Yaml12Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Source(file, {}, {(): 1})
        reader = _Reader(file, loader)
        return Source(file, reader.value(node, ()), reader.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _error(file, mark.line + 1 if mark else None, f"not valid YAML: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise _error(file, None, f"not valid YAML: {error}") from error
    except RecursionError as error:
        raise _error(file, None, "the YAML is nested too deeply") from error


class _Reader:
    """Walk a node tree once, keeping values and lines."""

    def __init__(self, file: str, loader: yaml.SafeLoader):
        self.file = file
        self.loader = loader
        self.lines: dict[Path, int] = {}
        self.nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        line = node.start_mark.line + 1
        if self.nodes > MAX_NODES:
            raise _error(self.file, line, f"the file holds more than {MAX_NODES:,} values (are its aliases nested?)")
        if node.tag not in _TAGS:
            raise _error(self.file, line, f"the tag {node.tag!r} is not allowed: write a plain value")
        self._stands(path, line)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, path, index) for index, item in enumerate(node.value)]
        # PyYAML reads YAML 1.1's octal numbers.
        return int(node.value) if node.tag == _INT else self.loader.construct_object(node)

    def _item(self, node: yaml.Node, path: Path, index: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            # `publish: [labels]` means `publish: {labels: {}}`: the word is a key, too.
            self._stands((*path, str(node.value)), node.start_mark.line + 1)
        return self.value(node, (*path, index))

    def _stands(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)
        self.lines.setdefault(_without_indices(path), line)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _error(self.file, line, "a key must be a plain word")
            key = str(key_node.value)
            if key == "<<":
                raise _error(self.file, line, "merge keys are YAML 1.1: write the keys out, or alias the whole mapping")
            if key in seen:
                raise _error(self.file, line, f"the key {key!r} stands twice: keep one of them")
            seen.add(key)
            self._stands((*path, key), line)
            yield key, self.value(value_node, (*path, key))


def _without_indices(path: Path) -> Path:
    return tuple(word for word in path if isinstance(word, str))


def _error(file: str, line: int | None, message: str) -> ConfigError:
    return ConfigError((Problem(file, line, "", message),))
