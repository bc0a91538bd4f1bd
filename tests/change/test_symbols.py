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


@pytest.mark.parametrize(
    ("path", "section", "lines", "touched"),
    [
        (
            "a.c",
            "void one(int a) {",
            " void two(int b) {\n     x(1);\n     y();\n-    z();\n+    z(5);\n     q();\n }\n",
            ("two",),
        ),
        ("a.js", "function one() {", " module.exports = {\n   a: 1,\n   b: 2,\n-  c: 3,\n+  c: 4,\n };\n", ()),
        ("a.js", "function one() {", " }\n const two = () => {\n-  x(1);\n+  x(2);\n   y(2);\n", ("two",)),
        ("a.py", "class A:", " \n LIMIT = 5\n-LAST = 8\n+LAST = 9\n", ()),
        ("a.py", "def test_in(a):", '     "eq": eq,\n-    "!=": ne,\n+    "ne": ne,\n', ()),
        ("a.py", "def one(self):", "         return 1\n \n-    @old\n+    @new\n     def two(self):\n", ()),
        ("a.js", "function one() {", "  * of another one\n- * and so on\n+ * and so forth\n  */\n", ()),
        (
            "a.rs",
            "impl P {",
            "         b();\n     }\n }\n \n"
            " impl<T> Go for Vec<T> {\n     fn go(&self) {\n-        a(1);\n+        a(2);\n",
            ("Vec.go",),
        ),
        (
            "F.java",
            "class Foo {",
            "         int a = 1;\n         int b = 1;\n-        return null;\n+        return List.of();\n"
            "     }\n \n     enum Color { RED }\n",
            ("Foo",),
        ),
        ("a.c", "main(int argc, char **argv)", "   x();\n-  y();\n+  z();\n", ("main",)),
        (
            "a.php",
            "final class Message {",
            "    * Clears it.\n    */\n   public function clear() {\n-    a();\n+    b();\n   }\n",
            ("Message.clear",),
        ),
    ],
)
def test_a_section_ends_where_another_begins(path: str, section: str, lines: str, touched: tuple[str, ...]) -> None:
    assert read(path, section, lines).symbols == Symbols((), touched)


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("r.test.js", "describe('reading', function () {"),
        ("a.js", "const a = require("),
        ("a.js", "if (ready) {"),
        ("a.py", "from typing import ("),
        ("a.py", "T = TypeVar("),
        ("a.php", "unset($a);"),
        ("a.sql", "SELECT name FROM (rows)"),
        ("a.unknown", "test(a)"),
    ],
)
def test_a_call_and_a_keyword_are_no_symbols(path: str, section: str) -> None:
    assert read(path, section, "     a,\n+    b,\n     c,\n").symbols == Symbols()


def test_a_header_is_read_as_the_language_that_it_is_written_in() -> None:
    lines = "+namespace n {\n+class Foo {\n+ public:\n+  int get() const { return 1; }\n+};\n+}\n"
    assert read("a.h", "", lines).symbols == Symbols(("Foo", "Foo.get"))
    assert read("a.h", "", "+int class(void) { return 1; }\n").symbols == Symbols(("class",))


def test_what_cannot_be_read_names_nothing() -> None:
    assert read("F.java", "class Foo {", "-    return ) null;\n+    return ) List.of();\n     }\n").symbols.added == ()


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


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.h", "a.cs"])
def test_many_small_hunks_cost_little(path: str) -> None:
    hunks = "".join(f"@@ -{n} +{n} @@ int f{n}(a,\n-  }} x({n})\n+  }} y({n})\n" for n in range(1, 2_000))
    start = time.perf_counter()
    found = change.read([ChangedFile(f"{index}/{path}", "modified", 1, 1, patch=hunks) for index in range(10)], "")
    assert time.perf_counter() - start < 20
    assert found.unread


def test_a_section_of_any_length_costs_little() -> None:
    start = time.perf_counter()
    for piece in ("/*", '"', "(", "a(", "{"):
        assert read("a.c", piece * 40_000, "-  x(1);\n+  x(2);\n").symbols == Symbols()
    assert time.perf_counter() - start < 5
