"""The symbols that a change touches, in each language, from hunks alone; and what hostile text costs."""

import re
import time
from pathlib import Path

import pytest

from hubpipe import change
from hubpipe.change import FileChange, Symbols
from hubpipe.event import ChangedFile

HUNKS = Path(__file__).parent / "hunks"
TOUCHED = {
    "reader.py": Symbols(("Reader.close", "parse_row"), ("Reader.read",), ("Reader.old",)),
    "cart.js": Symbols(("Cart.addItem",), ("Cart.total",)),
    "View.jsx": Symbols(("View",)),
    "cart.ts": Symbols(("addItem",), ("total",)),
    "props.tsx": Symbols(("Props", "View")),
    "reader.go": Symbols(("Reader.Close",), ("Reader.Read",)),
    "reader.rs": Symbols(("Reader.close", "Row"), ("Reader.read",)),
    "Reader.java": Symbols(("Reader.make",), ("Reader.read",)),
    "reader.c": Symbols(("name_of",), ("read_all",)),
    "reader.cpp": Symbols(("Reader::close", "Row", "Row.q")),
    "Service.cs": Symbols(("Service.GetAsync",)),
    "reader.rb": Symbols(("Reader.open?",), ("Reader.read",)),
    "reader.php": Symbols(("Reader.close",)),
    "main.kt": Symbols((), ("main",)),
    "main.unknown": Symbols(),
}


def read(path: str, section: str, lines: str) -> FileChange:
    before, after = (len(re.findall(f"^[ {sign}]", lines, re.MULTILINE)) for sign in "-+")
    patch = f"@@ -10,{before} +10,{after} @@ {section}\n{lines}"
    return change.read([ChangedFile(path, "modified", 1, 1, patch=patch)], "").files[0]


@pytest.mark.parametrize("path", TOUCHED)
def test_each_language_tells_what_is_added_changed_and_removed(path: str) -> None:
    patch = (HUNKS / f"{path}.patch").read_text()
    [file] = change.read([ChangedFile(path, "modified", 1, 1, patch=patch)], "").files
    assert file.symbols == TOUCHED[path]


def test_a_definition_whose_own_line_changes_is_changed() -> None:
    assert read("a.py", "", "-def read(a):\n+def read(a, b):\n     pass\n").symbols == Symbols((), ("read",))


def test_what_stands_in_a_function_is_its_own_business() -> None:
    lines = "+def outer():\n+    def inner():\n+        pass\n+    return inner\n"
    assert read("a.py", "", lines).symbols == Symbols(("outer",))


def test_a_line_of_no_definition_belongs_to_the_section() -> None:
    assert read("a.py", "def load(path):", "     a = 1\n+    b = 2\n").symbols == Symbols((), ("load",))


@pytest.mark.parametrize(
    "section", ["LINE = re.compile(", "app.register(a)", "if ready(a):", "", "(" * 500, "x" * 5000]
)
def test_a_section_that_defines_nothing_names_nothing(section: str) -> None:
    assert read("a.unknown", section, "     a = 1\n+    b = 2\n").symbols == Symbols()
    assert read("a.py", section, "     a = 1\n+    b = 2\n").symbols == Symbols()


def test_a_class_of_many_lines_keeps_its_name_throughout() -> None:
    methods = "".join(f"+    def method_{index}(self):\n+        return {index} + self.total\n" for index in range(300))
    symbols = read("a.py", "", "+class Big:\n" + methods).symbols
    assert symbols.added[0] == "Big"
    assert {f"Big.method_{index}" for index in range(300)} <= set(symbols.added)
    assert symbols.changed == ()


def test_names_that_are_no_identifiers_are_dropped() -> None:
    assert read("a.js", "", "+class A { 'x y'() {} [z]() {} \"`@all\"() {} ok() {} }\n").symbols == Symbols(
        ("A", "A.ok")
    )


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.go", "a.c", "a.rs", "a.cs", "a.rb"])
@pytest.mark.parametrize("piece", ["/*\n", "{", "(", '"', "class A { ", "%w(", "xy /* ", "=begin\n"])
def test_hostile_code_costs_little(path: str, piece: str) -> None:
    text = piece * (90_000 // len(piece))
    start = time.perf_counter()
    file = read(path, "", "".join(f"+{line}\n" for line in text.split("\n")))
    change.sayings(file)
    assert time.perf_counter() - start < 10
    assert file.hunks
