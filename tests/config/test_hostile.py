"""Configuration files that are made to exhaust, to run something or to be read in two ways."""

import pytest

from hubpipe import config
from hubpipe.config.source import MAX_CHARACTERS, MAX_NODES, read
from hubpipe.errors import ConfigError

HEAD = "version: 1\nflows:\n"
TAGS = (
    "!!python/object/apply:os.system ['id']",
    "!!python/object/new:subprocess.Popen [['id']]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!binary AAAA",
    "!!timestamp 2024-01-01",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!include /etc/passwd",
    "!ENV ${HOME}",
    "!<tag:yaml.org,2002:python/none> a",
)


def laughs(levels: int, width: int = 9) -> str:
    first = f"l0: &l0 [{', '.join(['x'] * width)}]\n"
    return first + "".join(
        f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * width)}]\n" for level in range(1, levels)
    )


BOMBS = {
    "a billion laughs": laughs(10),
    "aliases of mappings": "a: &a {b: 1}\n" + "c: {" + ", ".join(f"k{index}: *a" for index in range(30_000)) + "}\n",
    "an alias of itself": "a: &a [*a]\n",
    "a mapping in itself": "a: &a {b: *a}\n",
    "a long word many times": f"a: &a [{'x' * 100_000}]\nb: [{', '.join(['*a'] * 20_000)}]\n",
    "lists in lists": "[" * 50_000,
    "closed lists in lists": "[" * 20_000 + "]" * 20_000,
    "mappings in mappings": "{a: " * 20_000,
    "dashes": "- " * 60_000,
    "indented mappings": "".join(f"{' ' * depth}a:\n" for depth in range(600)),
    "questions": "? " * 50_000,
    "anchors": "".join(f"k{index}: &a{index} x\n" for index in range(12_000)),
    "too long": "# " + "x" * MAX_CHARACTERS,
    "too many values": "a: [" + "x," * (MAX_NODES + 1) + "]\n",
    "merge keys": "a: &a {b: 1}\nc: {<<: *a}\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "directives": "%YAML 9.9\n---\n" + "%TAG ! tag:x\n" * 1_000,
    "a zero byte": "version: 1\x00\n",
    "half a character": "version: \ud800\n",
    "control characters": "version: \x1b[31m1\n",
    "only a byte order mark": "\ufeff" * 3 + "{",
    "a quotation without end": '"' + "\\" * 99_999,
    "a folded text without end": "a: >\n" + " x\n" * 60_000 + "b: [",
    "a number of digits": f"version: {'9' * 100_000}\n",
    "an infinite number": HEAD + "  a: {on: issues, decide: {threshold: .inf}}\n",
}


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(BOMBS[name], ".github/hubpipe.yml")
    assert caught.value.problems
    assert all(len(problem.message) < 1_000 for problem in caught.value.problems)


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_makes_nothing(tag: str) -> None:
    with pytest.raises(ConfigError, match=r"tag|not valid YAML"):
        read(f"version: {tag}\n", ".github/hubpipe.yml")


@pytest.mark.threat("attack", "input")
def test_what_several_readers_would_understand_differently_is_a_word_here() -> None:
    data = read("a: yes\nb: 0o17\nc: 017\nd: 1_000\ne: 1:30\nf: 2024-01-01\ng: 0x1f\nh: NO\ni: '1'\n", "x").data
    assert data == {
        "a": "yes",
        "b": "0o17",
        "c": 17,
        "d": "1_000",
        "e": "1:30",
        "f": "2024-01-01",
        "g": "0x1f",
        "h": "NO",
        "i": "1",
    }
